"""The machine: (policy, state, signal) -> (state, action)."""

from __future__ import annotations

import math

from lossdoctor.backoff.detection import SLOW, compare_stretches, detect
from lossdoctor.backoff.memory import Alarm, Progress
from lossdoctor.backoff.policy import Policy
from lossdoctor.backoff.state import LIMIT, Action, Signal, State, replace

AT_ONCE = 40  # steps after a change of the rate within which a blow-up is that change's doing
REPEAT = 200  # steps within which a second sudden blow-up is no longer one bad batch
DEEPEST = 1e-3  # no single cut is deeper than this
ENDING = 3.0  # evidence (see detection.ENOUGH) that is enough to go back when no step is left to wait for
MARGIN = 4.0  # the rate grows no nearer than this to the lowest that blew up: the best lies well below it
STRIDE = 2.0  # the rate grows by this much at a time
MILD = 0.7  # of a cut, in the logarithm, where the run did not blow up: it is nearer to a good rate
BACK_UNTIL = {"stalled": 0.5, "climbed": 0.8}  # share of the training up to which going back still pays
SETTLE_CUTS = 2  # the last stretch goes down in so many equal cuts: early ones still learn, late ones rest


def step(policy: Policy, state: State, signal: Signal) -> tuple[State, Action]:
    """Returns the next state and what to do after one training step.

    Args:
        policy: the settings.
        state: `State()` before the first step.
        signal: what the step was like.

    Example:
        >>> from lossdoctor.backoff import Policy, Signal, State, step
        >>> state, action = step(Policy(), State(), Signal(step=0, loss=float("nan"), applied=False))
        >>> action.kind, action.text, state.skipped
        ('skip', 'the loss is not finite', 1)
    """
    state = replace(state, step=signal.step + 1, since=state.since + 1)
    if state.stopped is not None:
        return state, Action("none", state.scale)
    if not signal.applied or not signal.finite:
        return _bad(policy, state, signal)
    return _good(policy, replace(state, streak=0), signal)


def restored(state: State, step: int) -> State:
    """Returns the state after going back to the snapshot made at `step`."""
    return replace(state, restored_step=step)


def final_action(state: State) -> tuple[State, Action]:
    """What to do when the last step is done: a run that is just blowing up goes back to good weights."""
    watch = state.watch
    if state.stopped is not None or not (watch.cusum > ENDING or watch.blown > 1):
        return state, Action("none", state.scale)
    text = "the run was blowing up when it ended"
    return replace(state, rollbacks=state.rollbacks + 1), Action("rollback", state.scale, watch.safe, text)


def _bad(policy: Policy, state: State, signal: Signal) -> tuple[State, Action]:
    """One skipped step is a bad batch; `patience` in a row are not."""
    state = replace(state, skipped=state.skipped + 1, streak=state.streak + 1, quiet=0)
    seen = _why_bad(state, signal)
    if state.streak < policy.patience:
        return state, Action("skip", state.scale, text=seen)
    text = f"{seen}, for the {_ordinal(state.streak)} step in a row"
    return _retreat(policy, state, signal, Alarm("skipped", text, state.watch.safe))


def _why_bad(state: State, signal: Signal) -> str:
    if not signal.finite:
        what = "loss" if signal.loss is not None and not math.isfinite(signal.loss) else "gradient"
        return f"the {what} is not finite"
    if signal.norm is not None and state.limit is not None and signal.norm > state.limit:
        return f"the gradient norm is {signal.norm:.3g}, over {LIMIT:.0f} times the largest good one"
    return "the statistics of a layer (BatchNormalization) are not finite"


