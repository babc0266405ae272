"""The form of one case, and how a run is trained with plain Keras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.diagnosis.lazy import keras

History = dict[str, list[float]]


@dataclass(frozen=True)
class Run:
    """One training run.

    Attributes:
        data: seed -> dict(x, y[, validation_data, class_weight, ...]), arguments of `model.fit`.
        model: seed -> compiled model.
        fit: further arguments of `model.fit`.
        callbacks: seed -> the run's own callbacks, put before the doctor.
        calls: how often `fit` is called on the same model; the histories are joined.
    """

    data: Callable[[int], dict[str, Any]]
    model: Callable[[int], Any]
    fit: Mapping[str, Any] = field(default_factory=dict)
    callbacks: Callable[[int], list[Any]] | None = None
    calls: int = 1


@dataclass(frozen=True)
class Case:
    """A sick run with its repaired twin, or (`sick=None`) a healthy control.

    Attributes:
        id: kebab-case.
        story: what the person saw.
        causes: ids that are a right diagnosis, best first; empty for a control.
        sick, fixed: the runs; `fixed` is the control itself when `sick` is None.
        well: history -> whether that run trained as it should.
    """

    id: str
    story: str
    fixed: Run
    well: Callable[[History], bool]
    causes: tuple[str, ...] = ()
    sick: Run | None = None

    @property
    def runs(self) -> dict[str, Run]:
        """The runs by name: "sick" (if there is one) and "fixed"."""
        return {"fixed": self.fixed} if self.sick is None else {"sick": self.sick, "fixed": self.fixed}


def train(run: Run, seed: int, callbacks: Sequence[Any] = ()) -> tuple[History, Any]:
    """Trains `run` once from `seed`. Returns the joined history and the model."""
    keras.utils.set_random_seed(seed)
    arguments = dict(run.data(seed))
    model = run.model(seed)
    x, y = arguments.pop("x"), arguments.pop("y", None)
    joined: History = {}
    for _ in range(run.calls):
        own = list(run.callbacks(seed)) if run.callbacks else []
        done = model.fit(x, y, **{**arguments, **run.fit}, callbacks=own + list(callbacks), verbose=0)
        for name, values in done.history.items():
            joined.setdefault(name, []).extend(float(v) for v in values)
    return joined, model


def sequential(
    shape: Sequence[int | None], *stack: Any, loss: Any, optimizer: Any = "adam", **compiled: Any
) -> Any:
    """Returns a compiled `keras.Sequential` over inputs of `shape` (batch axis left out)."""
    model = keras.Sequential([keras.Input(tuple(shape)), *stack])
    model.compile(optimizer=optimizer, loss=loss, **compiled)
    return model


def last(name: str, *, above: float | None = None, below: float | None = None) -> Callable[[History], bool]:
    """Returns a `well` that compares the last value of a history entry (NaN is never well)."""

    def well(history: History) -> bool:
        value = history[name][-1]
        return (above is None or value > above) and (below is None or value < below) and value == value

    return well


def every(*tests: Callable[[History], bool]) -> Callable[[History], bool]:
    """Returns a `well` that holds when all of `tests` hold."""
    return lambda history: all(test(history) for test in tests)


def pair(
    name: str,
    story: str,
    causes: str,
    well: Callable[[History], bool],
    data: Any,
    net: Any,
    fit: Any,
    callbacks: Any = None,
) -> Case:
    """Returns a case from parts that the two runs share, or (sick, fixed) tuples where they differ.

    `causes` are ids with a blank between, best first.
    """
    runs = [Run(*(p[i] if isinstance(p, tuple) else p for p in (data, net, fit, callbacks))) for i in (0, 1)]
    return Case(name, story, runs[1], well, tuple(causes.split()), runs[0])


def control(
    name: str,
    story: str,
    well: Callable[[History], bool],
    data: Any,
    net: Any,
    fit: Any,
    callbacks: Any = None,
    calls: int = 1,
) -> Case:
    """Returns a healthy control."""
    return Case(name, story, Run(data, net, fit, callbacks, calls), well)
