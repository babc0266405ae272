"""First non-finite value: the captured batch once more, layer by layer, until something is not finite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from lossdoctor import backends, keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.rows import finite_rows, order, take
from lossdoctor.experiments.subject import Subject
from lossdoctor.experiments.workbench import Variant, Workbench, tensor
from lossdoctor.remedies.apply.graph import is_container

MOST_STEPS = 400  # steps that are tried to bring the divergence about again
SHARE = 0.1  # share of the time for all trials

Found = dict[str, Any]


def first_nonfinite(subject: Subject, bench: Workbench, clock: Clock) -> Found | None:
    """Returns `Record.experiments["first_nonfinite"]`, None when the run stayed finite.

    The batch that the run met first with a non-finite loss or gradient is read at the last good weights.
    When all is finite there, the batch is not to blame: the steps are replayed on the sample until
    something breaks.

    Raises:
        ValueError: the model cannot be rebuilt, or the divergence did not come again.
    """
    batch = subject.bad_batch
    if batch is None:
        return None
    found = in_arrays(batch)
    if found is not None:
        return found
    variant = bench.variant(())
    variant.model.set_weights(subject.good or subject.initial)
    found = in_step(variant, batch)
    if found is None:
        found = _replayed(variant, subject, Clock(SHARE * clock.seconds))
    if found is None:
        raise ValueError(
            f"the captured batch is finite at the last good weights, and {MOST_STEPS} steps did not diverge"
        )
    return found


def in_arrays(batch: Sample) -> Found | None:
    """Returns where the inputs, targets or sample weights themselves are not finite."""
    parts = (("input", "x"), ("target", "y"), ("target", "sample_weight"))
    for what, name in parts:
        part = getattr(batch, name)
        for path, array in _named(part, name):
            place = place_of(array)
            if place is not None:
                value = np.asarray(array)[tuple(place)]
                text = f"{path} holds {value} in {_words(place)}"
                return _found(what, path, place, text)
    return None


def in_step(variant: Variant, batch: Sample) -> Found | None:
    """Returns what is non-finite first in a step on a batch: a layer, the loss, a gradient, a variable."""
    model = variant.model
    bad = _bad_variable(model, "is not finite before the step")
    if bad is not None:
        return bad
    x, y, weight = (
        None if p is None else tree.map_structure(tensor, p) for p in (batch.x, batch.y, batch.sample_weight)
    )

    def loss_at(values: Any) -> Any:
        pairs = list(zip(model.trainable_variables, values, strict=True))
        with keras.StatelessScope(state_mapping=pairs, collect_losses=True):
            made = model(x, training=True)
            return keras_private.loss_of(model, x=x, y=y, y_pred=made, sample_weight=weight, training=True)

    with recorded(model) as calls:
        outputs = model(x, training=True)
        loss = keras_private.loss_of(model, x=x, y=y, y_pred=outputs, sample_weight=weight, training=True)
    for layer, given, made in calls:
        found = _in_layer(layer, given, made)
        if found is not None:
            return found
    if not np.isfinite(float(loss)):
        return _in_loss(variant, batch, outputs)
    values = [v.value for v in model.trainable_variables]
    _, gradients = backends.current().value_and_gradients(loss_at, values)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        place = None if gradient is None else place_of(ops.convert_to_numpy(gradient))
        if place is not None:
            text = f"the loss is {float(loss):.4g}, the gradient of {variable.path} is not finite at {place}"
            return {**_found("gradient", variable.path, place, text), "row": None}
    return None


@contextmanager
def recorded(model: Any) -> Iterator[list[tuple[Any, Any, Any]]]:
    """Gathers (layer, input, output) of each call in the block. For copies only: it wraps `call`."""
    calls: list[tuple[Any, Any, Any]] = []
    leaves = [v for v in keras_private.all_layers(model) if not is_container(v)]

    def wrap(layer: Any, call: Any) -> Any:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            made = call(*args, **kwargs)
            calls.append((layer, args[0] if args else None, made))
            return made

        return wrapped

    try:
        for layer in leaves:
            object.__setattr__(layer, "call", wrap(layer, layer.call))
        yield calls
    finally:
        for layer in leaves:
            layer.__dict__.pop("call", None)


def _in_layer(layer: Any, given: Any, made: Any) -> Found | None:
    for part in tree.flatten(made):
        place = place_of(ops.convert_to_numpy(part)) if part is not None else None
        if place is None:
            continue
        text = f"the output of {layer.name} ({type(layer).__name__}) is not finite in {_words(place)}"
        inputs = [np.asarray(ops.convert_to_numpy(t), float) for t in tree.flatten(given) if t is not None]
        largest = max((float(np.abs(a).max()) for a in inputs if a.size), default=0.0)
        weights = max((float(np.abs(w).max()) for w in layer.get_weights() if w.size), default=0.0)
        text += f"; its input went up to {largest:.3g}" + (
            f", its weights up to {weights:.3g}" if weights else ""
        )
        return _found("layer", layer.name, place, text)
    return None


def _in_loss(variant: Variant, batch: Sample, outputs: Any) -> Found:
    for part in variant.model.losses:
        if not np.isfinite(float(part)):
            return _found("loss", "penalty", (), "a penalty on weights or activities is not finite")
    for row in range(batch.rows):
        loss, _ = variant.evaluate(take(batch, np.array([row])))
        if not np.isfinite(loss):
            flat = [np.asarray(ops.convert_to_numpy(o))[row].ravel()[:4] for o in tree.flatten(outputs)]
            shown = ", ".join(f"{v:.4g}" for v in flat[0])
            targets = np.asarray(tree.flatten(batch.y)[0])[row].ravel()[:4] if batch.y is not None else ()
            text = f"the loss of row {row} is {loss}: outputs {shown}, target {', '.join(map(str, targets))}"
            return _found("loss", "loss", (row,), text)
    return _found("loss", "loss", (), "the loss of the batch is not finite though that of each row is")


def _replayed(variant: Variant, subject: Subject, clock: Clock) -> Found | None:
    rows = finite_rows(subject.sample)
    variant.load(rows)
    size = subject.batch_size or 32
    for number, index in enumerate(order(rows.rows, size, MOST_STEPS)):
        if clock.left < 0:
            return None
        before = variant.model.get_weights()
        variant.train(index[None])
        after = variant.model.get_weights()
        if all(np.isfinite(w).all() for w in after):
            continue
        variant.model.set_weights(before)
        found = in_step(variant, take(rows, index))
        if found is None:
            variant.model.set_weights(after)
            found = _bad_variable(variant.model, "is not finite after the update")
        if found is not None:
            return {**found, "text": f"replayed on the sample, at step {number}: {found['text']}"}
    return None


def _bad_variable(model: Any, what: str) -> Found | None:
    for variable in model.variables:
        place = place_of(ops.convert_to_numpy(variable))
        if place is not None:
            return {
                **_found("variable", variable.path, place, f"{variable.path} {what} (at {place})"),
                "row": None,
            }
    return None


def place_of(array: Any) -> tuple[int, ...] | None:
    """Returns the index of the first entry that is not finite, None when all are."""
    array = np.asarray(array)
    if array.dtype.kind not in "fc" and array.dtype.name != "bfloat16":
        return None
    bad = np.argwhere(~np.isfinite(array.astype(np.float64)))
    return tuple(int(i) for i in bad[0]) if len(bad) else None


def _found(what: str, where: str, place: tuple[int, ...], text: str) -> Found:
    row = place[0] if place else None
    return {
        "what": what,
        "where": where,
        "row": row,
        "column": place[-1] if len(place) > 1 else None,
        "text": text,
    }


def _words(place: tuple[int, ...]) -> str:
    return f"row {place[0]}" + (f", column {place[-1]}" if len(place) > 1 else "")


def _named(part: Any, name: str) -> list[tuple[str, Any]]:
    if part is None:
        return []
    if isinstance(part, dict):
        return [(f"{name}[{key!r}]", value) for key, value in part.items()]
    flat = tree.flatten(part)
    return [(name if len(flat) == 1 else f"{name}[{i}]", a) for i, a in enumerate(flat)]
