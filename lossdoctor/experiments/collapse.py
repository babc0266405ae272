"""Collapse: do outputs, and each layer's activations, still differ between rows, as they did at the initial weights?

A net whose embeddings became one point, whose decoder gives one picture or whose classes get the same scores for every
row has lost its inputs somewhere; the spread over rows, layer by layer, tells where. Spread counts as lost only if it
fell both by itself and against the size of the activations: a large offset or a strong weight decay alone is no
collapse. Layers that draw random numbers (the latents of a VAE) differ between rows whatever these hold, so each row
is passed twice with other draws, and only what both have in common counts as spread; the same two draws give the
information that a latent carries (posterior collapse: Lucas et al. 2019, https://arxiv.org/abs/1911.02469).

Cost: three passes of the model on at most MOST_ROWS rows, four where something is random.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from lossdoctor import keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.layer_calls import Stand, replaced
from lossdoctor.experiments.output_rows import bounded
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.rows import take
from lossdoctor.keras_layers import written_names

LEAST_ROWS = 8
MOST_ROWS = 128
MOST_COLUMNS = 256  # entries of a row of one layer that are used, evenly spaced
GRAM_ROWS = 64  # rows on which dimensions and angles are counted
COLLAPSED = 0.01  # spread against that at the initial weights
RANDOM = 1e-3  # share of a variance that differs between two draws, from which on a layer is random
BY_CHANCE = 3.0  # standard errors up to which two draws have nothing in common
FLAT = 1e-7  # spread against size below which float32 knows no difference

Array = np.ndarray


@dataclass(frozen=True)
class Spread:
    """How the activations [rows, columns] of one layer call, or of an output, differ between rows.

    Attributes:
        size: root mean square of all entries.
        spread: root mean square, over columns, of the standard deviation over rows that two draws have in common.
        noise: share of the variance over rows that they do not have in common, 0 to 1.
        dimensions: effective number of dimensions of the rows around their mean (participation ratio).
        cosine: mean cosine between two rows.
        shares: by column, what both draws have in common as a share of the variance, -1 to 1; [] without noise.
        nonfinite: share of the entries that are not finite; they count as 0 in all others.
    """

    size: float
    spread: float
    noise: float
    dimensions: float
    cosine: float
    shares: Array
    nonfinite: float

    @property
    def relative(self) -> float:
        """Spread against size, 0 where float32 can hold no difference."""
        share = self.spread / self.size if self.size > 0 else 0.0
        return share if share > FLAT else 0.0


def collapse(passes: Passes, start: Passes, rows: Sample) -> dict[str, Any]:
    """Returns how much outputs and activations still differ between rows, against the initial weights.

    Args:
        passes: the model at the weights that are to be judged.
        start: the same model at its initial weights.
        rows: rows of the training data, at least LEAST_ROWS.

    Returns:
        "outputs" and "layers" (in the order of the computation, a layer called twice has two): for each "name",
        "spread" and "start": over rows, against the size of the activations; "ratio": the larger of the falls of
        spread by itself and against size, 1 where it is as at the initial weights, None where there was none;
        "dimensions", "cosine", "nonfinite" (see Spread); outputs also have "targets": their spread against that of the targets,
        None where these have another shape. "latents": for each layer that draws random numbers "name",
        "information" (nats a row that its numbers carry about the row), "active" and "width": numbers that carry
        some, of how many. "collapsed": names of the layers whose ratio is below COLLAPSED; "first": the layer from
        which on all are, up to an output that collapsed or is one point, None without one; "ratio": the lowest of an output; "rows".

    Raises:
        ValueError: too few rows.
    """
    rows = bounded(rows, least=LEAST_ROWS)
    rows = take(rows, np.arange(min(rows.rows, MOST_ROWS)))
    now, outputs, widths = _spreads(passes, rows.x)
    random = any(s.noise > RANDOM for s in [*now.values(), *outputs])
    before, first_outputs, _ = _spreads(start, rows.x, twice=random)
    names = sorted(set(now) & set(before), key=list(now).index)
    layers = [_entry(name, now[name], before[name]) for name in names]
    called = _output_names(passes.model, len(outputs))
    pairs = zip(called, outputs, first_outputs, strict=True)
    found = [_entry(name, *pair) for name, *pair in pairs]
    for entry, spread, target in zip(found, outputs, _target_spreads(rows.y, widths), strict=True):
        entry["targets"] = spread.spread / target if target else None
    ratios = [e["ratio"] for e in found if e["ratio"] is not None]
    return {
        "outputs": found, "layers": layers, "latents": _latents(passes.model, now, rows.rows),
        "collapsed": [e["name"] for e in layers if e["ratio"] is not None and _is_collapsed(e)],
        "first": _first(layers) if any(_is_collapsed(e) for e in found) else None,
        "ratio": min(ratios, default=None), "rows": rows.rows,
    }  # fmt: skip


def _is_collapsed(entry: dict[str, Any]) -> bool:
    """Returns whether rows are the same now: against the initial weights, or altogether where they were before too."""
    return bool(entry["spread"] == 0 if entry["ratio"] is None else entry["ratio"] < COLLAPSED)


def _first(layers: list[dict[str, Any]]) -> str | None:
    """Returns the earliest layer from which on every one has collapsed in all its calls.

    What was the same for all rows from the start (a table of positions) is neither first nor does it stop the search.
    """
    calls: dict[str, list[dict[str, Any]]] = {}
    for entry in layers:
        calls.setdefault(_layer_of(entry["name"]), []).append(entry)
    first = None
    for name in reversed(calls):
        if not all(_is_collapsed(e) for e in calls[name]):
            break
        first = name if any(e["ratio"] is not None for e in calls[name]) else first
    return first


def _layer_of(call: str) -> str:
    return call.split(" (")[0]


def _entry(name: str, now: Spread, start: Spread) -> dict[str, Any]:
    fell = None
    if start.relative > 0:
        fell = max(now.relative / start.relative, now.spread / start.spread if now.relative > 0 else 0.0)
    elif (
        now.noise > RANDOM and now.spread == 0
    ):  # random numbers that carried nothing at first, and do not now
        fell = 0.0
    return {"name": name, "spread": now.relative, "start": start.relative, "ratio": fell,
            "dimensions": now.dimensions, "cosine": now.cosine, "nonfinite": now.nonfinite}  # fmt: skip


def _spreads(passes: Passes, x: Any, twice: bool = True) -> tuple[dict[str, Spread], list[Spread], list[int]]:
    """Returns the spreads of all layer calls by name and of the outputs, over rows, and the outputs' entries a row.

    Args:
        passes: the model at its weights.
        x: inputs of the rows.
        twice: whether something may be random, so that two draws are compared.
    """
    once, outputs, widths = _activations(passes, x)
    if not twice:
        return {name: spread_of(a, a) for name, a in once.items()}, [spread_of(a, a) for a in outputs], widths
    shift = len(outputs[0]) // 2  # every row gets the random numbers that another one had
    rolled = tree.map_structure(lambda a: None if a is None else np.roll(np.asarray(a), shift, axis=0), x)
    again, others, _ = _activations(passes, rolled)
    layers = {name: spread_of(a, _back(again[name])) for name, a in once.items() if name in again}
    return layers, [spread_of(a, _back(b)) for a, b in zip(outputs, others, strict=True)], widths


def _back(rolled: Array) -> Array:
    return np.roll(rolled, -(len(rolled) // 2), axis=0)


def _activations(passes: Passes, x: Any) -> tuple[dict[str, Array], list[Array], list[int]]:
    """Returns what each layer call gave, by name, and the outputs, as matrices [rows, columns], and their entries."""
    names, made = written_names(passes.model), dict[str, Array]()
    count = len(tree.flatten(x)[0])

    def noting(name: str) -> Stand:
        def stand(original: Callable[..., Any], given: inspect.BoundArguments) -> Any:
            out = original(*given.args, **given.kwargs)
            for tensor in tree.flatten(out):
                if getattr(tensor, "shape", None) and tensor.shape[0] == count:
                    made[_free_name(name, made)] = _matrix(tensor)
            return out

        return stand

    layers = _whole_layers(passes.model)
    with replaced((v, noting(names.get(id(v), v.name))) for v in layers):
        outputs = tree.flatten(passes.forward(x))
    return made, [_matrix(t) for t in outputs], [math.prod(t.shape[1:]) for t in outputs]


def _free_name(name: str, taken: dict[str, Array]) -> str:
    tries = (f"{name} ({n}. call)" if n > 1 else name for n in range(1, len(taken) + 2))
    return next(v for v in tries if v not in taken)


def _whole_layers(model: Any) -> list[Any]:
    """Returns the leaf layers, and in the place of a recurrent layer's cells, which see one step, the layer."""
    recurrent = [v for v in keras_private.all_layers(model) if isinstance(v, keras.layers.RNN)]
    inside = {id(cell) for v in recurrent for cell in [*keras_private.layers(v)]}
    leaves = [v for v in keras_private.layers(model) if id(v) not in inside]
    return [*leaves, *(v for v in recurrent if id(v) not in {id(leaf) for leaf in leaves})]


