"""A plan carried out: new layers, put together as the old ones were, compiled as the old model was."""

from __future__ import annotations

from typing import Any

import keras
from keras import tree

from lossdoctor import keras_private
from lossdoctor.remedies.apply.graph import is_container
from lossdoctor.remedies.apply.plan import Plan, layer_config
from lossdoctor.remedies.apply.subclassed import rebuild_subclassed


def rebuild(plan: Plan) -> Any:
    """Returns the changed, compiled, untrained model of a plan.

    Raises:
        ValueError: a layer cannot be made again or the changed layers do not fit together.
    """
    if not plan.graph.opened:
        return rebuild_subclassed(plan)
    builder = Builder(plan)
    try:
        model = builder.sequential() if isinstance(plan.model, keras.Sequential) else builder.functional()
        builder.keep_frozen()
        plan.settings.compile(model)
    except Exception as error:
        raise ValueError(f"{plan.model.name!r} cannot be rebuilt with this change: {error}") from error
    return model


class Builder:
    """Makes each operation of the old model once and strings them together."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.made: dict[int, list[Any]] = {}  # by id of the old operation: the layers in its place

    def sequential(self) -> Any:
        """Returns the new Sequential (or subclass of it)."""
        old = self.plan.model
        start = old.inputs[0]
        layers = [self.input_like(start), *(m() for m in self.plan.at_input.get(0, []))]
        for layer in old.layers:
            layers += self.chain(layer)
        layers += [m() for m in self.plan.at_output.get(0, [])]
        return type(old)(layers, name=old.name)

    def functional(self) -> Any:
        """Returns the new functional model, of the user's own class where that can be made from tensors."""
        old = self.plan.model
        inputs_as_given, outputs_as_given = keras_private.structures(old)
        inputs = tree.map_structure(self.input_like, inputs_as_given)
        started = [self.through(t, self.plan.at_input.get(i, [])) for i, t in enumerate(tree.flatten(inputs))]
        outputs = self.run(keras_private.functional(old), started)
        ended = [self.through(t, self.plan.at_output.get(i, [])) for i, t in enumerate(outputs)]
        outputs = tree.pack_sequence_as(outputs_as_given, ended)
        return type(old)(inputs, outputs, name=old.name)

    @staticmethod
    def through(tensor: Any, makers: list[Any]) -> Any:
        for make in makers:
            tensor = make()(tensor)
        return tensor

    def input_like(self, tensor: Any) -> Any:
        """Returns an Input as the one that `tensor` belongs to; half precision goes with the policy."""
        half = str(tensor.dtype) in ("float16", "bfloat16")
        dtype = "float32" if half and self.plan.policy == "float32" else tensor.dtype
        return keras.Input(batch_shape=tensor.shape, dtype=dtype, name=tensor.name)

    def run(self, inner: Any, inputs: list[Any]) -> list[Any]:
        """Returns what the new operations give for new input tensors."""
        values = {id(old): new for old, new in zip(inner.inputs, inputs, strict=True)}
        for node in keras_private.nodes(inner):
            if node.is_input or any(id(t) not in values for t in node.input_tensors):
                continue
            first, *rest = self.chain(node.operation)
            if id(node.operation) in self.plan.replaced:  # takes the tensor, not the old one's options
                result = first(values[id(node.input_tensors[0])])
            else:
                args, kwargs = node.arguments.fill_in(values)
                result = first(*args, **kwargs)
            for layer in rest:
                result = layer(result)
            values.update((id(o), n) for o, n in zip(node.outputs, tree.flatten(result), strict=False))
        return [values[id(t)] for t in inner.outputs]

    def chain(self, op: Any) -> list[Any]:
        """Returns the new layers in place of an old operation; a shared one is made only once."""
        if id(op) not in self.made:
            makers = self.plan.behind.get(id(op), [])
            self.made[id(op)] = [self.make(op), *(make() for make in makers)]
        return self.made[id(op)]

    def make(self, op: Any) -> Any:
        """Returns one new operation.

        Raises:
            ValueError: it cannot be made from its own get_config().
        """
        if id(op) in self.plan.replaced:
            return self.plan.replaced[id(op)]()
        if is_container(op):
            return self.nested(op)
        if not isinstance(op, keras.Layer):
            return keras_private.copied(op)
        new = make_layer(op, self.plan.configs.get(id(op)), self.plan.policy)
        self.plan.pairs.append((op, new))
        return new

    def nested(self, old: Any) -> Any:
        """Returns a model inside the model, made anew."""
        inner = keras_private.functional(old)
        inputs = [self.input_like(t) for t in inner.inputs]
        outputs = self.run(inner, inputs)
        inputs_as_given, outputs_as_given = keras_private.structures(inner)
        packed_in = tree.pack_sequence_as(inputs_as_given, inputs)
        packed_out = tree.pack_sequence_as(outputs_as_given, outputs)
        return keras.Model(packed_in, packed_out, name=old.name)

    def keep_frozen(self) -> None:
        """Gives frozen layers their weights and adapted ones their statistics: nothing will learn them."""
        for old, new in self.plan.pairs:
            adapted = isinstance(old, (keras.layers.Normalization, keras.layers.Discretization))
            if adapted:
                store: dict[str, Any] = {}
                old.save_own_variables(store)
                new.load_own_variables(store)
            elif not old.trainable and old.weights and id(old) not in self.plan.redrawn:
                _set_weights(old, new)


def make_layer(old: Any, config: dict[str, Any] | None, policy: str | None) -> Any:
    """Returns a new layer like `old`, or of `config`.

    Raises:
        ValueError: its class cannot be made from get_config().
    """
    config = layer_config(old) if config is None else config
    if policy is not None:
        config = with_policy(config, policy)
    if isinstance(old, keras.layers.Lambda):
        # Keras refuses to make a lambda from its written form; the function itself can be handed on.
        return keras.layers.Lambda(
            old.function, arguments=old.arguments, name=old.name, dtype=config["dtype"]
        )
    try:
        return type(old).from_config(config)
    except Exception as error:
        raise ValueError(f"layer {old.name!r} cannot be made from its get_config(): {error}") from error


def with_policy(config: dict[str, Any], policy: str) -> dict[str, Any]:
    """Returns the config with this dtype policy, also for the layers inside it."""
    out = {k: with_policy(v, policy) if isinstance(v, dict) else v for k, v in config.items()}
    if "dtype" in out:
        out["dtype"] = policy
    return out


def _set_weights(old: Any, new: Any) -> None:
    values = old.get_weights()
    if [tuple(v.shape) for v in values] == [tuple(w.shape) for w in new.weights]:
        new.set_weights(values)
