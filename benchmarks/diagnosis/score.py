"""From rows to figures and tables. Pure: a row is what worker.py wrote, with `healthy` and `named`.

`named` holds [cause, confidence, severity] in rank order; loud are those of severity error or warning.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]


def loud(row: Row) -> list[str]:
    """Returns the causes named loudly, best first."""
    return [cause for cause, _, severity in row.get("named") or () if severity in ("error", "warning")]


def alarm(row: Row) -> bool:
    """Whether the run was called unhealthy (a missing report is no alarm)."""
    return row.get("healthy") is False


def hit(row: Row, k: int) -> bool:
    """Whether an accepted cause is among the first `k` loud ones of a run called unhealthy."""
    return alarm(row) and any(cause in row["truth"] for cause in loud(row)[:k])


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """Returns the shares of the benchmark's table; `sick` and `well` are numbers of runs."""
    sick = [r for r in rows if r["which"] == "sick"]
    well = [r for r in rows if r["which"] == "fixed"]
    quiet = {(r["id"], r["seed"]) for r in well if r.get("healthy") is True}
    out = {"sick": len(sick), "well": len(well)}
    out |= {"detected": _share(alarm(r) for r in sick)}
    out |= {"pairs": _share(alarm(r) and (r["id"], r["seed"]) in quiet for r in sick)}
    out |= {f"hit{k}": _share(hit(r, k) for r in sick) for k in (1, 2, 3)}
    out |= {"named": sum(len(loud(r)) for r in sick) / max(len(sick), 1)}
    out |= {"false_alarms": _share(alarm(r) for r in well)}
    out |= {"false_alarms_controls": _share(alarm(r) for r in well if r["control"])}
    return out | {"no_report": sum("healthy" not in r for r in rows)}


def _share(flags: Iterable[bool]) -> float:
    flags = list(flags)
    return sum(flags) / max(len(flags), 1)


def table(rows: Sequence[Row]) -> str:
    """Returns the figures as one line each."""
    return "\n".join(
        f"{k:22s} {v:.3f}" if isinstance(v, float) else f"{k:22s} {v}" for k, v in figures(rows).items()
    )


def by_cause(rows: Sequence[Row]) -> str:
    """Returns one line a best accepted cause: runs, detected, hit@1, hit@3, and what was named instead."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["which"] == "sick":
            groups[row["truth"][0]].append(row)
    lines = [f"{'cause':30s} runs found  hit1  hit3  named first instead"]
    for cause, group in sorted(groups.items()):
        wrong = Counter((loud(r) or ["nothing"])[0] for r in group if not hit(r, 1))
        numbers = [_share(f(r) for r in group) for f in (alarm, lambda r: hit(r, 1), lambda r: hit(r, 3))]
        instead = ", ".join(f"{name} {n}" for name, n in wrong.most_common(4))
        lines.append(
            f"{cause:30s} {len(group):4d}  " + "  ".join(f"{n:.2f}" for n in numbers) + f"  {instead}"
        )
    return "\n".join(lines)


def mistakes(rows: Sequence[Row]) -> str:
    """Returns one line a run that was judged wrongly: missed, wrong first cause, or false alarm."""
    lines = []
    for row in rows:
        kind = mistake(row)
        if kind:
            named = ", ".join(f"{c} {p:.2f}" for c, p, _ in (row.get("named") or ())[:4]) or "nothing"
            truth = " | ".join(row["truth"]) or "healthy"
            lines.append(f"{kind:12s} {row['id']} {row['which']} {row['seed']}: said {named}; is {truth}")
    return "\n".join(sorted(lines))


def mistake(row: Row) -> str | None:
    """Returns what is wrong with the judgement of a run, or None."""
    if "healthy" not in row:
        return "NO REPORT"
    if row["which"] == "fixed":
        return "FALSE ALARM" if alarm(row) else None
    if not alarm(row):
        return "MISSED"
    if hit(row, 1):
        return None
    return "rank 2 or 3" if hit(row, 3) else "WRONG CAUSE"


def false_causes(rows: Sequence[Row]) -> str:
    """Returns which causes raised the false alarms, most frequent first."""
    count = Counter(c for r in rows if r["which"] == "fixed" and alarm(r) for c in loud(r))
    return ", ".join(f"{cause} {n}" for cause, n in count.most_common()) or "none"
