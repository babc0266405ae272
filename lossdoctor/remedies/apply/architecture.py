"""Actions on what stands between input and output: a hidden layer more, places kept or taken together."""

from __future__ import annotations

from functools import partial

import keras

from lossdoctor.remedies.apply.kinds import RECURRENT, is_weighted
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


def last_output(plan: Plan) -> None:
    """Lets the last recurrent layer return its last output only, in the place of one for each step.

    Raises:
        ValueError: the model has no recurrent layer.
    """
    found = [v for v in plan.graph.leaves if isinstance(v, RECURRENT)]
    if not found:
        raise ValueError("the model has no recurrent layer")
    plan.config(found[-1])["return_sequences"] = False
    if "backward_layer" in (outer := plan.configs[id(found[-1])]):  # the other half of a Bidirectional
        outer["backward_layer"]["config"]["return_sequences"] = False


def mask(plan: Plan) -> None:
    """Masks zeros at the rows' end: in the embeddings, else with a Masking layer behind each input of sequences.

    Raises:
        ValueError: the model has neither.
    """
    embeddings = [v for v in plan.graph.leaves if isinstance(v, keras.layers.Embedding)]
    for layer in embeddings:
        plan.config(layer)["mask_zero"] = True
    sequences = [] if embeddings else [i for i, x in enumerate(plan.model.inputs) if len(x.shape) == 3]
    for number in sequences:
        plan.at_input.setdefault(number, []).append(keras.layers.Masking)
    if not embeddings and not sequences:
        raise ValueError("the model has no embedding and no input of sequences whose padding could be masked")
