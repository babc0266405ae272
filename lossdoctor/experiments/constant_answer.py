"""Constant answer: what does the best answer that ignores the inputs cost, under the user's own loss?

A free tensor, one value per output position and the same for all rows, is put in the place of the outputs, behind the
model's own last activation, and optimised on one half of the rows (L-BFGS, Nocedal 1980, Math. Comp. 35); it is scored
on the other half, beside the model. A run that ends at that level has not learned, whatever its loss fell from. This
is the "input-independent baseline" of Karpathy's recipe (https://karpathy.github.io/2019/04/25/recipe/), for any loss.

Cost: at most EVALUATIONS of the loss (not of the model) on half of the rows, and two passes of the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree
from scipy.optimize import minimize

from lossdoctor import backends
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.passes import Passes, number
from lossdoctor.experiments.rows import take
from lossdoctor.record import Output

MOST_ENTRIES = 2**22  # entries of outputs that are held at once; rows are left out where there would be more
LEAST_ROWS = 8  # in each half: fewer say nothing of the rest
FOLDS = 4  # of the scored half, whose differences tell the noise
EVALUATIONS = 80
EDGE = 1e-3  # how near to the end of its range an activation starts: further out it is flat

Array = np.ndarray


def constant_answer(
    passes: Passes,
    rows: Sample,
    outputs: Sequence[Output] = (),
    validation: Sample | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Returns the loss of the best constant answer beside that of the model.

    Args:
        passes: the model at the weights that are to be judged.
        rows: rows of the training data, at least 16; they are halved at random.
        outputs: what is known of the outputs, in the model's order; () when nothing is.
        validation: rows that the run was not trained on, scored besides; None without any.
        seed: of the halves.

    Returns:
        "constant" and "model": losses on the scored half, without penalties; "error": standard error of their
        difference, from FOLDS parts of it; "rows": rows scored; with validation rows "validation_constant",
        "validation_model" and "validation_error" for the same constant answer.

    Raises:
        ValueError: too few rows, no targets, or a loss that does not depend on the outputs.
    """
    if rows.y is None:
        raise ValueError("there are no targets, so no constant answer can be given to them")
    fitted, scored = _halves(passes, rows, seed)
    answer = best_constant(passes, fitted, outputs)
    found = {**_compared(passes, scored, answer), "rows": float(scored.rows)}
    if validation is not None and validation.y is not None and validation.rows >= LEAST_ROWS:
        some = take(validation, np.arange(min(validation.rows, scored.rows)))
        found |= {f"validation_{name}": value for name, value in _compared(passes, some, answer).items()}
    return found


def _compared(passes: Passes, scored: Sample, answer: Sequence[Array]) -> dict[str, float]:
    """Returns the losses of a constant answer and of the model on rows, and the standard error of their difference."""
    made = passes.forward(scored.x)
    constant = repeated(answer, scored.rows, made)
    pairs = []
    for index in np.array_split(np.arange(scored.rows), FOLDS):
        part = take(scored, index)
        pairs.append([number(passes.loss(part, _rows_of(outputs, index))) for outputs in (constant, made)])
    differences = np.subtract(*np.transpose(pairs))
    error = float(differences.std(ddof=1) / math.sqrt(FOLDS))
    whole = (number(passes.loss(scored, outputs)) for outputs in (constant, made))
    return dict(zip(("constant", "model", "error"), (*whole, error), strict=True))


def best_constant(passes: Passes, rows: Sample, outputs: Sequence[Output] = ()) -> list[Array]:
    """Returns the constant answer with the lowest loss on rows: an array [positions] for each output.

    Raises:
        ValueError: the loss does not depend on the outputs, or is not finite at any constant.
    """
    made = passes.forward(rows.x)
    flat = [np.asarray(ops.convert_to_numpy(t), np.float64) for t in tree.flatten(made)]
    links = _links(outputs, len(flat))
    loss = _loss_of_constant(passes, rows, made, links)
    starts = [_behind(start, links) for start in _starts(flat, rows)]
    known = [(value, start) for start in starts if math.isfinite(value := loss(start)[0])]
    if not known:
        raise ValueError("the loss is not finite for any constant answer")
    start = min(known, key=lambda pair: pair[0])[1]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxfun": EVALUATIONS})
    best = found.x if found.fun <= loss(start)[0] else start
    return [np.asarray(ops.convert_to_numpy(v))[0] for v in _answers(best, flat, links)]


