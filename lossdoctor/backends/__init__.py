"""Backends: all that differs between TensorFlow and its siblings, behind the Protocols of base.py.

`current()` gives the one that Keras runs on. Nothing outside of this folder imports tensorflow, jax or torch.
"""

from __future__ import annotations

from importlib import import_module

from lossdoctor.backends.base import Backend, UnsupportedBackend

SUPPORTED = ("tensorflow", "jax", "torch")


def current() -> Backend:
    """Returns the backend that Keras runs on.

    Raises:
        UnsupportedBackend: there is none for it.

    Example:
        >>> current().name
        'tensorflow'
    """
    import keras

    if (why := unsupported()) is not None:
        raise UnsupportedBackend(why)
    backend: Backend = import_module(f"lossdoctor.backends.{keras.backend.backend()}.backend").BACKEND
    return backend


def unsupported() -> str | None:
    """Returns why nothing can be measured on the backend that Keras runs on, without a full stop; None when it can."""
    import keras

    name = keras.backend.backend()
    if name in SUPPORTED:
        return None
    return (
        f"lossdoctor cannot watch training on the Keras backend {name!r} (it supports {', '.join(SUPPORTED)})"
    )


__all__ = ["SUPPORTED", "Backend", "UnsupportedBackend", "current", "unsupported"]
