"""`lossdoctor demo`: a run on real data diverges, is diagnosed, and is repaired. About half a minute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lossdoctor.callbacks.doctor import LossDoctor
from lossdoctor.report import Report
from lossdoctor.report.wording import number

EPOCHS = 20
FLAVANOIDS = 6  # column of the table
STORY = """\
Real data: 178 wines, 13 chemical measurements each, as they come in the table (proline runs to 1680, the
hue to 1.7). The model is to tell the flavanoids from the other 12. It is what people write first:

    model = keras.Sequential([
        keras.Input((12,)),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(1),
    ])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.01), loss="mse")
    model.fit(x, y, epochs=20, batch_size=16, validation_split=0.2, callbacks=[LossDoctor()])
"""


def run(html: str | None = None) -> Report:
    """Trains the sick run, prints its report, writes it to `html`, trains the repaired model the same way.

    Args:
        html: where to write the HTML report; None for nowhere.

    Returns:
        The report on the sick run.

    Raises:
        ImportError: scikit-learn, which brings the data, is not installed.
    """
    import keras

    x, y = load_wines()
    print(STORY)
    keras.utils.set_random_seed(0)
    doctor = LossDoctor(verbose=0)
    before = fit(build(), x, y, [doctor])
    print(f"loss by epoch: {losses_in_words(before)}\n")
    report = doctor.report
    write(report, html)
    report.print()

    print("\nNow the same fit with report.repaired_model():")
    keras.utils.set_random_seed(0)
    after = fit(report.repaired_model(), x, y, [])
    print(f"loss by epoch: {losses_in_words(after)}\n")
    print("                    before        repaired")
    for name, label in (("loss", "last loss"), ("val_loss", "validation loss")):
        print(f"{label:<20}{number(before[name][-1]):<14}{number(after[name][-1])}")
    print(f"{'always the mean':<20}{number(np.var(y)):<14}{number(np.var(y))}   (what a useless model costs)")
    return report


def load_wines() -> tuple[np.ndarray, np.ndarray]:
    """Returns x [178, 12] and y [178], the flavanoids, in mixed order (the table is sorted by kind)."""
    try:
        from sklearn.datasets import load_wine
    except ImportError as error:
        raise ImportError(
            "the demo's data come with scikit-learn, which is not installed: pip install scikit-learn"
        ) from error
    table = load_wine().data
    table = np.random.default_rng(0).permutation(table).astype("float32")
    return np.delete(table, FLAVANOIDS, axis=1), table[:, FLAVANOIDS]


def build() -> Any:
    """Returns the model of STORY, compiled."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((12,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.01), loss="mse")
    return model


def fit(model: Any, x: np.ndarray, y: np.ndarray, callbacks: list[Any]) -> dict[str, list[float]]:
    """Returns the history of the fit of STORY."""
    history: dict[str, list[float]] = model.fit(
        x, y, epochs=EPOCHS, batch_size=16, validation_split=0.2, verbose=0, callbacks=callbacks
    ).history
    return history


def losses_in_words(history: dict[str, list[float]]) -> str:
    """Returns the loss of the first epochs and of the last."""
    loss: Sequence[float] = history["loss"]
    return ", ".join(number(v) for v in loss[:5]) + f", ..., {number(loss[-1])}"


def write(report: Report, html: str | None) -> None:
    """Writes the HTML report, or says what is missing for it."""
    if html is None:
        return
    try:
        report.to_html(html)
    except ImportError as error:
        print(f"(no HTML report: {error})\n")
