"""Recognises from a run's own losses that it diverges (`detect`), or is too hot to learn (`compare_stretches`)."""

from __future__ import annotations

import math
import statistics

from lossdoctor.backoff.memory import EARLY, LIVING_STEPS, PART, Alarm, Progress, Watch
from lossdoctor.backoff.state import Signal, replace

# One-sided CUSUM of log(loss / reference) (Page 1954, Biometrika 41:100). With these two numbers three
# steps at 100 times the reference raise the alarm, five at 10 times, twelve at 3 times, and never one alone.
SLACK = 0.25  # losses up to exp(0.25) = 1.28 times the reference count as noise
ENOUGH = 10.0
ONE_STEP = 4.5  # the most that one batch can add, so that one corrupt batch never decides

USUAL = 2.0  # a loss at the start of up to this many times the trivial one is what sane nets have
WINDOW = 9  # losses whose median is "the level"; odd, and short beside the shortest stretch judged
BLOWN = 3.0  # a batch at this many times the reference is a blow-up when more follow it
NO_BETTER = 0.95  # of the trivial loss: above it nothing has been learned
STUCK_STEPS = 20  # steps at that level after a blow-up (two windows: the median has forgotten the peak)
DEAD_STEPS = 8  # steps with dead units: needs no peak to be forgotten
DIED = 0.9  # share of exactly zero gradient entries of a net whose units are dead
DYING = 0.8  # the same in a run that has blown up before
DIED_RISE = 0.3  # ... and how much more that is than at the first step (healthy nets: below 0.2)
DIED_LEVEL = 0.5  # ... while the loss is above this share of the trivial one: a sparse net that fits is fine
ALIVE = 0.15  # up to this rise a snapshot is taken to hold living units
LOST = 0.5  # share of the gain so far that is gone again
LOST_STEPS = 50  # for so many steps: slower than any warm restart we know is not (chosen on benchmarks/)
SIGNIFICANT = 4.0  # robust standard deviations
OF_MEDIAN = 1.25 / WINDOW**0.5  # standard error of a median of WINDOW losses, in standard deviations
SUDDEN = 10.0  # a loss this many times the level before it came at once: one batch may be to blame
SIGMA = 1.4826  # median absolute deviation to standard deviation, normal distribution

SLOW = ("stuck", "died", "lost")  # kinds of alarm that take many steps to show

POOR = 0.5  # of the loss of a constant prediction: above it a run that makes no progress is not done
WORSE = 1.1  # times a constant prediction, and times the best stretch where nothing better was seen
CLIMBED = 0.25  # of the gain made up to the best stretch is gone again


def detect(
    watch: Watch, signal: Signal, *, slow: bool = True, strict: bool = False
) -> tuple[Watch, Alarm | None]:
    """Returns the watch after one applied step, and the alarm if it raises one.

    Args:
        watch: what is remembered so far.
        signal: an applied step; its loss is finite or None.
        slow: judge the slow signs too (not during a cooldown).
        strict: the run has blown up before, so dying units are taken more seriously.
    """
    if signal.loss is None:
        return replace(watch, safe=signal.step), None
    watch = _with_references(watch, signal, signal.loss)
    before, recent = watch.level, (*watch.recent, signal.loss)[-WINDOW:]
    watch = replace(watch, recent=recent, level=statistics.median(recent))
    watch = _with_best(_with_evidence(watch, signal, signal.loss, before, strict), signal.step)
    alarm = _alarm(watch, signal, slow)
    return (replace(watch, safe=signal.step) if alarm is None and watch.calm else watch), alarm


def excess(loss: float, reference: float) -> float:
    """log(loss / reference) above the reference, the linear shortfall below it; any sign of loss."""
    unit = abs(reference) or 1.0
    d = (loss - reference) / unit
    return min(math.log1p(d), ONE_STEP) if d > 0 else max(d, -2.0)


def _with_references(watch: Watch, signal: Signal, loss: float) -> Watch:
    """Returns the watch with the levels to compare with brought up to date."""
    if signal.trivial is not None:
        n = watch.counted + 1
        watch = replace(watch, counted=n, trivial=watch.trivial + (signal.trivial - watch.trivial) / n)
    if watch.first is None:
        share = loss / signal.trivial if signal.trivial else None
        watch = replace(watch, first=loss, share=share, dead=signal.dead)
    watch = replace(watch, seen=watch.seen + 1)
    return _with_early(watch, loss) if watch.seen == EARLY else watch


def _with_early(watch: Watch, loss: float) -> Watch:
    """The first batch may have been easy: unless the rise is beyond all scatter, the median counts."""
    if watch.counted and watch.initial_loss <= USUAL * watch.trivial:
        return watch
    losses = (*watch.recent, loss)
    level = statistics.median(losses)
    if level <= watch.high or level - watch.initial_loss > SIGNIFICANT * _scatter(losses, level):
        return watch
    return replace(watch, early=min(level, BLOWN * abs(watch.high)), cusum=0.0, blown=0)


def _scatter(losses: tuple[float, ...], level: float) -> float:
    """The standard deviation about `level`, as robust as a median."""
    return SIGMA * statistics.median(abs(v - level) for v in losses)


