"""Symptoms: what is visibly so in a record. Pure functions Record -> Symptom | None, one file a family.

`DETECTORS` is written out by hand; a test holds that every detector in this folder is in it.
"""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms import (
    activations,
    consistency,
    experiment_results,
    gradients,
    initial,
    inputs,
    labels,
    level,
    loss_curve,
    measured_loss,
    measured_model,
    nonfinite,
    regularization,
    targets,
    updates,
    validation,
)
from lossdoctor.symptoms.symptom import Detector, Symptom

DETECTORS: dict[str, Detector] = {
    "loss-non-finite": nonfinite.loss_non_finite,
    "step-raised": nonfinite.step_raised,
    "gradient-non-finite": nonfinite.gradient_non_finite,
    "validation-non-finite": nonfinite.validation_non_finite,
    "steps-skipped": nonfinite.steps_skipped,
    "data-non-finite": nonfinite.data_non_finite,
    "weights-non-finite": nonfinite.weights_non_finite,
    "loss-exploding": loss_curve.loss_exploding,
    "loss-blew-up": loss_curve.loss_blew_up,
    "loss-rising": loss_curve.loss_rising,
    "loss-spike": loss_curve.loss_spike,
    "loss-oscillating": loss_curve.loss_oscillating,
    "loss-plateau": loss_curve.loss_plateau,
    "loss-frozen": loss_curve.loss_frozen,
    "loss-start-high": level.loss_start_high,
    "loss-stuck-at-baseline": level.loss_stuck,
    "loss-above-baseline": level.loss_above,
    "loss-at-zero": level.loss_at_zero,
    "loss-below-zero": level.loss_below_zero,
    "accuracy-at-chance": level.accuracy_at_chance,
    "accuracy-below-loss": consistency.accuracy_below_loss,
    "sizes-missed": consistency.sizes_missed,
    "rare-class-missed": consistency.rare_class_missed,
    "accuracy-metric-low": level.accuracy_metric_low,
    "loss-runs-away": level.loss_runs_away,
    "learned": level.learned,
    "loss-at-floor": level.loss_at_optimum,
    "loss-still-falling": level.still_falling,
    "loss-half-way": level.loss_half_way,
    "loss-at-log": loss_curve.loss_at_log,
    "loss-wild": loss_curve.loss_wild,
    "underfitting": loss_curve.underfitting,
    "gradients-zero": gradients.gradients_zero,
    "layer-gradients-zero": gradients.layer_gradients_zero,
    "gradients-vanishing": gradients.gradients_vanishing,
    "gradients-growing-by-layer": gradients.gradients_growing,
    "gradients-exploding": gradients.gradients_exploding,
    "gradients-large-at-start": gradients.gradients_large_at_start,
    "updates-huge": updates.updates_huge,
    "updates-tiny": updates.updates_tiny,
    "weights-stood-still": updates.weights_stood_still,
    "updates-died": updates.updates_died,
    "rate-collapsed": updates.rate_collapsed,
    "units-dead": activations.units_dead,
    "units-saturated": activations.units_saturated,
    "units-saturated-late": activations.units_saturated_late,
    "outputs-constant": activations.outputs_constant,
    "signal-lost": activations.signal_lost,
    "validation-rising": validation.validation_rising,
    "validation-accuracy-falling": validation.validation_accuracy_falling,
    "validation-gap": validation.validation_gap,
    "validation-far-behind": validation.validation_far_behind,
    "validation-better": validation.validation_better,
    "validation-at-chance": validation.validation_at_chance,
    "validation-inputs-differ": validation.validation_inputs_differ,
    "validation-labels-differ": validation.validation_labels_differ,
    "features-unscaled": inputs.features_unscaled,
    "features-offset": inputs.features_offset,
    "features-tiny": inputs.features_tiny,
    "inputs-constant": inputs.inputs_constant,
    "inputs-outlier": inputs.inputs_outlier,
    "targets-outlier": inputs.targets_outlier,
    "padding-unmasked": inputs.padding_unmasked,
    "rows-few": inputs.rows_few,
    "rows-memorised": validation.rows_memorised,
    "targets-unscaled": targets.targets_unscaled,
    "classes-imbalanced": targets.classes_imbalanced,
    "targets-constant": targets.target_constant,
    "kernel-constant": initial.kernel_constant,
    "kernel-large": initial.kernel_large,
    "kernel-small": initial.kernel_small,
    "rate-above-limit": experiment_results.rate_above_limit,
    "rate-far-below-limit": experiment_results.rate_below_limit,
    "one-batch-unfit": experiment_results.one_batch_unfit,
    "inputs-unused": experiment_results.inputs_unused,
    "held-out-predicted": experiment_results.held_out_predicted,
    "penalty-dominates": regularization.penalty_dominates,
    "penalty-at-start": regularization.penalty_at_start,
    "weights-shrank": regularization.weights_shrank,
    "labels-unrelated": labels.labels_unrelated,
    "neighbours-disagree": labels.neighbours_disagree,
    "behind-neighbours": labels.behind_neighbours,
    "one-class-predicted": labels.one_class_predicted,
    "layers-disconnected": labels.layers_disconnected,
    "no-better-than-constant": measured_loss.no_better_than_constant,
    "better-than-constant": measured_loss.below_constant,
    "loss-without-gradient": measured_loss.loss_without_gradient,
    "loss-wrong-way": measured_loss.loss_wrong_way,
    "targets-out-of-reach": measured_loss.targets_out_of_reach,
    "gradient-broken-at": measured_loss.gradient_broken_at,
    "gradient-cut": measured_loss.gradient_cut,
    "rows-mixed": measured_loss.rows_mixed,
    "rows-infeasible": measured_loss.rows_infeasible,
    "pairs-unrelated": measured_loss.pairs_unrelated,
    "modes-differ": measured_model.modes_differ,
    "rows-depend": measured_model.rows_depend,
    "scaled-twice": measured_model.scaled_twice,
    "latents-unused": measured_model.latents_unused,
    "outputs-collapsed": measured_model.outputs_collapsed,
    "mask-missed": measured_model.mask_missed,
    "embedding-at-margin": measured_loss.embedding_at_margin,
    "classes-weightless": measured_model.classes_weightless,
    "optimizer-restarted": measured_model.optimizer_restarted,
    "order-sorted": measured_model.order_sorted,
    "batches-repeat": measured_model.batches_repeat,
}


