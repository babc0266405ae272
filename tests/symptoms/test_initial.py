"""Initial weights against the fan-in rule."""

from __future__ import annotations

import pytest
from record_factory import speaks

from lossdoctor.record import Layer, Record, Setup
from lossdoctor.symptoms import DETECTORS


def kernels(
    *stds: float, activation: str = "relu", spread: float = 1.0, mean: float = 0.0, **parts
) -> Record:
    """Dense layers d0, d1, ... of fan-in 200, for which He's rule gives 0.1."""
    layers = (
        Layer(
            f"d{i}",
            "Dense",
            activation,
            50,
            200,
            50,
            10050,
            kernel_std=s,
            kernel_mean=mean,
            kernel_spread=spread,
            **parts,
        )
        for i, s in enumerate(stds)
    )
    return Record(setup=Setup(layers=tuple(layers)))


SPEAKS = [
    ("kernel-constant", kernels(0.0, 0.0, spread=0.0, mean=0.5), 1.0, ("d0, d1", "start at 0.5")),
    ("kernel-large", kernels(0.1, 1.0), 10, ("d1", "of 1, 10 times larger", "rule's 0.1")),
    # Uniform from 0 to 0.2: 0.5 * sqrt(200) * 0.1, and the spread.
    ("kernel-large", kernels(0.0577, mean=0.1), 7.095, ("start around 0.1", "over 200 inputs", "7.09 times")),
    ("kernel-small", kernels(0.001, 0.001), 0.01, ("d0", "0.001, 100 times smaller")),
]
SILENT = [
    ("kernel-constant", kernels(1e-6)),
    ("kernel-large", kernels(0.15, 0.05)),  # Glorot on unequal layers
    ("kernel-large", kernels(1.0, trainable=False)),
    ("kernel-large", kernels(0.0, spread=0.0)),
    ("kernel-large", kernels(0.1, mean=0.08)),  # trained before
    ("kernel-large", kernels(0.002, mean=0.02)),  # of one sign, but small
    ("kernel-small", kernels(0.005, 0.1, 0.1, 0.1)),  # one small layer costs little
    ("kernel-small", kernels(0.05)),
    ("kernel-small", kernels(0.001, mean=0.02)),  # all add up
]


@pytest.mark.parametrize(("activation", "ratio"), [("relu", 8.0), ("tanh", 11.31)])
def test_the_rule_follows_the_activation(activation, ratio):
    """He's rule for ReLU gives weights that are larger by the root of two than LeCun's for tanh."""
    seen = DETECTORS["kernel-large"](kernels(0.8, activation=activation))
    assert seen.value == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "record", "value", "words"), SPEAKS, ids=[f"{case[0]}-{i}" for i, case in enumerate(SPEAKS)]
)
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
