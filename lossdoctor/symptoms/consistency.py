"""Whether the loss and the outputs agree."""

from __future__ import annotations

import numpy as np

from lossdoctor.losses import loss_of
from lossdoctor.record import Record
from lossdoctor.symptoms.series import column, end_level
from lossdoctor.symptoms.symptom import Symptom

CROSS_ENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
OF_SIZE = ("mae", "mse", "mape", "mean_abs", "mean_sq", "root_mean", "rmse", "r2")
OF_THE_RARE = ("recall", "precision", "f1", "true_pos", "tp")
MISSED = 0.02
MARGIN = 0.15  # the sample of 256 rows and the last batches are not the same rows: 5 standard errors of 0.03


def accuracy_below_loss(record: Record) -> Symptom | None:
    """Fewer rows are right than the loss allows. Value: the accuracy due less the accuracy found, 0 to 1.

    A row whose true class gets over one half is right, and a wrong one costs at least ln 2. So with a mean
    cross-entropy of L at most L / ln 2 of the rows are wrong (Markov's inequality), unless the outputs are
    not what the loss was computed from: Keras takes the numbers behind a softmax or sigmoid.
    """
    final = record.experiments.get("evaluation", {}).get("final", {})
    outputs, end = record.setup.outputs, end_level(record)
    if "accuracy" not in final or len(outputs) != 1 or record.data.weighted or not np.isfinite(end):
        return None
    due = 1 - end / np.log(2)
    if outputs[0].loss not in CROSS_ENTROPIES or final["accuracy"] >= due - MARGIN:
        return None
    text = f"A loss of {end:.3g} means that at least {due:.0%} of the rows are right, but only"
    text += f" {final['accuracy']:.0%} are: the outputs are not what the loss was computed from."
    return Symptom("accuracy-below-loss", float(due - final["accuracy"]), text)


def sizes_missed(record: Record) -> Symptom | None:
    """A loss of directions falls, and the sizes, which a metric asks for, are worse than a constant answer.

    Value: share of the variance explained, below 0.
    """
    explained = record.experiments.get("evaluation", {}).get("final", {}).get("explained")
    outputs, metrics = record.setup.outputs, record.setup.metrics
    loss = loss_of(outputs[0].loss or "") if len(outputs) == 1 else None
    if loss is None or loss.task != "direction" or explained is None or explained >= 0:
        return None
    asked = [m for m in metrics if m.lower().startswith(OF_SIZE)]
    if not asked:
        return None
    text = (
        f"{loss.title.capitalize()} learns no sizes, and {asked[0]} is asked for: the predictions are further"
    )
    text += f" off than a constant ({explained:.3g} of the variance explained)."
    return Symptom("sizes-missed", explained, text, alarming=True)


def rare_class_missed(record: Record) -> Symptom | None:
    """A metric of the rare class ended at 0 while only the other one is named. Value: that metric."""
    final = record.experiments.get("evaluation", {}).get("final", {})
    for name in record.setup.metrics:
        values = column(record, f"epoch.{name}")
        if (
            name.lower().startswith(OF_THE_RARE)
            and len(values)
            and values[-1] < MISSED
            and final.get("guessed") == 1
        ):
            text = f"{name} ended at {values[-1]:.2g}: the model names the same class for every row of the sample."
            return Symptom("rare-class-missed", float(values[-1]), text, alarming=True)
    return None
