"""A suggestion for the learning rate, from the stability limit and a short range test."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import numpy as np
from keras import tree

from lossdoctor.backends.sample import SAMPLE_ROWS, Sample
from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.random_state import undisturbed
from lossdoctor.experiments.replay import Replay, Replayer
from lossdoctor.experiments.rows import finite_rows, split
from lossdoctor.experiments.stability import measured
from lossdoctor.experiments.workbench import Workbench
from lossdoctor.remedies import Action

STEPS = 100  # of each replay: long enough that a rate ten times too low falls behind
# Rates tried, as parts of the stability limit (or of the optimizer's own rate times ten, where none is
# known): half decades from just below it down to a thousandth.
PARTS = (0.5, 0.16, 0.05, 0.016, 0.005, 0.0016, 0.0005)
CLOSE = 0.02  # scores within this of the best one are equal: the smallest rate of them has most room above it


def find_learning_rate(
    model: Any, x: Any, y: Any = None, *, batch_size: int = 32, seconds: float = 5.0
) -> float:
    """Returns a learning rate for this model, optimizer and data. Trains copies; the model stays as it is.

    The largest curvature of the loss says up to which rate the optimizer is stable; rates below it are
    each tried for some steps on a sample, and the one that gets furthest on held-back rows is taken.

    Args:
        model: a built and compiled keras.Model.
        x: inputs as for `fit`: arrays, or a list or dict of them, or a tf.data.Dataset of batches.
        y: targets; left out when `x` is a Dataset of (inputs, targets).
        batch_size: rows in a batch of the training to come.
        seconds: time that the search may take.

    Raises:
        ValueError: the model is not built or compiled or cannot be copied, the data have fewer than two
        rows, or no
            rate trains.

    Example:
        >>> rate = find_learning_rate(model, x, y)                    # doctest: +SKIP
        >>> model.optimizer.learning_rate = rate                      # doctest: +SKIP
    """
    if not model.built:
        raise ValueError(f"{model.name!r} has no weights yet: call it on a batch or give it an Input first")
    if not seconds > 0 or batch_size < 1:
        raise ValueError(f"seconds={seconds!r}, batch_size={batch_size!r}: pass numbers above 0")
    sample = finite_rows(rows_of(x, y))
    if sample.rows < 2:
        raise ValueError(f"the data have {sample.rows} rows: pass at least two")
    with undisturbed():
        return _search(model, sample, batch_size, Clock(seconds))


def rows_of(x: Any, y: Any) -> Sample:
    """Returns at most SAMPLE_ROWS rows, spread over arrays or from a dataset's first batches."""
    if y is None and hasattr(x, "element_spec"):
        batches = list(islice(iter(x), 64))
        parts = [tree.map_structure(np.asarray, batch) for batch in batches]
        joined = tree.map_structure(lambda *arrays: np.concatenate(arrays)[:SAMPLE_ROWS], *parts)
        return Sample(*joined) if isinstance(joined, tuple) else Sample(joined)
    rows = len(tree.flatten(x)[0])
    index = np.unique(np.linspace(0, rows - 1, min(rows, SAMPLE_ROWS)).astype(int))
    pick = lambda part: None if part is None else tree.map_structure(lambda a: np.asarray(a)[index], part)  # noqa: E731
    return Sample(pick(x), pick(y))


def _search(model: Any, sample: Sample, batch: int, clock: Clock) -> float:
    bench = Workbench(model, model.get_weights(), sample)
    top = _top(bench, sample, batch, clock)
    player = Replayer(bench, split(sample), batch, STEPS)
    player.reference = bench.variant(()).evaluate(player.held_out)[0]
    done: dict[float, Replay] = {}
    for part in PARTS:
        if done and clock.left < 0:
            break
        done[top * part] = player.replay((Action("learning_rate", {"value": top * part}),))
    fine = {rate: replay.score.value for rate, replay in done.items() if replay.finite}
    if not fine:
        raise ValueError("no rate trains this model on these data: run LossDoctor or checkup() to see why")
    best = max(fine.values())
    return float(f"{min(rate for rate, value in fine.items() if value >= best - CLOSE):.2g}")


def _top(bench: Workbench, sample: Sample, batch: int, clock: Clock) -> float:
    """Returns the stability limit, ten times the optimizer's own rate where none can be had."""
    try:
        limit = float(measured(bench.variant(()), sample, batch, 0.25 * clock.seconds)["limit"])
    except ValueError:
        limit = math.inf
    # Adaptive optimizers are stable far beyond rates that are of use: each step moves a weight by about
    # the rate.
    own = bench.constant_rate(()) or 1e-2
    return min(limit, 100.0 * own) if math.isfinite(limit) else 10.0 * own