def _ordinal(n: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(n, f"{n}th")


def _good(policy: Policy, state: State, signal: Signal) -> tuple[State, Action]:
    slow = state.since > policy.cooldown and state.settled < SETTLE_CUTS
    watch, alarm = detect(state.watch, signal, slow=slow, strict=state.backoffs > 0)
    state = replace(state, watch=watch, good=state.good + 1, quiet=state.quiet + 1 if watch.calm else 0)
    if alarm is not None:
        return _retreat(policy, state, signal, alarm)
    if watch.calm and signal.norm is not None:
        state = replace(state, norm=max(state.norm, signal.norm))
    if state.backoffs and state.settled < _cuts_due(policy, signal):
        return _settle(policy, state, signal)
    return (state, Action("none", state.scale)) if state.settled else _unsettled(policy, state, signal)


def _unsettled(policy: Policy, state: State, signal: Signal) -> tuple[State, Action]:
    """Before the last stretch: whether the run still learns, and whether its rate may grow."""
    progress, alarm = compare_stretches(state.progress, state.watch, signal, rescued=state.backoffs > 0)
    state = replace(state, progress=progress)
    if alarm is not None:
        return _unstick(policy, state, signal, alarm)
    if policy.recover_after is not None and state.quiet >= policy.recover_after:
        return _grow(state)
    return state, Action("none", state.scale)


def _retreat(policy: Policy, state: State, signal: Signal, alarm: Alarm) -> tuple[State, Action]:
    """Back to good weights; with a lower rate, unless one batch or the weights gone back to are to blame."""
    calm = _calmed(state, signal)
    at_once = state.since <= AT_ONCE
    if alarm.sudden and not at_once and not _repeated(state, signal.step):
        text = f"{alarm.text} out of nothing (one bad batch?)"
        return replace(calm, last_bad_batch=signal.step), Action("rollback", state.scale, alarm.safe, text)
    if state.restored_step and at_once:
        older = min(alarm.safe, state.restored_step - 1)
        return calm, Action(
            "rollback", state.scale, older, f"{alarm.text}: the weights gone back to were bad"
        )
    return _back_off(policy, state, calm, signal, alarm)


def _calmed(state: State, signal: Signal) -> State:
    """The state of a run that goes back to good weights."""
    return replace(
        state,
        streak=0,
        quiet=0,
        since=0,
        progress=Progress(),
        rollbacks=state.rollbacks + 1,
        watch=state.watch.fresh(signal.step + 1),
    )


def _repeated(state: State, step: int) -> bool:
    return state.last_bad_batch is not None and step - state.last_bad_batch <= REPEAT


def _back_off(
    policy: Policy, state: State, calm: State, signal: Signal, alarm: Alarm
) -> tuple[State, Action]:
    """A lower rate, or the end where none is allowed. `calm` is `state` after going back."""
    scale, blowups = _cut(policy, state, _floor(policy, signal), alarm.kind)
    if state.backoffs >= policy.max_backoffs or scale >= state.scale:
        return _give_up(policy, calm, alarm)
    calm = replace(
        calm,
        scale=scale,
        blowups_after_cut=blowups,
        backoffs=state.backoffs + 1,
        # Where it did not blow up, the lower rate is tried as it is, without growth.
        ceiling=scale if alarm.kind in BACK_UNTIL else min(state.ceiling or 1.0, state.scale),
        proven=None if state.proven is None or state.proven >= state.scale else state.proven,
    )
    return calm, Action("backoff", scale, alarm.safe, alarm.text)


def _cut(policy: Policy, state: State, floor: float, kind: str) -> tuple[float, int]:
    """The next scale: by `factor`, deeper when blow-ups follow each other, or a proven one; and how many did."""
    blowups = state.blowups_after_cut + 1 if state.backoffs and state.since <= AT_ONCE else 0
    power = MILD if kind in BACK_UNTIL else 1 if kind in SLOW else max(1, blowups - 1)
    cut = max(policy.factor**power, min(DEEPEST, policy.factor))
    scale = state.scale * cut
    if state.proven is not None and state.proven < state.scale:
        scale = min(state.proven, max(scale, state.scale / MARGIN))
    return max(scale, min(floor, state.scale)), blowups


def _give_up(policy: Policy, state: State, alarm: Alarm) -> tuple[State, Action]:
    if state.backoffs >= policy.max_backoffs:
        why = f"{alarm.text}; max_backoffs={policy.max_backoffs} cuts of the rate did not help"
    else:
        why = f"{alarm.text}; the rate is at min_lr={policy.min_lr:g} already"
    if alarm.kind == "skipped":
        why += ". Lowering the rate changes nothing when the data itself is bad: look for NaN in x and y"
    return replace(state, stopped=why), Action("stop", state.scale, alarm.safe, why)


def _grow(state: State) -> tuple[State, Action]:
    """A stride towards the user's own rate, with a margin to the lowest one that blew up."""
    proven = max(state.proven or 0.0, state.scale)
    state = replace(state, quiet=0, blowups_after_cut=0, restored_step=None, proven=proven)
    top = 1.0 if state.ceiling is None else min(1.0, state.ceiling / MARGIN)
    scale = min(top, STRIDE * state.scale)
    if scale <= state.scale or not state.watch.thriving:
        return state, Action("none", state.scale)
    text = f"{proven:.3g} of the rate stayed quiet"
    return replace(state, scale=scale, grown=state.grown + 1, since=0), Action("grow", scale, text=text)


def _unstick(policy: Policy, state: State, signal: Signal, alarm: Alarm) -> tuple[State, Action]:
    """Too hot to learn without blowing up: back to the best while there is time for it, else a lower rate.

    Where no cut is allowed it goes on as it is: standing still is no reason to end a run.
    """
    if policy.max_backoffs == 0 or _floor(policy, signal) >= state.scale:
        return state, Action("none", state.scale)
    pays = signal.done is not None and signal.done < BACK_UNTIL[alarm.kind]
    if pays and state.backoffs < policy.max_backoffs:
        return _retreat(policy, state, signal, alarm)
    capped = replace(state, ceiling=min(state.ceiling or 1.0, state.scale))
    return _lower(policy, capped, signal, 1, alarm.text)


def _settle(policy: Policy, state: State, signal: Signal) -> tuple[State, Action]:
    """A rescued run is still near the edge and its weights jitter: lower rates let them come to rest."""
    cuts = _cuts_due(policy, signal) - state.settled
    text = (
        f"the last {policy.settle:.0%} of a rescued run go at lower rates, so that the weights come to rest"
    )
    return _lower(policy, replace(state, settled=state.settled + cuts), signal, cuts, text)


def _cuts_due(policy: Policy, signal: Signal) -> int:
    """How many cuts of the last stretch are due by now, evenly spread over it."""
    if signal.done is None or policy.settle == 0.0 or signal.done < 1.0 - policy.settle:
        return 0
    into = (signal.done - 1.0 + policy.settle) / policy.settle
    return min(SETTLE_CUTS, 1 + int(into * SETTLE_CUTS))


def _lower(policy: Policy, state: State, signal: Signal, cuts: int, text: str) -> tuple[State, Action]:
    """So many small cuts of the rate, with the weights as they are."""
    scale = state.scale * policy.factor ** (cuts / SETTLE_CUTS)
    scale = max(scale, min(_floor(policy, signal), state.scale))
    if scale >= state.scale:
        return state, Action("none", state.scale)
    return replace(state, scale=scale, since=0), Action("settle", scale, text=text)


def _floor(policy: Policy, signal: Signal) -> float:
    """The scale that corresponds to min_lr."""
    return policy.min_lr / signal.rate if signal.rate else 0.0
