"""Fault: what is wrong between a loss, an output and its targets, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

PROVEN = "proven"  # the setup alone shows it
LIKELY = "likely"  # right only in an unusual design
POSSIBLE = "possible"  # many such runs train well

MANY = 0.05  # share of the targets from which a few odd rows are a fault of the whole


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        grade: PROVEN, LIKELY or POSSIBLE.
        text: a sentence with its numbers.
        by_harm: whether a run that goes badly makes it more likely to be the cause. False where such a run
            has more usual causes than this.
    """

    grade: str
    text: str
    by_harm: bool = False


def span(low: float, high: float) -> str:
    """Returns "0 to 1" with readable numbers, "0 and above" without an upper end."""
    return f"{low:.4g} to {high:.4g}" if high != float("inf") else f"{low:.4g} and above"


def counted(number: int, noun: str) -> str:
    """Returns "1 unit", "3 units"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
