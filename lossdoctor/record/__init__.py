"""What was measured: Setup (static facts), Data (summaries of the data) and Record (all of it)."""

from lossdoctor.record.data import Array, Data, Features, Target
from lossdoctor.record.model_facts import CELLS, Layer, Optimizer, Output, Setup, Variable
from lossdoctor.record.record import VERSION, Activity, Event, Record

__all__ = [
    "CELLS",
    "VERSION",
    "Activity",
    "Array",
    "Data",
    "Event",
    "Features",
    "Layer",
    "Optimizer",
    "Output",
    "Record",
    "Setup",
    "Target",
    "Variable",
]
