"""Remedies: the line to change (base) and how to apply it to a model (apply, which loads Keras)."""

from lossdoctor.remedies.remedy import Action, Remedy

__all__ = ["Action", "Remedy"]