def _loss_of_constant(
    passes: Passes, rows: Sample, made: Any, links: Sequence[Callable[[Any], Any]]
) -> Callable[[Array], tuple[float, Array]]:
    flat = tree.flatten(made)
    backend = backends.current()

    def loss(points: Any) -> Any:
        answers = [link(p) for link, p in zip(links, points, strict=True)]
        whole = [ops.repeat(a, rows.rows, axis=0) for a in answers]
        return passes.loss(rows, tree.pack_sequence_as(made, whole))

    def evaluated(vector: Array) -> tuple[float, Array]:
        value, gradients = backend.value_and_gradients(loss, _points(vector, flat))
        if all(g is None for g in gradients):
            raise ValueError("the loss does not depend on the model's outputs")
        parts = [
            np.zeros(int(np.prod(t.shape[1:]))) if g is None else np.asarray(ops.convert_to_numpy(g)).ravel()
            for g, t in zip(gradients, flat, strict=True)
        ]
        gradient = np.nan_to_num(np.concatenate(parts).astype(np.float64), posinf=0.0, neginf=0.0)
        return number(value), gradient

    return evaluated


def _points(vector: Array, flat: Sequence[Any]) -> list[Any]:
    """Returns the free values as tensors [1, positions of an output]."""
    shapes = [(1, *t.shape[1:]) for t in flat]
    cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    pieces = np.split(vector.astype(np.float32), cuts)
    return [ops.convert_to_tensor(p.reshape(shape)) for p, shape in zip(pieces, shapes, strict=True)]


def _answers(vector: Array, flat: Sequence[Any], links: Sequence[Callable[[Any], Any]]) -> list[Any]:
    return [link(p) for link, p in zip(links, _points(vector, flat), strict=True)]


def _links(outputs: Sequence[Output], count: int) -> list[Callable[[Any], Any]]:
    """Returns the last activation of each output, so that no answer is given that the model could not give."""
    names = [o.activations[-1] if o.activations and not o.rescaled else "linear" for o in outputs]
    names = names if len(names) == count else ["linear"] * count
    known = {name: getattr(keras.activations, name, None) for name in names}
    return [known[name] or keras.activations.linear for name in names]


def _starts(flat: Sequence[Array], rows: Sample) -> list[list[Array]]:
    """Returns answers to start from: the model's mean one, and mean and median of the targets where they fit."""
    starts = [[np.nan_to_num(a.mean(0)) for a in flat]]
    targets = [np.asarray(t) for t in tree.flatten(rows.y)]
    if [t.size for t in targets] == [a.size for a in flat] and all(t.dtype.kind in "fiub" for t in targets):
        for typical in (np.nanmean, np.nanmedian):
            as_made = (t.reshape(a.shape).astype(np.float64) for t, a in zip(targets, flat, strict=True))
            starts.append([np.nan_to_num(typical(t, axis=0)) for t in as_made])
    return [*starts, [np.zeros(a.shape[1:]) for a in flat]]


def _behind(answers: Sequence[Array], links: Sequence[Callable[[Any], Any]]) -> Array:
    """Returns the free values that the activations turn into these answers, as one vector."""
    inverse = {"sigmoid": _logit, "softmax": lambda p: np.log(np.clip(p, EDGE, None)),
               "tanh": lambda p: np.arctanh(np.clip(p, EDGE - 1, 1 - EDGE)),
               "relu": lambda p: np.maximum(p, EDGE), "softplus": lambda p: np.log(np.expm1(np.clip(p, EDGE, 30))),
               "exponential": lambda p: np.log(np.clip(p, EDGE, None))}  # fmt: skip
    parts = [
        inverse.get(getattr(link, "__name__", ""), np.asarray)(a)
        for a, link in zip(answers, links, strict=True)
    ]
    return np.concatenate([np.ravel(p) for p in parts]).astype(np.float64)


def _logit(p: Array) -> Array:
    clipped = np.clip(p, EDGE, 1 - EDGE)
    logits: Array = np.log(clipped) - np.log1p(-clipped)
    return logits


def repeated(answer: Sequence[Array], rows: int, like: Any) -> Any:
    """Returns a constant answer as outputs of so many rows, in the structure of other outputs."""
    whole = [ops.convert_to_tensor(np.repeat(a[None], rows, axis=0)) for a in answer]
    return tree.pack_sequence_as(like, whole)


def _rows_of(outputs: Any, index: Array) -> Any:
    return tree.map_structure(lambda t: ops.take(t, ops.convert_to_tensor(index), axis=0), outputs)


def _halves(passes: Passes, rows: Sample, seed: int) -> tuple[Sample, Sample]:
    """Returns two halves drawn at random, smaller ones where the outputs are large.

    Raises:
        ValueError: there are too few rows.
    """
    one = passes.forward(take(rows, np.arange(min(1, rows.rows))).x)
    entries = sum(int(np.prod(t.shape)) for t in tree.flatten(one))
    most = min(rows.rows, 2 * max(LEAST_ROWS, MOST_ENTRIES // max(entries, 1)))
    if most < 2 * LEAST_ROWS:
        raise ValueError(f"{rows.rows} rows are too few to score a constant answer on")
    order = np.random.default_rng(seed).permutation(rows.rows)[:most]
    return take(rows, order[: most // 2]), take(rows, order[most // 2 :])
