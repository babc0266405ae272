"""Causes: why a run is sick, one file each. `CAUSES` is written out by hand, in order of code."""

from lossdoctor.causes import (
    architecture_ill_suited,
    bad_initialization,
    batch_size_ill_suited,
    class_imbalance,
    data_order,
    dying_relu,
    exploding_gradients,
    frozen_layers,
    hidden_activation_ill_suited,
    inconsistent_preprocessing,
    infeasible_targets,
    label_noise,
    learning_rate_too_high,
    learning_rate_too_low,
    loss_activation_mismatch,
    loss_target_mismatch,
    misaligned_labels,
    missing_nonlinearity,
    model_too_small,
    non_differentiable_loss,
    non_finite_data,
    normalization_mismatch,
    numerical_instability,
    optimizer_ill_suited,
    optimizer_misconfigured,
    optimizer_state_lost,
    outliers,
    output_shape_mismatch,
    over_regularized,
    overfitting,
    representation_collapse,
    sample_weights_ill_suited,
    saturated_activations,
    too_few_epochs,
    too_little_data,
    unbounded_loss,
    unscaled_features,
    unscaled_targets,
    vanishing_gradients,
)
from lossdoctor.causes.cause import Cause, Example, Facts, Sign

CAUSES: tuple[Cause, ...] = (
    learning_rate_too_high.CAUSE,  # LD101
    learning_rate_too_low.CAUSE,  # LD102
    optimizer_misconfigured.CAUSE,  # LD103
    optimizer_ill_suited.CAUSE,  # LD104
    batch_size_ill_suited.CAUSE,  # LD105
    too_few_epochs.CAUSE,  # LD106
    optimizer_state_lost.CAUSE,  # LD107
    bad_initialization.CAUSE,  # LD201
    vanishing_gradients.CAUSE,  # LD202
    exploding_gradients.CAUSE,  # LD203
    dying_relu.CAUSE,  # LD204
    saturated_activations.CAUSE,  # LD205
    missing_nonlinearity.CAUSE,  # LD206
    hidden_activation_ill_suited.CAUSE,  # LD207
    model_too_small.CAUSE,  # LD208
    overfitting.CAUSE,  # LD209
    over_regularized.CAUSE,  # LD210
    frozen_layers.CAUSE,  # LD211
    architecture_ill_suited.CAUSE,  # LD212
    normalization_mismatch.CAUSE,  # LD213
    representation_collapse.CAUSE,  # LD214
    unscaled_features.CAUSE,  # LD301
    unscaled_targets.CAUSE,  # LD302
    non_finite_data.CAUSE,  # LD303
    label_noise.CAUSE,  # LD304
    outliers.CAUSE,  # LD305
    class_imbalance.CAUSE,  # LD306
    inconsistent_preprocessing.CAUSE,  # LD307
    misaligned_labels.CAUSE,  # LD308
    too_little_data.CAUSE,  # LD309
    infeasible_targets.CAUSE,  # LD310
    sample_weights_ill_suited.CAUSE,  # LD311
    data_order.CAUSE,  # LD312
    loss_activation_mismatch.CAUSE,  # LD401
    loss_target_mismatch.CAUSE,  # LD402
    output_shape_mismatch.CAUSE,  # LD403
    unbounded_loss.CAUSE,  # LD404
    non_differentiable_loss.CAUSE,  # LD405
    numerical_instability.CAUSE,  # LD501
)

BY_ID: dict[str, Cause] = {cause.id: cause for cause in CAUSES}

__all__ = ["BY_ID", "CAUSES", "Cause", "Example", "Facts", "Sign"]
