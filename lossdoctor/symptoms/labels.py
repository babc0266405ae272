"""Labels against inputs: do a row's nearest neighbours in the sample tell its label?"""

from __future__ import annotations

from lossdoctor.record import Record
from lossdoctor.symptoms.base import Symptom

DISAGREE = 0.1  # share of rows whose unanimous neighbours have another label; 0 to 0.03 in clean sets
ENOUGH = 25  # such rows, so that the share means something


def labels_unrelated(record: Record) -> Symptom | None:
    """Nearest neighbours tell nothing about a row's target. Value: their lead over chance."""
    found = record.lab.get("exam", {}).get("neighbours", {})
    if not found or found["rows"] < 60:
        return None
    lead = found["score"] - found["chance"]
    if lead > 2 * found["error"]:
        return None
    text = f"Among {found['rows']:.0f} rows, a row's nearest neighbours tell nothing of its target ({found['score']:.2f} against {found['chance']:.2f} by chance)."
    return Symptom("labels-unrelated", lead, text)


def neighbours_disagree(record: Record) -> Symptom | None:
    """Rows contradict neighbours that all agree. Value: their share, 0 to 1."""
    found = record.lab.get("exam", {}).get("neighbours", {})
    if found.get("unanimous", 0) < ENOUGH or found["score"] - found["chance"] < 2 * found["error"]:
        return None
    share = found["contradict"]
    if share < DISAGREE:
        return None
    text = f"{share:.0%} of the rows whose nearest neighbours all agree have another label than these."
    return Symptom("neighbours-disagree", share, text)


def one_class_predicted(record: Record) -> Symptom | None:
    """The model names a single class for all rows. Value: 1."""
    found = record.lab.get("exam", {}).get("final", {})
    if found.get("guessed") != 1 or found.get("classes", 1) < 2:
        return None
    return Symptom("one-class-predicted", 1.0, "The model names the same class for every row of the sample.")


def layers_disconnected(record: Record) -> Symptom | None:
    """Weight matrices never got a gradient although the others did, and nothing else explains it. Value: their number."""
    from lossdoctor.symptoms.layers import kernels

    found = kernels(record)
    if found is None or len(found.step) < 2 or any(a.dead > 0.5 for a in record.activity):
        return None
    never = (found.grad == 0).all(0)
    if not never.any() or never.all() or any(la.kernel_spread == 0.0 for la in record.setup.layers):
        return None
    names = [v.layer for v, n in zip(found.variables, never, strict=True) if n]
    text = f"No gradient ever reached {', '.join(names[:4])}, while other layers got one: the loss does not depend on them."
    return Symptom("layers-disconnected", len(names), text, where=names[0])
