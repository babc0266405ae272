"""State to strict JSON and back, so that a killed run can go on where it was."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

from lossdoctor.backoff.memory import Watch
from lossdoctor.backoff.progress import Progress
from lossdoctor.backoff.state import State


def dumps(state: State) -> str:
    """Returns strict JSON; the state holds no non-finite numbers."""
    return json.dumps(asdict(state), allow_nan=False)


def loads(text: str) -> State:
    """Returns the state that `dumps` wrote.

    Raises:
        ValueError: the text is not such a state; the message names what is wrong with it.
    """
    raw = json.loads(text)
    if not isinstance(raw, dict) or "scale" not in raw or not isinstance(raw.get("watch"), dict):
        raise ValueError("not the state of an LRBackoff: pass a file that LRBackoff wrote")
    watch = {k: v for k, v in raw["watch"].items() if k in {f.name for f in fields(Watch)}}
    watch["recent"] = tuple(watch.get("recent", ()))
    known = {k: v for k, v in raw.items() if k in {f.name for f in fields(State)}}
    progress = Progress(**raw.get("progress", {}))
    return State(**{**known, "watch": Watch(**watch), "progress": progress})
