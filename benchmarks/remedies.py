"""What the remedies are worth: sick runs of the diagnosis benchmark, fitted again with what was advised.

    python benchmarks/remedies.py [--only PARTS] [--every N] [--seed 0] [--seconds S] [--out FILE]

Each sick run is trained under LossDoctor. Then the repaired model, and a model for each remedy that a replay
confirmed (at most MOST), is fitted by the same call. "Repaired" is the case's own criterion. A run is worse
when its score on the validation rows (else the training rows) falls by more than WORSE below that of the run
as it was; the score is the share of the way from a constant to a perfect prediction, so that losses may
differ (lossdoctor.experiments.score). Cases whose id starts with "blind-" are left out: nobody may tune on them.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

for _name, _value in {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}.items():
    os.environ.setdefault(_name, _value)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import keras  # noqa: E402
import numpy as np  # noqa: E402

from benchmarks.diagnosis import catalogue  # noqa: E402
from benchmarks.diagnosis.kit import Case, train  # noqa: E402
from lossdoctor import LossDoctor  # noqa: E402
from lossdoctor.backends.sample import Sample  # noqa: E402
from lossdoctor.experiments.scoring import score  # noqa: E402
from lossdoctor.experiments.workbench import Workbench  # noqa: E402

WORSE, MOST = 0.05, 3  # two runs of one setup differ by less than WORSE on a few hundred rows
ROWS = 2000


def main() -> None:
    """Reads the command line, trains, prints a line a run and the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="parts of ids, comma-separated")
    parser.add_argument("--every", type=int, default=1, help="take each N-th of the cases")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="start no case after this time")
    parser.add_argument("--out", default="/tmp/lossdoctor-remedies.jsonl", help="one JSON line a case")
    asked = parser.parse_args()
    cases = [c for c in catalogue.load(None, asked.only).values() if c.sick and not c.id.startswith("blind-")]
    start, rows = time.perf_counter(), []
    with Path(asked.out).open("w") as sink:
        for case in cases[:: asked.every]:
            if time.perf_counter() - start > asked.seconds:
                break
            rows.append(one(case, asked.seed))
            print(line(rows[-1]), flush=True)
            sink.write(json.dumps(rows[-1]) + "\n")
            sink.flush()
            keras.config.set_dtype_policy("float32")
            keras.config.set_floatx("float32")
            keras.backend.clear_session()
            gc.collect()
    print(summary(rows))


def one(case: Case, seed: int) -> dict[str, Any]:
    """Returns the row of a case: scores as it was, repaired, and with each confirmed remedy."""
    assert case.sick is not None
    row: dict[str, Any] = {"id": case.id, "error": None, "before": None, "remedies": []}
    doctor = LossDoctor(verbose=0)
    try:
        history, model = train(case.sick, seed, [doctor])
        if case.well(history):
            return row | {"error": "lucky: not sick under this seed"}
        row["before"] = rate(model, case, seed)
    except Exception as error:  # a sick run may raise: whatever trains after it is no worse
        row["error"], row["before"] = f"{type(error).__name__}: {str(error)[:100]}", -1.0
    report = doctor.report
    results = report.record.experiments
    row |= {"seconds": results.get("seconds"), "not_run": results.get("not_run"), "healthy": report.healthy}
    row["verified"] = ((results.get("replay") or {}).get("combined") or {}).get("verdict") == "confirmed"
    if report.healthy:
        return row | {"repaired": False, "after": None}
    row |= {"named": [d.cause for d in report.findings.loud]}
    row |= again(lambda: report.repaired_model(), case, seed)
    base = doctor.model
    for cause, remedy in confirmed(report):
        row["remedies"].append(
            {"cause": cause, "summary": remedy.summary}
            | again(lambda remedy=remedy: remedy.apply(base), case, seed)
        )
    return row


def confirmed(report: Any) -> list[tuple[str, Any]]:
    """Returns the remedies that a replay confirmed, at most MOST."""
    found = [(d.cause, r) for d in report.diagnoses for r in d.remedies if r.confirmed and r.actions]
    return found[:MOST]


def again(make: Any, case: Case, seed: int) -> dict[str, Any]:
    """Returns what came of fitting the model that `make` gives by the sick run's own call."""
    assert case.sick is not None
    try:
        history, model = train(replace(case.sick, model=lambda _: make()), seed)
        return {"repaired": bool(case.well(history)), "after": rate(model, case, seed), "why": None}
    except Exception as error:
        return {"repaired": False, "after": None, "why": f"{type(error).__name__}: {str(error)[:200]}"}


def rate(model: Any, case: Case, seed: int) -> float:
    """Returns the score of a trained model on the case's validation rows, else on its training rows."""
    assert case.sick is not None
    sample = _rows(case.sick.data(seed))
    variant = Workbench(model, model.get_weights(), sample).variant(())
    return score(variant, sample, 1.0).value


def _rows(data: dict[str, Any]) -> Sample:
    held = data.get("validation_data")
    x, y = held[:2] if isinstance(held, tuple) else (data["x"], data.get("y"))
    if y is None:
        parts = [keras.tree.map_structure(np.asarray, part) for part, _ in zip(x, range(64), strict=False)]
        x, y = keras.tree.map_structure(lambda *a: np.concatenate(a), *parts)[:2]
    first: Any = lambda a: np.asarray(a)[:ROWS]  # noqa: E731
    return Sample(keras.tree.map_structure(first, x), keras.tree.map_structure(first, y))


def worse(before: float | None, after: float | None) -> bool:
    """Whether a score fell clearly."""
    return before is not None and after is not None and after < before - WORSE


def line(row: dict[str, Any]) -> str:
    """Returns a case's line: whether it was repaired, the scores, what the trials cost."""
    if "repaired" not in row:
        return f"{row['id']:44s} left out: {row['error']}"
    mark = "repaired" if row["repaired"] else "NOT"
    harmful = [r["summary"] for r in row["remedies"] if worse(row["before"], r["after"])]
    scores = " -> ".join("none" if s is None else f"{s:.2f}" for s in (row["before"], row["after"]))
    text = f"{row['id']:44s} {mark:9s} {scores:14s} trials {row['seconds'] or 0:5.1f} s"
    return text + "".join(f"; WORSE: {h}" for h in harmful) + (f"; {row['why']}" if row.get("why") else "")


def summary(rows: list[dict[str, Any]]) -> str:
    """Returns the shares over all runs that were sick."""
    sick = [r for r in rows if "repaired" in r]
    pairs: Iterator[tuple[float, float]] = ((r["before"], m["after"]) for r in sick for m in r["remedies"])
    tried = [worse(*pair) for pair in pairs]
    seconds = sorted(r["seconds"] for r in sick if r["seconds"])
    return "\n".join(
        [
            f"sick runs {len(sick)}, repaired {sum(r['repaired'] for r in sick)}",
            f"repaired model worse than the run as it was: {sum(worse(r['before'], r['after']) for r in sick)}",
            f"confirmed remedies fitted {len(tried)}, worse {sum(tried)}",
            f"seconds of trials: median {np.median(seconds) if seconds else 0:.1f}, "
            f"most {max(seconds, default=0):.1f} (5 or a tenth of the training)",
        ]
    )


if __name__ == "__main__":
    main()
