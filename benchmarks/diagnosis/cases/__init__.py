"""All cases, written out module by module."""

from __future__ import annotations

from benchmarks.diagnosis.cases import (
    bad_data,
    fitting,
    outputs,
    rate_high,
    rate_low,
    scales,
    settings,
    targets,
    weights,
    well_classic,
    well_modern,
)

SICK = (rate_high, rate_low, scales, bad_data, outputs, targets, weights, fitting, settings)
MODULES = (*SICK, well_classic, well_modern)
CASES = tuple(case for module in MODULES for case in module.CASES)
