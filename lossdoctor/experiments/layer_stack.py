"""Which layer is running: the user's model with its layers' calls wrapped for the length of a block."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from lossdoctor import keras_private
from lossdoctor.keras_layers import written_names

# Given a layer's name and what its call returned, returns what takes its place.
Change = Callable[[str, Any], Any]


def _same(name: str, made: Any) -> Any:
    return made


@contextmanager
def named_calls(model: Any, change: Change = _same) -> Iterator[list[str]]:
    """Yields a list that always holds the names of the layers whose calls are open, outermost first.

    Operations in a functional graph that are no layers are among them. The model itself is "model".

    Args:
        model: the user's model, built. Only instances get another `call`, and only within the block.
        change: applied to what each call of a leaf layer or operation returns.
    """
    open_calls: list[str] = []
    names = written_names(model)
    leaves = {id(v) for v in keras_private.layers(model)}
    with ExitStack() as stack:
        _wrap(stack, model, _entering(model.call, "model", open_calls, _same))
        for layer in _callables(model):
            name = names.get(id(layer), str(layer.name))
            change_it = change if id(layer) in leaves or not hasattr(layer, "weights") else _same
            _wrap(stack, layer, _entering(layer.call, name, open_calls, change_it))
        yield open_calls


def _callables(model: Any) -> Iterator[Any]:
    """Yields layers, and the operations of all functional graphs in the model."""
    layers = keras_private.all_layers(model)
    seen = {id(model)}
    graphs = [g for m in (model, *layers) if (g := keras_private.functional(m)) is not None]
    for operation in (*layers, *(op for g in graphs for op in g.operations)):
        if id(operation) not in seen:
            seen.add(id(operation))
            yield operation


def _entering(call: Any, name: str, open_calls: list[str], change: Change) -> Any:
    @functools.wraps(call)
    def entered(*args: Any, **kwargs: Any) -> Any:
        open_calls.append(name)
        try:
            return change(name, call(*args, **kwargs))
        finally:
            open_calls.pop()

    return entered


def _wrap(stack: ExitStack, owner: Any, call: Any) -> None:
    """Puts `call` into the instance, past Keras's tracking of attributes, until the stack closes."""
    before = vars(owner).get("call")
    vars(owner)["call"] = call
    if before is None:
        stack.callback(vars(owner).pop, "call", None)
    else:
        stack.callback(vars(owner).__setitem__, "call", before)
