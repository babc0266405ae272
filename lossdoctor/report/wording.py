"""How numbers, durations, steps, names of layers and foreign strings are written in every report."""

from __future__ import annotations

import math
from typing import SupportsFloat

from lossdoctor.record import Event

DONE = {  # kinds of events in which lossdoctor changed the run
    "skip": "Skipped an update",
    "backoff": "Cut the learning rate",
    "rollback": "Went back to earlier weights",
    "grow": "Raised the learning rate",
}
NAME = 24  # characters of a layer's name beside a plot
SMALL, LARGE = 1e-3, 1e5  # outside of these a number is written with an exponent


def number(value: SupportsFloat, digits: int = 3) -> str:
    """Returns `value` with `digits` significant digits: 0.0123, 4.1, 812, 3.2e7, NaN, infinite.

    >>> [number(v) for v in (0.01234, 4.1, 812.0, 32456789.0, 1e-9, float("nan"))]
    ['0.0123', '4.1', '812', '3.25e7', '1e-9', 'NaN']
    """
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if value == 0:
        return "0"
    if SMALL <= abs(value) < LARGE:
        whole = abs(value) >= 10**digits
        return f"{value:.0f}" if whole else f"{value:.{digits}g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def seconds(value: float) -> str:
    """Returns a duration as people say it: 3 ms, 2.4 s, 5 min."""
    if value < 1:
        return f"{1000 * value:.0f} ms"
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.0f} min"


def place(step: int | None, epoch: int | None) -> str:
    """Returns "epoch 3, step 120" from indices: both are counted from 1, as Keras prints them."""
    parts = [f"epoch {epoch + 1}"] if epoch is not None else []
    return ", ".join(parts + ([f"step {step + 1}"] if step is not None else []))


def placed(text: str, step: int | None, epoch: int | None) -> str:
    """Returns `text` as a sentence with its place behind it, unless it names a step or epoch by itself."""
    where = place(step, epoch)
    text = text.strip()
    if not where or "step" in text.casefold() or "epoch" in text.casefold():
        return sentence(text)
    return f"{text.rstrip('.')} ({where})."


def done(event: Event) -> str:
    """Returns what lossdoctor did to a run, where, and why, as a sentence.

    >>> done(Event("skip", "the gradient is not finite", step=1, epoch=0))
    'Skipped an update at epoch 1, step 2: the gradient is not finite.'
    """
    where = place(event.step, event.epoch)
    return sentence(f"{DONE.get(event.kind, event.kind)}{f' at {where}' if where else ''}: {event.text}")


def clean(text: object) -> str:
    """Returns `text` without control characters (a layer's name must not steer the terminal)."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in str(text).replace("\t", "    "))


def short_name(name: str) -> str:
    """Returns a name that fits beside a plot: its end, in which layers of one kind differ.

    >>> short_name("encoder/block_12/attention/query/kernel")
    '...ttention/query/kernel'
    """
    name = clean(name)
    return name if len(name) <= NAME else "..." + name[3 - NAME :]


def sentence(text: str) -> str:
    """Returns `text` with a full stop unless it ends a sentence by itself."""
    text = text.strip()
    return text if not text or text[-1] in ".!?:" else text + "."


def shorten(text: str, limit: int) -> str:
    """Returns `text` on one line, cut to `limit` characters."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."
