"""Learning rate too high: late, slowly, or through a schedule."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import problems
from benchmarks.diagnosis.cases.rate_high_parts import (
    ACCURATE,
    HIGH,
    disease,
    disease_net,
    line_net,
    rate_pair,
    spiral_net,
)
from benchmarks.diagnosis.kit import last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def _warm_up(top: float, steps: int) -> Any:
    """SGD whose rate climbs in a line to `top`."""
    return lambda: optimizers.SGD(optimizers.schedules.PolynomialDecay(1e-3, steps, top))


def _by_epoch(rates: Any) -> Any:
    return lambda seed: [keras.callbacks.LearningRateScheduler(lambda epoch: float(rates(epoch)))]


def _waves_net(seed: int, rate: float) -> Any:
    stack = [layers.GRU(24), layers.Dense(1)]
    return sequential((24, 1), *stack, optimizer=optimizers.Adam(rate), loss="mae")


CASES = (
    rate_pair(
        "rate-warm-up-too-far",
        "A warm-up that climbs to 20: fine for some epochs, then the loss leaps.",
        problems.spiral,
        spiral_net,
        _warm_up(20.0, 900),
        _warm_up(0.5, 900),
        ACCURATE,
        epochs=45,
        batch_size=16,
    ),
    rate_pair(
        "rate-adagrad-ten",
        "Somebody set Adagrad to 10; saturated tanh from the first steps.",
        problems.spiral,
        spiral_net,
        lambda: optimizers.Adagrad(10.0),
        lambda: optimizers.Adagrad(0.2),
        ACCURATE,
        epochs=40,
        batch_size=32,
        also=["saturated-activations"],
    ),
    rate_pair(
        "rate-gru-waves",
        "A GRU for a time series with Adam(0.5): the error never gets below the mean's.",
        problems.waves,
        _waves_net,
        0.5,
        0.01,
        last("val_loss", below=0.15),
        epochs=10,
        batch_size=32,
        also=["saturated-activations"],
    ),
    pair(
        "rate-step-up-by-mistake",
        "A scheduler that multiplies where it should divide: dies in the third stage.",
        HIGH,
        last("val_loss", below=0.8),
        disease,
        partial(disease_net, rate=0.02),
        {"epochs": 20, "batch_size": 16},
        (_by_epoch(lambda e: 0.02 * 10.0 ** (e // 5)), _by_epoch(lambda e: 0.02 * 0.3 ** (e // 5))),
    ),
    rate_pair(
        "rate-slow-divergence",
        "Linear regression just beyond its stable rate: the loss grows by and by.",
        problems.line,
        line_net,
        0.95,
        0.3,
        last("val_loss", below=0.05),
        epochs=40,
        batch_size=500,
    ),
)
