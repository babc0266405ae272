"""A TensorBoard folder (or one event file) to a Record."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from lossdoctor.history.logs import left_out, metric_name
from lossdoctor.history.wire import CutOff, Scalar, scalars
from lossdoctor.record import Event, Record

MANY_FILES = 1_000  # event files in a folder; beyond that it is no single run
LONGEST = 20_000  # points of one tag; of longer ones every n-th is taken
VALIDATION = re.compile(r"^(val|valid|validation|eval|test)$")
OWN = "lossdoctor/"  # tags that lossdoctor wrote itself (callbacks/tensorboard.py)
BY_BATCH = frozenset({"batch_loss", "batch_loss_max", "grad_norm", "grad_norm_max", "learning_rate", "epoch"})
EXAMPLE = "pass the log_dir of keras.callbacks.TensorBoard, or one run inside it"


def is_event_file(head: bytes) -> bool:
    """Whether a file begins with the frame that every event file begins with."""
    return b"brain.Event:" in head[:64]


def from_files(path: Path) -> Record:
    """Returns a Record from the event files at or below `path`.

    Raises:
        ValueError: there is none, they hold no loss, or they are of several runs.
    """
    files = [path] if path.is_file() else _event_files(path)
    notes: list[Event] = []
    runs: dict[str, dict[str, dict[int, float]]] = {}
    for file in files:
        run, validation = _run_of(file, path)
        _collect(file, validation, runs.setdefault(run, {}), notes)
    runs = {run: tags for run, tags in runs.items() if any(tags.values())}
    if not runs:
        raise ValueError(f"the event files hold no numbers; {EXAMPLE}")
    if len(runs) > 1:
        names = ", ".join(repr(name or ".") for name in sorted(runs)[:6])
        raise ValueError(f"the folder holds {len(runs)} runs ({names}); {EXAMPLE}")
    return _record(next(iter(runs.values())), notes)


def _event_files(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.rglob("*tfevents*") if f.is_file())
    if not files:
        raise ValueError(f"the folder holds no TensorBoard event file (*tfevents*); {EXAMPLE}")
    if len(files) > MANY_FILES:
        raise ValueError(f"the folder holds {len(files)} event files; {EXAMPLE}")
    return files


def _run_of(file: Path, root: Path) -> tuple[str, bool]:
    """Returns the run that a file belongs to and whether it is its validation half (Keras writes both)."""
    parts = list(file.parent.relative_to(root).parts) if root.is_dir() else []
    half = parts.pop() if parts and (parts[-1] == "train" or VALIDATION.match(parts[-1])) else ""
    alone = half or (root.name if root.is_dir() else file.parent.name)
    return "/".join(parts), bool(VALIDATION.match(alone))


def _collect(file: Path, validation: bool, tags: dict[str, dict[int, float]], notes: list[Event]) -> None:
    """Adds the scalars of `file` to `tags`: series name -> step -> value; a later file wins."""
    with file.open("rb") as stream:
        try:
            for scalar in scalars(stream):
                name = series_name(scalar.tag, validation)
                if name:
                    _keep(tags.setdefault(name, {}), scalar)
        except CutOff as error:
            notes.append(left_out(f"{file.name}: {error}; what comes before was read"))


def _keep(points: dict[int, float], scalar: Scalar) -> None:
    points[scalar.step] = scalar.value
    if len(points) > LONGEST:
        order = sorted(points)
        broken = next((step for step in order if not math.isfinite(points[step])), None)
        for step in order[1::2]:
            if step != broken:
                del points[step]


def series_name(tag: str, validation: bool = False) -> str | None:
    """Returns the series of a Record that a tag belongs to, None when it is of no use.

    >>> [series_name(t) for t in ("epoch_loss", "val/loss", "Loss/train", "lossdoctor/grad_norm")]
    ['epoch.loss', 'epoch.val_loss', 'epoch.loss', 'grad_norm']
    """
    if tag.startswith(OWN):
        name = tag.removeprefix(OWN)
        return name if name in BY_BATCH else None
    if "_vs_iterations" in tag or tag.startswith("batch_"):
        return None  # Keras writes the running mean of the epoch there, not the batch's own value
    parts = [p for p in re.split(r"/", tag.lower().removeprefix("epoch_")) if p]
    validation = validation or any(VALIDATION.match(p) for p in parts)
    parts = [p for p in parts if not VALIDATION.match(p) and p not in ("train", "training", "epoch")]
    if len(parts) != 1:
        return None
    metric = metric_name(parts[0])
    joined = metric if metric.startswith("val_") or not validation else f"val_{metric}"
    return f"epoch.{joined}"


def _record(tags: dict[str, dict[int, float]], notes: Iterable[Event]) -> Record:
    series: dict[str, np.ndarray] = {}
    per_epoch = {name: points for name, points in tags.items() if name.startswith("epoch.")}
    for name, points in per_epoch.items():
        series[name] = np.array([points[step] for step in sorted(points)])
    series.update(_by_batch({name: points for name, points in tags.items() if name not in per_epoch}))
    if not {"epoch.loss", "epoch.val_loss", "batch_loss"} & set(series):
        found = ", ".join(repr(n.removeprefix("epoch.")) for n in sorted(series)[:8])
        raise ValueError(f"no tag holds a loss (found {found}); {EXAMPLE}")
    return Record(series=series, events=tuple(notes), source="tensorboard")


def _by_batch(tags: dict[str, dict[int, float]]) -> dict[str, np.ndarray]:
    """Returns the series by batch, all on the steps of "batch_loss"; empty when that is missing."""
    steps = sorted(tags.get("batch_loss", {}))
    if not steps:
        return {}
    series = {name: np.array([points.get(step, np.nan) for step in steps]) for name, points in tags.items()}
    for name in {"batch_loss", "grad_norm"} & set(series):
        series.setdefault(f"{name}_max", series[name])
    epochs = np.nan_to_num(series.get("epoch", np.zeros(len(steps))))
    return {**series, "step": np.array(steps), "epoch": epochs.astype(int)}
