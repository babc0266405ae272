"""The experiments at the end of a fit: six at every end, the others when something is odd.

They go through the user's own model and loss (see passes.py), in a fixed order. How many rows each takes follows from
the model and the data alone, never from the clock, so that the same run gives the same results on every machine.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import tree

from lossdoctor.experiments.collapse import collapse
from lossdoctor.experiments.constant_answer import constant_answer
from lossdoctor.experiments.direction import direction
from lossdoctor.experiments.gradient_path import gradient_path
from lossdoctor.experiments.independence import independence
from lossdoctor.experiments.infeasible_rows import infeasible_rows
from lossdoctor.experiments.input_use import input_use
from lossdoctor.experiments.missing_values import missing_values
from lossdoctor.experiments.order_of_data import data_order
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.random_state import undisturbed
from lossdoctor.experiments.reach import reachable_targets
from lossdoctor.experiments.row_losses import row_losses, worst_rows
from lossdoctor.experiments.rows import take
from lossdoctor.experiments.subject import Subject
from lossdoctor.experiments.two_modes import two_modes
from lossdoctor.record import Output

Experiment = Callable[[], Any]
Results = dict[str, Any]
MOST_WORK = 2e10  # weights times rows that a pass may come to; of larger models fewer rows are taken
LEAST_ROWS = 32
CARRIED = 0.4  # share of the loss on the worst 5 % of rows, from which on it is tried to lower theirs


def always(subject: Subject, outputs: Sequence[Output]) -> Results:
    """Returns the results of the experiments that belong to every end of a fit, by name.

    Args:
        subject: the run that is over.
        outputs: what is known of the model's outputs, () when nothing is.

    Returns:
        Results by name, without those that could not be made; "not_run": one sentence for each of these.
    """
    rows = _bounded(subject)
    now, start = Passes(subject.model, subject.final), Passes(subject.model, subject.initial or None)
    results = _made(
        {
            "targets_are_inputs": lambda: targets_are_inputs(rows) or None,
            "constant_answer": lambda: constant_answer(now, rows, outputs, subject.validation),
            "two_modes": lambda: two_modes(now, rows, subject.batch_size),
            "row_losses": lambda: _row_losses(now, rows),
            "input_use": lambda: input_use(now, rows),
            "collapse": lambda: collapse(now, start, rows) if subject.initial else None,
            "direction": lambda: direction(now, rows, outputs),
            "reach": lambda: reachable_targets(now, rows, outputs),
            "data_order": lambda: data_order(
                subject.sample,
                subject.batch_size or 32,
                outputs[0].units if len(outputs) == 1 else None,
                subject.validation,
            ),
        }
    )
    carried = results.get("row_losses", {})
    if carried.get("nonfinite") or carried.get("worst_5", 0.0) > CARRIED:
        return _merged(
            results, _made({"infeasible_rows": lambda: _infeasible(now, start, rows, carried, outputs)})
        )
    return results


def _infeasible(
    now: Passes, start: Passes, rows: Any, carried: Results, outputs: Sequence[Output]
) -> Results:
    """Tries to lower the loss of the worst rows; where all rows are not finite by now, from the initial weights."""
    losses = carried["losses"]
    if len(carried["nonfinite"]) < len(losses):
        return infeasible_rows(now, rows, losses, outputs)
    return infeasible_rows(start, rows, row_losses(start, rows)["losses"], outputs)


def _merged(one: Results, other: Results) -> Results:
    return {**one, **other, "not_run": [*one["not_run"], *other["not_run"]]}


def when_odd(subject: Subject, outputs: Sequence[Output], known: Results) -> Results:
    """Returns the results of the further experiments on a run in which something is odd, as `always` does.

    Args:
        subject: the run that is over.
        outputs: what is known of the model's outputs.
        known: the results of `always`.
    """
    rows = _bounded(subject)
    start = Passes(subject.model, subject.initial or None)
    bad = subject.bad_batch if subject.bad_batch is not None else rows
    finite = all(np.isfinite(w).all() for w in subject.final)
    now = Passes(subject.model, subject.final if finite else subject.good or subject.initial or None)
    return _made(
        {
            "gradient_path": lambda: _gradient_path(subject, bad, finite),
            "infeasible_rows": lambda: (
                _infeasible(now, start, rows, known.get("row_losses", {}), outputs)
                if known.get("row_losses", {}).get("losses") and "infeasible_rows" not in known
                else None
            ),
            "independence": lambda: independence(start, rows),
            "missing_values": lambda: _missing(rows),
        }
    )


def _row_losses(passes: Passes, rows: Any) -> Results:
    found = row_losses(passes, rows)
    if found["separable"]:
        found["worst"] = worst_rows(passes, rows, np.asarray(found["losses"]))
    return found


def _gradient_path(subject: Subject, bad: Any, finite: bool) -> Results:
    """Follows the gradient of the bad batch from the last good weights, else from the initial ones; else at the end."""
    if subject.bad_batch is None and finite:
        return gradient_path(Passes(subject.model, subject.initial or None), bad)
    states = [w for w in (subject.good, subject.initial) if w]
    found: Results = {"finite": True}
    for weights in states:
        found = gradient_path(Passes(subject.model, weights), bad)
        if not found["finite"]:
            break
    return found


def targets_are_inputs(rows: Any) -> bool:
    """Returns whether the model is to give back what it is given, as an autoencoder does."""
    inputs, targets = (tree.flatten(part) for part in (rows.x, rows.y))
    same_number = rows.y is not None and len(inputs) == len(targets)
    return same_number and all(np.array_equal(a, b) for a, b in zip(inputs, targets, strict=True))


def _missing(rows: Any) -> Results | None:
    """Searches every input and target for a number that may stand for something missing."""
    found = {
        f"{name} {i}": one
        for name, part in (("input", rows.x), ("target", rows.y))
        for i, leaf in enumerate(tree.flatten(part))
        if leaf is not None and (one := missing_values(leaf)) is not None
    }
    return found or None


def _bounded(subject: Subject) -> Any:
    """Returns the rows of the sample, fewer of a large model."""
    weights = sum(int(np.prod(v.shape)) for v in subject.model.weights)
    most = max(LEAST_ROWS, int(MOST_WORK // max(weights, 1)))
    rows = subject.sample
    return rows if rows.rows <= most else take(rows, np.arange(most))


def _made(experiments: dict[str, Experiment]) -> Results:
    results: Results = {}
    missing = []
    with undisturbed(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what Keras has to say of this model it said in fit
        for name, experiment in experiments.items():
            try:
                found = experiment()
            except Exception as error:  # one that fails must not cost the others
                missing.append(f"{name.replace('_', ' ')}: {_sentence(error)}")
                continue
            if found is not None:
                results[name] = found
    return {**results, "not_run": missing}


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())[:300]
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"
