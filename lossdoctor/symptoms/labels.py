"""Labels against inputs: do a row's nearest neighbours in the sample predict its label?"""

from __future__ import annotations

from lossdoctor.losses import loss_of
from lossdoctor.record import Record
from lossdoctor.symptoms.loss_curve import loss_plateau
from lossdoctor.symptoms.series import kernels
from lossdoctor.symptoms.symptom import Symptom

DISAGREE = 0.1  # share of rows whose unanimous neighbours have another label; 0 to 0.03 in clean sets
ENOUGH = 25  # such rows, so that the share means something
# Share of what there is to predict by which the model may stay behind its five nearest neighbours. Over 300
# healthy runs it was at most 0.15, and 0.26 once; a loss that stands still cannot make up for it.
BEHIND, BEHIND_AND_STILL = 0.3, 0.15
MOSTLY_ONE = 0.8  # with one class this large, accuracy says little of either
FEW_UPDATES = 8  # after so few a model may well be behind its neighbours


def labels_unrelated(record: Record) -> Symptom | None:
    """Nearest neighbours do not predict a row's target. Value: their lead over chance."""
    found = record.experiments.get("evaluation", {}).get("neighbours", {})
    if not found or found["rows"] < 60:
        return None
    lead = found["score"] - found["chance"]
    if lead > 2 * found["error"]:
        return None
    text = f"Among {found['rows']:.0f} rows, a row's nearest neighbours tell nothing of its target ({found['score']:.2f} against {found['chance']:.2f} by chance)."
    return Symptom("labels-unrelated", lead, text)


def neighbours_disagree(record: Record) -> Symptom | None:
    """Rows contradict neighbours that all agree. Value: their share, 0 to 1."""
    found = record.experiments.get("evaluation", {}).get("neighbours", {})
    if found.get("unanimous", 0) < ENOUGH or found["score"] - found["chance"] < 2 * found["error"]:
        return None
    share = found["contradict"]
    if share < DISAGREE:
        return None
    text = f"{share:.0%} of the rows whose nearest neighbours all agree have another label than these."
    return Symptom("neighbours-disagree", share, text)


def behind_neighbours(record: Record) -> Symptom | None:
    """The trained model predicts the rows it learned from worse than their nearest neighbours do.

    Value: the difference, as a share of what there is to predict (accuracy above chance, or variance), 0 to 1.
    """
    evaluation = record.experiments.get("evaluation", {})
    found, final = evaluation.get("neighbours", {}), evaluation.get("final", {})
    loss = loss_of(record.setup.outputs[0].loss or "") if len(record.setup.outputs) == 1 else None
    if not found or found["rows"] < 60 or record.data.weighted or found["chance"] > MOSTLY_ONE:
        return None
    if 0 < len(record.series.get("batch_loss", ())) < FEW_UPDATES:
        return None  # no model has learned anything by then
    if "accuracy" in final:
        best, own, reach = found["score"], final["accuracy"], 1.0 - found["chance"]
    elif "explained" in final and loss is not None and loss.task == "regression":
        best, own, reach = max(found["score"], 0.0) ** 2, final["explained"], 1.0
    else:
        return None
    behind = (best - own) / reach
    still = loss_plateau(record) is not None
    if behind < max(BEHIND_AND_STILL if still else BEHIND, 2 * found["error"] / reach):
        return None
    text = f"The model tells {own:.0%} of what it was trained on, a row's five nearest neighbours {best:.0%}"
    text += " (right classes)." if "accuracy" in final else " (of the variance)."
    return Symptom("behind-neighbours", float(behind), text, alarming=True)


def one_class_predicted(record: Record) -> Symptom | None:
    """The model names a single class for all rows. Value: 1."""
    found = record.experiments.get("evaluation", {}).get("final", {})
    if found.get("guessed") != 1 or found.get("classes", 1) < 2:
        return None
    return Symptom("one-class-predicted", 1.0, "The model names the same class for every row of the sample.")


def layers_disconnected(record: Record) -> Symptom | None:
    """Weight matrices never got a gradient although the others did, and nothing else explains it. Value: their number."""
    found = kernels(record)
    if found is None or len(found.step) < 2 or any(a.dead > 0.5 for a in record.activity):
        return None
    never = (found.grad == 0).all(0)
    if not never.any() or never.all() or any(la.kernel_spread == 0.0 for la in record.setup.layers):
        return None
    names = [v.layer for v, n in zip(found.variables, never, strict=True) if n]
    text = f"No gradient ever reached {', '.join(names[:4])}, while other layers got one: the loss does not depend on them."
    return Symptom("layers-disconnected", len(names), text, where=names[0])
