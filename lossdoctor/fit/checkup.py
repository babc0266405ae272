"""checkup: what can be said of a model and its data before the first step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossdoctor import backends
from lossdoctor.backends.sample import SAMPLE_ROWS, Sample
from lossdoctor.diagnosis import conclude
from lossdoctor.experiments import layer_outputs
from lossdoctor.experiments.evaluation import evaluate
from lossdoctor.experiments.passes import Passes, number
from lossdoctor.fit.monitor import summaries
from lossdoctor.fit.setup import read_setup
from lossdoctor.record import Data, Output, Record
from lossdoctor.report import Report

WHOLE = 50_000_000  # entries up to which all rows are summed up, not the sample alone


def checkup(
    model: Any, x: Any, y: Any = None, *, sample_weight: Any = None, validation_data: Any = None
) -> Report:
    """Returns a report on a compiled model and its data before training. Trains nothing.

    Looks at the setup, the labels, the scales of inputs and targets, the initial weights, the first loss
    and the first gradients, on at most 256 rows spread over the data.

    Args:
        model: a compiled keras.Model; one that is not built yet is built by the shape of `x`.
        x: inputs as `fit` takes them: array, list or dict of arrays, or a tf.data.Dataset or PyDataset
            (then without `y`), of which one batch is read. A generator is never read: what was not
            checked is said in `Report.unchecked`.
        y: targets, an array or a list or dict of arrays.
        sample_weight: as for `fit`.
        validation_data: (x, y) or (x, y, sample_weight), to be compared with the training data.

    Raises:
        ValueError: the model is not compiled.

    Example:
        >>> import keras, numpy as np, lossdoctor
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="softmax")])
        >>> model.compile("adam", "binary_crossentropy")
        >>> x = np.random.default_rng(0).normal(size=(60, 3))
        >>> lossdoctor.checkup(model, x, x[:, :1] > 0).diagnoses[0].cause
        'loss-activation-mismatch'
    """
    if not getattr(model, "compiled", False):
        raise ValueError("model: it is not compiled; call model.compile(optimizer=..., loss=...) first")
    missing: list[str] = []
    batch, whole = _rows(x, y, sample_weight, missing)
    if batch is not None and not model.built:
        model.build(_shapes(batch.x))
    setup = read_setup(model, {})
    data = _data(whole, validation_data, setup.outputs, missing)
    results: dict[str, Any] = {}
    series: dict[str, np.ndarray] = {}
    activities: tuple[Any, ...] = ()
    if batch is not None:
        try:
            state = layer_outputs.evaluate_layers(model, model.get_weights(), batch, "initial")
            activities, results = (
                state.activities,
                {"evaluation": evaluate(model, setup, {"initial": state}, batch, None)},
            )
            series = first_step(model, batch)
        except Exception as error:  # shapes or labels that do not fit: what else was seen still stands
            missing.append(f"the first step could not be tried: {type(error).__name__}: {str(error)[:200]}")
    record = Record(setup, Data(**{**vars(data), "missing": tuple(missing)}), series, activities, experiments=results,
                    stopped="not started", source="checkup")  # fmt: skip
    return Report(record, conclude(record))


def first_step(model: Any, batch: Sample) -> dict[str, np.ndarray]:
    """Returns the series of a record with the loss and gradients of one batch, without an update."""
    passes = Passes(model)
    held = passes.trainable
    loss, grads = backends.current().value_and_gradients(
        lambda values: passes.total_loss(batch, training=False, values=values), held
    )
    penalty = number(loss) - passes.evaluate(batch)
    norms = np.array([[0.0 if g is None else _norm(g) for g in grads]])
    weights = np.array([[_norm(v) for v in held]])
    one = {"step": 0, "epoch": 0, "batch_loss": number(loss), "penalty": penalty,
           "rows": batch.rows, "grad_norm": float(np.sqrt((norms**2).sum()))}  # fmt: skip
    samples = {"step": np.zeros(1, int), "steps": np.ones(1, int), "grad_norm": norms, "weight_norm": weights,
               "update_norm": np.zeros_like(norms)}  # fmt: skip
    return {k: np.array([v], float) for k, v in one.items()} | {f"sampled.{k}": v for k, v in samples.items()}


def _norm(tensor: Any) -> float:
    from keras import ops

    return float(np.linalg.norm(np.asarray(ops.convert_to_numpy(tensor), np.float64)))


def _rows(x: Any, y: Any, weight: Any, missing: list[str]) -> tuple[Sample | None, Sample | None]:
    """Returns the rows to try a step on, and all rows as far as they are at hand."""
    from keras import tree

    if y is None and not hasattr(x, "shape") and not isinstance(x, (dict, list, tuple)):
        first = _first_batch(x, missing)
        return first, first
    arrays = [a for a in tree.flatten((x, y, weight)) if a is not None]
    rows = min((len(a) for a in arrays), default=0)
    if rows == 0:
        missing.append("there are no rows")
        return None, None
    pick = np.unique(np.linspace(0, rows - 1, SAMPLE_ROWS).astype(int))
    some = Sample(
        *(tree.map_structure(lambda a: None if a is None else np.asarray(a)[pick], p) for p in (x, y, weight))
    )
    small = sum(int(np.prod(np.shape(a))) for a in arrays) <= WHOLE
    everything = Sample(
        *(tree.map_structure(lambda a: None if a is None else np.asarray(a), p) for p in (x, y, weight))
    )
    return some, everything if small else some


def _first_batch(data: Any, missing: list[str]) -> Sample | None:
    """Returns the first batch of data that can be read again from the start; a generator is left alone."""
    import keras
    from keras import tree

    if hasattr(data, "take"):
        batch = next(iter(data.take(1)), None)
    elif hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        batch = data[0]
    else:
        batch = None
    if batch is None:
        missing.append(
            f"a {type(data).__name__} can be read only once, so it was left alone: pass arrays or a tf.data.Dataset"
        )
        return None
    parts = keras.utils.unpack_x_y_sample_weight(batch)
    return Sample(*(tree.map_structure(lambda a: None if a is None else np.asarray(a), p) for p in parts))


def _shapes(x: Any) -> Any:
    from keras import tree

    shapes = tree.map_structure(lambda a: (None, *np.shape(a)[1:]), x)
    return shapes


def _data(sample: Sample | None, validation: Any, outputs: Sequence[Output], missing: list[str]) -> Data:
    other = None
    if validation is not None:
        if isinstance(validation, (tuple, list)):
            other = Sample(*validation)
        else:
            other = _first_batch(validation, missing)
    return summaries(sample, other, outputs, missing)
