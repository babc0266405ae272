"""All cases, written out module by module."""

from __future__ import annotations

from benchmarks.diagnosis.cases import rate_high, rate_low

CASES = (*rate_high.CASES, *rate_low.CASES)
