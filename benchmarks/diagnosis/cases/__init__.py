"""All cases, written out module by module."""

from __future__ import annotations

from benchmarks.diagnosis.cases import (
    batches,
    blind_outputs,
    blind_settings,
    blind_well,
    coding,
    data_broken,
    data_labels,
    data_validation,
    epochs_few,
    formats,
    gradients,
    held_back,
    hidden,
    optimizers_set,
    outputs,
    overfit,
    rate_high,
    rate_high_late,
    rate_low,
    scale_inputs,
    scale_targets,
    shapes,
    start,
    well_data,
    well_feeds,
    well_losses,
    well_models,
    well_nets,
    well_steps,
)

SICK = (
    data_broken,
    data_labels,
    data_validation,
    start,
    gradients,
    hidden,
    optimizers_set,
    batches,
    formats,
    coding,
    shapes,
    overfit,
    held_back,
    scale_inputs,
    scale_targets,
    rate_high,
    rate_high_late,
    rate_low,
    epochs_few,
    outputs,
)
WELL = (
    well_steps,
    well_feeds,
    well_data,
    well_nets,
    well_losses,
    well_models,
)
BLIND = (blind_outputs, blind_settings, blind_well)  # written without a look at the rules
CASES = tuple(case for module in (*SICK, *WELL, *BLIND) for case in module.CASES)
