"""Reports as real runs give them, without the runs: numbers follow a net on the wine data under SGD(0.1)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lossdoctor.diagnosis import Diagnosis, Findings
from lossdoctor.record import (
    Activity,
    Array,
    Data,
    Event,
    Features,
    Layer,
    Optimizer,
    Output,
    Record,
    Setup,
    Target,
    Variable,
)
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom


def make_record(
    steps: int = 120, layers: int = 3, *, diverge_at: int | None = 6, name: str = "dense"
) -> Record:
    """Returns a record of `steps` batches of a net with `layers` layers that blows up at `diverge_at`."""
    rng = np.random.default_rng(0)
    step = np.arange(steps)
    loss = 1.1 * np.exp(-step / (steps / 3)) + 0.05 + 0.02 * rng.standard_normal(steps)
    grad = 2.0 * np.exp(-step / (steps / 2)) * rng.uniform(0.7, 1.4, steps)
    if diverge_at is not None:
        late = step - 1
        loss = np.where(
            step >= diverge_at, np.nan, 4.1 * 14.0 ** np.maximum(late, 0.0).clip(max=300 / steps * 8)
        )
        grad = np.where(step >= diverge_at, np.nan, 31.0 * 10.0 ** np.maximum(late, 0.0).clip(max=30))
    epochs = max(1, steps // 12)
    ends = np.linspace(0, steps, epochs + 1).astype(int)
    means = np.array([np.mean(loss[a:b]) for a, b in pairwise(ends)])
    sampled = np.unique(np.linspace(0, steps - 1, min(steps, 60)).astype(int))
    shape = (len(sampled), 2 * layers)
    norms = {
        "sampled.grad_norm": rng.uniform(0.5, 2, shape) * np.geomspace(1e-4, 1, 2 * layers),
        "sampled.weight_norm": rng.uniform(3, 4, shape),
        "sampled.update_norm": rng.uniform(0.5, 2, shape) * 4e-3,
    }
    names = [f"{name}_{i}" if i else name for i in range(layers)]
    return Record(
        setup=_setup(names, epochs, ends),
        data=_data(),
        series={
            "step": step,
            "epoch": np.searchsorted(ends[1:], step, side="right"),
            "batch_loss": loss,
            "grad_norm": grad,
            "learning_rate": np.full(steps, 0.1),
            "epoch.loss": means,
            "epoch.val_loss": 1.1 * means,
            "sampled.step": sampled,
            **norms,
        },
        activity=tuple(
            Activity(n, "Dense", "relu", when, dead=dead, saturated=0.0)
            for when, dead in (("initial", 0.06), ("final", 0.97))
            for n in names[:-1]
        ),
        events=(Event("nonfinite", "The loss became NaN.", step=6, epoch=0),) if diverge_at else (),
        experiments={
            "stability": {
                "limit": 2 / 812,
                "used": 0.1,
                "curvature": 812.0,
                "where": "initial",
                "form": "2/c",
            }
        }
        if diverge_at
        else {},
        cost={"probes": 0.004, "trials": 2.31} if diverge_at else {"probes": 0.004},
        stopped="finished",
    )


def _setup(names: list[str], epochs: int, ends: np.ndarray) -> Setup:
    return Setup(
        keras="3.15.1",
        lossdoctor="0.1.0",
        model_kind="Sequential",
        layers=tuple(Layer(n, "Dense", "relu", 32, 13, 32, parameters=448) for n in names),
        variables=tuple(Variable(f"{n}/{v}", n, (13, 32)) for n in names for v in ("kernel", "bias")),
        outputs=(Output("dense_2", (None, 3), 3, ("softmax",), "sparse_categorical_crossentropy"),),
        optimizer=Optimizer("SGD", 0.1),
        parameters=448 * len(names),
        epochs=epochs,
        steps_per_epoch=int(ends[1]),
        batch_size=16,
    )


def _data() -> Data:
    spread = np.geomspace(0.1, 315.0, 13)
    features = Features(
        mean=spread * 2.4, std=spread, low=spread * 0.8, high=spread * 5.3, nonfinite=np.zeros(13, int)
    )
    x = Array("x", "float32", (13,), 178, 69.1, 215.7, 0.13, 1680.0, features=features)
    y = Target("y", "int64", (), 178, 0.94, 0.77, 0.0, 2.0, coding="integer", classes=3)
    return Data(inputs=(x,), targets=(y,))


def make_findings() -> Findings:
    """Returns what is concluded from `make_record()`."""
    rate = Diagnosis(
        "learning-rate-too-high",
        "LD101",
        "Learning rate too high",
        0.97,
        "error",
        (
            "SGD(learning_rate=0.1): the sharpest direction of this loss has curvature 812, so plain SGD is "
            "stable only below 2/812 = 0.0025; this run used 41 times that",
            "The batch loss rose from 4.1 to 3.2e7 within 6 steps; gradient norm x 1.0e6.",
        ),
        (),
        (
            Remedy(
                "Use a smaller learning rate.",
                "optimizer=keras.optimizers.SGD(learning_rate=0.001)",
                (Action("learning_rate", {"value": 0.001}),),
                "replayed 50 steps from the initial weights: loss 4.1 -> 0.7 (unchanged run: NaN at step 7)",
                True,
            ),
        ),
        ("Cohen et al. 2021, https://arxiv.org/abs/2103.00065",),
    )
    features = Diagnosis(
        "unscaled-features",
        "LD301",
        "Unscaled features",
        0.91,
        "warning",
        ("Feature 12 of x runs from 252 to 1680, feature 0 from 0.08 to 0.53.",),
        ("The loss also falls without scaling at a rate of 1e-5.",),
        (
            Remedy(
                "Scale each feature to mean 0 and standard deviation 1.",
                "normalize = keras.layers.Normalization()\nnormalize.adapt(x)",
            ),
        ),
    )
    gradients = Diagnosis(
        "exploding-gradients", "LD204", "Exploding gradients", 0.4, "info", ("Gradient norm 31 to 3.1e7.",)
    )
    return Findings(
        status="unhealthy",
        verdict="The loss became NaN at epoch 1, step 7; training went on without effect.",
        symptoms=(
            Symptom("loss-nonfinite", 7.0, "The loss became NaN at epoch 1, step 7", 6, 0, alarming=True),
            Symptom(
                "loss-exploding", 7.8e6, "The batch loss grew 7.8e6 times in 6 steps", 3, 0, alarming=True
            ),
            Symptom("first-loss-high", 3.7, "The first loss is 3.7 times ln(3)", 0, 0),
        ),
        diagnoses=(rate, features, gradients),
        checked=("labels", "output layer", "initialisation"),
        unchecked=("validation (no validation data)",),
    )
