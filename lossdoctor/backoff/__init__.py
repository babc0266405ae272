"""Learning-rate backoff as a pure state machine: `step(policy, state, signal) -> (state, action)`.

Deciding and doing are apart: nothing here knows Keras. callbacks/backoff.py feeds it one signal a training
step and carries out what it says. Imports nothing of lossdoctor.
"""

from lossdoctor.backoff.machine import landed, step, verdict
from lossdoctor.backoff.memory import Alarm, Watch
from lossdoctor.backoff.policy import Policy
from lossdoctor.backoff.signal import Signal
from lossdoctor.backoff.state import Action, State
from lossdoctor.backoff.store import dumps, loads
from lossdoctor.backoff.watch import look

__all__ = [
    "Action",
    "Alarm",
    "Policy",
    "Signal",
    "State",
    "Watch",
    "dumps",
    "landed",
    "loads",
    "look",
    "step",
    "verdict",
]
