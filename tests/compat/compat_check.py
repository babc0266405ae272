"""One row of the compatibility table, and the slow second definition that it is checked against.

A row is fitted three times from the same seed: without LossDoctor, with it, and (where that is feasible) by a loop
written out with GradientTape. The first two must end with the same weights, bit for bit; the recorded batch losses
and gradient norms must be those of the loop; and their means must be what Keras logged in the run without us.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lossdoctor import LossDoctor

EPOCHS = 2
Batch = tuple[Any, Any, Any]  # x, y, sample_weight


@dataclass(frozen=True)
class Row:
    """A model, its data and how it is fitted.

    Attributes:
        build: sets the seed, and returns a compiled model.
        feed: returns fresh arguments of `fit` for the data.
        batches: returns the batches of one epoch in order, for the loop by hand; None: no loop.
        fit: further arguments of `fit`.
        callbacks: returns fresh callbacks that go beside LossDoctor.
        measures: "all", or "norm" / "loss" / "" when only that is to be had.
        mean: whether the logged loss is the mean of the batch losses weighted by their rows.
        bits: whether the weights are equal bit for bit. TensorFlow's graph optimizer merges additions that have
            one reader; around BatchNormalization a gradient that we read too is added up in another order,
            which moves the last bit (not so when run eagerly or under XLA).
        rtol: how far losses and norms may be from those of the loop.
    """

    build: Callable[[], Any]
    feed: Callable[[], dict[str, Any]]
    batches: Callable[[], Sequence[Batch]] | None = None
    fit: dict[str, Any] = field(default_factory=dict)
    callbacks: Callable[[], list[Any]] = list
    measures: str = "all"
    mean: bool = True
    bits: bool = True
    rtol: float = 2e-5


def check(row: Row) -> Any:
    """Asserts all that the table promises of a row, and returns the record of the watched run."""
    plain, history = fitted(row, [])
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*lossdoctor.*")
        watched, other = fitted(row, [doctor])
        report = doctor.report
    equal = same_values if row.bits else nearly_same_values
    equal(state(plain), state(watched))
    equal(list(history.values()), list(other.values()))
    assert list(history) == list(other)
    assert [e.text for e in report.record.events if e.kind == "internal-error"] == []
    assert json.loads(report.to_json())["record"]["stopped"] == "finished"
    assert report.to_text(full=True).startswith("LossDoctor: ")
    series = report.record.series
    if row.batches is not None:
        losses, norms = by_hand(row)
        if row.measures in ("all", "loss"):
            np.testing.assert_allclose(series["batch_loss"], losses, rtol=row.rtol, atol=1e-6)
        if row.measures in ("all", "norm"):
            made = np.isfinite(norms)  # steps that loss scaling skipped have no gradient norm
            np.testing.assert_allclose(series["grad_norm"][made], norms[made], rtol=5 * row.rtol, atol=1e-6)
    if row.mean:
        np.testing.assert_allclose(logged(series), history["loss"], rtol=1e-4, atol=1e-6)
    return report.record


def fitted(row: Row, ours: list[Any]) -> tuple[Any, dict[str, list[float]]]:
    model = row.build()
    arguments = {"epochs": EPOCHS, "verbose": 0, "shuffle": False} | row.feed() | row.fit
    history = model.fit(**arguments, callbacks=[*ours, *row.callbacks()])
    return model, history.history


def state(model: Any) -> list[Any]:
    """Returns weights, seed states and optimizer variables as numpy."""
    optimizers = [getattr(o, "variables", []) for o in vars(model).values() if hasattr(o, "apply_gradients")]
    optimizers.append(getattr(getattr(model, "optimizer", None), "variables", []))
    found = [*model.weights, *model.non_trainable_variables, *(v for own in optimizers for v in own)]
    return [np.asarray(keras.ops.convert_to_numpy(v)) for v in found]


def same_values(a: Sequence[Any], b: Sequence[Any]) -> None:
    """Asserts that two lists of arrays are equal bit for bit (NaN counts as equal to NaN)."""
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def nearly_same_values(a: Sequence[Any], b: Sequence[Any]) -> None:
    """Asserts that two lists of arrays are equal but for a few units in the last place of float32."""
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=2e-6, atol=2e-8)


def by_hand(row: Row) -> tuple[np.ndarray, np.ndarray]:
    """Returns batch losses and global gradient norms of the same training in a GradientTape loop."""
    assert row.batches is not None
    model = row.build()
    pairs = [
        step_by_hand(model, *batch) for _ in range(row.fit.get("epochs", EPOCHS)) for batch in row.batches()
    ]
    losses, norms = zip(*pairs, strict=True)
    return np.array(losses), np.array(norms)


def step_by_hand(model: Any, x: Any, y: Any, sample_weight: Any) -> tuple[float, float]:
    optimizer = model.optimizer
    x, y, sample_weight = keras.tree.map_structure(to_tensor, (x, y, sample_weight))
    with tf.GradientTape() as tape:
        y_pred = model(x, training=True)
        loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        scaled = optimizer.scale_loss(loss)
    if not model.optimizer.built:
        optimizer.build(model.trainable_variables)
    scale = float(scaled / loss) if float(loss) else 1.0
    grads = tape.gradient(scaled, model.trainable_variables)
    norm = np.sqrt(sum(np.sum(np.square(dense(g) / scale)) for g in grads if g is not None))
    optimizer.apply(grads, model.trainable_variables)
    return float(loss), float(norm)


def to_tensor(value: Any) -> Any:
    if value is None:
        return None
    tensor = tf.convert_to_tensor(value)
    return tf.cast(tensor, keras.config.floatx()) if tensor.dtype.is_floating else tensor


def dense(gradient: Any) -> np.ndarray:
    return np.asarray(tf.convert_to_tensor(gradient).numpy(), np.float64)


def logged(series: dict[str, np.ndarray]) -> list[float]:
    """Returns what Keras logs as "loss" at each epoch's end: the mean of its batch losses, weighted by rows."""
    return [
        float(np.average(series["batch_loss"][at], weights=series["rows"][at]))
        for at in (series["epoch"] == e for e in np.unique(series["epoch"]))
    ]


def cut(x: Any, y: Any, sample_weight: Any = None, size: int = 16) -> Callable[[], list[Batch]]:
    """Returns the batches that `fit(batch_size=size, shuffle=False)` makes of arrays (or trees of them)."""

    def batches() -> list[Batch]:
        return list(_cuts((x, y, sample_weight), size))

    return batches


def _cuts(data: Any, size: int) -> Iterator[Batch]:
    rows = len(next(a for a in keras.tree.flatten(data) if a is not None))
    for start in range(0, rows, size):
        yield keras.tree.map_structure(lambda a: None if a is None else a[start : start + size], data)  # noqa: B023
