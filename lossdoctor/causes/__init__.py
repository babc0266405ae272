"""Causes: why a run is sick, one file each. `CAUSES` is written out by hand, in order of code."""

from lossdoctor.causes.base import Cause, Example, Facts, Sign

CAUSES: tuple[Cause, ...] = ()

BY_ID: dict[str, Cause] = {cause.id: cause for cause in CAUSES}

__all__ = ["BY_ID", "CAUSES", "Cause", "Example", "Facts", "Sign"]
