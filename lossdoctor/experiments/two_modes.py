"""Two modes: does the model do the same in training and in inference mode, and which layer makes the difference?

The same rows go through the model in both modes, in batches as the run had them. Then one thing at a time is changed:
noise (dropout, random augmentation) is switched off in training mode; in inference mode the moving statistics of each
normalisation layer give way to those of the sample, for all layers and for each alone. A model that is fine in
training mode and poor in inference mode has not overfitted: its moving averages lag (Ioffe & Szegedy 2015,
https://arxiv.org/abs/1502.03167, section 3.1; Keras: momentum 0.99 needs some 1 / (1 - 0.99) = 100 updates for one
time constant), or its batches are too small for statistics.

Cost: with normalisation layers at most 2 * MOST_BATCHES passes over a batch (2 * MOST_SMALL over tiny ones), two over all rows and one for each of at
most MOST_LAYERS layers; without, three passes at most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree

import lossdoctor.experiments.normalization_statistics as statistics
from lossdoctor import keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.layer_calls import in_mode, replaced
from lossdoctor.experiments.output_rows import Outputs, bounded
from lossdoctor.experiments.passes import Passes, number
from lossdoctor.experiments.rows import take
from lossdoctor.experiments.score import hits
from lossdoctor.keras_layers import written_names
from lossdoctor.losses.codings import coding_of

LEAST_ROWS = 8
MOST_BATCHES = 4  # in which normalisation layers see the rows,
MOST_SMALL = 32  # and of small ones, until they hold
ENOUGH_ROWS = 64
MOST_LAYERS = 8  # normalisation layers that are exchanged alone: those whose statistics are furthest off
MOST_CLASS_ENTRIES = 200_000  # entries of an output on which right classes are counted
LEAST_MOVE = 0.02  # of the loss, by all of them together: below it none is exchanged alone
PARTS = 4  # of the rows, whose differences tell the noise, where there are fewer batches
USUAL_BATCH = 32  # Keras's own, where the run's is not known

Array = np.ndarray


def two_modes(passes: Passes, rows: Sample, batch_size: int | None = None, seed: int = 0) -> dict[str, Any]:
    """Returns the user's loss on the same rows in both modes, and what makes the difference.

    Args:
        passes: the model at the weights that are to be judged.
        rows: rows of the training data, at least LEAST_ROWS.
        batch_size: rows in a batch of the run; None when it is not known.
        seed: of the order in which rows come to batches.

    Returns:
        "training_loss", "inference_loss": without penalties; "gap_error": standard error of their difference over
        parts, None with one part; "training_loss_without_dropout": all layers that make noise in inference mode;
        "inference_loss_with_batch_statistics": all normalisation layers use the sample's statistics;
        "training_accuracy", "inference_accuracy": mean over outputs whose targets are classes, None without any;
        "noise_layers": how many layers make noise; "layers": one entry for each normalisation layer, that which
        moves the inference loss most first (see `normalization_statistics.facts`), with "loss": the inference loss
        when it alone uses the sample's statistics, None beyond MOST_LAYERS and where all together
        move it by less than LEAST_MOVE; "explains": "statistics", "dropout",
        "batch" (statistics of single batches differ from those of all rows), "other" (the same without
        normalisation layers) or "nothing" (no gap beyond its noise), by the larger share of the gap;
        "batch_size", "rows".

    Raises:
        ValueError: too few rows, or a model that has no two modes.
    """
    if not keras_private.takes_training(passes.model):
        raise ValueError("the model's call takes no `training`, so it has only one mode")
    rows = bounded(rows, least=LEAST_ROWS)
    layers = statistics.normalization_layers(passes.model)
    measured = _measured(passes, rows, batch_size or USUAL_BATCH, bool(layers), seed)
    rows = measured.rows
    training, trained_outputs = measured.training()
    inference, outputs = measured.inference()
    noisy = noise_layers(passes.model)
    with replaced((layer, in_mode(False)) for layer in noisy):
        quiet = measured.training()[0] if noisy else training
    exchanged = _exchanged(measured, layers, inference)
    found: dict[str, Any] = {
        "training_loss": measured.mean(training), "inference_loss": measured.mean(inference),
        "gap_error": _error(training - inference),
        "training_loss_without_dropout": measured.mean(quiet),
        "training_accuracy": accuracy(rows.y, trained_outputs), "inference_accuracy": accuracy(rows.y, outputs),
        "noise_layers": len(noisy), **exchanged, "batch_size": measured.batch_size, "rows": rows.rows,
    }  # fmt: skip
    return {**found, "explains": _explains(found)}


class _Measured:
    """Losses by part [parts] and outputs, in each mode, on the same rows.

    Args:
        passes: the model at its weights.
        rows: full batches of rows.
        batch_size: rows that go through the model together in training mode.
    """

    def __init__(self, passes: Passes, rows: Sample, batch_size: int) -> None:
        self.passes, self.rows, self.batch_size = passes, rows, batch_size
        self._batches = np.arange(rows.rows).reshape(-1, batch_size)
        each = max(1, min(PARTS // len(self._batches), batch_size // LEAST_ROWS))
        self._parts = [np.array_split(batch, each) for batch in self._batches]

    def training(self) -> tuple[Array, list[Array]]:
        made = [self.passes.forward(take(self.rows, index).x, training=True) for index in self._batches]
        # The loss itself in inference mode, as everywhere: only what the layers do is to differ.
        losses = [self._losses(*pair) for pair in zip(self._parts, made, strict=True)]
        flat = [[np.asarray(ops.convert_to_numpy(t)) for t in tree.flatten(o)] for o in made]
        return np.concatenate(losses), [np.concatenate(arrays) for arrays in zip(*flat, strict=True)]

    def inference(self) -> tuple[Array, list[Array]]:
        outputs = self.passes.forward(self.rows.x)
        flat = [np.asarray(ops.convert_to_numpy(t)) for t in tree.flatten(outputs)]
        return self._losses([part for parts in self._parts for part in parts], outputs), flat

    def mean(self, losses: Array) -> float:
        """Returns the loss of all rows from those of the parts."""
        return float(np.average(losses, weights=[len(part) for parts in self._parts for part in parts]))

    def _losses(self, parts: Sequence[Array], outputs: Any) -> Array:
        made, first = Outputs(outputs), parts[0][0]
        return np.asarray([number(self.passes.loss(take(self.rows, i), made.rows(i - first))) for i in parts])


def noise_layers(model: Any) -> list[Any]:
    """Returns the leaf layers that make noise in training mode only: dropout, noise, random augmentation.

    They hold a seed and take `training`; weights are allowed for recurrent cells alone, which drop inside, and for their
    layers, which do so on PyTorch.
    """
    leaves = {id(layer) for layer in keras_private.layers(model)}
    known = [a for a in keras_private.all_layers(model) if id(a) in leaves or isinstance(a, keras.layers.RNN)]
    return [layer for layer in known if _makes_noise(layer)]


def _makes_noise(layer: Any) -> bool:
    seeded = any(hasattr(layer, name) for name in ("seed_generator", "generator"))
    strong = getattr(layer, "rate", 1) != 0 and getattr(layer, "stddev", 1) != 0
    cell = bool(getattr(layer, "dropout", 0) or getattr(layer, "recurrent_dropout", 0))
    return (seeded and strong and not layer.weights) or (
        cell and isinstance(getattr(layer, "dropout", 0), float)
    )


def _exchanged(measured: _Measured, layers: Sequence[Any], inference: Array) -> dict[str, Any]:
    """Returns the inference loss with the sample's statistics in all layers, and in each alone."""
    if not layers:
        return {"inference_loss_with_batch_statistics": measured.mean(inference), "layers": []}
    facts: dict[int, dict[str, Any]] = {}
    with replaced((layer, statistics.of_sample(layer, facts)) for layer in layers):
        whole = measured.mean(measured.inference()[0])
    called = [layer for layer in layers if id(layer) in facts]
    called.sort(key=lambda layer: -facts[id(layer)]["distance"])
    plain, names = measured.mean(inference), written_names(measured.passes.model)
    tried = MOST_LAYERS if not abs(whole - plain) <= LEAST_MOVE * max(abs(whole), abs(plain)) else 0
    entries = []
    for rank, layer in enumerate(called):
        loss = _alone(measured, layer) if rank < tried and len(called) > 1 else None
        loss = whole if len(called) == 1 else loss
        entries.append({"layer": names.get(id(layer), layer.name), "loss": loss, **facts[id(layer)]})
    entries.sort(key=lambda e: -abs(e["loss"] - plain) if e["loss"] is not None else math.inf)
    return {"inference_loss_with_batch_statistics": whole, "layers": entries}


