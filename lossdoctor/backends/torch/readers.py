"""Reader: who measures the steps and may keep an update from being made."""

from __future__ import annotations

from typing import Any

from lossdoctor.backends.torch.step import Step


class Reader:
    """Is told what goes on within each step, on the host; what is measured stays on the device until it is asked for."""

    def before(self, step: Step) -> None:
        """`step` has its data and nothing else yet."""

    def on_loss(self, step: Step, given: dict[str, Any]) -> None:
        """`step` has its loss; `given` are the arguments of compute_loss."""

    def allows(self, step: Step) -> bool:
        """`step` has gradients for an update that is about to be made. Returns whether it may be."""
        return True

    def after(self, step: Step) -> None:
        """`step` is done."""

    def leave(self) -> None:
        """The step raised an exception, and is the last one."""

    def on_test_data(self, data: Any) -> None:
        """`data` is what `test_step` got in a validation during fit."""
