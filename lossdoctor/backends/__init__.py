"""Backends: all that differs between TensorFlow and its siblings, behind the Protocols of base.py.

`current()` gives the one that Keras runs on. Nothing outside of this folder imports tensorflow, jax or torch.
"""

from __future__ import annotations

from importlib import import_module

from lossdoctor.backends.base import Backend, UnsupportedBackend

SUPPORTED = ("tensorflow", "jax")


def current() -> Backend:
    """Returns the backend that Keras runs on.

    Raises:
        UnsupportedBackend: there is none for it.

    Example:
        >>> current().name
        'tensorflow'
    """
    import keras

    name = keras.backend.backend()
    if name not in SUPPORTED:
        raise UnsupportedBackend(
            f"lossdoctor cannot watch training on the Keras backend {name!r}; it supports {', '.join(SUPPORTED)}"
        )
    backend: Backend = import_module(f"lossdoctor.backends.{name}.backend").BACKEND
    return backend


__all__ = ["SUPPORTED", "Backend", "UnsupportedBackend", "current"]
