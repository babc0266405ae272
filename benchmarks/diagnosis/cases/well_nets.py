"""Healthy controls: architectures."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis import problems
from benchmarks.diagnosis.cases.well_modern_parts import (
    ACCURATE,
    BINARY,
    FIT,
    GOOD_FIT,
    LONG,
    SPARSE,
    compiled,
)
from benchmarks.diagnosis.kit import control, last, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def _transformer(seed: int) -> Any:
    entry = keras.Input((20,))
    h = layers.Embedding(400, 16)(entry)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    h = layers.LayerNormalization()(h + layers.Dense(16)(layers.Dense(32, activation="gelu")(h)))
    out = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling1D()(h))
    return compiled(entry, out, optimizers.Adam(0.003), **BINARY)


def _bilstm(seed: int) -> Any:
    stack = [
        layers.Embedding(400, 16),
        layers.Bidirectional(layers.GRU(16)),
        layers.Dense(1, activation="sigmoid"),
    ]
    return sequential((20,), *stack, optimizer=optimizers.Adam(0.005), **BINARY)


def _resnet(seed: int) -> Any:
    entry = keras.Input((12, 12, 1))
    h = layers.Conv2D(12, 3, padding="same", use_bias=False)(entry)
    for _ in range(2):
        branch = layers.ReLU()(layers.BatchNormalization()(h))
        branch = layers.Conv2D(12, 3, padding="same", use_bias=False)(branch)
        h = layers.Add()([h, branch])
    h = layers.GlobalMaxPooling2D()(layers.ReLU()(layers.BatchNormalization()(h)))
    return compiled(entry, layers.Dense(3, activation="softmax")(h), optimizers.Adam(0.005), **SPARSE)


def _sparse_units(seed: int) -> Any:
    """Many ReLUs and max pooling: half of the units are silent for most rows."""
    stack = [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
    ]
    return sequential(
        (12, 12, 1), *stack, layers.Dense(3, activation="softmax"), optimizer=optimizers.Adam(0.002), **SPARSE
    )


def _selu(seed: int) -> Any:
    stack = [layers.Dense(32, activation="selu", kernel_initializer="lecun_normal") for _ in range(4)]
    return sequential(
        (6,), *stack, layers.Dense(4, activation="softmax"), optimizer=optimizers.SGD(0.03), **SPARSE
    )


def _layer_norm(seed: int) -> Any:
    stack = []
    for _ in range(2):
        stack += [layers.Dense(32), layers.LayerNormalization(), layers.Activation("swish")]
    return sequential((6,), *stack, layers.Dense(1), optimizer=optimizers.Adam(0.005), loss="mse")


def _causal(seed: int) -> Any:
    stack = [layers.Conv1D(16, 3, padding="causal", dilation_rate=d, activation="relu") for d in (1, 2, 4)]
    return sequential(
        (24, 1), *stack, layers.Flatten(), layers.Dense(1), optimizer=optimizers.Adam(0.005), loss="mae"
    )


CASES = (
    control(
        "well-transformer",
        "One block of attention over words.",
        last("val_accuracy", above=0.85),
        problems.texts,
        _transformer,
        {"epochs": 6, "batch_size": 32},
    ),
    control(
        "well-bidirectional-gru",
        "A GRU both ways: an epoch at ln 2, then it drops.",
        last("val_accuracy", above=0.85),
        problems.texts,
        _bilstm,
        {"epochs": 6, "batch_size": 32},
    ),
    control(
        "well-resnet",
        "Two residual blocks with batch normalisation.",
        last("val_accuracy", above=0.8),
        problems.shapes,
        _resnet,
        FIT,
    ),
    control(
        "well-many-silent-units",
        "Wide ReLU layers and max pooling; most units are silent.",
        ACCURATE,
        problems.shapes,
        _sparse_units,
        FIT,
    ),
    control(
        "well-selu-blobs",
        "Four SELU layers with lecun_normal.",
        last("val_accuracy", above=0.85),
        problems.blobs,
        _selu,
        LONG,
    ),
    control(
        "well-layer-norm", "Layer normalisation and swish.", GOOD_FIT, problems.friction, _layer_norm, LONG
    ),
    control(
        "well-causal-conv",
        "Dilated causal convolutions over a series.",
        last("val_loss", below=0.15),
        problems.waves,
        _causal,
        FIT,
    ),
)
