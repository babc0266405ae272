"""Validation: turned up, far off, or of another kind than the training data."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Array, Record
from lossdoctor.symptoms.inputs import rows_few
from lossdoctor.symptoms.series import TINY, baseline, column, noise, nth, start_level, trend
from lossdoctor.symptoms.symptom import Symptom

TURNED = 1.15  # end over lowest
# And the rise gives back at least this share of what had been gained over a constant answer: a tiny loss may
# rise three-fold and the run is fine.
WORTH = 0.25
FELL = 0.1  # accuracy
BEHIND = 0.25  # accuracy
SHIFTED = 3.0  # validation inputs' mean off by so many standard deviations, or their spread by such a factor
BETTER = 0.1  # accuracy
SCARCE = 60  # rows
MEMORISED = 0.5  # of the baseline; healthy runs on 40 rows or more end at up to 0.3
OTHER_LABELS = 0.6  # total variation distance of class shares, 0 to 1


def validation_rising(record: Record) -> Symptom | None:
    """The validation loss turned up while the training loss fell. Value: its end over its lowest."""
    val, loss = column(record, "epoch.val_loss"), column(record, "epoch.loss")
    if len(val) != len(loss):
        return None
    valid = np.isfinite(val) & np.isfinite(loss)
    val, loss = val[valid], loss[valid]
    if len(val) < 4:
        return None
    at = int(val.argmin())
    after = val[at:]
    end = float(np.median(val[-max(1, min(3, len(val) - at - 1)) :]))
    rise = end - val[at]
    scale = _scale(record, val)
    ratio = end / max(abs(val[at]), TINY)
    gained = max(scale - val[at], 0.1 * scale)
    fell = loss[-1] < loss[at] - 0.02 * abs(loss[at])
    if (
        len(after) < 3
        or not fell
        or ratio < TURNED
        or rise < WORTH * gained
        or rise < 2.5 * noise(val)
        or trend(after) < 0.4
    ):
        return None
    text = f"The validation loss was lowest in epoch {nth(at)} ({val[at]:.4g}) and rose to {end:.4g}, while the training loss fell from {loss[at]:.4g} to {loss[-1]:.4g}."
    details = {
        "turn": at,
        "gap": float(end - loss[-1]),
        "rise": rise / max(gained, TINY),
        "train": float(loss[-1] / max(scale, TINY)),
    }
    return Symptom("validation-rising", ratio, text, epoch=at, alarming=True, details=details)


def _scale(record: Record, val: np.ndarray) -> float:
    """Returns the loss of a constant answer, or of the untrained model where no table knows the former."""
    known = baseline(record, validation=True) or baseline(record)
    start = [abs(float(np.median(val[:2]))), abs(start_level(record))]
    return known or max((s for s in start if np.isfinite(s)), default=1.0)


def validation_accuracy_falling(record: Record) -> Symptom | None:
    """Validation accuracy fell from its best while training accuracy rose. Value: the fall, 0 to 1."""
    for name in ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy"):
        train, val = column(record, f"epoch.{name}"), column(record, f"epoch.val_{name}")
        if (
            len(val) < 5
            or len(val) != len(train)
            or not np.isfinite(val).all()
            or not np.isfinite(train).all()
        ):
            continue
        at = int(val.argmax())
        end, fitted = float(np.median(val[-3:])), float(np.median(train[-3:]))
        fall = float(val[at]) - end
        if fall < max(FELL, 4 * noise(val)) or fitted < train[at] + FELL / 2 or at > len(val) - 4:
            return None
        text = f"Validation {name} was best in epoch {nth(at)} ({val[at]:.2f}) and fell to {end:.2f}, while that of training rose from {train[at]:.2f} to {fitted:.2f}."
        details = {"turn": at, "lead": float(val[at] - train[at])}
        return Symptom("validation-accuracy-falling", fall, text, epoch=at, alarming=True, details=details)
    return None


def validation_gap(record: Record) -> Symptom | None:
    """The validation loss ends far above the training loss. Value: gap in units of the baseline."""
    val, loss = column(record, "epoch.val_loss"), column(record, "epoch.loss")
    if not len(val) or len(val) != len(loss) or not np.isfinite([val[-1], loss[-1]]).all():
        return None
    # The first loss stands in where no baseline is known, or where it is near 0 (cosine similarity).
    scale = abs(baseline(record, validation=True) or baseline(record) or 0.0)
    scale = scale if scale > 0.01 * abs(loss[0]) else abs(float(loss[0]))
    gap = (val[-1] - loss[-1]) / max(scale, TINY)
    if gap < 0.25:
        return None
    text = f"The validation loss ends at {val[-1]:.4g}, the training loss at {loss[-1]:.4g}."
    details = {"from_start": float((val[0] - loss[0]) / max(scale, TINY)), "best": float(val[np.isfinite(val)].min() / max(scale, TINY)),
               "ratio": float(val[-1] / max(abs(loss[-1]), TINY))}  # fmt: skip
    return Symptom("validation-gap", float(gap), text, details=details)


def rows_memorised(record: Record) -> Symptom | None:
    """So few rows that each is a percent or more, learned, while validation stays far behind. Value: rows an epoch."""
    few, gap, loss = rows_few(record), validation_gap(record), column(record, "epoch.loss")
    if few is None or gap is None or few.value > SCARCE or gap.value < MEMORISED:
        return None
    if loss[-1] > 0.5 * loss[0]:
        return None
    return Symptom("rows-memorised", few.value, f"{few.text} {gap.text}", alarming=True)


def validation_far_behind(record: Record) -> Symptom | None:
    """Training rows are predicted nearly perfectly, validation rows far worse, in accuracy and in loss.

    Value: difference of the accuracies.
    """
    evaluation = record.experiments.get("evaluation", {})
    train, val = evaluation.get("final", {}).get("accuracy"), evaluation.get("validation", {}).get("accuracy")
    gap = validation_gap(record)
    if train is None or val is None or gap is None or gap.value < 0.5 or train < 0.95 or train - val < BEHIND:
        return None
    text = f"Accuracy is {train:.2f} on training rows and {val:.2f} on validation rows."
    return Symptom("validation-far-behind", float(train - val), text, alarming=True)


def validation_better(record: Record) -> Symptom | None:
    """Held-out rows are predicted clearly better than the rows learned from, by the same model. Value: difference
    of the accuracies.

    Both are asked in inference mode, so that dropout is no reason. Over 490 runs on clean data the difference was
    at most three standard errors wherever it was over a tenth.
    """
    evaluation, data = record.experiments.get("evaluation", {}), record.data
    train, val = evaluation.get("final", {}).get("accuracy"), evaluation.get("validation", {}).get("accuracy")
    if train is None or val is None or not data.targets or not data.validation_targets:
        return None
    mean = (train + val) / 2
    rows = 1 / max(data.targets[0].rows, 1) + 1 / max(data.validation_targets[0].rows, 1)
    error = float(np.sqrt(max(mean * (1 - mean), 0.01) * rows))
    if val - train < max(BETTER, 3.5 * error):
        return None
    text = f"Accuracy is {val:.2f} on validation rows and only {train:.2f} on training rows, which the model has seen."
    return Symptom("validation-better", float(val - train), text, alarming=True)


def validation_at_chance(record: Record) -> Symptom | None:
    """On validation rows the model is no better than a constant answer, on training rows it is. Value: its lead there."""
    evaluation = record.experiments.get("evaluation", {})
    train, val = evaluation.get("final", {}), evaluation.get("validation", {})
    if "accuracy" in train and "accuracy" in val:
        lead = train["accuracy"] - train["majority"]
        chance = max(train["majority"], 1.0 / max(train["classes"], 1))
        if lead > 0.08 and val["accuracy"] < chance + 0.25 * lead:
            text = f"Accuracy is {train['accuracy']:.2f} on training rows and {val['accuracy']:.2f} on validation rows (largest class: {chance:.2f})."
            return Symptom("validation-at-chance", lead, text)
    if (
        "explained" in train
        and "explained" in val
        and train["explained"] > 0.3
        and val["explained"] < 0.25 * train["explained"]
    ):
        text = f"{train['explained']:.0%} of the variance is explained on training rows, {val['explained']:.0%} on validation rows."
        return Symptom("validation-at-chance", train["explained"], text)
    return None


def validation_inputs_differ(record: Record) -> Symptom | None:
    """Validation inputs have another scale or place than training inputs. Value: factor or standard deviations."""
    worst, text, where = 0.0, "", None
    for train, val in zip(record.data.inputs, record.data.validation_inputs, strict=False):
        value, sentence = _difference(train, val)
        if value > worst:
            worst, text, where = value, sentence, train.name
    return Symptom("validation-inputs-differ", worst, text, where=where) if worst >= SHIFTED else None


def _difference(train: Array, val: Array) -> tuple[float, str]:
    if train.rows < 8 or val.rows < 8 or train.std <= TINY:
        return 0.0, ""
    spread = max(val.std, TINY) / train.std
    shift = abs(val.mean - train.mean) / train.std
    size = (abs(val.mean) + val.std) / max(abs(train.mean) + train.std, TINY)
    value = max(spread, 1 / max(spread, TINY), shift, size, 1 / max(size, TINY))
    text = f"Validation inputs have mean {val.mean:.4g} and standard deviation {val.std:.4g}, training inputs {train.mean:.4g} and {train.std:.4g}."
    if (
        value < SHIFTED
        and train.features is not None
        and val.features is not None
        and len(train.features.std) == len(val.features.std)
    ):
        used = train.features.std > TINY
        if used.any():
            # The middle feature, not the worst: one rare column must not speak for all.
            each = np.abs(val.features.mean - train.features.mean)[used] / train.features.std[used]
            value = max(value, float(np.median(each)))
    return value, text


def validation_labels_differ(record: Record) -> Symptom | None:
    """Validation holds other classes than training. Value: total variation distance of the class shares, 0 to 1."""
    if not record.data.targets or not record.data.validation_targets:
        return None
    train, val = record.data.targets[0], record.data.validation_targets[0]
    if not train.counts or not val.counts:
        return None
    keys = {*train.counts, *val.counts}
    a, b = sum(train.counts.values()), sum(val.counts.values())
    if not a or not b:
        return None
    distance = 0.5 * sum(abs(train.counts.get(k, 0) / a - val.counts.get(k, 0) / b) for k in keys)
    # By chance alone two samples of n rows over k classes differ by about sqrt(k / (pi n)).
    chance = np.sqrt(len(keys) / (np.pi * min(a, b)))
    if distance < OTHER_LABELS or distance < 3 * chance:
        return None
    unseen = sorted(k for k in val.counts if k not in train.counts)
    text = f"The class shares of validation and training differ by {distance:.0%}"
    text += f"; classes {', '.join(unseen[:5])} were not among the training rows seen." if unseen else "."
    return Symptom("validation-labels-differ", float(distance), text)
