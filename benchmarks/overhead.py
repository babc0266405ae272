"""What lossdoctor costs a training step, beside what people use or write today.

    python benchmarks/overhead.py                    # all models and callbacks, about ten minutes
    python benchmarks/overhead.py --models dense --rounds 20
    python benchmarks/growth.py                      # with the number of variables, rows and steps; memory

Each model is trained with each set of callbacks, round after round within one process; the fits of a round take
turns of 25 steps (lockstep.py), so that a slow second of the machine hits all of them alike. The time of a step is
measured from the end of step `SETTLE` to the end of the last step of a fit, divided by the steps between: it holds
everything that a callback does per batch, and leaves tracing and the final report out, which are given apart. The clock reads at the begin of
batches: a callback with `on_train_batch_end` would keep Keras from handing logs to a thread, which is part of what
callbacks cost. Printed per row: the median over rounds of the ratio to the bare fit of the same round, with a 95 % bootstrap interval,
for the wall clock and for CPU time (which other work on the machine hardly changes).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
import tensorflow as tf
from lockstep import Lockstep, Turn

from lossdoctor import LossDoctor

SETTLE = 20  # steps of each fit that are not timed: tracing, first allocation, lossdoctor's first looks
RESAMPLES = 2000  # bootstrap


@dataclass(frozen=True)
class Workload:
    """A model with data to fit it on. `steps` is the length of one timed fit."""

    build: Callable[[], keras.Model]
    data: Callable[[], tuple[np.ndarray, np.ndarray]]
    batch_size: int
    steps: int


def rows(count: int, shape: tuple[int, ...], classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns standard normal inputs and labels that depend on them, so that the fit is a healthy one."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, *shape)).astype("float32")
    flat = x.reshape(count, -1)
    return x, (flat @ rng.normal(size=(flat.shape[1], classes))).argmax(axis=1)


def classifier(inputs: tuple[int, ...], *layers: keras.layers.Layer) -> keras.Model:
    model = keras.Sequential([keras.Input(inputs), *layers, keras.layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")
    return model


def dense() -> keras.Model:
    return classifier((64,), keras.layers.Dense(64, activation="relu"))


def wide() -> keras.Model:
    return classifier((256,), *(keras.layers.Dense(768, activation="relu") for _ in range(3)))


def convolution() -> keras.Model:
    blocks = [
        layer
        for filters in (32, 64)
        for layer in (
            keras.layers.Conv2D(filters, 3, padding="same", use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.MaxPooling2D(),
        )
    ]
    return classifier(
        (28, 28, 1), *blocks, keras.layers.Flatten(), keras.layers.Dense(128, activation="relu")
    )


def transformer(width: int = 96, heads: int = 4, depth: int = 4) -> keras.Model:
    inputs = keras.Input((48, 32))
    x = keras.layers.Dense(width)(inputs)
    for _ in range(depth):
        y = keras.layers.LayerNormalization()(x)
        x = x + keras.layers.MultiHeadAttention(heads, width // heads)(y, y)
        y = keras.layers.LayerNormalization()(x)
        x = x + keras.layers.Dense(width)(keras.layers.Dense(4 * width, activation="gelu")(y))
    outputs = keras.layers.Dense(10, activation="softmax")(keras.layers.GlobalAveragePooling1D()(x))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy")
    return model


WORKLOADS = {
    "dense": Workload(dense, lambda: rows(4096, (64,), 10), 32, 600),
    "wide": Workload(wide, lambda: rows(4096, (256,), 10), 32, 200),
    "convolution": Workload(convolution, lambda: rows(1024, (28, 28, 1), 10), 64, 80),
    "transformer": Workload(transformer, lambda: rows(1024, (48, 32), 10), 32, 60),
}


class SecondGradient(keras.callbacks.Callback):
    """What people write today to see gradients in `fit`: the batch's gradient once more, on a fixed batch."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self.x, self.y = x, y
        self.norms: list[float] = []

    def on_train_batch_end(self, batch, logs=None):
        with tf.GradientTape() as tape:
            loss = self.model.compute_loss(y=self.y, y_pred=self.model(self.x, training=True))
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.norms.append(float(tf.linalg.global_norm(gradients)))


Callbacks = Callable[[np.ndarray, np.ndarray], list[keras.callbacks.Callback]]

