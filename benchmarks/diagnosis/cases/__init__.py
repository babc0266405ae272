"""All cases, written out module by module."""

from __future__ import annotations

from benchmarks.diagnosis.cases import bad_data, rate_high, rate_low, scales

CASES = (*rate_high.CASES, *rate_low.CASES, *scales.CASES, *bad_data.CASES)
