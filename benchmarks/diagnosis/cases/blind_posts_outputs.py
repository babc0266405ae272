"""Blind cases in the manner of forum posts: losses, outputs and labels."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems
from benchmarks.diagnosis.cases.blind_parts import mlp, net
from benchmarks.diagnosis.cases.blind_posts_parts import (
    E20,
    E30,
    FOUND,
    R2,
    both,
    digits10,
    kinds,
    wine,
)
from benchmarks.diagnosis.cases.blind_settings import BCE, SPARSE, adam
from benchmarks.diagnosis.kit import every, last, pair
from benchmarks.diagnosis.lazy import layers


def _signs(y: Any) -> Any:
    return 2.0 * y[:, None] - 1.0


def _pictures(act: Any) -> Any:
    stack = lambda: [  # noqa: E731
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(3, activation=act),
    ]
    return net((12, 12, 1), stack, optimizer="adam", **SPARSE)


CASES = (
    pair(
        "blind-post-moons-softmax-one",
        "Loss stays at 0.69 and accuracy at 0.5 whatever the optimizer: softmax over a single unit.",
        "loss-activation-mismatch output-shape-mismatch",
        FOUND,
        problems.moons,
        tuple(mlp(2, (1, a), (24, 24), optimizer=adam(0.01), **BCE) for a in ("softmax", "sigmoid")),
        E30,
    ),
    pair(
        "blind-post-squared-hinge-sigmoid",
        "Targets -1 and 1, squared hinge, but the last activation is a sigmoid.",
        "loss-activation-mismatch loss-target-mismatch",
        last("val_loss", below=0.3),
        both(problems.moons, y=_signs),
        tuple(
            mlp(2, (1, a), (24, 24), loss="squared_hinge", optimizer=adam(0.01)) for a in ("sigmoid", "tanh")
        ),
        E30,
    ),
    pair(
        "blind-post-poisson-linear",
        "Counts an hour under the Poisson loss with a linear unit: NaN, or a loss that jumps.",
        "loss-activation-mismatch numerical-instability",
        last("val_r2_score", above=0.45),
        problems.counts,
        tuple(mlp(5, (1, a), (32,), loss="poisson", **R2) for a in (None, "exponential")),
        E30,
    ),
    pair(
        "blind-post-kl-scores",
        "kl_divergence against raw scores of the last layer.",
        "loss-activation-mismatch numerical-instability",
        FOUND,
        digits10,
        tuple(mlp(64, (10, a), (32,), loss="kl_divergence", metrics=["accuracy"]) for a in (None, "softmax")),
        E20,
    ),
    pair(
        "blind-post-cosine-amounts",
        "Three amounts by cosine_similarity: the loss is -0.99 and the amounts are wrong by far.",
        "loss-target-mismatch",
        last("val_mae", below=1.0),
        both(partial(problems.friction, noise=0.02), y=lambda y: np.concatenate([y, 2 * y, y + 9], 1)),
        tuple(
            mlp(6, (3, None), (48, 24), loss=f, metrics=["mae"], optimizer=adam(0.005))
            for f in ("cosine_similarity", "mse")
        ),
        E30,
    ),
    pair(
        "blind-post-tags-softmax",
        "Several tags a row by softmax and categorical_crossentropy: the loss never gets near 0.",
        "loss-activation-mismatch loss-target-mismatch",
        last("val_binary_accuracy", above=0.85),
        problems.tags,
        tuple(
            mlp(12, (6, a), (32,), loss=f, metrics=["binary_accuracy"], optimizer=adam(0.005))
            for a, f in (("softmax", "categorical_crossentropy"), ("sigmoid", "binary_crossentropy"))
        ),
        E30,
    ),
    pair(
        "blind-post-bars-logits",
        "A small CNN without softmax and without from_logits=True: accuracy stuck at 33 %.",
        "loss-activation-mismatch",
        every(FOUND, last("val_loss", below=0.6)),
        problems.shapes,
        (_pictures(None), _pictures("softmax")),
        E20,
    ),
    pair(
        "blind-post-wine-from-one",
        "Growers 1, 2 and 3 with three units: NaN, or labels outside the valid range.",
        "loss-target-mismatch output-shape-mismatch",
        FOUND,
        (both(wine, y=lambda y: y + 1), wine),
        kinds(3, 13, optimizer=adam(0.005)),
        E30,
    ),
)
