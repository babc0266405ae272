"""Use of inputs: is the trained model's loss any worse when the inputs are those of other rows?

Inputs are permuted over the rows and, apart from that, replaced by one typical row, all together and each for itself;
targets and weights stay. The rise of the loss is what the model owes to them: permutation importance (Breiman 2001,
Mach. Learn. 45) of whole inputs, under the user's own loss. No rise: the model, or the loss, ignores them.

Cost: two passes of the model, for several inputs two more each, and some FOLDS evaluations of the loss for each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops, tree

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.output_rows import Outputs, bounded, check_loss_of_outputs, rows_of
from lossdoctor.experiments.passes import Passes, number
from lossdoctor.experiments.rows import take

LEAST_ROWS = 16
FOLDS = 8  # parts of the rows whose differences tell the noise
MOST_INPUTS = 8  # inputs that are exchanged one by one

Array = np.ndarray


def input_use(passes: Passes, rows: Sample, seed: int = 0) -> dict[str, Any]:
    """Returns the loss with the inputs exchanged beside the loss as it is.

    Args:
        passes: the model at the weights that are to be judged.
        rows: rows of the training data, at least LEAST_ROWS.
        seed: of the permutation and the folds.

    Returns:
        "loss": as it is, without penalties; "permuted" and "typical": all inputs permuted, and replaced by one
        typical row (mean of numbers, most frequent value of whole numbers), each {"loss", "rise": its difference
        to "loss", "error": standard error of the rise over FOLDS parts, "output_change": root mean square change of
        the outputs against their spread over rows, None where they have none}; "inputs": for a model with several,
        [{"input": name, "permuted": {...}, "typical": {...}}] of the first MOST_INPUTS; "rows".

    Raises:
        ValueError: too few rows, a loss that is not finite, or one that does not depend on the outputs.
    """
    rows = bounded(rows, least=LEAST_ROWS)
    outputs = passes.forward(rows.x)
    rows = bounded(rows, outputs, least=LEAST_ROWS)
    outputs = rows_of(outputs, np.arange(rows.rows))
    check_loss_of_outputs(passes, rows, outputs)
    exchange = _Exchange(passes, rows, outputs, seed)
    if not math.isfinite(exchange.loss):
        raise ValueError("the loss is not finite, so nothing can be compared with it")
    permuted = exchange.compared(rows_of(outputs, exchange.order))
    typical = exchange.compared(passes.forward(exchange.typical(lambda leaf: True)))
    single = exchange.one_by_one(input_names(passes.model, rows.x))
    return {
        "loss": exchange.loss,
        "permuted": permuted,
        "typical": typical,
        "inputs": single,
        "rows": rows.rows,
    }


class _Exchange:
    """Exchanges inputs of some rows, and compares the loss with that of the outputs as they are."""

    def __init__(self, passes: Passes, rows: Sample, outputs: Any, seed: int) -> None:
        self.passes, self.rows, self.outputs = passes, rows, outputs
        rng = np.random.default_rng(seed)
        self.order = derangement(rows.rows, rng)
        self.folds = np.array_split(rng.permutation(rows.rows), FOLDS)
        self.parts = [take(rows, fold) for fold in self.folds]
        self.own = self._losses(outputs)
        self.loss = number(passes.loss(rows, outputs))

    def _losses(self, outputs: Any) -> Array:
        pairs, made = zip(self.parts, self.folds, strict=True), Outputs(outputs)
        return np.asarray([number(self.passes.loss(part, made.rows(fold))) for part, fold in pairs])

    def compared(self, outputs: Any) -> dict[str, float | None]:
        """Returns the loss of other outputs, its rise and the standard error of that, and the outputs' change."""
        loss = number(self.passes.loss(self.rows, outputs))
        rises = self._losses(outputs) - self.own
        error = float(rises.std(ddof=1) / math.sqrt(FOLDS))
        return {"loss": loss, "rise": loss - self.loss, "error": error,
                "output_change": _change(self.outputs, outputs)}  # fmt: skip

    def permuted(self, chosen: Callable[[int], bool]) -> Any:
        """Returns the inputs, those whose place is chosen permuted over the rows."""
        return self._with(lambda a: a[self.order], chosen)

    def typical(self, chosen: Callable[[int], bool]) -> Any:
        """Returns the inputs, those whose place is chosen replaced by one typical row."""
        return self._with(lambda a: np.repeat(typical_row(a), len(a), axis=0), chosen)

    def _with(self, change: Callable[[Array], Array], chosen: Callable[[int], bool]) -> Any:
        flat = tree.flatten(self.rows.x)
        new = [change(np.asarray(a)) if chosen(i) and a is not None else a for i, a in enumerate(flat)]
        return tree.pack_sequence_as(self.rows.x, new)

    def one_by_one(self, names: Sequence[str]) -> list[dict[str, Any]]:
        if len(names) < 2:
            return []
        found = []
        for place, name in enumerate(names[:MOST_INPUTS]):
            permuted, typical = (
                self.compared(self.passes.forward(exchanged(lambda i, place=place: i == place)))  # type: ignore[misc]
                for exchanged in (self.permuted, self.typical)
            )
            found.append({"input": name, "permuted": permuted, "typical": typical})
        return found


def derangement(count: int, rng: np.random.Generator) -> Array:
    """Returns a permutation of `count` row numbers that leaves none in its place: one cycle, at random."""
    cycle = rng.permutation(count)
    order = np.empty(count, int)
    order[cycle] = np.roll(cycle, 1)
    return order


def typical_row(array: Array) -> Array:
    """Returns one row [1, ...]: the mean of numbers, the most frequent value of anything else, by position."""
    if array.dtype.kind == "f":
        with np.errstate(all="ignore"):
            finite = np.where(np.isfinite(array), array, np.nan)
            mean = np.nan_to_num(np.sum(np.nan_to_num(finite), 0) / np.isfinite(array).sum(0))
        return mean.astype(array.dtype)[None]  # type: ignore[no-any-return]
    flat = array.reshape(len(array), -1)
    row = [values[np.argmax(counts)] for values, counts in (_counted(column) for column in flat.T)]
    return np.asarray(row, array.dtype).reshape(1, *array.shape[1:])


def _counted(column: Array) -> tuple[Array, Array]:
    values, counts = np.unique(column, return_counts=True)
    return values, counts


def input_names(model: Any, x: Any) -> list[str]:
    """Returns a name for each leaf of the inputs: the dict's key, the model's own name, or "input 1", ..."""
    flat = tree.flatten(x)
    if isinstance(x, dict) and len(x) == len(flat):
        return [str(key) for key in sorted(x)]
    names = list(getattr(model, "input_names", None) or ())
    return names if len(names) == len(flat) else [f"input {i + 1}" for i in range(len(flat))]


def _change(before: Any, after: Any) -> float | None:
    """Returns the root mean square change of outputs in units of their spread over rows."""
    pairs = zip(tree.flatten(before), tree.flatten(after), strict=True)
    arrays = [[np.asarray(ops.convert_to_numpy(t), np.float64) for t in pair] for pair in pairs]
    spread = float(np.mean([np.mean(np.var(a, axis=0)) for a, _ in arrays]))
    change = float(np.mean([np.mean(np.square(b - a)) for a, b in arrays]))
    return math.sqrt(change / spread) if spread > 0 and math.isfinite(change / spread) else None
