"""Actions on what stands between input and output: a hidden layer more, places kept instead of pooled."""

from __future__ import annotations

from functools import partial

import keras

from lossdoctor.remedies.apply.kinds import is_weighted
from lossdoctor.remedies.apply.plan import Plan


def hidden_layer(plan: Plan, *, units: int) -> None:
    """Puts a Dense layer with ReLU in front of the only layer with weights.

    Raises:
        ValueError: several layers have weights, or more than one tensor goes into the only one.
    """
    weighted = [v for v in plan.graph.leaves if is_weighted(v)]
    if len(weighted) != 1:
        raise ValueError(
            f"a hidden layer goes before the only layer with weights, and there are {len(weighted)}"
        )
    before = [v for v in plan.graph.leaves if weighted[0] in plan.graph.feeds.get(id(v), [])]
    if plan.graph.opened and (len(before) > 1 or len(plan.model.inputs) != 1):
        raise ValueError(f"a hidden layer goes behind one tensor: {weighted[0].name} is not fed by one")
    places = plan.behind.setdefault(id(before[0]), []) if before else plan.at_input.setdefault(0, [])
    places.append(lambda: keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal"))


def flatten(plan: Plan) -> None:
    """Puts Flatten in the place of each global pooling, which forgets where in the picture or text a thing was.

    Raises:
        ValueError: the model has no global pooling.
    """
    found = [v for v in plan.graph.leaves if type(v).__name__.startswith("Global")]
    if not found:
        raise ValueError("the model has no global pooling to replace")
    for layer in found:
        plan.replaced[id(layer)] = partial(keras.layers.Flatten, name=layer.name, dtype=layer.dtype_policy)
