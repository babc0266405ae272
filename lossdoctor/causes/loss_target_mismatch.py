"""LD402: the loss does not suit the kind or coding of the targets."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.causes.output_signs import fault_remedies, fault_signs, faulty
from lossdoctor.losses.faults import Fault, coding_faults
from lossdoctor.losses.heads import Head
from lossdoctor.record import Data, Output, Setup, Target
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

ID = "loss-target-mismatch"


def signs(facts: Facts) -> Iterator[Sign]:
    found = list(fault_signs(facts, lambda head: coding_faults(head, facts.setup.metrics), ID))
    yield from found
    if found and (raised := facts.get("step-raised")) is not None:
        yield Sign(STRONG, raised.text)
    if (missed := facts.get("sizes-missed")) is not None:
        yield Sign(STRONG + FAIR, missed.text)
    yes_no = any("binary" in (o.loss or "") for o in facts.setup.outputs)
    if yes_no and (below := facts.get("loss-below-zero")):
        yield Sign(STRONG, f"the loss fell to {below.value:.3g}, which labels of 0 to 1 cannot bring about")


def remedies(facts: Facts) -> Iterator[Remedy]:
    def find(head: Head) -> Iterator[Fault]:
        return coding_faults(head, facts.setup.metrics)

    if facts.get("sizes-missed") is not None:
        squares = (Action("loss", {"name": "mean_squared_error", "output": 0}),)
        yield Remedy("Use a loss that learns sizes too.", 'loss="mean_squared_error"', squares)
    yield from fault_remedies(facts, find)
    for head, _ in faulty(facts, find):
        yield from relabel(head)


def relabel(head: Head) -> Iterator[Remedy]:
    """Yields how the labels can be put into the coding that the loss takes; only the user can do that."""
    target, needs = head.target, head.loss.needs if head.loss else ""
    if target is None or head.loss is None or target.coding == "empty":
        return
    if target.coding == "text":
        yield Remedy("Turn the class names into numbers.", "names, y = np.unique(y, return_inverse=True)")
        return
    if needs == "simplex" and head.loss.units == "classes" and (head.columns or 1) > 1:
        yield Remedy("Turn the one-hot rows into class numbers.", "y = y.argmax(axis=-1)")
    elif needs == "simplex" and head.columns == 1 and target.integers and head.loss.units != "classes":
        yield Remedy(
            "Turn the class numbers into one-hot rows.", f"y = keras.utils.to_categorical(y, {head.units})"
        )
    elif needs == "probability" and target.coding == "sign":
        yield Remedy("Turn the labels -1 and 1 into 0 and 1.", "y = (y + 1) / 2")
    elif target.integers and target.low == 1 and (target.distinct == 2 or head.loss.dtype == "integer"):
        yield Remedy(f"Number the classes from 0 to {target.high - 1:.0f}.", "y = y - 1")
    elif target.integers and target.low < 0 and head.loss.dtype == "integer":
        other = f"SparseCategoricalCrossentropy(ignore_class={target.low:.0f})"
        code = f"y = y - y.min()  # or, to leave those rows out: keras.losses.{other}"
        yield Remedy("Number the classes from 0.", code)
    elif head.loss.dtype == "integer" and not target.integers and target.low >= 0 and target.high < 1:
        code = "x_train = x_train / 255  # the inputs only: class numbers must stay whole"
        yield Remedy("Do not scale the labels with the inputs.", code)
    elif head.loss.name == "kl_divergence" and target.low >= 0:
        yield Remedy("Divide each row of targets by its sum.", "y = y / y.sum(axis=-1, keepdims=True)")


def _facts(loss: str, units: int, activation: str, target: Target, metrics: tuple[str, ...] = ()) -> Facts:
    output = Output("output", (units,), units, (activation,), loss)
    return Facts(Setup(outputs=(output,), metrics=metrics), Data(targets=(target,)))


def _classes(low: float, high: float, coding: str = "integer") -> Target:
    kinds = int(high - low) + 1
    return Target(
        "y", "int64", (), 256, (low + high) / 2, 1.0, low, high,
        integers=True, distinct=kinds, coding=coding, classes=int(high) + 1,
        shares={"<-1": 0.0, "<0": 0.0, "=0": 1 / kinds if low == 0 else 0.0, ">1": 1 - 2 / kinds},
    )  # fmt: skip


FRACTIONS = Target("y", "float64", (1,), 256, 0.018, 0.01, 0.0, 0.035, distinct=10, coding="real")
NEGATIVE = Target("y", "float32", (1,), 256, 0.0, 1.0, -3.0, 3.0, coding="real", shares={"<0": 0.5})
AMOUNTS = Target("y", "float32", (1,), 256, 9.0, 5.0, 0.5, 40.0, coding="real", shares={"<0": 0.0})

CAUSE = Cause(
    id=ID,
    code="LD402",
    title="The loss does not suit the targets",
    meaning=(
        "The loss is made for targets of another kind or coding: class numbers where one-hot rows belong "
        "or the other "
        "way round, labels beyond 0 and 1 under binary cross-entropy, numbers under a loss for classes, "
        "or a distance "
        "between class numbers. What it measures then is not what is wanted: it may fall to zero or "
        "below, or to NaN, "
        "while the predictions stay useless."
    ),
    signs=signs,
    remedies=remedies,
    references=(
        "Keras, losses, https://keras.io/api/losses/",
        "Keras issue 14046, labels out of range, https://github.com/keras-team/keras/issues/14046",
        "TensorFlow issue 8484, silent NaN, https://github.com/tensorflow/tensorflow/issues/8484",
    ),
    examples=(
        Example(
            "amounts under a loss of directions",
            seen(
                Symptom(
                    "sizes-missed",
                    -9.8,
                    "Cosine similarity learns no sizes, and mae is asked for.",
                    alarming=True,
                )
            ),
        ),
        Example(
            "fractions as class numbers", _facts("sparse_categorical_crossentropy", 10, "softmax", FRACTIONS)
        ),
        Example(
            "labels 1 to 3 for 3 units",
            _facts("sparse_categorical_crossentropy", 3, "softmax", _classes(1, 3)),
        ),
        Example(
            "ten class numbers under binary cross-entropy",
            _facts("binary_crossentropy", 1, "sigmoid", _classes(0, 9)),
        ),
        Example(
            "logarithmic error on negative targets",
            _facts("mean_squared_logarithmic_error", 1, "linear", NEGATIVE),
        ),
        Example(
            "squared distance of classes",
            _facts("mean_squared_error", 1, "linear", _classes(0, 9), ("accuracy",)),
        ),
        Example(
            "labels 0 to 2 for 3 units",
            _facts("sparse_categorical_crossentropy", 3, "softmax", _classes(0, 2)),
            named=False,
        ),
        Example(
            "counts without an accuracy",
            _facts("mean_squared_error", 1, "linear", _classes(0, 9)),
            named=False,
        ),
        Example(
            "logarithmic error on amounts",
            _facts("mean_squared_logarithmic_error", 1, "linear", AMOUNTS),
            named=False,
        ),
        Example(
            "yes and no", _facts("binary_crossentropy", 1, "sigmoid", _classes(0, 1, "binary")), named=False
        ),
    ),
    consequences=(
        "loss-activation-mismatch",  # what an output must reach depends on the loss
        "unbounded-loss",
        "vanishing-gradients",
        "learning-rate-too-low",
        "too-few-epochs",
        "model-too-small",
    ),
)
