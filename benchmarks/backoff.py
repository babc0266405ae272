"""How well LRBackoff saves runs whose learning rate is far too high: real fits, one command.

    python benchmarks/backoff.py            grid of constant rates, then the hot runs, then injected faults
    python benchmarks/backoff.py --quick    one optimizer a problem (some two minutes)
    python benchmarks/backoff.py --seed 1   other initial weights and orders of the data: how much of it is luck

For each problem and optimizer a grid of constant rates is run first, without lossdoctor. The best of them gives
the gain to compare with: the fall from the trivial level (ln of the classes, the targets' variance) to the
training loss after 15 epochs. The stability limit is the highest rate of the grid up to which every rate ends
with at least half that gain. Then LRBackoff gets runs at 3, 10, 100 and 1000 times the limit, all else equal.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
from keras import layers

from lossdoctor import LRBackoff

EPOCHS = 15
TIMES = (3, 10, 100, 1000)
PER_DECADE = 3  # rates of the grid
GOAL = 0.9
RESULTS = Path(__file__).parent / "results"

OPTIMIZERS: dict[str, Callable[[float], Any]] = {
    "SGD": lambda rate: keras.optimizers.SGD(rate),
    "momentum": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "RMSprop": lambda rate: keras.optimizers.RMSprop(rate),
    "Adam": lambda rate: keras.optimizers.Adam(rate),
}
DECADES = {"SGD": (-6, 1), "momentum": (-7, 0), "RMSprop": (-4, 1), "Adam": (-4, 1)}


@dataclass(frozen=True)
class Problem:
    """Data, network and the loss of the best constant prediction."""

    name: str
    load: Callable[[], tuple[np.ndarray, np.ndarray]]
    net: Callable[[], Any]
    loss: str
    batch: int

    def trivial(self) -> float:
        """ln of the number of classes, or the targets' variance."""
        y = self.load()[1]
        return float(np.var(y)) if self.loss == "mse" else math.log(len(np.unique(y)))


def wine() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_wine

    data = load_wine()
    return data.data.astype("float32"), data.target


def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    data = load_digits()
    return (data.data / 16).astype("float32"), data.target


def diabetes() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_diabetes

    data = load_diabetes()
    return (data.data / data.data.std(0)).astype("float32"), data.target.astype("float32")[:, None]


def strokes() -> tuple[np.ndarray, np.ndarray]:
    x, y = digits()
    return x.reshape(-1, 8, 8)[:400], y[:400]


def dense(features: int, units: tuple[int, ...], outputs: int, last: str | None) -> Any:
    hidden = [layers.Dense(n, activation="relu") for n in units]
    return keras.Sequential([keras.Input((features,)), *hidden, layers.Dense(outputs, activation=last)])


def gru() -> Any:
    return keras.Sequential([keras.Input((8, 8)), layers.GRU(16), layers.Dense(10, activation="softmax")])


CLASSES = "sparse_categorical_crossentropy"
PROBLEMS = (
    Problem("wine, unscaled", wine, lambda: dense(13, (64, 64), 3, "softmax"), CLASSES, 8),
    Problem("digits", digits, lambda: dense(64, (64, 64), 10, "softmax"), CLASSES, 32),
    Problem("diabetes, targets to 346", diabetes, lambda: dense(10, (32,), 1, None), "mse", 16),
    Problem("GRU on strokes", strokes, gru, CLASSES, 16),
)


def train(
    problem: Problem, optimizer: str, rate: float, callbacks: list[Any], seed: int
) -> tuple[float, Any]:
    """Returns the training loss after EPOCHS and the model."""
    keras.utils.set_random_seed(seed)
    x, y = problem.load()
    model = problem.net()
    model.compile(OPTIMIZERS[optimizer](rate), problem.loss)
    model.fit(x, y, epochs=EPOCHS, batch_size=problem.batch, verbose=0, callbacks=callbacks)
    return float(model.evaluate(x, y, batch_size=256, verbose=0)), model


def grid(problem: Problem, optimizer: str, seed: int) -> dict[str, Any]:
    """Runs every constant rate. Returns {"rates", "losses", "best", "gain", "limit"}."""
    low, high = DECADES[optimizer]
    rates = [10 ** (low + i / PER_DECADE) for i in range((high - low) * PER_DECADE + 1)]
    stop = [keras.callbacks.TerminateOnNaN()]
    losses = [train(problem, optimizer, rate, stop, seed)[0] for rate in rates]
    gains = [problem.trivial() - v if math.isfinite(v) else -math.inf for v in losses]
    best = int(np.argmax(gains))
    limit = best
    while limit + 1 < len(rates) and gains[limit + 1] >= gains[best] / 2:
        limit += 1
    shown = [v if math.isfinite(v) else str(v) for v in losses]
    return {"rates": rates, "losses": shown, "best": rates[best], "gain": gains[best], "limit": rates[limit]}


@dataclass
class Result:
    """One hot run."""

    problem: str
    optimizer: str
    times: int
    rate: float
    finite: bool
    kept: float
    plain: float
    lost: int
    steps: int
    final_rate: float
    actions: dict[str, int]


