"""Inputs: scale, offset, outliers, rows. Facts of the data: none of them alarms alone."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import CELLS, Array, Record
from lossdoctor.symptoms.series import TINY, column, nth
from lossdoctor.symptoms.symptom import Symptom

# A first layer that scales its input by itself, or maps ids to rows.
SCALING = {
    "Normalization",
    "Rescaling",
    "BatchNormalization",
    "LayerNormalization",
    "UnitNormalization",
    "GroupNormalization",
}
LOOKUPS = {
    "Embedding",
    "Discretization",
    "CategoryEncoding",
    "Hashing",
    "IntegerLookup",
    "StringLookup",
    "TextVectorization",
}
PASSING = {
    "InputLayer",
    "Flatten",
    "Reshape",
    "Dropout",
    "Permute",
    "ZeroPadding2D",
    "Masking",
    "GaussianNoise",
    "SpatialDropout1D",
}

LARGE = 8.0  # root mean square of the inputs; standardised data has 1, pixels of 0..255 about 100
UNEQUAL = 30.0  # largest over smallest typical size of a feature
OFFSET = 4.0  # mean over standard deviation; 65 to 70 kills ReLUs, however harmless its size
SMALL = 1e-2  # root mean square below which the first layer's signal is lost
OUTLIER = 50.0  # robust standard deviations
PADDED, WIPED = 0.5, 10  # share of the steps, and how many of them: a state fades over some ten steps
JUMP = 15.0  # one batch's root mean square over the usual one


def scaled_by_model(record: Record) -> bool:
    """True when the model's first working layer normalises its input or maps ids to rows."""
    for layer in record.setup.layers:
        if layer.kind in SCALING | LOOKUPS:
            return True
        if layer.kind not in PASSING:
            return False
    return False


def features_unscaled(record: Record) -> Symptom | None:
    """Inputs are large, or of very different sizes, for a model that does not scale them itself.

    Value: root mean square of the inputs (of the largest input array). `details`: "spread", the largest
    over the smallest feature size; "worst", the features with the largest size.
    """
    if scaled_by_model(record):
        return None
    found = [s for a in record.data.inputs if (s := _scale(a)) is not None]
    return max(found, key=lambda s: s.value, default=None)


def _scale(array: Array) -> Symptom | None:
    if array.dtype.startswith(("str", "object")) or array.rows == 0:
        return None
    size = float(np.hypot(array.mean, array.std))
    features, spread, worst = array.features, 1.0, ""
    if features is not None and 1 < len(features.std) <= 4096 and len(array.shape) == 1:
        sizes = np.hypot(features.mean, features.std)
        used = sizes[(features.std > TINY) & np.isfinite(sizes)]
        if used.size > 1:
            spread = float(used.max() / max(np.quantile(used, 0.1), TINY))
            top = np.argsort(-sizes)[:3]
            worst = "; largest: " + ", ".join(
                f"column {i} ({features.low[i]:.4g} to {features.high[i]:.4g})" for i in top
            )
    # Features of unequal size matter when the large ones are large; a few small ones beside ones of size 1 do not.
    if size < LARGE and not (spread > UNEQUAL and size > 3.0):
        return None
    text = f"Inputs go from {array.low:.4g} to {array.high:.4g} (root mean square {size:.3g})"
    if spread > UNEQUAL:
        text += f", and their columns differ in size {spread:.3g}-fold{worst}"
    return Symptom(
        "features-unscaled",
        size,
        text + ".",
        where=array.name,
        details={"spread": spread, "high": array.high},
    )


def features_offset(record: Record) -> Symptom | None:
    """Inputs lie far from 0 with little spread. Value: median over the features of mean over standard deviation."""
    if scaled_by_model(record):
        return None
    for array in record.data.inputs:
        features = array.features
        if features is None:
            continue
        used = features.std > TINY
        if not used.any():
            continue
        each = np.abs(features.mean[used]) / features.std[used]
        value = float(np.median(each))
        if value >= OFFSET and abs(array.mean) > 1.0:
            text = f"Inputs lie around {array.mean:.4g} with a spread of only {float(np.median(features.std[used])):.3g} ({value:.3g} standard deviations from 0)."
            return Symptom("features-offset", value, text, where=array.name)
    return None


def features_tiny(record: Record) -> Symptom | None:
    """Inputs are so small that the first layer's signal is lost. Value: their root mean square."""
    if scaled_by_model(record):
        return None
    for array in record.data.inputs:
        size = float(np.hypot(array.mean, array.std))
        if 0 < size < SMALL:
            return Symptom(
                "features-tiny", size, f"Inputs have a root mean square of only {size:.2g}.", where=array.name
            )
    return None


