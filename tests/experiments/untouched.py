"""What belongs to the user in a model, so that tests can say that an experiment left it as it was."""

from __future__ import annotations

import contextlib
import random

import keras
import numpy as np


@contextlib.contextmanager
def untouched(model):
    """Fails when weights, statistics, seeds, optimizer, metrics, layers' attributes or random states changed."""
    before = _state(model)
    yield
    after = _state(model)
    assert before.keys() == after.keys()
    for name in before:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)


def _state(model):
    layers = list(model._flatten_layers(recursive=True))
    variables = {id(v): v for layer in layers for v in layer.variables}
    variables.update({id(v): v for v in model.optimizer.variables})
    variables.update({id(v): v for metric in model.metrics for v in metric.variables})
    state = {f"variable {i}": keras.ops.convert_to_numpy(v) for i, v in variables.items()}
    state["attributes"] = np.array([" ".join(sorted(vars(layer))) for layer in layers])
    state["python"] = np.array(str(random.getstate()))
    state["numpy"] = np.array(str(np.random.get_state()))
    return state
