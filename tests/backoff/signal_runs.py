"""Runs of the machine over given losses, for the tests of this folder."""

from __future__ import annotations

import math
import random

from lossdoctor.backoff import Policy, Signal, State, step

NAN, INF = math.nan, math.inf
POLICY = Policy(recover_after=None, settle=0.0)


def run(losses, policy=POLICY, state=None, **more):
    """Returns the last state and the actions other than "none", as (step, kind) pairs with the actions."""
    state, actions = state or State(), []
    for loss in losses:
        bad = not math.isfinite(loss)
        given_ = {"norm": 1.0, "applied": not bad, "trivial": 1.0, "rate": 0.1} | more
        state, action = step(policy, state, Signal(state.step, loss, **given_))
        if action.kind != "none":
            actions.append((state.step - 1, action))
    return state, actions


def kinds(actions):
    return [(at, action.kind) for at, action in actions]


def noisy(level, spread, n, seed):
    dice = random.Random(seed)
    return [level * math.exp(dice.gauss(0.0, spread)) for _ in range(n)]


def over(losses, policy, state, start, end, **signal):
    """The same as `run`, while the share of the training that is done goes from `start` to `end`."""
    actions = []
    for i, loss in enumerate(losses):
        state, more = run([loss], policy, state, done=start + (end - start) * i / len(losses), **signal)
        actions += more
    return state, actions
