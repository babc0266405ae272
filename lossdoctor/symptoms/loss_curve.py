"""The shape of the loss curve: exploding, rising, spiking, oscillating, flat.

The last three need nothing but the losses of epochs (a History, a CSV file): no targets, no gradients.
"""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms.series import (
    TINY,
    baseline,
    column,
    data_loss,
    end_level,
    epoch_losses,
    finite,
    noise,
    nth,
    smooth,
    trend,
)
from lossdoctor.symptoms.symptom import Symptom

EXPLODING = 10.0  # a smoothed loss ten times its lowest, and above its start, is no noise
BLOW_UP = 5.0  # fastai, Lightning and ktrain end their rate tests at 4 times the best loss
RISING = 1.15  # end over lowest
SPIKE = 8.0  # one batch over the median of its neighbours
SPIKE_SIGMAS = (
    12.0  # and that many robust standard deviations in log loss: lognormal batch noise of 0.5 stays below
)
OSCILLATION = 0.25  # median relative change from epoch to epoch, up and down
# What always giving the same answer costs under a cross-entropy with so many equally frequent classes.
USUAL_CLASSES = (2, 3, 4, 5, 10, 20, 100, 1000)
CLOSE = 0.004  # relative: 0.6931 and 2.3026 as people see them, 0.696 but not 0.70
WILD = 0.5  # median relative change from epoch to epoch of a loss that jumps about


def _series(record: Record) -> np.ndarray:
    loss = data_loss(record)
    return loss if len(loss) else column(record, "epoch.loss")


