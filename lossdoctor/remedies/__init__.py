"""Remedies: the line to change (remedy) and how to apply it to a model (apply, which loads Keras)."""

from lossdoctor.remedies.action import Action
from lossdoctor.remedies.remedy import Remedy

__all__ = ["Action", "Remedy"]
