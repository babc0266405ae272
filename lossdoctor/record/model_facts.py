"""Setup: the static facts of a run: layers, outputs and losses, optimizer, fit arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# A recurrent layer is recorded by its cell, which holds its weights: the cell's kind, and the layer's own.
CELLS = {"SimpleRNNCell": "SimpleRNN", "LSTMCell": "LSTM", "GRUCell": "GRU"}


@dataclass(frozen=True)
class Layer:
    """One leaf layer, in the order of the computation.

    Attributes:
        name: Keras's name of the layer.
        kind: its class name, "Dense"; for a recurrent layer that of its cell, a key of `CELLS`.
        activation: name of the function that the layer applies last ("linear" when it was left out), None
            for layers that have none (Flatten, Dropout, ...).
        units: units or filters; None where there are none.
        fan_in, fan_out: inputs and outputs of one unit, as Keras's initializers count them.
        parameters: number of entries of its weights, trainable or not.
        trainable: whether training may change them.
        initializer, regularizer, constraint: class names of those of the kernel, None without one.
        rate: dropout rate, 0 to 1.
        kernel_std, kernel_mean: of the entries of the initial kernel.
        kernel_spread: its largest entry minus its smallest; 0 for a constant kernel.
        config: further settings by name: momentum, epsilon, mask_zero, return_sequences, ...
    """

    name: str
    kind: str
    activation: str | None = None
    units: int | None = None
    fan_in: int | None = None
    fan_out: int | None = None
    parameters: int = 0
    trainable: bool = True
    initializer: str | None = None
    regularizer: str | None = None
    constraint: str | None = None
    rate: float | None = None
    kernel_std: float | None = None
    kernel_mean: float | None = None
    kernel_spread: float | None = None
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Variable:
    """A trainable variable, in the order of `Record.series["sampled.grad_norm"]`'s columns.

    Attributes:
        path: Keras's full path of the variable, "encoder/dense/kernel".
        layer: the layer that holds it, as the user named it.
        shape: as it is, () for a scalar.
        role: what it is for: "kernel", "recurrent kernel", "bias", "scale" or "offset" (of a normalisation),
            "embedding", "position", "adapter" (LoRA), "statistic", "seed"; "" in records of version 1.
    """

    path: str
    layer: str
    shape: tuple[int, ...]
    role: str = ""

    @property
    def size(self) -> int:
        """Number of entries."""
        size = 1
        for n in self.shape:
            size *= n
        return size


@dataclass(frozen=True)
class Output:
    """One output of the model with its loss.

    Attributes:
        name: Keras's name of the output.
        shape: without the batch axis, None where an axis is open.
        units: size of the last axis.
        activations: those applied last, innermost first: ("softmax", "softmax") for a softmax on a softmax;
            () for a linear output.
        loss: the Keras snake_case name ("categorical_crossentropy") or "custom:NAME"; None when compile()
            was given none.
        from_logits: whether the loss takes the outputs for logits.
        loss_config: the loss's own settings: label_smoothing, delta, gamma, ignore_class, ...
        rescaled: whether a Rescaling, Normalization or Lambda layer, or an op that is no activation, stands
            behind the last weights.
    """

    name: str
    shape: tuple[int | None, ...] = ()
    units: int | None = None
    activations: tuple[str, ...] = ()
    loss: str | None = None
    from_logits: bool = False
    loss_config: dict[str, Any] = field(default_factory=dict)
    rescaled: bool = False


@dataclass(frozen=True)
class Optimizer:
    """The optimizer (the inner one under loss scaling).

    Attributes:
        kind: class name, "Adam".
        learning_rate: that of the first step; None when it could not be evaluated.
        schedule: class name of a LearningRateSchedule, None for a constant rate.
        schedule_config: numbers of the schedule's `get_config()`.
        config: those of the optimizer's: momentum, nesterov, beta_1, epsilon, clipnorm, ...
    """

    kind: str
    learning_rate: float | None = None
    schedule: str | None = None
    schedule_config: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Setup:
    """What is known of a run before its first step. Empty fields: not known, as in a bare history.

    Attributes:
        keras, lossdoctor: versions.
        backend: Keras's backend.
        model_kind: "Sequential", "Functional" or the class name of a subclassed model.
        layers: leaf layers in the order of the computation.
        variables: trainable ones.
        outputs: in the order of the model's outputs.
        optimizer: None before compile().
        parameters: number of entries of all weights.
        epochs, steps_per_epoch: as fit() was asked for, None when open.
        batch_size: rows of a batch.
        steps_per_execution, jit_compile, run_eagerly: as compile() was given.
        precision: name of the model's dtype policy.
        custom_train_step: whether the model's class overrides `train_step`.
        metrics: names, without the loss.
        earlier_updates: made on this model in earlier fits that were watched.
        optimizer_restarts: how often a fit of it began with an optimizer that was newer than its weights.
    """

    keras: str = ""
    backend: str = "tensorflow"
    lossdoctor: str = ""
    model_kind: str = ""
    layers: tuple[Layer, ...] = ()
    variables: tuple[Variable, ...] = ()
    outputs: tuple[Output, ...] = ()
    optimizer: Optimizer | None = None
    parameters: int = 0
    epochs: int | None = None
    steps_per_epoch: int | None = None
    batch_size: int | None = None
    steps_per_execution: int = 1
    jit_compile: bool = False
    run_eagerly: bool = False
    precision: str = "float32"
    custom_train_step: bool = False
    metrics: tuple[str, ...] = ()
    earlier_updates: int = 0
    optimizer_restarts: int = 0
