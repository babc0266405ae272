"""A loop of training steps on a copy of the user's model, traced once whatever is asked of it later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from keras import tree


def training_loop(model: Any, rows: Any) -> Callable[[np.ndarray, Any], None]:
    """See `base.Backend.training_loop`."""
    specs = tree.map_structure(lambda a: tf.TensorSpec([None, *a.shape[1:]], a.dtype), rows)

    def loop(order: Any, data: Any) -> Any:
        def body(i: Any) -> Any:
            batch = tree.map_structure(lambda a: tf.gather(a, order[i]), data)
            model.train_step(batch)
            return (i + 1,)

        # One after the other: each step starts from the weights that the last one left.
        return tf.while_loop(lambda i: i < tf.shape(order)[0], body, (tf.constant(0),), parallel_iterations=1)

    # With the numbers of steps and rows left open there is one trace whatever is asked for later.
    signature = [tf.TensorSpec([None, None], tf.int32), specs]
    traced = tf.function(loop, input_signature=signature, autograph=False)
    return lambda order, data: traced(tf.constant(order, tf.int32), data)