CALLBACKS: dict[str, Callbacks] = {
    "none": lambda x, y: [],
    # These fits are cut short, which may be taken for a fault; only sick runs have trials.
    "LossDoctor()": lambda x, y: [LossDoctor(verbose=0, trial_seconds=0)],
    "LossDoctor(backoff=True)": lambda x, y: [LossDoctor(verbose=0, trial_seconds=0, backoff=True)],
    "ReduceLROnPlateau + TerminateOnNaN": lambda x, y: [
        keras.callbacks.ReduceLROnPlateau(monitor="loss"),
        keras.callbacks.TerminateOnNaN(),
    ],
    "second GradientTape per batch": lambda x, y: [SecondGradient(x, y)],
    # Written once an epoch, which is here the whole fit: look at the seconds after the last step.
    "TensorBoard(histogram_freq=1)": lambda x, y: [
        keras.callbacks.TensorBoard(tempfile.mkdtemp(), histogram_freq=1)
    ],
}


class Stopwatch(keras.callbacks.Callback):
    """Notes when fit began and when each batch began (after all other callbacks)."""

    def __init__(self, clock: Lockstep) -> None:
        super().__init__()
        self.clock = clock
        self.stamps: list[float] = []
        self.cpu: list[float] = []
        self.begin = clock.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        self.stamps.append(self.clock.perf_counter())
        self.cpu.append(self.clock.process_time())


def per_step(stamps: list[float]) -> float:
    """Returns seconds a step from the stamps of all steps' begins."""
    return (stamps[-1] - stamps[SETTLE]) / (len(stamps) - 1 - SETTLE)


@dataclass
class Times:
    """Seconds by round: of a step (on the wall clock, of the processor), until the first step was done, and
    from the last step to fit's return."""

    step: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    end: list[float] = field(default_factory=list)

    def add(self, clock: Stopwatch) -> None:
        self.step.append(per_step(clock.stamps))
        self.cpu.append(per_step(clock.cpu))
        self.start.append(clock.stamps[1] - clock.begin)
        self.end.append(clock.clock.perf_counter() - clock.stamps[-1])


def measure(workload: Workload, rounds: int, names: Sequence[str] = tuple(CALLBACKS)) -> dict[str, Times]:
    """Fits the workload `rounds` times with each set of callbacks, in turn; returns times by callbacks."""
    x, y = workload.data()
    data = tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(workload.batch_size).prefetch(2)
    batch = x[: workload.batch_size], y[: workload.batch_size]
    times = {name: Times() for name in names}
    lockstep = Lockstep()

    def fit(name: str, counts: bool) -> None:
        model = workload.build()  # a fresh one, so that each fit traces its step
        clock = Stopwatch(lockstep)
        callbacks = [*CALLBACKS[name](*batch), clock, Turn(lockstep)]
        model.fit(data, steps_per_epoch=workload.steps, shuffle=False, verbose=0, callbacks=callbacks)
        if counts:
            times[name].add(clock)

    for turn in range(rounds + 1):  # the first round warms up and is thrown away
        order = np.random.default_rng(turn).permutation(names)
        lockstep.run([partial(fit, name, turn > 0) for name in order])
    return times


def ratio(times: list[float], base: list[float]) -> tuple[float, float, float]:
    """Returns the median ratio of paired times and its 95 % bootstrap interval."""
    ratios = np.array(times) / np.array(base)
    picks = np.random.default_rng(0).integers(len(ratios), size=(RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(ratios[picks], axis=1), [2.5, 97.5])
    return float(np.median(ratios)), float(low), float(high)


def table(name: str, times: dict[str, Times]) -> Iterator[str]:
    """Yields the rows of the markdown table for one workload."""
    base = times["none"]
    for callbacks, measured in times.items():
        wall, cpu = (
            "{:.3f} ({:.3f} to {:.3f})".format(*ratio(getattr(measured, kind), getattr(base, kind)))
            for kind in ("step", "cpu")
        )
        step, start, end = (np.median(v) for v in (measured.step, measured.start, measured.end))
        yield f"| {name} | {callbacks} | {1e3 * step:.2f} | {wall} | {cpu} | {start:.2f} | {end:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of lossdoctor per training step, as a markdown table.")
    parser.add_argument(
        "--models", default=",".join(WORKLOADS), help="comma-separated: " + ", ".join(WORKLOADS)
    )
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    unknown = set(options.models.split(",")) - set(WORKLOADS)
    if unknown:
        parser.error(f"no such model: {', '.join(sorted(unknown))}; pass some of {', '.join(WORKLOADS)}")
    columns = (
        "model",
        "callbacks",
        "ms per step",
        "ratio of time",
        "ratio of CPU time",
        "s to first",
        "s after last",
    )
    print(f"| {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|")
    for name in options.models.split(","):
        print("\n".join(table(name, measure(WORKLOADS[name], options.rounds))), flush=True)


if __name__ == "__main__":
    main()
