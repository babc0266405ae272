"""keras, layers and ops that load on first use, so that case texts can be read without TensorFlow."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class _Lazy(ModuleType):
    """Stands for a module and imports it when the first of its names is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


keras: Any = _Lazy("keras")
layers: Any = _Lazy("keras.layers")
ops: Any = _Lazy("keras.ops")
optimizers: Any = _Lazy("keras.optimizers")
tf: Any = _Lazy("tensorflow")
