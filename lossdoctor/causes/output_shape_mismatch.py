"""LD403: the output has the wrong number of units."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, STRONG, Cause, Example, Facts, Sign
from lossdoctor.causes.output_signs import fault_remedies, fault_signs
from lossdoctor.losses.faults import one_for_many, shape_faults
from lossdoctor.losses.heads import heads
from lossdoctor.record import CELLS, Data, Output, Setup, Target
from lossdoctor.remedies import Action, Remedy

ID = "output-shape-mismatch"


def signs(facts: Facts) -> Iterator[Sign]:
    found = list(fault_signs(facts, lambda head: shape_faults(head, facts.setup.metrics), ID))
    yield from found
    mixed, same = facts.get("rows-mixed"), facts.get("no-better-than-constant")
    if mixed is not None and same is not None and not found:
        yield Sign(STRONG + FAIR, mixed.text)
        yield Sign(FAIR, same.text)
    if found and (raised := facts.get("step-raised")) is not None:
        yield Sign(STRONG, raised.text)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield from fault_remedies(facts, lambda head: shape_faults(head, facts.setup.metrics))
    if facts.get("rows-mixed") is not None:
        code = "y = ops.reshape(y, ops.shape(y_pred))  # before y - y_pred"
        yield Remedy("Bring targets and outputs to one shape before they are subtracted.", code)
    if any(any(one_for_many(head)) for head in heads(facts.setup, facts.data)):
        yield _one_answer(facts.setup)


def _one_answer(setup: Setup) -> Remedy:
    """The last layer that still has the axis of time or place that the targets lack, written without it."""
    last = next((layer for layer in reversed(setup.layers) if layer.kind in CELLS), None)
    if last is None:
        return Remedy("Put the places together in front of the output layer.", "layers.Flatten()")
    return Remedy(
        "Let the last recurrent layer return its last output only.",
        f"layers.{CELLS[last.kind]}({last.units})  # without return_sequences=True",
        (Action("last_output"),),
    )


def _facts(loss: str, units: int, activation: str, target: Target) -> Facts:
    output = Output("output", (units,), units, (activation,), loss)
    return Facts(Setup(outputs=(output,)), Data(targets=(target,)))


def _places(target: Target, *places: int) -> Facts:
    output = Output("output", (*places, 1), 1, ("linear",), "mean_squared_error")
    return Facts(Setup(outputs=(output,)), Data(targets=(target,)))


def _labels(classes: int) -> Target:
    return Target(
        "y", "int64", (), 256, classes / 2, 1.0, 0.0, classes - 1.0,
        integers=True, distinct=classes, coding="integer", classes=classes,
    )  # fmt: skip


ONE_COLUMN = Target("y", "float32", (1,), 256, 0.0, 1.0, -2.5, 2.5, distinct=250, coding="real")
THREE_COLUMNS = Target("y", "float32", (3,), 256, 0.0, 1.0, -2.5, 2.5, distinct=700, coding="real")
SERIES = Target("y", "float32", (16,), 256, 0.0, 1.0, -2.5, 2.5, distinct=4000, coding="real")

CAUSE = Cause(
    id=ID,
    code="LD403",
    title="The output has the wrong number of units",
    meaning=(
        "The number of output units does not fit the targets: fewer units than classes, one unit where "
        "classes are to "
        "be compared, several units against one column, or an answer at each step where one is asked for. "
        "Under XLA a label beyond the units is a silent "
        "NaN, and "
        "regression losses broadcast a mismatch without a word, so that every unit learns every column's "
        "mean."
    ),
    signs=signs,
    remedies=remedies,
    references=(
        "Keras, losses, https://keras.io/api/losses/",
        "TensorFlow issue 8484, labels out of range, https://github.com/tensorflow/tensorflow/issues/8484",
        "Keras issue 14627, silent broadcasting, https://github.com/keras-team/keras/issues/14627",
    ),
    examples=(
        Example(
            "six classes, three units", _facts("sparse_categorical_crossentropy", 3, "softmax", _labels(6))
        ),
        Example("three units against one column", _facts("mean_squared_error", 3, "linear", ONE_COLUMN)),
        Example("one unit for three columns", _facts("mean_squared_error", 1, "linear", THREE_COLUMNS)),
        Example("ten classes, one sigmoid", _facts("binary_crossentropy", 1, "sigmoid", _labels(10))),
        Example("a value at each of 16 steps, one for them all", _places(ONE_COLUMN, 16)),
        Example("a value at each of 16 steps, 16 asked for", _places(SERIES, 16), named=False),
        Example("a series of one step", _places(ONE_COLUMN, 1), named=False),
        Example(
            "six classes, six units",
            _facts("sparse_categorical_crossentropy", 6, "softmax", _labels(6)),
            named=False,
        ),
        Example(
            "three units, three columns",
            _facts("mean_squared_error", 3, "linear", THREE_COLUMNS),
            named=False,
        ),
        Example("one unit for a count", _facts("poisson", 1, "exponential", _labels(10)), named=False),
    ),
    consequences=(
        "unbounded-loss",
        "vanishing-gradients",
        "learning-rate-too-low",
        "too-few-epochs",
        "model-too-small",
    ),
)
