"""Initial weights: constant, far too small or far too large for their fan-in and activation."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Layer, Record
from lossdoctor.symptoms.symptom import Symptom

DENSE_LIKE = {"Dense", "Conv1D", "Conv2D", "Conv3D", "EinsumDense"}
LARGE, SMALL = 6.0, 0.1  # times the fan-in rule; Glorot on unequal layers stays within 0.4 to 1.5 of He's
COMMON = 0.5  # mean of inputs over their root mean square: 0.56 behind a ReLU, 0.87 uniform in 0 to 1


def fan_in_rule(layer: Layer) -> float:
    """Returns the standard deviation that the fan-in rule gives: He for ReLU-like, LeCun for others.

    He et al. 2015 (arXiv 1502.01852): sqrt(2 / fan_in); LeCun et al. 1998: sqrt(1 / fan_in).
    """
    gain = 2.0 if (layer.activation or "").endswith(("relu", "elu", "silu", "gelu")) else 1.0
    return float(np.sqrt(gain / max(layer.fan_in or 1, 1)))


def size(layer: Layer) -> float:
    """Returns the standard deviation of weights around 0 that would put out as much.

    Weights of one sign (uniform from 0 to 1, say) do not cancel over the inputs: their mean counts sqrt(fan_in) times.
    Weights that were trained before have a mean too, well below their spread.
    """
    std, mean = layer.kernel_std or 0.0, abs(layer.kernel_mean or 0.0)
    return std if mean < std else float(np.hypot(std, COMMON * np.sqrt(layer.fan_in or 1) * mean))


def _weighted(record: Record) -> list[Layer]:
    return [
        layer
        for layer in record.setup.layers
        if layer.kernel_std is not None and layer.kind in DENSE_LIKE and layer.trainable
    ]


def kernel_constant(record: Record) -> Symptom | None:
    """All entries of a weight matrix start with the same value. Value: share of the weight matrices."""
    layers = _weighted(record)
    same = [la for la in layers if la.kernel_spread == 0.0 and (la.fan_in or 0) * (la.fan_out or 0) > 1]
    if not same:
        return None
    value = same[0].kernel_mean or 0.0
    text = f"All weights of {', '.join(la.name for la in same[:3])} start at {value:.4g}: its units stay copies of each other."
    # A single output layer of zeros is a known, harmless choice; hidden layers are not.
    hidden = [la for la in same if la is not layers[-1]]
    return Symptom(
        "kernel-constant",
        len(same) / len(layers),
        text,
        where=same[0].name,
        details={"hidden": len(hidden), "value": value, "layers": [la.name for la in same]},
    )


def kernel_large(record: Record) -> Symptom | None:
    """Weights start far larger than the fan-in rule. Value: largest `size` over the rule's."""
    return _extreme(record, large=True)


def kernel_small(record: Record) -> Symptom | None:
    """Weights start far smaller than the fan-in rule. Value: smallest geometric mean over the matrices."""
    return _extreme(record, large=False)


def _extreme(record: Record, large: bool) -> Symptom | None:
    layers = [la for la in _weighted(record) if la.kernel_spread]
    if not layers:
        return None
    ratios = np.array([size(la) / fan_in_rule(la) for la in layers])
    if large:
        at = int(ratios.argmax())
        bad = ratios[at] > LARGE
    else:
        at = int(ratios.argmin())
        # One small layer costs little; what counts is the signal over all of them.
        bad = ratios[at] < SMALL and (
            float(np.exp(np.log(np.maximum(ratios, 1e-12)).mean())) < 0.4 or len(layers) == 1
        )
    if not bad:
        return None
    layer, word = layers[at], "larger" if large else "smaller"
    factor = ratios[at] if large else 1 / max(ratios[at], 1e-12)
    text = f"The weights of {layer.name} start with a standard deviation of {layer.kernel_std:.3g}, {factor:.3g} times {word} than the fan-in rule's {fan_in_rule(layer):.3g}."
    if large and layer.kernel_mean and size(layer) > (layer.kernel_std or 0.0):
        text = f"The weights of {layer.name} start around {layer.kernel_mean:.3g}, nearly all of one sign: over {layer.fan_in} inputs they add up to {factor:.3g} times what the fan-in rule gives."
    name = "kernel-large" if large else "kernel-small"
    return Symptom(
        name,
        float(ratios[at]),
        text,
        where=layer.name,
        details={
            "layers": [
                la.name for la, r in zip(layers, ratios, strict=True) if (r > LARGE if large else r < SMALL)
            ]
        },
    )
