"""Plan: a model and what is to be changed in it. Actions write into it, `rebuild` carries it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lossdoctor.remedies.apply.graph import Graph
from lossdoctor.remedies.apply.kinds import unwrapped
from lossdoctor.remedies.apply.settings import CompileSettings

Maker = Callable[[], Any]  # makes a new layer; called at most once


@dataclass
class Plan:
    """The changes. Layers are known by `id`, because names may repeat between nested models.

    Attributes:
        model: the user's model, only read.
        graph: how its layers hang together.
        settings: what compile() is to get.
        sample: captured rows, or None.
        configs: arguments of the layers that are to be made anew in another form.
        replaced: layers and operations for which others are put in.
        behind: layers to be put behind one.
        at_input, at_output: layers to be put behind the model's input or output of that number.
        policy: the dtype policy of every layer, or None for what each has.
        redrawn: layers that are not to keep any weights, because their start was changed.
        pairs: filled by `rebuild`: old and new layers that correspond.
    """

    model: Any
    graph: Graph
    settings: CompileSettings
    sample: Any = None
    configs: dict[int, dict[str, Any]] = field(default_factory=dict)
    replaced: dict[int, Maker] = field(default_factory=dict)
    behind: dict[int, list[Maker]] = field(default_factory=dict)
    at_input: dict[int, list[Maker]] = field(default_factory=dict)
    at_output: dict[int, list[Maker]] = field(default_factory=dict)
    policy: str | None = None
    redrawn: set[int] = field(default_factory=set)
    pairs: list[tuple[Any, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, model: Any, sample: Any = None) -> Plan:
        """Returns a plan that changes nothing yet.

        Raises:
            ValueError: the model is not compiled.
        """
        return cls(model, Graph.of(model), CompileSettings.of(model), sample)

    def config(self, layer: Any) -> dict[str, Any]:
        """Returns the arguments of `layer`, to be written into; those of the inner layer of a wrapper."""
        if id(layer) not in self.configs:
            self.configs[id(layer)] = layer_config(layer)
        config = self.configs[id(layer)]
        while isinstance(config.get("layer"), dict) and "config" in config["layer"]:
            config = config["layer"]["config"]
        return config

    def setting(self, layer: Any, key: str) -> Any:
        """Returns what `layer` (or the one that it wraps) will be given for `key`, None without such."""
        if id(layer) in self.configs:
            return self.config(layer).get(key)
        inner = unwrapped(layer)
        return getattr(inner, key, None)


def layer_config(layer: Any) -> dict[str, Any]:
    """Returns the arguments from which an equal layer without weights can be made.

    Functions and objects of the user's own (an activation, an initializer) stay the objects that they are:
    Keras would write their name down and could not find it again unless they are registered.
    """
    config = dict(layer.get_config())
    for key, value in config.items():
        own = getattr(layer, key, None)
        if own is not None and _foreign(own, value):
            config[key] = own
    return config


def _foreign(own: Any, written: Any) -> bool:
    if not callable(own) or not isinstance(written, (str, dict)):
        return False
    home = getattr(own, "__module__", None) or type(own).__module__
    return not str(home).startswith("keras.")