# Detectors that need no training: all that is asked of the record of a checkup.
BEFORE_TRAINING = (
    "data-non-finite", "loss-start-high", "gradients-zero", "layer-gradients-zero", "gradients-vanishing",
    "gradients-growing-by-layer", "gradients-large-at-start", "units-saturated", "signal-lost",
    "validation-inputs-differ", "validation-labels-differ", "features-unscaled", "features-offset", "features-tiny",
    "inputs-constant", "inputs-outlier", "targets-outlier", "targets-unscaled", "classes-imbalanced",
    "targets-constant", "loss-without-gradient", "loss-wrong-way", "targets-out-of-reach", "gradient-broken-at", "gradient-cut",
    "classes-weightless", "kernel-constant", "kernel-large", "kernel-small", "loss-at-floor",
)  # fmt: skip


# What may be said while training goes on, as no later epoch takes it back, and its topic: each topic is said once.
LIVE = {
    "data-non-finite": "non-finite",
    "loss-non-finite": "non-finite",
    "gradient-non-finite": "non-finite",
    "weights-non-finite": "non-finite",
    "loss-exploding": "exploding",
    "loss-spike": "spike",
    "gradients-zero": "zero",
}


def observe(record: Record, failures: list[str] | None = None) -> dict[str, Symptom]:
    """Returns the symptoms that `record` shows, by name, in the order of `DETECTORS`.

    Args:
        record: what was measured.
        failures: gets a sentence for each detector that raises, which is then left out.

    Raises:
        Exception: what a detector raised, without a list `failures`.
    """
    asked = BEFORE_TRAINING if record.source == "checkup" else tuple(DETECTORS)
    seen: dict[str, Symptom] = {}
    for name in (name for name in DETECTORS if name in asked):
        try:
            with np.errstate(all="ignore"):  # inf / inf is daily bread here; no warnings into the user's log
                symptom = DETECTORS[name](record)
        except Exception as error:  # one rule that fails must not cost the others
            if failures is None:
                raise
            failures.append(f"{name}: the rule failed with {type(error).__name__}: {error}")
            continue
        if symptom is not None:
            seen[name] = symptom
    return seen


__all__ = ["BEFORE_TRAINING", "DETECTORS", "LIVE", "Symptom", "observe"]
