"""All cases, written out module by module."""

from __future__ import annotations

from benchmarks.diagnosis.cases import bad_data, outputs, rate_high, rate_low, scales, targets

CASES = (*rate_high.CASES, *rate_low.CASES, *scales.CASES, *bad_data.CASES, *outputs.CASES, *targets.CASES)
