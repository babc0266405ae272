"""These tests run where Keras runs on JAX: KERAS_BACKEND=jax pytest tests/backends/jax."""

import sys
from pathlib import Path

import keras
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for jax_runs, which the tests share


def pytest_collection_modifyitems(items):
    if keras.backend.backend() != "jax":
        for item in items:
            if "backends/jax" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="Keras does not run on JAX here"))
