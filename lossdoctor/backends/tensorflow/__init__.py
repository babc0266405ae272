"""Measurement inside the compiled training step, behind the small interface of `hooks.Observer`."""
