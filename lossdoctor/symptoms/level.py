"""Where the loss stands: at the start, at the end, against the level of a model that ignores its inputs."""

from __future__ import annotations

import numpy as np

from lossdoctor import losses
from lossdoctor.record import Record
from lossdoctor.symptoms.series import (
    TINY,
    baseline,
    column,
    data_loss,
    end_level,
    epoch_losses,
    finite,
    start_level,
    table_baseline,
    trend,
)
from lossdoctor.symptoms.symptom import Symptom

RUNS_AWAY = 50.0  # a log-likelihood ends at some units below zero, cosine similarity at -1
HIGH_START = 3.0  # healthy nets start at 0.5 to 2 times the baseline, sick ones at 10 to 1e5
STUCK = 0.96, 1.12  # end over baseline within this band: nothing was learned
ABOVE = 1.25  # end over baseline: worse than a constant prediction
ZERO = 1e-5  # share of the baseline below which a loss is "zero"
MUCH_LEFT, STRAIGHT = (
    0.65,
    0.5,
)  # share of the baseline still to go; fall of the last third over the one before
HARDLY, HARDLY_LEFT = 60, 0.35  # with so few updates a run is cut short also when less is to go
FLOOR_GAP = 0.1  # baseline within 10 % of the floor: the targets leave nothing to learn


def loss_start_high(record: Record) -> Symptom | None:
    """The first batch's loss is far above the baseline. Value: first loss over baseline."""
    first, base = start_level(record), baseline(record)
    if base is None or base < TINY or not np.isfinite(first) or first < HIGH_START * base:
        return None
    text = f"The first batch's loss was {first:.4g}, {first / base:.3g} times the {base:.4g} of a constant prediction."
    return Symptom("loss-start-high", first / base, text, 0, 0)


def loss_stuck(record: Record) -> Symptom | None:
    """The loss ended at the level of a constant prediction. Value: end over baseline."""
    end, base = end_level(record), table_baseline(record)
    if base is None or base < TINY or not np.isfinite(end) or _at_floor(record, base):
        return None
    ratio = end / base
    if not STUCK[0] <= ratio <= STUCK[1]:
        return None
    text = f"The loss ended at {end:.4g}, which is what always giving the same answer costs ({base:.4g}{_which(record)})."
    return Symptom("loss-stuck-at-baseline", ratio, text, alarming=True)


def loss_above(record: Record) -> Symptom | None:
    """The loss ended above the level of a constant prediction. Value: end over baseline."""
    end, base = end_level(record), table_baseline(record)
    if base is None or base < TINY or not np.isfinite(end) or end < max(ABOVE * base, STUCK[1] * base):
        return None
    text = f"The loss ended at {end:.4g}, worse than the {base:.4g} of always giving the same answer{_which(record)}."
    return Symptom("loss-above-baseline", end / base, text, alarming=True)


def loss_at_zero(record: Record) -> Symptom | None:
    """The loss is practically zero though the outputs are useless. Value: the loss."""
    end, base, evaluation = (
        end_level(record),
        baseline(record),
        record.experiments.get("evaluation", {}).get("final", {}),
    )
    if not np.isfinite(end) or abs(end) > ZERO * max(base or 1.0, TINY):
        return None
    useless = evaluation.get("accuracy", 1.0) < 0.9 or evaluation.get("explained", 1.0) < 0.5
    if not useless:
        return None
    what = (
        f"accuracy is {evaluation['accuracy']:.2f}"
        if "accuracy" in evaluation
        else f"{evaluation['explained']:.2f} of the variance is explained"
    )
    return Symptom("loss-at-zero", end, f"The loss is {end:.3g} but on the same rows {what}.", alarming=True)


def loss_below_zero(record: Record) -> Symptom | None:
    """A loss that cannot be negative is. Value: the lowest loss."""
    names = [o.loss for o in record.setup.outputs]
    known = [losses.LOSSES[n] for n in names if n in losses.LOSSES]
    loss = epoch_losses(record)
    low = float(finite(loss).min()) if finite(loss).size else 0.0
    if len(known) != len(names) or not known or low >= -1e-6 or record.setup.custom_train_step:
        return None
    if record.data.weight_low < 0:  # policy gradients weigh rows by their advantage
        return None
    if any(entry.lower != 0.0 for entry in known) or (
        low < 0 and column(record, "penalty").min(initial=0.0) < -1e-6
    ):
        return None
    return Symptom(
        "loss-below-zero",
        low,
        f"The loss fell to {low:.4g}; {names[0]} cannot be negative on fitting targets.",
        alarming=True,
    )


def accuracy_at_chance(record: Record) -> Symptom | None:
    """At the end the classes of the training sample are guessed no better than by always naming the largest.

    Value: accuracy minus the largest class's share.
    """
    evaluation = record.experiments.get("evaluation", {}).get("final", {})
    if "accuracy" not in evaluation or evaluation["majority"] > 0.97:
        return None
    rows = record.data.targets[0].rows if record.data.targets else 256
    error = np.sqrt(evaluation["majority"] * (1 - evaluation["majority"]) / max(rows, 1))
    gain = evaluation["accuracy"] - evaluation["majority"]
    if gain > 2 * error + 0.02:
        return None
    text = f"Accuracy on the training rows is {evaluation['accuracy']:.2f}; always naming the largest class gives {evaluation['majority']:.2f}."
    return Symptom("accuracy-at-chance", gain, text, details=evaluation)


