"""The edge: thin Keras callbacks that call the rest."""

from lossdoctor.callbacks.backoff import LRBackoff
from lossdoctor.callbacks.doctor import LossDoctor, UnhealthyRun

__all__ = ["LRBackoff", "LossDoctor", "UnhealthyRun"]
