"""Rows of the sample: split into those to train on and held-out ones, put into batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.backends.sample import Sample

HELD_OUT = 0.25  # share of the sample that no replay trains on
LEAST_ROWS = 8  # below this nothing is held out: two rows could not tell anything


def split(sample: Sample, seed: int = 0) -> tuple[Sample, Sample]:
    """Returns (rows to train on, held-out rows), drawn at random; both all rows when there are few."""
    rows = sample.rows
    if rows < LEAST_ROWS:
        return sample, sample
    order = np.random.default_rng(seed).permutation(rows)
    cut = rows - max(2, round(HELD_OUT * rows))
    return take(sample, np.sort(order[:cut])), take(sample, np.sort(order[cut:]))


def take(sample: Sample, index: np.ndarray) -> Sample:
    """Returns the rows `index` of a sample."""
    from keras import tree

    def pick(part: Any) -> Any:
        return None if part is None else tree.map_structure(lambda a: np.asarray(a)[index], part)

    return Sample(pick(sample.x), pick(sample.y), pick(sample.sample_weight))


def order(rows: int, batch: int, steps: int, seed: int = 0) -> np.ndarray:
    """Returns row numbers [steps, batch]: epoch after epoch over all rows, each in another order.

    Every batch is full: a ragged one would make TensorFlow trace the step a second time.
    """
    rng, batch = np.random.default_rng(seed), min(batch, rows)
    epochs = -(-steps * batch // (rows - rows % batch))
    parts = [rng.permutation(rows)[: rows - rows % batch] for _ in range(epochs)]
    return np.concatenate(parts).reshape(-1, batch)[:steps]


def finite_rows(sample: Sample) -> Sample:
    """Returns the rows without NaN or inf; all rows when fewer than LEAST_ROWS would be left."""
    from keras import tree

    fine = np.ones(sample.rows, bool)
    for part in tree.flatten((sample.x, sample.y)):
        array = np.asarray(part) if part is not None else np.zeros(0)
        if array.dtype.kind == "f" and len(array) == len(fine):
            fine &= np.isfinite(array).reshape(len(array), -1).all(1)
    return take(sample, np.flatnonzero(fine)) if fine.sum() >= LEAST_ROWS else sample
