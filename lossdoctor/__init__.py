"""lossdoctor: finds out why a Keras loss goes wrong, says what to change, and saves the run on request."""

from __future__ import annotations

__version__ = "0.1.0"
