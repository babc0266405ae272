"""Records as runs give them, without the runs: loss curves with noise, weight matrices, targets, random ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.record import Array, Data, Features, Output, Record, Setup, Target, Variable
from lossdoctor.symptoms import DETECTORS


def speaks(name: str, record: Record, value: float, words: tuple[str, ...]) -> None:
    """Asserts that the detector of that name gives `value` and that its sentence holds each of `words`."""
    seen = DETECTORS[name](record)
    assert seen is not None, "silent"
    assert seen.name == name
    assert np.isclose(seen.value, value, rtol=0.02), seen
    assert [w for w in words if w not in seen.text] == [], seen.text


def run(loss: Any, *, epochs: int = 10, **parts: Any) -> Record:
    """Returns a record of a fit with these batch losses; `series` adds or replaces series."""
    loss = np.asarray(loss, float)
    series = {
        "step": np.arange(len(loss)),
        "epoch": np.arange(len(loss)) * epochs // max(len(loss), 1),
        "batch_loss": loss,
    }
    return Record(**{**parts, "series": series | parts.get("series", {})})


def bare(loss: Any, **epochs: Any) -> Record:
    """Returns the record of a bare History: the epochs' losses and nothing else."""
    logs = {"loss": loss, **epochs}
    return Record(source="history", series={f"epoch.{k}": np.asarray(v, float) for k, v in logs.items()})


def task(base: float, loss: str = "mean_squared_error", floor: float | None = None, **target: Any) -> dict:
    """Returns setup and data of one output whose best constant answer costs `base`."""
    floors = {} if floor is None else {loss: floor}
    seen = Target("y", "float32", (1,), 256, baselines={loss: base}, floors=floors, **target)
    return {"setup": Setup(outputs=(Output("out", (1,), 1, (), loss),)), "data": Data(targets=(seen,))}


def falling(start: float, end: float, *, sigma: float = 0.0, n: int = 400, seed: int = 0) -> np.ndarray:
    """Returns batch losses that fall exponentially towards `end`, with lognormal noise."""
    curve = end + (start - end) * np.exp(-np.linspace(0, 6, n))
    return curve * np.exp(np.random.default_rng(seed).normal(0, sigma, n)) if sigma else curve


def sampled(grad: Any, weight: Any, update: Any, **parts: Any) -> Record:
    """Returns a record with samples of the weight matrices "a", "b", ...: L2 norms [samples, matrices]."""
    grad, weight, update = (np.asarray(a, float) for a in np.broadcast_arrays(grad, weight, update))
    names = "abcdefgh"[: grad.shape[1]]
    variables = tuple(Variable(f"{n}/kernel", n, (8, 8)) for n in names)
    series = {
        "sampled.step": np.arange(len(grad)) * 10,
        "sampled.steps": np.ones(len(grad)),
        "sampled.grad_norm": grad,
        "sampled.weight_norm": weight,
        "sampled.update_norm": update,
    }
    setup = Setup(variables=variables, layers=parts.pop("layers", ()))
    return Record(setup=setup, series=series | parts.pop("series", {}), **parts)


def inputs(mean: Any, std: Any, *, rows: int = 256, **numbers: Any) -> Array:
    """Returns a table of inputs with these means and standard deviations of its columns."""
    mean, std = (np.asarray(a, float) for a in np.broadcast_arrays(np.atleast_1d(mean), std))
    whole = {
        "mean": float(mean.mean()),
        "std": float(np.sqrt((std**2 + (mean - mean.mean()) ** 2).mean())),
        "low": float((mean - 3 * std).min()),
        "high": float((mean + 3 * std).max()),
    }
    columns = Features(mean, std, mean - 3 * std, mean + 3 * std, np.zeros(len(mean), int))
    return Array("x", "float32", (len(mean),), rows, features=columns, **(whole | numbers))


def evaluation(**parts: Any) -> Record:
    """Returns a record whose experiments hold these parts of the evaluation."""
    return Record(experiments={"evaluation": parts})


HEALTHY = {
    "falls without noise": run(falling(2, 0.1)),
    "noise of sigma 0.2": run(falling(2, 0.3, sigma=0.2)),
    "noise of sigma 0.5": run(falling(2, 0.3, sigma=0.5)),
    "one-cycle rate": run(
        falling(2, 0.1, sigma=0.1) * (1 + 0.5 * np.sin(np.linspace(0, np.pi, 400))),
        series={"learning_rate": 0.01 + 0.1 * np.sin(np.linspace(0, np.pi, 400))},
    ),
    "cyclic rate": run(
        falling(2, 0.3, sigma=0.1) * (1 + 0.4 * (np.arange(400) % 100 > 50)),
        series={"learning_rate": np.where(np.arange(400) % 100 > 50, 0.1, 0.01)},
    ),
    "negative loss": run(falling(1, -3) + np.random.default_rng(1).normal(0, 0.1, 400)),
    "starts at its optimum": run(
        np.exp(np.random.default_rng(2).normal(0, 0.3, 400)), **task(1.0, floor=0.99)
    ),
    "bare history": bare([2.0, 1.2, 0.8, 0.6, 0.5, 0.45, 0.42, 0.4, 0.39]),
    "bare history of one epoch": bare([0.6931]),
    "bare noisy history": bare(falling(2, 0.3, sigma=0.15, n=20)),
    "empty": Record(),
}
