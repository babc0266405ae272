"""What the plots draw, picked from a record: the time axis, curves with few points, marks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lossdoctor.record import Event, Record
from lossdoctor.report.content import Content
from lossdoctor.report.wording import DONE, clean, done, placed, shorten
from lossdoctor.symptoms import Symptom

POINTS = 400  # buckets of a curve, two points each: more than a page has pixels to show apart
MARKS = 12  # letters on one plot; more cannot be distinguished
ALARM, ACTION, SKIP, FACT = range(4)  # what is marked first when there is too much
AFTER, SHORTEST = 1.6, 8.0  # a run that ends in NaN is shown up to 1.6 times its finite part
EARLY = 0.06  # share of the run within which an alarm is hard to see on a linear axis


@dataclass(frozen=True)
class Mark:
    """Something that happened, at `x` on the time axis, with its letter and its sentence."""

    letter: str
    x: float
    text: str
    alarming: bool


def by_batch(record: Record) -> bool:
    """Whether there are batch losses; else the time axis counts epochs."""
    return "batch_loss" in record.series and len(record.series["batch_loss"]) > 0


def steps(record: Record, length: int) -> np.ndarray:
    """Returns the time axis [length] of the batch series; steps are counted from 1, as Keras prints them."""
    axis = record.series.get("step")
    fits = axis is not None and len(axis) == length
    return 1.0 + (np.asarray(axis, float) if fits else np.arange(length))


def epoch_ends(record: Record, epochs: int) -> np.ndarray:
    """Returns where on the time axis each epoch ends [epochs]: its last step, or its number from 1."""
    if not by_batch(record):
        return np.arange(1.0, epochs + 1)
    axis = steps(record, len(record.series["batch_loss"]))
    owner = record.series.get("epoch")
    if owner is None or len(owner) != len(axis):
        return np.linspace(axis[0], axis[-1], epochs + 1)[1:]
    last = np.searchsorted(np.asarray(owner), np.arange(epochs), side="right") - 1
    return axis[np.maximum(last, 0)]


def downsampled(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns a curve of at most 2 x POINTS points with every spike: the lowest and highest of each bucket.

    A bucket without a finite value becomes one NaN, which breaks the line.
    """
    if len(y) <= 2 * POINTS:
        return x, np.where(np.isfinite(y), y, np.nan)
    chosen = sorted({i for part in np.array_split(np.arange(len(y)), POINTS) for i in _extremes(y, part)})
    return x[chosen], np.where(np.isfinite(y[chosen]), y[chosen], np.nan)


def _extremes(y: np.ndarray, part: np.ndarray) -> tuple[int, ...]:
    good = part[np.isfinite(y[part])]
    if not len(good):
        return (int(part[0]),)
    return int(good[np.argmin(y[good])]), int(good[np.argmax(y[good])])


def broken(x: np.ndarray, y: np.ndarray) -> list[tuple[float, float]]:
    """Returns the stretches of the time axis where `y` is NaN or infinite."""
    bad = ~np.isfinite(y)
    if not bad.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], bad.astype(int), [0]])))
    return [(float(x[a]), float(x[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)][:POINTS]


def last_of_interest(record: Record) -> float | None:
    """Returns where the time axis may end: soon after the last finite loss, if most of the run is past it."""
    loss = np.asarray(record.series.get("batch_loss" if by_batch(record) else "epoch.loss", ()), float)
    good = np.flatnonzero(np.isfinite(loss))
    if not len(good) or good[-1] == len(loss) - 1:
        return None
    x = steps(record, len(loss)) if by_batch(record) else epoch_ends(record, len(loss))
    end = max(AFTER * x[good[-1]], x[0] + SHORTEST)
    return float(end) if end < x[-1] else None


def early_alarm(content: Content) -> float | None:
    """Returns where the last of the early alarms is, when what matters happened at the start."""
    record = content.record
    end = steps(record, len(record.series["batch_loss"]))[-1] if by_batch(record) else 0.0
    early = [m.x for m in marks(content) if m.alarming and 0 < m.x < EARLY * end]
    return max(early, default=None)


def marks(content: Content) -> list[Mark]:
    """Returns what happened in order of time: alarms first, then what lossdoctor did, at most MARKS."""
    found = sorted(_happenings(content), key=lambda h: (h[0], h[1]))[:MARKS]
    in_time = sorted(found, key=lambda h: h[1])
    return [Mark(chr(65 + i), x, text, rank < FACT) for i, (rank, x, text) in enumerate(in_time)]


def _happenings(content: Content) -> Iterator[tuple[int, float, str]]:
    """Yields rank, place on the time axis and sentence."""
    ends = epoch_ends(content.record, _epochs(content.record))
    said: set[str] = set()
    for rank, item, text in _sentences(content):
        x = _when(item.step if by_batch(content.record) else None, item.epoch, ends)
        text = shorten(clean(text), 200)
        if x is not None and item.text and text not in said:
            said.add(text)
            yield rank, x, text


def _sentences(content: Content) -> Iterator[tuple[int, Symptom | Event, str]]:
    """Yields rank, symptom or event, and its sentence."""
    seen = {s.step for s in content.symptoms if s.alarming and s.step is not None}
    for symptom in content.symptoms:
        text = placed(symptom.text, symptom.step, symptom.epoch)
        yield ALARM if symptom.alarming else FACT, symptom, text
    for event in content.record.events:
        if event.kind in DONE:
            yield SKIP if event.kind == "skip" else ACTION, event, done(event)
        elif event.kind == "nonfinite" and event.step not in seen:
            yield ALARM, event, placed(event.text, event.step, event.epoch)


def _when(step: int | None, epoch: int | None, ends: np.ndarray) -> float | None:
    if step is not None:
        return 1.0 + step
    return float(ends[min(epoch, len(ends) - 1)]) if epoch is not None and len(ends) else None


def _epochs(record: Record) -> int:
    return max((len(v) for k, v in record.series.items() if k.startswith("epoch.")), default=0)
