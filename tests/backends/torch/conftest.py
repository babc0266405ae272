"""These tests run where Keras runs on PyTorch: KERAS_BACKEND=torch pytest tests/backends/torch."""

import sys
from pathlib import Path

import keras
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for torch_runs, which the tests share


def pytest_collection_modifyitems(items):
    if keras.backend.backend() != "torch":
        for item in items:
            if "backends/torch" in str(item.path):
                item.add_marker(pytest.mark.skip(reason="Keras does not run on PyTorch here"))