def loss_exploding(record: Record) -> Symptom | None:
    """The loss grew far above its lowest and its start, and was there at the end. Value: last over lowest."""
    levels = smooth(_series(record))
    if len(levels) < 2 or levels.min() <= 0:
        return None
    tail = max(1, min(3, len(levels) // 3))
    end = levels[-tail:].min()
    factor = end / max(levels.min(), TINY)
    if factor < EXPLODING or levels[-1] < 2 * levels[0]:
        return None
    text = f"The loss grew from {levels.min():.4g} to {end:.4g}, {factor:.3g} times its lowest."
    return Symptom("loss-exploding", float(factor), text, alarming=True)


def loss_blew_up(record: Record) -> Symptom | None:
    """Early on the loss leapt far above its start and the baseline, whatever it did later. Value: highest over start."""
    series = _series(record)
    known = np.flatnonzero(np.isfinite(series))
    loss = series[known]
    if len(loss) < 4 or loss[0] <= TINY:
        return None
    early = loss[: max(4, len(loss) // 2)]
    level = max(loss[0], baseline(record) or 0.0)
    top = float(np.sort(early)[-2])  # the second highest: one odd batch is a spike
    if top < BLOW_UP * level:
        return None
    when, step, epoch = _when(record, int(known[early.argmax()]))
    text = f"The loss leapt from {loss[0]:.4g} to {early.max():.4g} {when}, before it came to {loss[-1]:.4g}."
    return Symptom("loss-blew-up", top / level, text, step, epoch)


def _when(record: Record, row: int) -> tuple[str, int | None, int]:
    """Returns words, step and epoch for a row of `_series`; without losses of batches a row is an epoch."""
    if not len(data_loss(record)):
        return f"in epoch {nth(row)}", None, row
    step, epoch = int(column(record, "step")[row]), int(column(record, "epoch")[row])
    return f"at step {nth(step)}", step, epoch


def loss_rising(record: Record) -> Symptom | None:
    """The loss turned and rose for the rest of the run, faster than noise. Value: end over lowest."""
    loss, epochs = finite(epoch_losses(record)), True
    if len(loss) < 4:  # too few epochs: parts of the run stand in for them
        loss, epochs = smooth(_series(record), 12), False
    if len(loss) < 4 or loss.min() <= 0:
        return None
    at = int(loss.argmin())
    after = loss[at:]
    end = float(np.median(loss[-max(1, len(loss) // 5) :]))
    ratio = end / max(loss.min(), TINY)
    base = baseline(record)
    small = base is not None and end - loss.min() < 0.05 * base  # both tiny: nothing was lost
    if (
        ratio < RISING
        or small
        or end - loss.min() < 4 * max(noise(loss), _scatter(record, len(loss)))
        or trend(after) < 0.3
        or _rate_grew(record)
    ):
        return None
    where = f"in epoch {nth(at)}" if epochs else f"after {at / len(loss):.0%} of the steps"
    text = f"The loss was lowest {where} ({loss.min():.4g}) and rose to {end:.4g} by the end."
    # A partial rise can be a restart or a cycle; above its own start it is a loss of what was learned.
    return Symptom(
        "loss-rising",
        ratio,
        text,
        epoch=at if epochs else None,
        alarming=bool(end > 0.9 * loss[0] or ratio > 2.0),
    )


def _scatter(record: Record, parts: int) -> float:
    """Returns the standard error of the medians of `parts` stretches: the noise of ten medians is a guess, that of
    the batches in them is not."""
    loss = _series(record)
    return noise(loss) * float(np.sqrt(np.pi / 2 * parts / len(loss))) if len(loss) > parts else 0.0


def _rate_grew(record: Record) -> bool:
    """True when the rate was raised after the start (warm-up, cycles, restarts): rises are then expected."""
    rate = finite(column(record, "learning_rate"))
    return len(rate) > 2 and bool(rate[1:].max(initial=0.0) > 1.5 * rate[0]) | bool(
        (np.diff(rate) > 0.5 * rate[:-1]).any()
    )


def loss_spike(record: Record) -> Symptom | None:
    """One batch (or few) stood far above its neighbours and the loss came back. Value: its factor over them."""
    loss = data_loss(record)
    valid = np.isfinite(loss)
    loss, steps = loss[valid], column(record, "step")[valid] if len(loss) else loss
    if len(loss) < 30 or loss.min() <= 0:
        return None
    start = len(loss) // 10 + 5  # warm-up: the first steps fall fast
    logs = np.log(loss + TINY)
    local = np.array([np.median(logs[max(0, i - 12) : i]) for i in range(start, len(logs))])
    excess = logs[start:] - local
    spread = max(1.4826 * float(np.median(np.abs(excess - np.median(excess)))), 0.05)
    at = int(excess.argmax())
    factor, where = float(np.exp(excess[at])), start + at
    # On a loss near zero everything is a factor: a spike has to matter on the scale of the task.
    scale = baseline(record) or float(np.median(loss[:5]))
    after = loss[where + 3 : where + 40]
    came_back = bool(after.size) and float(np.median(after)) < loss[where] / 3
    if factor < SPIKE or excess[at] < SPIKE_SIGMAS * spread or loss[where] < 1.5 * scale or not came_back:
        return None
    text = f"The loss leapt to {loss[where]:.4g} at step {nth(steps[where])}, {factor:.3g} times the steps before it, and came back."
    epoch = int(column(record, "epoch")[valid][where])
    return Symptom("loss-spike", factor, text, int(steps[where]), epoch, alarming=True)


def loss_oscillating(record: Record) -> Symptom | None:
    """The loss goes up and down from epoch to epoch by a large share of itself. Value: median relative change."""
    loss = finite(epoch_losses(record))
    if len(loss) < 6 or loss.min() <= 0:
        return None
    steps = np.diff(np.log(loss[len(loss) // 4 :]))
    turns = float(np.mean(steps[1:] * steps[:-1] < 0)) if len(steps) > 1 else 0.0
    size = float(np.median(np.abs(steps)))
    base = baseline(record)
    if size < OSCILLATION or turns < 0.4 or (base is not None and loss[len(loss) // 4 :].max() < 0.2 * base):
        return None
    text = f"From epoch to epoch the loss changes by {np.expm1(size):.0%} up and down (from {loss.min():.4g} to {loss[len(loss) // 4 :].max():.4g})."
    return Symptom("loss-oscillating", size, text)


def loss_plateau(record: Record) -> Symptom | None:
    """The loss did not improve over the last half of the run. Value: relative change over that half."""
    loss = smooth(_series(record), 12)
    if len(loss) < 6:
        return None
    half = loss[len(loss) // 2 :]
    fall = (half[0] - half[-1]) / (abs(half[0]) + TINY)
    if abs(fall) > 0.02 or np.ptp(half) > 0.1 * abs(np.median(half)) + TINY:
        return None
    text = (
        f"Over the last half of the run the loss changed by {fall:.2%} (it ended at {end_level(record):.4g})."
    )
    return Symptom("loss-plateau", float(fall), text)


def loss_frozen(record: Record) -> Symptom | None:
    """The epoch's loss did not change in its first four digits from some epoch on. Value: from which epoch, 0 to n."""
    loss = column(record, "epoch.loss")
    if len(loss) < 3 or not np.isfinite(loss).all():
        return None
    same = np.abs(loss - loss[-1]) <= 1e-4 * np.abs(loss[-1]) + TINY
    since = len(loss) - int(np.argmin(same[::-1])) if not same.all() else 0
    if len(loss) - since < max(3, len(loss) // 3):
        return None
    text = f"From epoch {nth(since)} on the loss stands at {loss[-1]:.4g}."
    return Symptom("loss-frozen", since, text, epoch=since)


def loss_at_log(record: Record) -> Symptom | None:
    """The loss stands at the logarithm of a usual number of classes. Value: that number."""
    loss = column(record, "epoch.loss")
    if record.data.targets or len(loss) < 4 or not np.isfinite(loss).all():
        return None
    half = loss[len(loss) // 2 :]
    for classes in USUAL_CLASSES:
        if np.abs(half - np.log(classes)).max() < CLOSE * np.log(classes) and loss[0] < 50 * loss[-1]:
            text = f"The loss stands at {loss[-1]:.4g} = ln({classes}): what always giving the same answer costs with {classes} equally frequent classes."
            return Symptom("loss-at-log", classes, text, alarming=record.source != "fit")
    return None


def loss_wild(record: Record) -> Symptom | None:
    """In a bare history the loss jumps up and down by half of itself and more, to the end. Value: median relative change."""
    loss = column(record, "epoch.loss")
    if record.source == "fit" or len(loss) < 8 or not np.isfinite(loss).all() or loss.min() <= TINY:
        return None
    late = np.diff(np.log(loss[len(loss) // 2 :]))
    size, turns = float(np.median(np.abs(late))), float(np.mean(late[1:] * late[:-1] < 0))
    if size < np.log1p(WILD) or turns < 0.5 or loss[len(loss) // 2 :].max() < 0.3 * loss[0]:
        return None
    text = f"To the end the loss jumps up and down by {np.expm1(size):.0%} from epoch to epoch."
    return Symptom("loss-wild", size, text, alarming=True)


def underfitting(record: Record) -> Symptom | None:
    """In a bare history the loss hardly fell from its start. Value: share of the first loss that was gained."""
    loss = column(record, "epoch.loss")
    if record.source == "fit" or len(loss) < 5 or not np.isfinite(loss).all() or loss[0] <= TINY:
        return None
    gain = float((loss[0] - loss[-1]) / loss[0])
    if not 0 <= gain < 0.02:
        return None
    text = f"In {len(loss)} epochs the loss fell by only {gain:.1%}, from {loss[0]:.4g} to {loss[-1]:.4g}."
    return Symptom("underfitting", gain, text, alarming=True)
