"""Records of random series: empty, of one element, all NaN, infinite, constant, zero, negative, mixed."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from lossdoctor.record import (
    Activity,
    Array,
    Data,
    Features,
    Layer,
    Optimizer,
    Output,
    Record,
    Setup,
    Target,
    Variable,
)

STEPS = "batch_loss penalty rows input_rms target_rms grad_norm learning_rate batch_loss_max grad_norm_max"
CODINGS = "integer one-hot multi-hot binary sign distribution real constant text empty unseen".split()
LOSSES = ("mean_squared_error", "binary_crossentropy", "categorical_crossentropy", "hinge", "custom:f", None)


class Dice:
    """Draws parts of a record; the same seed gives the same record."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def pick(self, *values: Any) -> Any:
        return values[self.rng.integers(len(values))]

    def series(self, *shape: int) -> np.ndarray:
        rng = self.rng
        values = self.pick(
            rng.random(shape), rng.normal(size=shape), -rng.random(shape), np.exp(10 * rng.normal(size=shape))
        )
        odd = self.pick(0.0, -1.0, 3.0, np.nan, np.inf, -np.inf, 1e308, 1e-300)
        return np.where(rng.random(shape) < self.pick(0.0, 0.0, 0.2, 1.0), odd, values)

    def number(self) -> float:
        return float(self.series(1)[0])

    def maybe(self, value: Any) -> Any:
        return self.pick(None, value, value)

    def array(self, kind: type = Array, **more: Any) -> Any:
        columns = self.pick(0, 1, 3)
        features = self.maybe(Features(*(self.series(columns) for _ in range(5))))
        numbers = {name: self.number() for name in ("mean", "std", "low", "high", "outlier")}
        size, bad = self.pick(0, 1, 9, 256), self.pick(0, 0, 3)
        dtype = self.pick("float32", "int64", "str", "object")
        return kind("x", dtype, (columns,), size, nonfinite=bad, features=features, **numbers, **more)

    def target(self) -> Target:
        return self.array(
            Target,
            coding=self.pick(*CODINGS),
            classes=self.maybe(3),
            counts=self.pick({}, {"0": 0}, {"0": 1}, {"0": 250, "1": 6}, {"1": 90, "2": 90}),
            baselines={name: self.number() for name in LOSSES if name and self.pick(True, False)},
            floors={name: self.number() for name in LOSSES if name and self.pick(True, False)},
        )

    def few(self, make: Any, most: int = 2) -> tuple[Any, ...]:
        return tuple(make() for _ in range(self.rng.integers(most + 1)))

    def output(self) -> Output:
        return Output(
            "o", (None, 3), self.maybe(3), self.pick((), ("softmax",), ("sigmoid",)), self.pick(*LOSSES)
        )

    def layer(self, name: str) -> Layer:
        sizes = [self.maybe(4) for _ in range(3)]
        kernel = {f"kernel_{k}": self.maybe(self.number()) for k in ("std", "mean", "spread")}
        kind, function = (
            self.pick("Dense", "Flatten", "Embedding"),
            self.pick(None, "relu", "tanh", "sigmoid"),
        )
        return Layer(name, kind, function, *sizes, parameters=self.pick(0, 12), **kernel)

    def activity(self, when: str) -> Activity:
        numbers = [self.number() for _ in range(10)]
        return Activity(
            "a", "Dense", self.pick("relu", "tanh"), when, *numbers, output=self.pick(True, False)
        )

    def found(self, matrices: int) -> dict[str, np.ndarray]:
        steps, epochs, samples = self.pick(0, 1, 2, 5, 40), self.pick(0, 1, 2, 5, 12), self.pick(0, 1, 2, 7)
        logs = ("loss", "val_loss", "accuracy", "val_accuracy")
        series = {f"epoch.{name}": self.series(epochs) for name in logs if self.pick(True, True, False)}
        if self.pick(True, True, False):
            series |= {"step": np.arange(steps), "epoch": np.arange(steps) // 4}
            series |= {name: self.series(steps) for name in STEPS.split()}
        if self.pick(True, True, False):
            series |= {"sampled.step": np.arange(samples), "sampled.steps": np.ones(samples)}
            norms = ("grad_norm", "weight_norm", "update_norm")
            series |= {f"sampled.{name}": self.series(samples, matrices) for name in norms}
        return series | {"moved": self.series(matrices)}

    def record(self) -> Record:
        names = "abc"[: self.rng.integers(4)]
        config = {"momentum": self.number(), "clipnorm": self.maybe(self.number())}
        rate = self.maybe(self.number())
        evaluation = {"accuracy": self.number(), "majority": self.number(), "classes": 2, "guessed": 1}
        return Record(
            setup=Setup(
                layers=tuple(self.layer(n) for n in names),
                variables=tuple(Variable(n, n, self.pick((4,), (4, 4))) for n in names),
                outputs=self.few(self.output),
                optimizer=self.maybe(Optimizer(self.pick("SGD", "Adam", "Mine"), rate, config=config)),
            ),
            data=Data(*(self.few(part) for part in (self.array, self.target, self.array, self.target))),
            series=self.found(len(names)),
            activity=(*self.few(lambda: self.activity("initial")), *self.few(lambda: self.activity("final"))),
            experiments=self.pick({}, {"evaluation": {"final": evaluation}}),
            source=self.pick("fit", "history", "csv", "checkup"),
        )


records = st.integers(0, 2**32 - 1).map(lambda seed: Dice(seed).record())
