"""The edge: thin Keras callbacks that call the rest."""

from lossdoctor.callbacks.doctor import LossDoctor, UnhealthyRun
from lossdoctor.callbacks.lr_backoff import LRBackoff

__all__ = ["LRBackoff", "LossDoctor", "UnhealthyRun"]
