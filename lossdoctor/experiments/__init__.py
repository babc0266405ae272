"""Experiments: controlled tests on the captured sample of a run. Nothing of the user's is touched."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from lossdoctor.experiments.subject import Subject
from lossdoctor.record import Record
from lossdoctor.remedies.remedy import Remedy

Candidates = Sequence[tuple[str, Remedy]]
Progress = Callable[[int, int, str], None]


def run(
    subject: Subject,
    record: Record,
    candidates: Candidates,
    *,
    seconds: float,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Returns the results of the trials for `Record.experiments`. Never raises, and touches nothing of the user's.

    Args:
        subject: the model with its weights and rows.
        record: what was measured in the run.
        candidates: (cause id, remedy), most likely first.
        seconds: time that the trials may take together.
        progress: called with (trials done, trials in all, what is tried next).

    Returns:
        "replay", "stability", "one_batch", "zero_inputs", "first_nonfinite" where they could be made,
        "seconds", and "not_run": sentences on what could not, and why.
    """
    from lossdoctor.experiments.schedule import carry_out  # loads TensorFlow

    with warnings.catch_warnings():
        # What Keras has to say of this model it said when the user built and fitted it, once.
        warnings.simplefilter("ignore")
        return carry_out(subject, record, candidates, seconds, progress or (lambda done, total, text: None))


__all__ = ["Subject", "run"]
