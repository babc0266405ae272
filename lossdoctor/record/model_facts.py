"""Setup: the static facts of a run: layers, outputs and losses, optimizer, fit arguments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# A recurrent layer is recorded by its cell, which holds its weights: the cell's kind, and the layer's own.
CELLS = {"SimpleRNNCell": "SimpleRNN", "LSTMCell": "LSTM", "GRUCell": "GRU"}


@dataclass(frozen=True)
class Layer:
    """One leaf layer, in the order of the computation.

    `activation` is the name of the function that the layer applies last ("linear" when it was left out),
    None for layers that have none (Flatten, Dropout, ...). `kernel_std`, `kernel_mean` and `kernel_spread`
    (largest minus smallest entry) are those of the initial kernel; `rate` is a dropout rate, 0 to 1.
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
    """A trainable variable, in the order of `Record.series["sampled.grad_norm"]`'s columns."""

    path: str
    layer: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        size = 1
        for n in self.shape:
            size *= n
        return size


@dataclass(frozen=True)
class Output:
    """One output of the model with its loss.

    `activations` are applied last, innermost first: ("softmax", "softmax") for a softmax on a softmax;
    () for a linear output. `loss` is the Keras snake_case name ("categorical_crossentropy") or
    "custom:NAME"; None when compile() was given none. `rescaled` is True when a Rescaling, Normalization
    or Lambda layer, or an op that is no activation, stands behind the last weights.
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
    """The optimizer (the inner one under loss scaling). `learning_rate` is that of the first step.

    `config` holds the numbers of `get_config()`: momentum, nesterov, beta_1, epsilon, clipnorm, ...
    `schedule` is the class name of a LearningRateSchedule, or None.
    """

    kind: str
    learning_rate: float | None = None
    schedule: str | None = None
    schedule_config: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Setup:
    """What is known of a run before its first step."""

    keras: str = ""
    backend: str = "tensorflow"
    lossdoctor: str = ""
    model_kind: str = ""  # "Sequential", "Functional" or the class name of a subclassed model
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
    precision: str = "float32"  # the dtype policy's name
    custom_train_step: bool = False
    metrics: tuple[str, ...] = ()