def learned(record: Record) -> Symptom | None:
    """The run learned: the loss fell well below the baseline (or far below its start) and stayed there.

    Value: share of the baseline (without one: of the start) that was gained, 0 to 1.
    """
    end, base, start = end_level(record), baseline(record), start_level(record)
    if not np.isfinite(end):
        return None
    level = base if base is not None else start
    gain = (level - end) / abs(level) if abs(level) > TINY else 0.0
    evaluation = record.experiments.get("evaluation", {}).get("final", {})
    if "accuracy" in evaluation and evaluation["majority"] < 1:
        right = (evaluation["accuracy"] - evaluation["majority"]) / (1 - evaluation["majority"])
        # Poor accuracy under a low loss is poor; good accuracy under a middling loss is half a merit more.
        gain = (min(gain, right) if right < gain else (gain + right) / 2) if gain > 0 else gain
    elif "explained" in evaluation:
        gain = min(gain, evaluation["explained"])
    if gain <= 0.0:
        return None
    text = f"The loss fell from {start:.4g} to {end:.4g}"
    text += f" (a constant answer: {base:.4g})." if base is not None else "."
    return Symptom("learned", float(gain), text)


def loss_at_optimum(record: Record) -> Symptom | None:
    """The targets leave nothing to learn: the baseline is the floor. Value: baseline minus floor."""
    base = baseline(record)
    if base is None or not _at_floor(record, base):
        return None
    text = f"The targets' own entropy is {base:.4g}, so no model can bring the loss below that."
    return Symptom("loss-at-floor", 0.0, text)


def still_falling(record: Record) -> Symptom | None:
    """The loss was still falling when training ended. Value: relative fall over the last third of the epochs."""
    loss = epoch_losses(record)
    loss = finite(loss)
    if len(loss) < 3:
        batch = finite(column(record, "batch_loss"))
        loss = np.array([np.mean(p) for p in np.array_split(batch, 9)]) if len(batch) >= 18 else loss
    if len(loss) < 3:
        return None
    third = loss[-max(3, len(loss) // 3) :]
    fall = (third[0] - third[-1]) / (abs(third[0]) + TINY)
    if fall < 0.01 or (len(third) >= 4 and trend(third) > -0.6):
        return None
    text = f"The loss was still falling at the end, by {fall:.1%} over the last {len(third)} epochs."
    return Symptom("loss-still-falling", float(fall), text, details={"epochs": len(third)})


def accuracy_metric_low(record: Record) -> Symptom | None:
    """The accuracy that Keras logged ended low. Value: its last value on the training rows, 0 to 1."""
    values = column(record, "epoch.accuracy")
    if not len(values) or not np.isfinite(values[-1]) or values[-1] >= 0.9:
        return None
    return Symptom(
        "accuracy-metric-low", float(values[-1]), f"The logged accuracy ended at {values[-1]:.2f}."
    )


def loss_runs_away(record: Record) -> Symptom | None:
    """The loss ran far below zero without end. Value: the last loss over the size of its start."""
    loss = finite(data_loss(record) if len(data_loss(record)) else column(record, "epoch.loss"))
    if len(loss) < 8:
        return None
    early = max(1.0, float(np.abs(loss[: max(2, len(loss) // 10)]).max()))
    quarter = len(loss) // 4
    still = float(np.median(loss[-quarter:])) < 1.3 * float(np.median(loss[-2 * quarter : -quarter]))
    if loss[-1] > -RUNS_AWAY * early or not still:
        return None
    text = f"The loss ran from {loss[0]:.4g} down to {loss[-1]:.4g} and goes on: it has no lower bound."
    return Symptom("loss-runs-away", float(-loss[-1] / early), text, alarming=True)


def loss_half_way(record: Record) -> Symptom | None:
    """The run ended in the middle of its descent: the loss falls without slowing, and most is still to go.

    Value: fall over the last third of the steps over that before it (1: a straight line down).
    """
    loss, base = data_loss(record), baseline(record)
    if base is None or base < TINY or len(loss) < 9 or not np.isfinite(loss).all():
        return None
    first, middle, last = (float(np.median(part)) for part in np.array_split(loss, 3))
    evaluation = record.experiments.get("evaluation", {}).get("final", {})
    right = (evaluation.get("accuracy", 0.0) - evaluation.get("majority", 1.0)) / max(
        1.0 - evaluation.get("majority", 0.0), TINY
    )
    left = MUCH_LEFT if len(loss) >= HARDLY else HARDLY_LEFT
    if right > 0.7 and len(loss) >= HARDLY:
        return None
    if (
        last < left * base
        or first - last < 0.05 * base
        or first > 1.5 * base
        or middle - last < STRAIGHT * (first - middle)
    ):
        return None
    straight = (middle - last) / max(first - middle, TINY)
    text = f"Training ended in the middle of its descent: the loss fell from {first:.4g} over {middle:.4g} to {last:.4g} without slowing, of {base:.4g} for a constant answer."
    return Symptom("loss-half-way", straight, text, alarming=True)


def _at_floor(record: Record, base: float) -> bool:
    floors = record.data.targets[0].floors if record.data.targets else {}
    floor = floors.get(record.setup.outputs[0].loss or "") if record.setup.outputs else None
    return floor is not None and base - floor < FLOOR_GAP * base


def _which(record: Record) -> str:
    target = record.data.targets[0] if record.data.targets else None
    if target is not None and target.classes:
        return (
            f", the entropy of {target.classes} classes"
            if "entropy" in (record.setup.outputs[0].loss or "")
            else ""
        )
    return ""
