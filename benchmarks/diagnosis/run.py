"""How well lossdoctor judges: trains the benchmark's runs under LossDoctor and prints a table.

python benchmarks/diagnosis/run.py                       # train all, cache the records, print the table
python benchmarks/diagnosis/run.py --replay              # judge the cached records by today's rules
python benchmarks/diagnosis/run.py --ward DIR            # the same over a folder of ward cases
python benchmarks/diagnosis/run.py --plain --seeds 0,1   # no doctor: are sick runs sick, fixed ones well?
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.diagnosis import catalogue, score  # noqa: E402  (needs the path above)
from benchmarks.diagnosis.cached import Job, as_its_case_says, read_all, replayed  # noqa: E402
from benchmarks.diagnosis.worker import file_name  # noqa: E402


def main() -> None:
    """Reads the command line, trains or replays, and prints."""
    a = _arguments()
    ward = str(Path(a.ward).resolve()) if a.ward else None
    cache = Path(a.cache) / (("ward" if a.ward else "ours") + ("-plain" if a.plain else ""))
    cache.mkdir(parents=True, exist_ok=True)
    cases = catalogue.load(a.ward, a.only)
    jobs = [
        (k, which, int(s))
        for k, c in cases.items()
        for s in a.seeds.split(",")
        for which in runs(c)
        if which in a.which
    ]
    if not a.replay:
        todo = [j for j in jobs if not (a.missing and (cache / file_name(*j)).exists())]
        train(todo, cache, ward=ward, plain=a.plain, at_once=a.at_once, timeout=a.timeout)
    rows = read_all(cache, jobs, cases)
    if a.replay:
        rows = [replayed(row) for row in rows]
    print(unfit(rows) if a.plain else report(rows))


def runs(case: Any) -> list[str]:
    """Returns the names of a case's runs."""
    return ["fixed"] if case.sick is None else ["sick", "fixed"]


def train(
    jobs: list[Job], cache: Path, *, ward: str | None, plain: bool, at_once: int, timeout: float
) -> None:
    """Trains `jobs`, `at_once` a process; a run whose process died or hung is tried once more by itself."""
    for start in range(0, len(jobs), at_once):
        batch = jobs[start : start + at_once]
        for job in batch:
            (cache / file_name(*job)).unlink(missing_ok=True)
        spawn(batch, cache, ward, plain, timeout * len(batch))
        for job in batch:
            path = cache / file_name(*job)
            why = "" if path.exists() else spawn([job], cache, ward, plain, timeout)
            if not path.exists():
                row = dict(zip(("id", "which", "seed"), job, strict=True)) | {
                    "error": why,
                    "well": False,
                    "seconds": 0,
                }
                path.write_text(json.dumps(row))
        print(f"{min(start + at_once, len(jobs))}/{len(jobs)} runs", file=sys.stderr, flush=True)


def spawn(jobs: list[Job], cache: Path, ward: str | None, plain: bool, timeout: float) -> str:
    """Trains `jobs` in one fresh process. Returns why it failed, "" when it did not."""
    order = json.dumps({"jobs": jobs, "cache": str(cache), "ward": ward, "plain": plain})
    command = [sys.executable, "-m", "benchmarks.diagnosis.worker", order]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"timeout after {timeout:.0f} s"
    return "" if done.returncode == 0 else f"died with code {done.returncode}: {done.stderr[-400:]}"


def report(rows: list[dict[str, Any]]) -> str:
    """Returns the whole printed text. Runs that are not what their case says are left out of the scores."""
    errors = [f"{r['id']} {r['which']} {r['seed']}: {r.get('no_report') or r['error']}" for r in rows]
    errors = [e for e, r in zip(errors, rows, strict=True) if r.get("error") or r.get("no_report")]
    told, rows = rows, [r for r in rows if as_its_case_says(r)]
    parts = [
        score.mistakes(rows),
        score.by_cause(rows),
        "Raised at healthy runs: " + score.false_causes(rows),
    ]
    return "\n\n".join([*parts, "Errors:\n" + "\n".join(errors), unfit(told), score.table(rows)])


def unfit(rows: list[dict[str, Any]]) -> str:
    """Returns the runs that are not what their case says: sick but well, or fixed but not well."""
    bad = [r for r in rows if not as_its_case_says(r)]
    lines = [
        f"{r['id']} {r['which']} {r['seed']}: well={r['well']} {r['error'] or r.get('ends')}" for r in bad
    ]
    slow = [f"{r['id']} {r['which']} {r['seed']} {r['seconds']} s" for r in rows if r["seconds"] > 12]
    raised = [f"{r['id']} {r['which']}: {r['error']}" for r in rows if r["error"]]
    text = [
        f"{len(rows)} runs, {len(bad)} not as their case says",
        *lines,
        "slow:",
        *slow,
        "raised:",
        *raised,
    ]
    return "\n".join(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", default="/tmp/lossdoctor-bench", help="folder for the records")
    parser.add_argument("--only", default="", help="parts of ids, comma-separated")
    parser.add_argument("--seeds", default="0", help="comma-separated")
    parser.add_argument("--which", default="sick,fixed", help="sick, fixed or both")
    parser.add_argument("--replay", action="store_true", help="judge the cached records, train nothing")
    parser.add_argument("--missing", action="store_true", help="train only what is not cached")
    parser.add_argument("--ward", help="folder of ward cases to run in place of our own")
    parser.add_argument("--plain", action="store_true", help="train without LossDoctor and check the cases")
    parser.add_argument("--at-once", type=int, default=12, help="runs a process")
    parser.add_argument("--timeout", type=float, default=120, help="seconds a run")
    return parser.parse_args()


if __name__ == "__main__":
    main()
