"""Run in a process of its own, as logical devices are set before TensorFlow starts: python distributed.py REPLICAS.

Prints one line of JSON: what is measured by one device, and by REPLICAS logical CPU devices, of the same training.
"""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from lossdoctor import LossDoctor

X = np.random.default_rng(0).normal(size=(72, 4)).astype("float32")
Y = X[:, :1] * X[:, 1:2]
SERIES = (
    "batch_loss",
    "penalty",
    "rows",
    "input_rms",
    "target_rms",
    "grad_norm",
)


def build(strategy: Any, **arguments: Any) -> Any:
    keras.utils.set_random_seed(3)
    with strategy.scope():
        hidden = keras.layers.Dense(6, activation="tanh", kernel_regularizer="l2")
        model = keras.Sequential([keras.Input((4,)), hidden, keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.05, momentum=0.5), "mse", **arguments)
    return model


def fit(model: Any, *callbacks: Any) -> Any:
    return model.fit(
        X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0, callbacks=list(callbacks)
    ).history["loss"]


def watched(strategy: Any, **arguments: Any) -> dict[str, Any]:
    plain, model = build(strategy, **arguments), build(strategy, **arguments)
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    same = fit(plain) == fit(model, doctor)
    same &= all(np.array_equal(a, b) for a, b in zip(plain.get_weights(), model.get_weights(), strict=True))
    series = doctor.report.record.series
    found = {name: [float(v) for v in series.get(name, ())] for name in SERIES}
    sure = np.isin(series.get("sampled.step", ()), (0, 1, 3))  # other looks come when there is time for them
    looks = series["sampled.grad_norm"][sure] if sure.size else ()
    found["by variable"] = [[float(v) for v in row] for row in looks]
    return {"same": bool(same), "series": found, "unchecked": doctor.report.unchecked}


class Raises(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 2:
            raise LookupError("mine")


def interrupted(strategy: Any) -> dict[str, Any]:
    model, doctor = build(strategy), LossDoctor(trial_seconds=0, verbose=0)
    with contextlib.suppress(LookupError):
        fit(model, doctor, Raises())
    gc.collect()
    left = [n for n in ("train_step", "compute_loss") if n in vars(model)]
    report = doctor.report
    return {
        "stopped": report.record.stopped,
        "steps": len(report.record.series.get("batch_loss", ())),
        "left": left,
    }


def loss_scaled(strategy: Any) -> dict[str, Any]:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        plain, model = build(strategy), build(strategy)
    finally:
        keras.config.set_dtype_policy("float32")
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    same = fit(plain) == fit(model, doctor)
    norms = doctor.report.record.series.get("grad_norm", np.zeros(0))
    return {"same": bool(same), "norms": int(np.isfinite(norms).sum()), "unchecked": doctor.report.unchecked}


def main(replicas: int) -> None:
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * replicas)
    many = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(replicas)])
    one = tf.distribute.get_strategy()
    found = {"one": watched(one), "many": watched(many), "interrupted": interrupted(many)}
    if replicas == 2:
        found["loss scaled"] = loss_scaled(many)
    print(json.dumps(found))


if __name__ == "__main__":
    warnings.filterwarnings("error", message=".*lossdoctor.*")
    main(int(sys.argv[1]))
