"""Learning-rate backoff as a pure state machine: `step(policy, state, signal) -> (state, action)`.

Deciding and doing are apart: nothing here knows Keras. fit/rescue.py feeds it one signal a training step and
carries out what it says. Imports nothing of lossdoctor outside this folder.
"""

from lossdoctor.backoff.machine import final_action, restored, step
from lossdoctor.backoff.policy import Policy, check_count, refuse, snapshot_due
from lossdoctor.backoff.state import Action, Signal, State, dumps, loads

__all__ = [
    "Action",
    "Policy",
    "Signal",
    "State",
    "check_count",
    "dumps",
    "final_action",
    "loads",
    "refuse",
    "restored",
    "snapshot_due",
    "step",
]