def inputs_constant(record: Record) -> Symptom | None:
    """Every row of the inputs is the same. Value: 1."""
    for array in record.data.inputs:
        if array.rows >= 4 and array.std <= TINY * max(1.0, abs(array.mean)):
            return Symptom(
                "inputs-constant", 1.0, f"All inputs have the same value, {array.mean:.4g}.", where=array.name
            )
    return None


def inputs_outlier(record: Record) -> Symptom | None:
    """Single values, or one batch, lie far outside the rest of the inputs. Value: distance in robust standard
    deviations, or the batch's factor over the usual size."""
    rms = column(record, "input_rms")
    rms = rms[np.isfinite(rms)]
    if len(rms) >= 10:
        factor = float(rms.max() / max(np.median(rms), TINY))
        if factor > JUMP and (rms > JUMP / 2 * np.median(rms)).mean() < 0.2:
            at = int(column(record, "step")[int(np.nanargmax(column(record, "input_rms")))])
            text = (
                f"The inputs of step {nth(at)} are {factor:.3g} times as large as those of the other batches."
            )
            return Symptom("inputs-outlier", factor, text, at, details={"batch": True})
    return _outlier(record.data.inputs, "inputs-outlier", "input")


def targets_outlier(record: Record) -> Symptom | None:
    """Single targets lie far outside the rest. Value: distance in robust standard deviations."""
    real = [t for t in record.data.targets if t.coding == "real"]
    return _outlier(real, "targets-outlier", "target")


def _outlier(arrays: object, name: str, kind: str) -> Symptom | None:
    found = [a for a in arrays if isinstance(a, Array) and a.outlier > OUTLIER]  # type: ignore[attr-defined]
    if not found:
        return None
    worst = max(found, key=lambda a: a.outlier)
    place = f" (row {worst.outlier_row} of the batches as they came, column {worst.outlier_column})"
    text = f"One {kind} value lies {worst.outlier:.3g} robust standard deviations off{place}; the range is {worst.low:.4g} to {worst.high:.4g}."
    # How far the furthest value lies says how wide the bulk is; beside it, the spread is that of the far values.
    # A saved record may hold any numbers, also a mean outside of the range.
    bulk = max(worst.high - worst.mean, worst.mean - worst.low, 0.0) / worst.outlier
    share = 1.0 - min(1.0, bulk / max(worst.std, TINY)) ** 2  # in this order: a square may overflow
    return Symptom(name, worst.outlier, text, where=worst.name, details={"batch": False, "share": share})


def padding_unmasked(record: Record) -> Symptom | None:
    """A recurrent layer gives its state after a long padding at the rows' end, which no mask leaves out.

    Value: the padded share of the steps, 0 to 1. A layer that reads backwards has the padding behind it.
    """
    layers = record.setup.layers
    reader = next((la for la in reversed(layers) if la.kind in CELLS), None)
    backwards = any(la.config.get("go_backwards") for la in layers)
    masked = any(la.kind == "Masking" or la.config.get("mask_zero") for la in layers)
    if reader is None or reader.config.get("return_sequences", True) or backwards or masked:
        return None
    tokens = any(la.kind == "Embedding" for la in layers)
    rows = [a for a in record.data.inputs if len(a.shape) == (1 if tokens else 2) and a.integers >= tokens]
    found = [a for a in rows if a.padded >= PADDED and a.padded * (a.shape[0] or 0) >= WIPED]
    if not found:
        return None
    worst = max(found, key=lambda a: a.padded)
    text = f"{worst.padded:.0%} of the {worst.shape[0]} steps are zeros behind the end of the rows, on average, and {reader.name} reads them all before it answers."
    return Symptom("padding-unmasked", worst.padded, text, where=reader.name, details={"tokens": tokens})


def rows_few(record: Record) -> Symptom | None:
    """There are few rows for the size of the model. Value: rows an epoch. `details`: "parameters"."""
    rows, epoch = column(record, "rows"), column(record, "epoch")
    if not len(rows) or not np.isfinite(rows).all():
        return None
    first = rows[epoch == epoch[0]]
    steps = column(record, "step")
    if len(steps) > 1 and steps[-1] + 1 > len(steps):  # merged rows: a bucket stands for several batches
        return None
    total = float(first.sum())
    if not 0 < total < 1000:
        return None
    text = f"An epoch has {total:.0f} rows; the model has {record.setup.parameters} parameters."
    return Symptom("rows-few", total, text, details={"parameters": record.setup.parameters})
