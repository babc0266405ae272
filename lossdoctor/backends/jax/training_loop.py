"""A loop of training steps on a copy of the user's model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lossdoctor.backends.jax.held_state import variables


def training_loop(model: Any, rows: Any) -> Callable[[np.ndarray, Any], None]:
    """See `base.Backend.training_loop`. One step is compiled, whatever the number of steps that is asked for later."""

    def step(state: Any, metrics: Any, index: Any, data: Any) -> Any:
        batch = jax.tree_util.tree_map(lambda a: jnp.take(a, index, axis=0), data)
        return model.train_step((*state, metrics), batch)[1][:3]

    compiled = jax.jit(step, donate_argnums=0)

    def loop(order: np.ndarray, data: Any) -> None:
        *groups, metrics = variables(model)
        held = [v.value for v in metrics]  # nobody reads a copy's metrics: each step starts them anew
        # Copies, as the steps give up the memory of what they are given: an error leaves the model as it was.
        state = jax.tree_util.tree_map(jnp.copy, tuple([v.value for v in group] for group in groups))
        for index in np.asarray(order, np.int32):
            state = compiled(state, held, index, data)
        for group, values in zip(groups, state, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)

    return loop
