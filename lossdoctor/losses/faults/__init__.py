"""Faults between a loss, an output and its targets, read off the table of losses.

Each function takes a `Head` and yields `Fault`s; on every right combination it yields nothing.
"""

from lossdoctor.losses.faults.activation import activation_faults
from lossdoctor.losses.faults.bound import bound_faults
from lossdoctor.losses.faults.coding import coding_faults
from lossdoctor.losses.faults.fault import LIKELY, POSSIBLE, PROVEN, Fault
from lossdoctor.losses.faults.target_shape import one_for_many, shape_faults

__all__ = [
    "LIKELY",
    "POSSIBLE",
    "PROVEN",
    "Fault",
    "activation_faults",
    "bound_faults",
    "coding_faults",
    "one_for_many",
    "shape_faults",
]
