"""What a backend owes: the Protocols that backends/tensorflow and its siblings carry out.

The code of fit/ and experiments/ is the same for every backend and knows only these. Two rules hold for all methods:
what is called between two steps does not wait for the device longer than the value asked for needs, and nothing is
ever set on the user's model, optimizer or variables that `stop` does not take back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from lossdoctor.backends.sample import Sample

Tensor = Any  # a tensor of the backend, or of Keras
Tensors = Sequence[Tensor]

# Columns of a measured step; behind them stands the L2 norm of each trainable variable's gradient.
STEP_COLUMNS = ("batch_loss", "penalty", "rows", "input_rms", "target_rms")
SKIPPED = -1.0  # in the place of all gradient norms: no update was asked for in that step
# Columns of a guarded step. "applied" is 1 or 0. A norm of -1 says that no update was asked for.
GUARD_COLUMNS = ("loss", "norm", "applied", "dead", "trivial")

# Name (None where targets are no dict), shape without the batch axis, and dtype of a target array.
TargetSpec = tuple[str | None, tuple[int | None, ...], str]


class UnsupportedBackend(RuntimeError):
    """Keras runs on a backend, or in a mode of it, that lossdoctor cannot watch. The message is a sentence for the user."""


class StepWatch(Protocol):
    """Measures every training step of one `fit` from inside the compiled step.

    Attributes:
        capacity: steps that may pass between two `flush` without any being lost.
        loss_source: where the batch loss comes from: "compute_loss", "metric" (the change of the metric "loss"),
            "untouched metric" (that metric, if the step feeds it), "logs" (a value of train_step's own) or "nowhere".
        target_specs: of the targets that the first step was given; () before it.
        missing: why no rows of the data can be held, one clause without a full stop; None when they can.
        error: name of the exception class that a step raised, "KeyboardInterrupt" for Ctrl-C; None when none did.
        failures: errors of our own inside the step, one sentence each; the step goes on without what failed.
    """

    capacity: int
    loss_source: str
    target_specs: Sequence[TargetSpec]
    missing: str | None
    error: str | None
    failures: Sequence[str]

    def start(self) -> None:
        """Wraps the model's step. Called in `on_train_begin`, before the first step; may not build the model."""

    def stop(self) -> None:
        """Takes everything out again. Called after the last step, also after an exception; safe to call twice."""

    def flush(self) -> np.ndarray:
        """Returns the steps since the last flush, float64 [steps, STEP_COLUMNS + variables], oldest first.

        The loss is that of the whole batch over all devices, with penalties and weights, before loss scaling; norms
        are those of its unscaled, unclipped gradients, 0 for a variable without one. A step that was lost is NaN.
        """

    def initial_weights(self) -> Mapping[int, np.ndarray]:
        """Returns initial values by id() of their variable, of a model that its own first step built.

        {} for a model that was built before, and until that first step is done. To be called once.
        """

    def sample(self) -> Sample | None:
        """Returns the first rows of the training data (at most SAMPLE_ROWS), None when none could be held."""

    def bad_batch(self) -> Sample | None:
        """Returns the last rows of the first batch whose loss or gradients were not finite, None without one."""

    def validation(self) -> Sample | None:
        """Returns the first rows of the validation data, None without any."""

    def close_sample(self) -> None:
        """Holds no further rows: after an epoch the same ones come again. Called at each epoch's end."""

    def adapt(self, step_seconds: float, share: float) -> None:
        """Bounds the time that measuring takes within a step, once the time of a step is known.

        Args:
            step_seconds: how long a step takes.
            share: the share of it that measuring may take, 0 to 1.
        """


class Protection(Protocol):
    """Guards every update of one `fit`, scales its learning rate, and holds states to go back to.

    Attributes:
        sees_loss: whether the step computes its loss through `compute_loss`.
        steps: steps done so far.
        user_rate: the user's learning rate of the next step, without our scale; None when there are several.
        scheduled: whether that rate changes by itself from step to step.
        snapshot_steps: steps that were done when each state held was taken, oldest first; empty before `begin`.
    """

    sees_loss: bool

    @property
    def steps(self) -> int: ...
    @property
    def user_rate(self) -> float | None: ...
    @property
    def scheduled(self) -> bool: ...
    @property
    def snapshot_steps(self) -> Sequence[int]: ...

    def begin(self, step: int) -> bool:
        """Takes the initial state, as that after `step` steps, as soon as it can. Returns whether it is there.

        Not before the first batch, as other callbacks restore weights in `on_train_begin`; a model that its first
        step builds has its initial state only after that step.
        """

    def flush(self) -> np.ndarray:
        """Returns the steps since the last flush, float64 [steps, GUARD_COLUMNS], oldest first.

        A bad update (loss, gradients or statistics not finite, norm beyond the limit) left no trace: weights,
        optimizer state, statistics and metrics are as if the batch had not been.
        """

    def set_limit(self, limit: float | None) -> None:
        """Skips updates whose gradient norm is above `limit`; None: only those not finite; below 0: all of them."""

    def set_scale(self, scale: float) -> None:
        """Multiplies the user's learning rate by `scale` (above 0, at most 1) from the next step on."""

    def take_snapshot(self, step: int) -> None:
        """Holds the present weights, statistics, seeds and optimizer state as those after `step` steps."""

    def restore(self, before: int) -> int:
        """Puts the newest state taken at or before step `before` back (else the oldest), and resets the metrics.

        Returns the step at which it was taken. Newer ones are forgotten. The learning rate is not part of it.
        """

    def stop(self, scale: float) -> bool:
        """Takes everything out again and leaves `scale` in a constant rate. Safe to call twice.

        Returns False when a schedule could not take it.
        """


class WeightNorms(Protocol):
    """Norms of a model's trainable variables and of their change, taken between steps."""

    def anchor(self) -> None:
        """Holds the present weights, to be compared with."""

    def measure(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the L2 norms [variables] of the weights and of their change since the last `anchor`."""

    def anchored(self) -> Sequence[Tensor]:
        """Returns the trainable variables' values at the last `anchor`, as they are held; () before it."""


class Backend(Protocol):
    """All that differs between backends. One instance a process, `backends.current()`."""

    name: str

    # One fit

    def watch_step(self, model: Any, steps_per_execution: int) -> StepWatch:
        """Returns what measures the steps of the next `fit` of a compiled model."""

    def guard_obstacle(self, model: Any) -> str | None:
        """Returns why updates of this model cannot be guarded, a clause that begins with "under" or "with"; or None."""

    def protect(
        self, model: Any, *, steps: int, limit: bool, snapshots: int, folder: Path | None
    ) -> Protection:
        """Returns what guards the next `fit` of a model that has no `guard_obstacle`. It is active at once.

        Args:
            model: a compiled model.
            steps: the most steps between two flushes.
            limit: whether gradient norms may be limited at all.
            snapshots: how many states to hold, 2 or more.
            folder: where to hold them; None: in memory.
        """

    def weight_norms(self, model: Any) -> WeightNorms:
        """Returns what measures the weights of a built or unbuilt model."""

    def learning_rate(self, optimizer: Any) -> float | None:
        """Returns the rate of the next step, also under a schedule; None when there is none."""

    def outside_of_trace(self) -> AbstractContextManager[Any]:
        """A context in which operations run at once, though the garbage collector called us while a step is traced."""

    # Derivatives: functions take a list of tensors and return tensors; nothing is assigned in them

    def value_and_gradients(
        self, function: Callable[[Tensors], Tensor], points: Tensors
    ) -> tuple[Tensor, list[Tensor | None]]:
        """Returns function(points), a scalar, and its gradient in each point; None where it does not depend on it."""

    def hessian_product(
        self, function: Callable[[Tensors], Tensor], points: Tensors, directions: Tensors
    ) -> list[Tensor]:
        """Returns the Hessian of a scalar function times `directions`, one tensor a point."""

    def jacobian_product(
        self, function: Callable[[Tensors], Tensors], points: Tensors, directions: Tensors
    ) -> list[Tensor]:
        """Returns the derivative of `function` along `directions` (forward), one tensor an output."""

    def transposed_product(
        self, function: Callable[[Tensors], Tensors], points: Tensors, cotangents: Tensors
    ) -> list[Tensor]:
        """Returns cotangents times the Jacobian of `function` (backward), one tensor a point, zeros for none."""

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Returns function(*arguments), pytrees of tensors in and out; nothing is assigned in it.

        A backend whose single operations are slow compiles it, once for all functions that come to the same program.
        """

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Returns a function of tensors that runs faster from its second call on, where the backend can do that."""

    # Copies

    def training_loop(self, model: Any, rows: Any) -> Callable[[np.ndarray, Any], None]:
        """Returns a loop of training steps on a copy of the user's model.

        Args:
            model: a built, compiled model of our own.
            rows: pytree of tensors with rows on axis 0, as train_step takes it, that tells the form of the data.

        Returns:
            loop(order, rows): one step of the model for each row of `order`, int [steps, batch], row numbers.
        """

    # The process

    def preserved(self, model: Any) -> AbstractContextManager[Any]:
        """A context at whose end is back what calls of the model change though no Keras variable holds it."""

    def random_state(self, seed: int) -> Callable[[], None]:
        """Notes the backend's own random generators, and seeds those that models draw from.

        The function returned puts them back.
        """

    def write_events(self, folder: str, steps: Sequence[tuple[int, Mapping[str, float | str]]]) -> None:
        """Writes numbers and texts as TensorBoard events, by step, each with its tag.

        Raises:
            ValueError: nothing can be written there.
        """
