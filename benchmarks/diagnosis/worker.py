"""A fresh process that trains several runs, so that TensorFlow is imported once for all of them.

Started by run.py: `python -m benchmarks.diagnosis.worker '{"jobs": [[id, which, seed], ...], ...}'`. Each
finished run is written at once, so that a crash loses one run only.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main(order: dict[str, Any]) -> None:
    """Trains the ordered runs. `order` has jobs, cache (folder), ward (folder or None), plain (no doctor)."""
    _quiet()
    import keras

    from benchmarks.diagnosis import catalogue

    cases = catalogue.load(order["ward"])
    for name, which, seed in order["jobs"]:
        row = one(cases[name], which, seed, plain=order["plain"])
        path = Path(order["cache"]) / file_name(name, which, seed)
        path.write_text(json.dumps(row))
        keras.config.set_dtype_policy("float32")
        keras.config.set_floatx("float32")
        keras.backend.clear_session()
        gc.collect()


def file_name(name: str, which: str, seed: int) -> str:
    """Returns the cache file's name of one run."""
    return f"{name}.{which}.{seed}.json"


def one(case: Any, which: str, seed: int, *, plain: bool) -> dict[str, Any]:
    """Trains one run and returns its row: what it was, whether it was well, and its record."""
    from benchmarks.diagnosis.kit import train

    row: dict[str, Any] = {"id": case.id, "which": which, "seed": seed, "truth": list(case.causes)}
    row |= {"control": case.sick is None, "well": False, "error": None, "record": None}
    doctor = None if plain else _doctor()
    start = time.time()
    try:
        history, _ = train(getattr(case, which), seed, [doctor] if doctor else [])
        row["well"] = bool(case.well(history))
        row["ends"] = {k: [round(v, 5) for v in (values[0], values[-1])] for k, values in history.items()}
    except Exception as error:  # a sick run may raise; so may the doctor, which the table then shows
        row["error"] = f"{type(error).__name__}: {str(error)[:300]}"
    row["seconds"] = round(time.time() - start, 2)
    if doctor is not None:
        row |= _read(doctor)
    return row


def _doctor() -> Any:
    import lossdoctor

    return lossdoctor.LossDoctor(verbose=0)


def _read(doctor: Any) -> dict[str, Any]:
    """Returns what the doctor said and the record it judged by."""
    try:
        report = doctor.report
        named = [[d.cause, round(float(d.confidence), 4), d.severity] for d in report.diagnoses]
        record = json.loads(report.record.to_json())
        return {"healthy": bool(report.healthy), "named": named, "record": record}
    except Exception as error:
        return {"no_report": f"{type(error).__name__}: {str(error)[:300]}"}


def _quiet() -> None:
    """One core, no GPU, no start-up talk: set before TensorFlow is loaded."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
