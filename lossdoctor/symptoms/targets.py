"""Targets: scale, imbalance."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms.series import TINY
from lossdoctor.symptoms.symptom import Symptom

LARGE = 10.0  # size of the targets; an untrained net puts out numbers of size 1
SMALL = 1e-3
IMBALANCED = 0.85  # share of the largest of two classes; SageMaker's ratio of 10 is 0.91


def targets_unscaled(record: Record) -> Symptom | None:
    """Real targets are large (or tiny) for an output that nothing rescales. Value: their size (root mean square)."""
    outputs = record.setup.outputs
    if not record.data.targets or len(outputs) != len(record.data.targets) or outputs[0].rescaled:
        return None
    for target, output in zip(record.data.targets, outputs, strict=True):
        if target.coding not in ("real", "integer") or output.activations not in (
            (),
            ("linear",),
            ("relu",),
            ("softplus",),
        ):
            continue
        if (
            output.loss is None
            or "entropy" in output.loss
            or "hinge" in output.loss
            or output.loss.startswith("custom:")
        ):
            continue
        size = float(np.hypot(target.mean, target.std))
        if size > LARGE or (0 < size < SMALL and target.std > 0):
            text = f"Targets go from {target.low:.4g} to {target.high:.4g} (mean {target.mean:.4g}, standard deviation {target.std:.4g})."
            offset = abs(target.mean) / max(target.std, TINY)
            return Symptom(
                "targets-unscaled",
                size,
                text,
                where=output.name,
                details={"std": target.std, "mean": target.mean, "offset": offset},
            )
    return None


def classes_imbalanced(record: Record) -> Symptom | None:
    """One class has nearly all rows. Value: its share of the sample, 0 to 1."""
    for target in record.data.targets:
        total = sum(target.counts.values())
        if total < 20 or len(target.counts) < 2 or target.coding == "multi-hot":
            continue
        share = max(target.counts.values()) / total
        bar = IMBALANCED if len(target.counts) == 2 else 0.7
        if share >= bar:
            name = max(target.counts, key=lambda k: target.counts[k])
            text = f"{share:.0%} of the rows belong to class {name} (of {len(target.counts)})."
            return Symptom("classes-imbalanced", share, text)
    return None


def target_constant(record: Record) -> Symptom | None:
    """All targets seen are the same. Value: that target."""
    for target in record.data.targets:
        if target.coding == "constant" and target.rows >= 8:
            return Symptom(
                "targets-constant", target.mean, f"All {target.rows} targets seen are {target.mean:.4g}."
            )
    return None