def _alone(measured: _Measured, layer: Any) -> float:
    with replaced([(layer, statistics.of_sample(layer, {}))]):
        return measured.mean(measured.inference()[0])


def _explains(found: dict[str, Any]) -> str:
    """Returns what most of the gap goes with, "nothing" where there is none beyond its noise and a thousandth of the loss."""
    low, high = found["training_loss"], found["inference_loss"]
    if not math.isfinite(high - low):
        mended = math.isfinite(low) and math.isfinite(found["inference_loss_with_batch_statistics"])
        return "statistics" if mended else "nothing"
    if abs(high - low) <= max(1e-3 * max(abs(low), abs(high)), 2 * (found["gap_error"] or 0.0)):
        return "nothing"
    quiet, whole = found["training_loss_without_dropout"], found["inference_loss_with_batch_statistics"]
    shares = {"statistics": (high - whole) / (high - low), "dropout": (quiet - low) / (high - low),
              "batch" if found["layers"] else "other": (whole - quiet) / (high - low)}  # fmt: skip
    return max(shares, key=lambda name: shares[name] if math.isfinite(shares[name]) else -math.inf)


def accuracy(y: Any, outputs: Sequence[Array]) -> float | None:
    """Returns the mean share of right classes over outputs whose targets are classes, None without any.

    Args:
        y: pytree of targets.
        outputs: the model's outputs [rows, ...], in the order of the targets.
    """
    targets = [np.asarray(t) for t in tree.flatten(y) if t is not None]
    if len(targets) != len(outputs):
        return None
    shares = [_share_right(t, o) for t, o in zip(targets, outputs, strict=True)]
    known = [share for share in shares if share is not None]
    return float(np.mean(known)) if known else None