def hot(problem: Problem, optimizer: str, times: int, base: dict[str, Any], seed: int) -> Result:
    """Trains at `times` the stability limit with LRBackoff, and without it for comparison."""
    rate = base["limit"] * times
    backoff = LRBackoff(verbose=0)
    loss, model = train(problem, optimizer, rate, [backoff], seed)
    finite = all(
        np.isfinite(w).all() for w in [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]
    )
    actions: dict[str, int] = {}
    for event in backoff.events:
        actions[event.kind] = actions.get(event.kind, 0) + 1
    lost = sum(e.data.get("lost", 0) for e in backoff.events) + backoff.state.skipped
    kept = (problem.trivial() - loss) / base["gain"]
    plain = base.setdefault("plain", {}).get(str(times))
    if plain is None:
        plain = (problem.trivial() - train(problem, optimizer, rate, [], seed)[0]) / base["gain"]
        base["plain"][str(times)] = plain = plain if math.isfinite(plain) else -1e9
    steps = EPOCHS * -(-len(problem.load()[1]) // problem.batch)
    return Result(
        problem.name, optimizer, times, rate, finite and math.isfinite(loss), kept, plain, lost, steps,
        rate * backoff.scale, actions,
    )  # fmt: skip


class Injector(keras.callbacks.Callback):
    """Looks after every step whether anything non-finite has reached weights, slots or statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.bad = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        held = [*self.model.weights, *self.model.optimizer.variables]
        self.bad += sum(not np.isfinite(v.numpy()).all() for v in held)


def inject(run: int) -> tuple[int, int]:
    """One fit with NaN or infinity in data, targets or gradients at random steps.

    Returns:
        Non-finite variables seen after any step, and the updates skipped.
    """
    dice = np.random.default_rng(run)
    x, y = digits()
    x, y = x[:320].copy(), y[:320].astype("float32")
    bad, kind = dice.choice([np.nan, np.inf, -np.inf, 1e38]), run % 3
    rows = dice.choice(320, size=dice.integers(1, 12), replace=False)
    if kind == 0:
        x[rows, dice.integers(0, 64)] = bad
    elif kind == 1:
        y[rows] = bad
    scale = np.zeros((320, 1), "float32")
    scale[rows] = 1.0 if kind == 2 else 0.0

    def poison(pair: Any) -> Any:  # a finite loss whose gradient is not: d sqrt(v)/dv at 0
        return keras.ops.sum(pair[0]) * 0.0 + keras.ops.sqrt(keras.ops.abs(pair[0] * (1.0 - pair[1])))

    keras.utils.set_random_seed(run)
    a, b = keras.Input((64,)), keras.Input((1,))
    h = layers.BatchNormalization()(layers.Dense(16, activation="relu")(a))
    out = layers.Dense(1)(h)
    model = keras.Model([a, b], layers.Lambda(poison, output_shape=(1,))([out, b]) if kind == 2 else out)
    make = list(OPTIMIZERS.values())[run % 4]
    model.compile(make(0.001), "mse", jit_compile=run % 5 == 0)
    watch, backoff = Injector(), LRBackoff(verbose=0, max_backoffs=100)
    model.fit([x, scale], y, epochs=1, batch_size=16, verbose=0, callbacks=[backoff, watch])
    return watch.bad, backoff.state.skipped


def injections(runs: int) -> int:
    """Prints and returns how many non-finite variables `runs` fits with injected faults saw."""
    found = [inject(i) for i in range(runs)]
    bad, skipped = sum(f[0] for f in found), sum(f[1] for f in found)
    print(f"{runs} runs with injected NaN or infinity: {bad} non-finite variables at any step, {skipped} updates "
          f"skipped in {sum(f[1] > 0 for f in found)} runs")  # fmt: skip
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="Adam only")
    parser.add_argument("--only", default="", help="problems whose name holds this")
    parser.add_argument("--inject", type=int, default=200, help="runs with injected faults")
    parser.add_argument("--optimizer", default="", help="this optimizer only")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the initial weights and the order of the data"
    )
    arguments = parser.parse_args()
    seed = arguments.seed
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / (f"backoff-{seed}.json" if seed else "backoff.json")
    saved = json.loads(path.read_text()) if path.is_file() else {"grids": {}, "runs": []}
    wanted = ["Adam"] if arguments.quick else [o for o in OPTIMIZERS if arguments.optimizer in ("", o)]
    results, began = [], time.time()
    for problem in PROBLEMS:
        for optimizer in wanted:
            if arguments.only not in problem.name:
                continue
            key = f"{problem.name} / {optimizer}"
            base = saved["grids"].setdefault(key, {}) or grid(problem, optimizer, seed)
            saved["grids"][key] = base
            print(f"{key}: trivial {problem.trivial():.4g}, best rate {base['best']:.2g} gains {base['gain']:.4g}, "
                  f"stable up to {base['limit']:.2g}", flush=True)  # fmt: skip
            for times in TIMES:
                result = hot(problem, optimizer, times, base, seed)
                results.append(result)
                print(f"   x{times:<5} kept {result.kept:6.1%} (without: {result.plain:8.1%})  lost {result.lost:4d} of "
                      f"{result.steps} steps  rate {result.rate:.2g} to {result.final_rate:.2g}  {result.actions}", flush=True)  # fmt: skip
            saved["runs"] = [asdict(r) for r in results]
            path.write_text(json.dumps(saved, indent=1))
    good = sum(r.finite and r.kept >= GOAL for r in results)
    print(f"{good} of {len(results)} runs finite and with {GOAL:.0%} of the gain; "
          f"{sum(r.finite for r in results)} finite; {time.time() - began:.0f} s")  # fmt: skip
    bad = injections(arguments.inject) if arguments.inject else 0
    return 0 if good == len(results) and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
