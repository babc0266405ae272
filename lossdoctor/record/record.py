"""Record: everything that was measured in a run, as plain numpy and frozen dataclasses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import lossdoctor.record.codec as codec
from lossdoctor.record.data import Data
from lossdoctor.record.model_facts import Setup

VERSION = 2
# What records of earlier versions called their parts.
RENAMED = {"lab": "experiments"}
RENAMED_EXPERIMENTS = {"exam": "evaluation"}


@dataclass(frozen=True)
class Event:
    """Something that happened: at a step, or to the whole run.

    Attributes:
        kind: "loss-scale" (updates skipped), "left-out" (what could not be read), "internal-error" (a failure
            of lossdoctor itself), or what the learning-rate backoff did: "skip", "backoff", "grow", ...
        text: one sentence with its numbers.
        step: index of the batch within the run, from 0; None when it belongs to no step.
        epoch: index of the epoch, from 0.
        data: further numbers by name.

    Example:
        >>> Event("left-out", "2 of 9 values of 'loss' are no numbers").step is None
        True
    """

    kind: str
    text: str
    step: int | None = None
    epoch: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Activity:
    """What a layer put out for the sample. Shares are 0 to 1.

    Attributes:
        layer, kind, activation: as in `Layer`.
        when: "initial" or "final" weights.
        dead: share of units that are zero for every row.
        zero: share of zero entries.
        saturated: share of entries in the flat part (|tanh| > 0.99, sigmoid or softmax beyond 0.01 and 0.99).
        spread: median over units of the standard deviation over rows.
        constant: share of units whose spread is exactly 0.
        mean, std, low, high: over the finite entries.
        nonfinite: share of entries that are NaN or infinite.
        input_scale: root mean square of the layer's input.
        output: whether the layer is the model's last, where saturation is no fault.
    """

    layer: str
    kind: str
    activation: str | None
    when: str
    dead: float = 0.0
    zero: float = 0.0
    saturated: float = 0.0
    spread: float = 0.0
    constant: float = 0.0
    mean: float = 0.0
    std: float = 0.0
    low: float = 0.0
    high: float = 0.0
    nonfinite: float = 0.0
    input_scale: float = 0.0
    output: bool = False


@dataclass(frozen=True)
class Record:
    """Everything measured in one run.

    `series` holds arrays by name, all rows in step order:

    - "step", "epoch" [n]: index of the batch within the run (from 0) and of its epoch (from 0);
      a row stands for one batch, or in long runs for a bucket of neighbouring batches ending at "step".
    - "batch_loss", "penalty", "rows", "grad_norm", "learning_rate", "input_rms", "target_rms" [n]: true loss of the batch (never the running mean of Keras's logs)
      and the part of it that regularizers and add_loss make, rows of the batch, global L2 norm of the
      raw gradients, rate used, root mean squares of the data. A bucket's mean; NaN when
      any of it was.
    - "batch_loss_max", "grad_norm_max" [n]: the bucket's largest.
    - "sampled.step" [m], "sampled.steps" [m] (batches since the sample before), "sampled.grad_norm",
      "sampled.weight_norm", "sampled.update_norm" [m, variables]: L2 norms.
    - "moved" [variables]: L2 distance of the weights from their initial values over the initial norm.
    - "epoch.loss", "epoch.val_loss", "epoch.<metric>" [epochs]: Keras's own logs at each epoch's end.

    Attributes:
        setup: the static facts.
        data: summaries of the sampled rows.
        series: see above.
        activity: layers' outputs on the sample, before the first step and after the last.
        events: what happened, in order.
        experiments: their results by name.
        cost: seconds by what they were spent on.
        stopped: how the run ended: "finished", "interrupted", "error: ..." or "running".
        source: "fit", "checkup", or what a bare history came from: "history", "csv", "tensorboard".
        version: of this format.

    Example:
        >>> record = Record(series={"epoch.loss": np.array([2.3, 0.7])})
        >>> Record.from_json(record.to_json()).series["epoch.loss"]
        array([2.3, 0.7])
    """

    setup: Setup = field(default_factory=Setup)
    data: Data = field(default_factory=Data)
    series: dict[str, np.ndarray] = field(default_factory=dict)
    activity: tuple[Activity, ...] = ()
    events: tuple[Event, ...] = ()
    experiments: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    stopped: str = "finished"
    source: str = "fit"
    version: int = VERSION

    def to_json(self, *, indent: int | None = None) -> str:
        """Returns strict JSON (no bare NaN) from which `from_json` makes an equal record."""
        return codec.dumps(self, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Returns the record that `to_json` wrote.

        Raises:
            ValueError: the text is not JSON, not a record, or of a newer version.
        """
        raw = json.loads(text)
        known = isinstance(raw, dict) and isinstance(raw.get("series"), dict)
        if not known or not isinstance(raw.get("version"), int):
            raise ValueError("not a lossdoctor record: pass a file that Report.to_json wrote")
        if raw["version"] > VERSION:
            raise ValueError(
                f"the record has version {raw['version']}, this lossdoctor reads up to {VERSION}: upgrade it"
            )
        try:
            record: Record = codec.decode(_renamed(raw), cls)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"a damaged lossdoctor record: {error}") from error
        return record


def _renamed(raw: dict[str, Any]) -> dict[str, Any]:
    """Returns a record's JSON with the names that this version uses."""
    new = {RENAMED.get(k, k): v for k, v in raw.items()}
    new["version"] = VERSION
    found = new.get("experiments")
    if isinstance(found, dict):
        new["experiments"] = {RENAMED_EXPERIMENTS.get(k, k): v for k, v in found.items()}
    return new