def _share_right(y: Array, output: Array) -> float | None:
    if y.dtype.kind not in "fiub" or output.dtype.kind != "f" or not output.size:
        return None
    some = max(1, MOST_CLASS_ENTRIES * len(output) // output.size)
    y, output = y[:some], output[:some]
    if output.shape[-1] == 1 and coding_of(y) == "integer":  # numbers that happen to be whole
        return None
    # Scores between 0 and 1 are probabilities; others are logits or margins.
    threshold = 0.5 if output.min() >= 0 and output.max() <= 1 else 0.0
    return hits(y, output, threshold)


def _measured(passes: Passes, rows: Sample, batch_size: int, normalized: bool, seed: int) -> _Measured:
    """Returns full batches of rows in a random order; one of all rows where no layer asks how many there are."""
    size = min(batch_size, rows.rows) if normalized else rows.rows
    most = max(MOST_BATCHES, min(MOST_SMALL, ENOUGH_ROWS // size))
    count = min(rows.rows // size, most)
    order = np.random.default_rng(seed).permutation(rows.rows)[: count * size]
    return _Measured(passes, take(rows, order), size)


def _error(differences: Array) -> float | None:
    count = len(differences)
    return float(differences.std(ddof=1) / math.sqrt(count)) if count > 1 else None
