"""Graph: the layers of a model in order, which of them make an output, and which feed which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras

from lossdoctor import keras_private
from lossdoctor.remedies.apply.kinds import is_activation, is_passing, is_weighted


@dataclass
class Graph:
    """How the layers of a model hang together, nested models opened up.

    Attributes:
        leaves: layers that are no models, in the order of computation.
        ends: for each output of the model, the operations from it back to the layer with weights that
            makes it, last first; the weighted layer is the final entry, if one was found.
        feeds: for each operation (by id) those that take what it gives.
        opened: False for subclassed models, whose calls cannot be followed; ends are guessed there.
    """

    leaves: list[Any] = field(default_factory=list)
    ends: list[list[Any]] = field(default_factory=list)
    feeds: dict[int, list[Any]] = field(default_factory=dict)
    opened: bool = True

    @classmethod
    def of(cls, model: Any) -> Graph:
        """Returns the graph of a model."""
        inner = keras_private.functional(model)
        if inner is None:
            leaves = [m for m in keras_private.all_layers(model) if not is_container(m)]
            last = [layer for layer in leaves if is_weighted(layer)][-1:]
            return cls(leaves, [last], {}, opened=False)
        graph = cls()
        _collect(inner, graph)
        graph.ends = [_end(tensor) for tensor in inner.outputs]
        return graph

    @property
    def hidden(self) -> list[Any]:
        """Leaves that are not part of an output's end."""
        last = {id(op) for end in self.ends for op in end}
        return [layer for layer in self.leaves if id(layer) not in last]

    def followers(self, layer: Any) -> Iterator[Any]:
        """Yields what comes behind `layer` until the next weights; None where a (nested) model ends."""
        waiting, seen = list(self.feeds.get(id(layer), [None])), set()
        while waiting:
            op = waiting.pop()
            if id(op) in seen:
                continue
            seen.add(id(op))
            yield op
            if op is not None and not is_weighted(op):
                waiting += self.feeds.get(id(op), [None])

    def named(self, names: list[str] | None) -> list[Any] | None:
        """Returns the leaves of these names, None for None.

        Raises:
            ValueError: there is no such layer.
        """
        if names is None:
            return None
        known = {layer.name: layer for layer in self.leaves}
        missing = [name for name in names if name not in known]
        if missing:
            raise ValueError(f"no layer is named {missing[0]!r}: the model has {', '.join(known)}")
        return [known[name] for name in names]


def is_container(layer: Any) -> bool:
    """Returns whether the layer is a model whose graph can be opened."""
    return isinstance(layer, keras.Model) and keras_private.functional(layer) is not None


def _collect(inner: Any, graph: Graph) -> None:
    makers: dict[int, Any] = {}
    taken = {id(layer) for layer in graph.leaves}
    for node in keras_private.nodes(inner):
        op = node.operation
        for tensor in node.input_tensors:
            if id(tensor) in makers:
                graph.feeds.setdefault(id(makers[id(tensor)]), []).append(op)
        for tensor in node.outputs:
            makers[id(tensor)] = op
        if node.is_input or id(op) in taken:
            continue
        taken.add(id(op))
        if is_container(op):
            _collect(keras_private.functional(op), graph)
        elif isinstance(op, keras.Layer):
            graph.leaves.append(op)


def _end(tensor: Any) -> list[Any]:
    end: list[Any] = []
    while True:
        made = keras_private.maker(tensor)
        if made is None:
            return end
        op, index, took = made
        if is_container(op):
            tensor = keras_private.functional(op).outputs[index]
            continue
        if is_weighted(op):
            return [*end, op]
        if not (is_activation(op) or is_passing(op)) or len(took) != 1:
            return end
        end.append(op)
        tensor = took[0]