def _with_evidence(watch: Watch, signal: Signal, loss: float, before: float | None, strict: bool) -> Watch:
    """Returns the watch with its counters moved by one step; `before` is the level without this loss."""
    over = excess(loss, watch.high)
    level = watch.level if watch.level is not None else loss
    no_better = _no_better(watch, level)
    back = not no_better and not _no_better(watch, loss)  # the level and this loss too
    blown = watch.blown + 1 if over > math.log(BLOWN) else watch.blown * (not back)
    died = _dying(watch, signal, strict) and excess(level, watch.low) > DIED_LEVEL - 1.0
    living = watch.living + 1 if _living(watch, signal) else 0
    jumped = before is not None and len(watch.recent) > 3 and excess(loss, before) > math.log(SUDDEN)
    return replace(
        watch,
        cusum=max(0.0, watch.cusum + over - SLACK),
        blown=blown,
        stuck=watch.stuck + 1 if blown > 1 and no_better else 0,
        died=watch.died + 1 if died else 0,
        alive=signal.step if living >= LIVING_STEPS or signal.dead is None else watch.alive,
        living=living,
        lost=watch.lost + 1 if _has_lost(watch, level, strict) else 0,
        regressed=_regressed(watch, level),
        sudden=jumped if watch.calm else watch.sudden,
    )


def _no_better(watch: Watch, loss: float) -> bool:
    return excess(loss, watch.low) > NO_BETTER - 1.0


def _dying(watch: Watch, signal: Signal, strict: bool) -> bool:
    """True when nearly all gradient entries are exactly zero, and were not at the first step."""
    least = DYING if strict else DIED
    return signal.dead is not None and signal.dead > least and signal.dead > (watch.dead or 0.0) + DIED_RISE


def _living(watch: Watch, signal: Signal) -> bool:
    return signal.dead is None or signal.dead <= (watch.dead or 0.0) + ALIVE


def _regressed(watch: Watch, level: float) -> bool:
    """True when most of the gain made so far is gone, by chance or not."""
    return (
        watch.best is not None
        and watch.best < watch.low
        and level - watch.best > LOST * (watch.low - watch.best)
    )


def _has_lost(watch: Watch, level: float, strict: bool) -> bool:
    """True when that is beyond the scatter of single losses; in a run that blew up before, of their median."""
    if watch.best is None or not _regressed(watch, level):
        return False
    spread = _scatter(watch.recent, level)
    return level - watch.best > SIGNIFICANT * spread * (OF_MEDIAN if strict else 1.0)


def _with_best(watch: Watch, step: int) -> Watch:
    level = watch.level
    if len(watch.recent) < WINDOW or level is None or (watch.best is not None and level >= watch.best):
        return watch
    return replace(watch, best=level, best_step=step - WINDOW // 2)


def _alarm(watch: Watch, signal: Signal, slow: bool) -> Alarm | None:
    loss = signal.loss or 0.0
    if watch.cusum > ENOUGH and watch.reliable:
        text = f"the batch loss is {loss:.3g}, {_times(loss, watch.high)} and stays up"
        return Alarm("explosion", text, watch.safe, watch.sudden)
    return _slow_alarm(watch, signal, watch.level or 0.0) if slow else None


def _slow_alarm(watch: Watch, signal: Signal, level: float) -> Alarm | None:
    if watch.stuck >= STUCK_STEPS:
        text = f"the loss blew up and sits at {level:.3g}: nothing is learned at {watch.low:.3g}"
        return Alarm("stuck", text, watch.safe)
    if watch.died >= DEAD_STEPS:
        text = (
            f"{signal.dead:.0%} of the gradient is exactly zero and the loss sits at {level:.3g}: units died"
        )
        return Alarm("died", text, watch.safe)
    if watch.lost >= LOST_STEPS:
        text = f"the loss climbed from {watch.best:.3g} back to {level:.3g} over many steps"
        return Alarm("lost", text, watch.best_step)
    return None


def _times(loss: float, reference: float) -> str:
    if reference <= 0.0:
        return f"the first was {reference:.3g},"
    return f"{loss / reference:.3g} times the level it began at,"


# Tenths of the training. A rate that is too low, or labels that the inputs do not predict, do not bring about
# what is searched for here.


def compare_stretches(
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
    return after, Alarm("climbed", text, _best_step(watch))


def _learned(watch: Watch) -> bool:
    return watch.best is not None and excess(watch.best, watch.low) < NO_BETTER - 1.0


def _best_step(watch: Watch) -> int:
    """The step of the best level; the initial weights where nothing has been learned."""
    return watch.best_step if _learned(watch) else 0


def _stalled(watch: Watch) -> Alarm | None:
    """Most is still to learn."""
    if watch.level is None or excess(watch.level, watch.low) <= POOR - 1.0:
        return None
    text = f"no progress over a tenth of the training: the loss stays at {watch.level:.3g}"
    return Alarm("stalled", text, _best_step(watch))


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
    return before.best_bound < watch.low and level - before.best_bound > CLIMBED * (watch.low - best)
