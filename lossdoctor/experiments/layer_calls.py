"""Layer calls: what single layers do in a pass is changed or noted, for the time of that pass only."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

# What stands in for a layer's call: (the call itself, its arguments by name) -> what the layer gives.
Stand = Callable[[Callable[..., Any], inspect.BoundArguments], Any]


@contextmanager
def replaced(stands: Iterable[tuple[Any, Stand]]) -> Iterator[None]:
    """Lets a function stand in for the call of each layer while it is open; the layers are as before afterwards.

    Args:
        stands: pairs of a layer and what stands in for its call.
    """
    with ExitStack() as stack:
        for layer, stand in stands:
            before = vars(layer).get("call")
            # Past Keras's own __setattr__, which would track what it is given.
            vars(layer)["call"] = _standing(layer.call, stand)
            stack.callback(_restore, layer, before)
        yield


def _standing(original: Callable[..., Any], stand: Stand) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        return stand(original, signature.bind(*args, **kwargs))

    return call


def _restore(layer: Any, before: Any) -> None:
    if before is None:
        vars(layer).pop("call", None)
    else:
        vars(layer)["call"] = before


def first_argument(given: inspect.BoundArguments) -> Any:
    """Returns what a layer was called on, None when it was called on nothing."""
    return next(iter(given.arguments.values()), None)


def in_mode(training: bool) -> Stand:
    """Returns a stand that calls the layer in one mode, whatever the rest of the model is in."""

    def stand(original: Callable[..., Any], given: inspect.BoundArguments) -> Any:
        if "training" in given.signature.parameters:
            given.arguments["training"] = training
        return original(*given.args, **given.kwargs)

    return stand
