"""A loop of training steps on a copy of the user's model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from keras import tree


def training_loop(model: Any, rows: Any) -> Callable[[np.ndarray, Any], None]:
    """See `base.Backend.training_loop`."""

    def loop(order: np.ndarray, data: Any) -> None:
        model.train()  # as fit does, for layers that ask torch which mode it is
        try:
            with torch.enable_grad():
                for index in torch.as_tensor(np.asarray(order, np.int64)):
                    model.train_step(tree.map_structure(lambda a: a[index.to(a.device)], data))  # noqa: B023
        finally:
            model.eval()

    return loop
