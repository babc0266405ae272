"""Actions on the loss: another one, or the same with from_logits. The metrics follow."""

from __future__ import annotations

from typing import Any

import keras

from lossdoctor.remedies.apply.plan import Plan

# What measures hits under which loss; a user's explicit choice becomes wrong when the loss changes form.
_HITS = {
    "binary_crossentropy": keras.metrics.BinaryAccuracy,
    "binary_focal_crossentropy": keras.metrics.BinaryAccuracy,
    "categorical_crossentropy": keras.metrics.CategoricalAccuracy,
    "categorical_focal_crossentropy": keras.metrics.CategoricalAccuracy,
    "sparse_categorical_crossentropy": keras.metrics.SparseCategoricalAccuracy,
}
LOGIT_YES = 1e-38  # a logit says yes from 0 on, a threshold that Keras before 3.4 does not take
_HIT_NAMES = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")


def loss(plan: Plan, *, name: str, output: int | str | None = None) -> None:
    """Puts the loss of this name (snake_case) on an output: its number or name; None for all.

    Raises:
        ValueError: Keras has no such loss, or the model no such output.
    """
    try:
        keras.losses.get(name)
    except ValueError as error:
        raise ValueError(f"no loss is called {name!r} in Keras") from error
    _put(plan, lambda old: name, output)
    _adjust_metrics(plan, name, logits=False)


def from_logits(plan: Plan, *, value: bool, output: int | str | None = None) -> None:
    """Sets whether the loss of an output gets logits.

    Raises:
        ValueError: the loss does not have that argument.
    """
    named: list[str] = []

    def change(old: Any) -> Any:
        new = with_logits(old, value)
        named.append(loss_name(new))
        return new

    _put(plan, change, output)
    for name in named:
        _adjust_metrics(plan, name, logits=value)


def with_logits(loss: Any, value: bool) -> Any:
    """Returns the loss with from_logits=value.

    Raises:
        ValueError: it has no such argument.
    """
    found = keras.losses.get(loss)
    if not isinstance(found, keras.losses.Loss):
        camel = "".join(part.capitalize() for part in loss_name(found).split("_"))
        kind = getattr(keras.losses, camel, None)
        found = None if kind is None else kind()
    config = {} if found is None else found.get_config()
    if found is None or "from_logits" not in config:
        raise ValueError(f"the loss {loss_name(loss)!r} has no from_logits")
    return type(found).from_config({**config, "from_logits": bool(value)})


def loss_name(loss: Any) -> str:
    """Returns the snake_case name of a loss given as a name, a function or an object."""
    if isinstance(loss, str):
        return loss
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__))


def _put(plan: Plan, change: Any, output: int | str | None) -> None:
    rest = plan.settings.rest
    old = rest.get("loss")
    if isinstance(old, dict):
        names = list(old) if output is None else [_key(plan, output, old)]
        rest["loss"] = {k: change(v) if k in names else v for k, v in old.items()}
    elif isinstance(old, (list, tuple)):
        chosen = range(len(old)) if output is None else [_number(plan, output)]
        rest["loss"] = [change(v) if i in chosen else v for i, v in enumerate(old)]
    elif output is not None and len(plan.graph.ends) > 1:
        number = _number(plan, output)
        rest["loss"] = [change(old) if i == number else old for i in range(len(plan.graph.ends))]
    else:
        rest["loss"] = change(old)


def _key(plan: Plan, output: int | str, old: dict[str, Any]) -> str:
    if isinstance(output, str) and output in old:
        return output
    names = list(getattr(plan.model, "output_names", None) or old)
    if isinstance(output, int) and output < len(names) and names[output] in old:
        return names[output]
    raise ValueError(f"no loss belongs to output {output!r}: those known are {', '.join(old)}")


def _number(plan: Plan, output: int | str) -> int:
    return output_number(plan, output)


def output_number(plan: Plan, output: int | str | None) -> int:
    """Returns the number of an output given by number or name, 0 for None.

    Raises:
        ValueError: there is no such output.
    """
    if output is None:
        return 0
    names = list(getattr(plan.model, "output_names", None) or [])
    number = names.index(output) if output in names else output
    if len(plan.graph.ends) == 1 and isinstance(number, str):
        return 0  # a single output needs no name; records and models may call it differently
    if not isinstance(number, int) or not 0 <= number < len(plan.graph.ends):
        raise ValueError(f"no output is {output!r}: the model has {names or len(plan.graph.ends)}")
    return number


def _adjust_metrics(plan: Plan, name: str, *, logits: bool) -> None:
    if len(plan.graph.ends) > 1 or name not in _HITS:
        return
    for key in ("metrics", "weighted_metrics"):
        given = plan.settings.rest.get(key)
        if isinstance(given, (list, tuple)):
            plan.settings.rest[key] = [_hits(m, name, logits) for m in given]


def _hits(metric: Any, loss: str, logits: bool) -> Any:
    called = loss_name(metric)
    if called not in _HIT_NAMES:
        return metric
    kind = _HITS[loss]
    if kind is keras.metrics.BinaryAccuracy:
        return kind(name=called, threshold=LOGIT_YES if logits else 0.5)
    return metric if called in ("accuracy", "acc") else kind(name=called)
