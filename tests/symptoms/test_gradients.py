"""Gradients along the layers and in time."""

from __future__ import annotations

import numpy as np
import pytest
from record_factory import HEALTHY, run, sampled, speaks

from lossdoctor.symptoms import DETECTORS

DEAD = np.where(np.arange(50) < 20, 0.1, 0.0)
GREW = np.geomspace(1, 1e5, 50)


def norms(values: np.ndarray, **parts):
    """A run of steady loss with these gradient norms."""
    return run(np.ones(len(values)), series={"grad_norm": values, "grad_norm_max": values}, **parts)


SPEAKS = [
    ("gradients-zero", norms(DEAD), 0.6, ("From step 21", "60%")),
    ("layer-gradients-zero", sampled([[1, 1], [0, 1], [0, 1]], 1, 1), 0.5, ("1 of 2", "end: a.")),
    ("gradients-vanishing", sampled([[1e-9, 1e-5, 0.2]], 1, 1), 5e-9, ("1e-09", "0.2", "over 3 layers")),
    ("gradients-growing-by-layer", sampled([[5000, 10, 1]], 1, 1), 5000, ("5e+03", "of c")),
    ("gradients-exploding", norms(GREW), 1e5, ("from 1 to 1e+05", "by step 50")),
    ("gradients-large-at-start", sampled([[1, 900]], [[1, 3]], 1), 300, ("gradient of b is 300 times",)),
]
SILENT = [
    *(("gradients-exploding", record) for record in HEALTHY.values()),
    ("gradients-zero", norms(np.where(np.arange(50) % 2, 0.1, 0.0))),  # it comes back
    ("gradients-zero", norms(np.full(50, 1e-12))),
    ("layer-gradients-zero", sampled([[0, 1], [0, 1], [0.1, 1]], 1, 1)),  # a zero kernel that starts moving
    ("gradients-vanishing", sampled([[0.02, 0.1, 0.2]], 1, 1)),
    ("gradients-vanishing", sampled([[1e-9, 0.2]], 1, 1)),  # two matrices are no stack
    ("gradients-growing-by-layer", sampled([[20, 10, 1]], 1, 1)),
    ("gradients-exploding", norms(np.exp(np.random.default_rng(0).normal(0, 0.5, 50)))),
    ("gradients-exploding", norms(GREW * 1e-7)),  # grown, and still tiny
    ("gradients-large-at-start", sampled([[1, 7]], 1, 1)),  # a healthy residual net
    ("gradients-large-at-start", sampled([[5, 5]], 0, 1)),  # kernels of zeros have no size to compare with
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None


def test_only_kernels_count_as_kernels():
    """A bias of two axes (heads, width) and a LoRA factor are none; without a role the shape decides, as it did."""
    from dataclasses import replace

    from lossdoctor.record import Record, Setup, Variable
    from lossdoctor.symptoms.series import kernels

    found = (
        Variable("att/key/bias", "key", (2, 4), "bias"),
        Variable("dense/lora_kernel_a", "dense", (8, 2), "adapter"),
        Variable("att/query/kernel", "query", (8, 2, 4), "kernel"),
    )
    series = {f"sampled.{n}": np.ones((1, 3)) for n in ("grad_norm", "weight_norm", "update_norm")}
    series |= {"sampled.step": np.zeros(1), "sampled.steps": np.ones(1)}
    record = Record(Setup(variables=found), series=series)
    assert [v.path for v in kernels(record).variables] == ["att/query/kernel"]
    old = replace(record, setup=Setup(variables=tuple(replace(v, role="") for v in found)))
    assert len(kernels(old).variables) == 3
