"""Whether the loss and the outputs tell the same story."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms.base import Symptom
from lossdoctor.symptoms.series import end_level

CROSS_ENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")
MARGIN = 0.15  # the sample of 256 rows and the last batches are not the same rows: 5 standard errors of 0.03


def accuracy_below_loss(record: Record) -> Symptom | None:
    """Fewer rows are right than the loss allows. Value: the accuracy due less the accuracy found, 0 to 1.

    A row whose true class gets over one half is right, and a wrong one costs at least ln 2. So with a mean
    cross-entropy of L at most L / ln 2 of the rows are wrong (Markov's inequality), unless the outputs are
    not what the loss was computed from: Keras takes the numbers behind a softmax or sigmoid.
    """
    final = record.lab.get("exam", {}).get("final", {})
    outputs, end = record.setup.outputs, end_level(record)
    if "accuracy" not in final or len(outputs) != 1 or record.data.weighted or not np.isfinite(end):
        return None
    due = 1 - end / np.log(2)
    if outputs[0].loss not in CROSS_ENTROPIES or final["accuracy"] >= due - MARGIN:
        return None
    text = f"A loss of {end:.3g} means that at least {due:.0%} of the rows are right, but only"
    text += f" {final['accuracy']:.0%} are: the outputs are not what the loss was computed from."
    return Symptom("accuracy-below-loss", float(due - final["accuracy"]), text)
