"""How the cost of lossdoctor grows: with variables, rows of a batch and steps; and what memory it takes.

    python benchmarks/growth.py

Prints markdown. Times are those of overhead.py: ratios to the bare fit of the same round, within one process.
Memory of a fit is the largest resident set of a process of its own, with and without; that of a long run is
what the record takes when it is fed with so many steps.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
from overhead import CALLBACKS, WORKLOADS, Workload, classifier, measure, ratio, rows

from lossdoctor.backends.base import STEP_COLUMNS
from lossdoctor.backends.tensorflow.step import RING
from lossdoctor.fit.collector import Collector

WATCHED = ("none", "LossDoctor()")
STEPS = 150


def chain(depth: int) -> Callable[[], keras.Model]:
    """Returns a builder of a model with 2 * depth trainable variables, narrow so that operations count."""
    hidden = depth - 1
    return lambda: classifier((8,), *(keras.layers.Dense(8, activation="relu") for _ in range(hidden)))


def compared(name: str, workload: Workload, rounds: int) -> str:
    times = measure(workload, rounds, WATCHED)
    base, ours = (times[n] for n in WATCHED)
    wall, cpu = (ratio(getattr(ours, k), getattr(base, k))[0] for k in ("step", "cpu"))
    first = [float(np.median(t.start)) for t in (base, ours)]
    return (
        f"| {name} | {1e3 * np.median(base.step):.2f} | {wall:.3f} | {cpu:.3f} "
        f"| {first[0]:.2f} | {first[1]:.2f} | {np.median(ours.end):.2f} |"
    )


def growth() -> Iterator[str]:
    """Yields the rows of a table: variables, then batch sizes."""
    for depth, rounds, steps in ((5, 5, STEPS), (50, 3, STEPS), (500, 1, 60)):
        data = Workload(chain(depth), lambda: rows(1024, (8,), 10), 32, steps)
        yield compared(f"{2 * depth} variables", data, rounds)
    for size in (8, 128, 2048):
        data = Workload(WORKLOADS["dense"].build, lambda: rows(4096, (64,), 10), size, STEPS)
        yield compared(f"batches of {size}", data, 5)


def long_run(steps: int, variables: int = 10) -> tuple[float, float]:
    """Returns MB that the record of so many steps takes at most, and microseconds that a step takes in it."""
    rng = np.random.default_rng(0)
    chunk = rng.random((RING // 2, len(STEP_COLUMNS) + variables))
    look = rng.random((3, variables))
    tracemalloc.start()
    start, collector = time.perf_counter(), Collector()
    for _ in range(0, steps, len(chunk)):
        collector.add_steps(chunk, 0, 0.01)
        collector.add_weights(1, *look)
    collector.series()
    seconds = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20, 1e6 * seconds / steps


def resident(model: str, callbacks: str) -> float:
    """Returns MB of the largest resident set of a process that fits the model."""
    command = [sys.executable, __file__, "--fit", model, callbacks]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(json.loads(out.splitlines()[-1]))


def highest_memory() -> float:
    """Returns MB of this process's largest resident set (Linux); getrusage would count its parent's too."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def fit(model: str, callbacks: str) -> None:
    workload = WORKLOADS[model]
    x, y = workload.data()
    batch = x[: workload.batch_size], y[: workload.batch_size]
    made = CALLBACKS[callbacks](*batch)
    workload.build().fit(x, y, batch_size=workload.batch_size, epochs=2, verbose=0, callbacks=made)
    print(json.dumps(highest_memory()))


def main() -> None:
    print(
        "| fit | ms per step | ratio of time | ratio of CPU time | s to first, without | s to first, with | s after last |"
    )
    print("|---|---|---|---|---|---|---|")
    for line in growth():
        print(line, flush=True)
    print("\n| steps | MB of the record | us per step |\n|---|---|---|")
    for steps in (10**3, 10**4, 10**5, 10**6):
        print("| {:,} | {:.2f} | {:.2f} |".format(steps, *long_run(steps)), flush=True)
    print("\n| model | peak MB without | peak MB with |\n|---|---|---|")
    for model in ("dense", "convolution"):
        print("| {} | {:.0f} | {:.0f} |".format(model, *(resident(model, c) for c in WATCHED)), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--fit"]:
        fit(*sys.argv[2:4])
    else:
        main()
