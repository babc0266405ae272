"""Remedies: the line to change (base) and how to apply it to a model (apply, which loads Keras)."""

from lossdoctor.remedies.base import Action, Remedy

__all__ = ["Action", "Remedy"]
