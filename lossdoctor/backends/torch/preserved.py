"""What calls of a model change though no Keras variable holds it: torch's generators, buffers and modes of modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import torch

from lossdoctor import keras_private
from lossdoctor.backends.torch.random_generators import noted
from lossdoctor.backends.torch.state import buffers


@contextmanager
def preserved(model: Any) -> Iterator[None]:
    """See `base.Backend.preserved`.

    Dropout without a seed of its own draws from torch's generator; TorchModuleWrapper sets its module's mode in each
    call.
    """
    restore = noted()
    held = [(b, b.clone()) for b in buffers(model)]
    modes = [(m, m.training) for m in _modules(model)]
    try:
        yield
    finally:
        restore()
        for buffer, value in held:
            buffer.data.copy_(value)  # unseen by autograd: a backward pass may be still to come
        for module, mode in modes:
            if module.training != mode:
                module.training = mode


def _modules(model: Any) -> list[Any]:
    """Returns the torch modules inside of a model, with their wrappers."""
    wrapped = [a for a in keras_private.all_layers(model) if isinstance(a, keras.layers.TorchModuleWrapper)]
    found: list[torch.nn.Module] = [m for wrapper in wrapped for m in wrapper.modules()]
    return found
