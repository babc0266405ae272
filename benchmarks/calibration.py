"""How far a confidence can be believed: bins of confidence against the share that was right.

python benchmarks/diagnosis/run.py --seeds 0,1      # makes the records
python benchmarks/calibration.py --seeds 0,1        # judges them by today's rules, writes docs/calibration.md
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.diagnosis import catalogue  # noqa: E402  (needs the path above)
from benchmarks.diagnosis.cached import as_its_case_says, read_all, replayed  # noqa: E402

Claim = tuple[float, bool]
EDGES = (0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)  # 0.25: "also seen"; 0.5: named loudly
PAGE = """# How far a confidence can be believed

Written by `python benchmarks/calibration.py` from the runs of `benchmarks/diagnosis`; do not edit.

{total} runs, {sick} of them sick and the others healthy controls and repaired twins. A named cause is
right when it is one of the accepted causes of that sick run; on a healthy run every named cause is
wrong. Below 0.5 a cause is only listed under "also seen".

| confidence | named | mean confidence | share right |
|---|---|---|---|
{rows}

Expected calibration error {ece:.3f} over all, {ece_loud:.3f} over the loud ones;
Brier score {brier:.3f} over all, {brier_loud:.3f} over the loud ones.
"""


def main() -> None:
    """Reads the cache, writes the page and prints its table."""
    a = _arguments()
    cases = catalogue.load(None)
    jobs = [(k, which, int(s)) for k, c in cases.items() for s in a.seeds.split(",") for which in c.runs]
    rows = [replayed(r) for r in read_all(Path(a.cache) / "ours", jobs, cases) if as_its_case_says(r)]
    rows = [r for r in rows if "named" in r]
    if not rows:
        raise SystemExit(
            f"no records in {a.cache}/ours: run benchmarks/diagnosis/run.py first, or pass --cache"
        )
    text = page(claims(rows), len([r for r in rows if r["which"] == "sick"]), len(rows))
    Path(a.out).write_text(text)
    print(text)


def claims(rows: Sequence[dict[str, Any]]) -> list[Claim]:
    """Returns (confidence, was an accepted cause of that sick run) of every named cause."""
    named = [(p, c, r) for r in rows for c, p, _ in r["named"] if c != "unknown"]
    return [(float(p), r["which"] == "sick" and c in r["truth"]) for p, c, r in named]


def bins(
    claimed: Sequence[Claim], edges: Sequence[float] = EDGES
) -> list[tuple[float, float, int, float, float]]:
    """Returns (from, to, number, mean confidence, share right) of each bin that holds a claim."""
    out = []
    for low, high in itertools.pairwise(edges):
        inside = [(p, ok) for p, ok in claimed if low <= p < high or (p == high == edges[-1])]
        if inside:
            mean, share = sum(p for p, _ in inside) / len(inside), sum(ok for _, ok in inside) / len(inside)
            out.append((low, high, len(inside), mean, share))
    return out


def expected_error(claimed: Sequence[Claim]) -> float:
    """Returns the mean distance of confidence and share right over the bins, weighed by their size."""
    found = bins(claimed)
    return sum(n * abs(mean - share) for _, _, n, mean, share in found) / max(sum(b[2] for b in found), 1)


def brier(claimed: Sequence[Claim]) -> float:
    """Returns the mean squared distance of confidence and truth (0 is best, 0.25 is a coin)."""
    return sum((p - ok) ** 2 for p, ok in claimed) / max(len(claimed), 1)


def page(claimed: Sequence[Claim], sick: int, total: int) -> str:
    """Returns docs/calibration.md."""
    loud = [c for c in claimed if c[0] >= 0.5]
    return PAGE.format(
        total=total,
        sick=sick,
        rows="\n".join(
            f"| {a:.2f} to {b:.2f} | {n} | {p:.2f} | {ok:.2f} |" for a, b, n, p, ok in bins(claimed)
        ),
        ece=expected_error(claimed),
        ece_loud=expected_error(loud),
        brier=brier(claimed),
        brier_loud=brier(loud),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", default="/tmp/lossdoctor-bench", help="folder that run.py filled")
    parser.add_argument("--seeds", default="0", help="comma-separated")
    parser.add_argument("--out", default=str(ROOT / "docs" / "calibration.md"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
