"""Whether a run is too hot to learn though it does not blow up, told from tenths of the training. Pure.

A rate that is too low, or labels that nothing tells, do not bring about what is looked for here.
"""

from __future__ import annotations

import math

from lossdoctor.backoff.memory import Alarm, Watch
from lossdoctor.backoff.progress import PART, Progress
from lossdoctor.backoff.signal import Signal
from lossdoctor.backoff.watch import NO_BETTER, excess

POOR = 0.5  # of the loss of a constant prediction: above it a run that makes no progress is not done
WORSE = 1.1  # times a constant prediction, and times the best stretch where nothing better was seen
CLIMBED = 0.25  # of the gain made up to the best stretch is gone again


def compare(
    progress: Progress, watch: Watch, signal: Signal, *, rescued: bool
) -> tuple[Progress, Alarm | None]:
    """Returns the progress after one more step, and an alarm where a stretch that ends with it calls for one.

    Args:
        progress: the stretches so far.
        watch: what is remembered of the losses, that of this step among them.
        signal: the step.
        rescued: the run has blown up before; then learning nothing is enough, any other has to get worse.
    """
    if signal.done is None or signal.loss is None:
        return progress, None
    after, level = progress.after(min(signal.loss, watch.high), signal.done, signal.rate)
    if level is None or progress.best is None:
        return after, None
    if rescued:
        return after, _stalled(watch)
    if not _worse(watch, progress.best, signal, level) and not _climbed(watch, progress, signal, level):
        return after, None
    text = f"the mean loss went from {progress.best:.3g} to over {level:.3g}"
    return after, Alarm("climbed", text, watch.best_step if _learned(watch) else 0)


def _learned(watch: Watch) -> bool:
    return watch.best is not None and excess(watch.best, watch.low) < NO_BETTER - 1.0


def _stalled(watch: Watch) -> Alarm | None:
    """Most is still to learn."""
    if watch.level is None or excess(watch.level, watch.low) <= POOR - 1.0:
        return None
    text = f"no progress over a tenth of the training: the loss stays at {watch.level:.3g}"
    return Alarm("stalled", text, watch.best_step if _learned(watch) else 0)


def _worse(watch: Watch, best: float, signal: Signal, level: float) -> bool:
    """True when a run that knew better is beyond what a constant prediction costs."""
    # The targets' spread of a batch is no sure measure: that of all of them is larger where they come in order.
    knew_better = _learned(watch) and signal.trivial == watch.trivial
    knew_better |= excess(level, best) > math.log(WORSE)
    return knew_better and excess(level, watch.low) > math.log(WORSE)


def _climbed(watch: Watch, before: Progress, signal: Signal, level: float) -> bool:
    """True when a good part of the gain is gone again, and neither the user's rate nor the order of the data may
    be the reason: the rate is no higher than it was, and a stretch holds the data at least once."""
    best, was, now = before.best or 0.0, before.best_rate, signal.rate
    if was is None or now is None or now > was or signal.epoch is None or signal.epoch > PART:
        return False
    return before.most < watch.low and level - before.most > CLIMBED * (watch.low - best)