def _matrix(tensor: Any) -> Array:
    flat = ops.reshape(tensor, (tensor.shape[0], -1))
    stride = -(-int(flat.shape[1]) // MOST_COLUMNS) or 1
    return np.asarray(ops.convert_to_numpy(ops.cast(flat[:, ::stride], "float32")), np.float64)


def spread_of(once: Array, again: Array) -> Spread:
    """Returns the spread over rows of activations, from two passes with other random numbers, [rows, columns] each."""
    nonfinite = float((~np.isfinite(once)).mean())
    with np.errstate(all="ignore"):
        once, again = (np.where(np.isfinite(a), a, 0.0) for a in (once, again))
        a, b = once - once.mean(0), again - again.mean(0)
        common, whole = (a * b).mean(0), 0.5 * (np.square(a) + np.square(b)).mean(0)
        total = float(whole.mean())
        noise = 1 - float(common.mean()) / total if total > 0 else 0.0
        shares = (
            np.where(whole > 0, common / np.where(whole > 0, whole, 1), 0) if noise > RANDOM else np.zeros(0)
        )
        size = math.sqrt(float(np.square(once).mean()))
    dimensions, cosine = _angles(once[:GRAM_ROWS])
    # Draws that have nothing in common seem to have some 1 / sqrt(numbers compared).
    chance = BY_CHANCE / math.sqrt(len(once) * max(dimensions, 1.0)) if noise > RANDOM else 0.0
    spread = math.sqrt(max(float(common.mean()), 0.0)) if 1 - noise > chance else 0.0
    return Spread(size, spread, min(max(noise, 0.0), 1.0), dimensions, cosine, shares, nonfinite)


def _angles(rows: Array) -> tuple[float, float]:
    """Returns (effective number of dimensions, mean cosine between two rows)."""
    centred = rows - rows.mean(0)
    gram = centred @ centred.T
    whole = float(np.square(gram).sum())
    dimensions = float(np.trace(gram)) ** 2 / whole if whole > 0 else 0.0
    lengths = np.linalg.norm(rows, axis=1)
    unit = rows[lengths > 0] / lengths[lengths > 0, None]
    count = len(unit)
    together = float(np.square(unit.sum(0)).sum())
    return dimensions, (together - count) / (count * (count - 1)) if count > 1 else 1.0


def _latents(model: Any, spreads: dict[str, Spread], rows: int) -> list[dict[str, Any]]:
    """Returns what random layers know of their row: those that hold a seed, or the first whose draws differ."""
    noisy = [name for name, s in spreads.items() if s.noise > RANDOM]
    names = written_names(model)
    seeded = {names.get(id(v), v.name) for v in _whole_layers(model) if hasattr(v, "seed_generator")}
    drawing = [name for name in noisy if _layer_of(name) in seeded] or noisy[:1]
    return [_latent(name, spreads[name].shares, rows) for name in drawing]


def _latent(name: str, shares: Array, rows: int) -> dict[str, Any]:
    # A share that is 0 comes out as 0 +- 1 / sqrt(rows).
    active = np.clip(shares[shares > 4 / math.sqrt(rows)], 0, 1 - 1e-6)
    information = abs(float(0.5 * np.log1p(-active).sum()))
    return {"name": name, "information": information, "active": len(active), "width": len(shares)}


def _target_spreads(y: Any, widths: list[int]) -> list[float | None]:
    """Returns for each output, with so many entries a row, the spread over rows of its targets; None for others."""
    targets = [np.asarray(t) for t in tree.flatten(y) if t is not None]
    if len(targets) != len(widths):
        return [None] * len(widths)
    fits = [t.dtype.kind in "fiub" and t[:1].size == width for t, width in zip(targets, widths, strict=True)]
    return [
        math.sqrt(float(np.nan_to_num(np.var(t.astype(np.float64), axis=0)).mean())) if fit else None
        for t, fit in zip(targets, fits, strict=True)
    ]


def _output_names(model: Any, count: int) -> list[str]:
    names = list(getattr(model, "output_names", None) or ())
    return names if len(names) == count else [f"output {i + 1}" for i in range(count)]
