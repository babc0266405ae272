"""Random small models, losses, optimizers and faults of the data: never an error of ours, never another result.

15 examples in CI; LOSSDOCTOR_FUZZ=500 makes 500.
"""

from __future__ import annotations

import gc
import json
import os
import warnings

import keras
import numpy as np
import pytest
from compat_check import same_values, state
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from keras import layers

from lossdoctor import LossDoctor

pytestmark = pytest.mark.fit

EXAMPLES = int(os.environ.get("LOSSDOCTOR_FUZZ", "15"))
PART = 25  # examples in one test, so that 500 of them show how far they are and share the cores
LAYERS = {
    "dense": lambda n: layers.Dense(n, activation="relu"),
    "tanh": lambda n: layers.Dense(n, activation="tanh", kernel_regularizer="l1"),
    "zeros": lambda n: layers.Dense(n, kernel_initializer="zeros"),
    "huge": lambda n: layers.Dense(n, activation="sigmoid", kernel_initializer=keras.initializers.RandomNormal(stddev=1e4)),
    "dropout": lambda n: layers.Dropout(0.3, seed=n),
    "layer norm": lambda n: layers.LayerNormalization(),
    "frozen": lambda n: layers.Dense(n, trainable=False),
    "prelu": lambda n: layers.PReLU(),
    "rescaling": lambda n: layers.Rescaling(1e-3),
    "recurrent": lambda n: keras.Sequential([layers.Reshape((-1, 1)), layers.SimpleRNN(n)]),
    "convolution": lambda n: keras.Sequential([layers.Reshape((-1, 1)), layers.Conv1D(n, 2, padding="same"), layers.Flatten()]),
}  # fmt: skip
LOSSES = ("mse", "mae", "huber", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "hinge",
          "kl_divergence", "poisson", "mean_absolute_percentage_error", "cosine_similarity", "mean_squared_logarithmic_error", None)  # fmt: skip
OPTIMIZERS = ("SGD", "Adam", "RMSprop", "Adagrad", "Nadam", "Lion", "Ftrl", "Adafactor")
TARGETS = {
    "real": lambda rng, n, k: rng.normal(size=(n, k)),
    "flat": lambda rng, n, k: rng.normal(size=n),
    "classes": lambda rng, n, k: rng.integers(0, k + 1, n),
    "one-hot": lambda rng, n, k: np.eye(k)[rng.integers(0, k, n)],
    "binary": lambda rng, n, k: rng.integers(0, 2, (n, 1)),
    "constant": lambda rng, n, k: np.full((n, k), 3.0),
    "huge": lambda rng, n, k: rng.normal(size=(n, k)) * 1e20,
    "none": lambda rng, n, k: None,
}
FAULTS = ("none", "nan", "inf", "huge", "constant", "one row", "nan targets", "zero weights")

RUNS = st.fixed_dictionaries(
    {
        "layers": st.lists(st.tuples(st.sampled_from(sorted(LAYERS)), st.integers(1, 5)), max_size=3),
        "units": st.integers(1, 3),
        "activation": st.sampled_from((None, "softmax", "sigmoid", "relu", "softplus")),
        "loss": st.sampled_from(LOSSES),
        "optimizer": st.sampled_from(OPTIMIZERS),
        "rate": st.sampled_from((0.0, 1e-5, 0.01, 1.0, 1e4)),
        "clip": st.sampled_from((None, "clipnorm", "clipvalue", "global_clipnorm")),
        "mode": st.sampled_from(
            ({}, {}, {"steps_per_execution": 3}, {"jit_compile": True}, {"run_eagerly": True})
        ),
        "target": st.sampled_from(sorted(TARGETS)),
        "fault": st.sampled_from(FAULTS),
        "validation": st.booleans(),
        "seed": st.integers(0, 99),
    }
)


def build(run):
    keras.utils.set_random_seed(run["seed"])
    inside = [LAYERS[kind](n) for kind, n in run["layers"]]
    model = keras.Sequential(
        [keras.Input((4,)), *inside, layers.Dense(run["units"], activation=run["activation"])]
    )
    clip = {run["clip"]: 0.5} if run["clip"] else {}
    optimizer = getattr(keras.optimizers, run["optimizer"])(run["rate"], **clip)
    model.compile(optimizer, run["loss"], metrics=["mae"] if run["seed"] % 2 else None, **run["mode"])
    return model


def data(run):
    rng = np.random.default_rng(run["seed"])
    rows = 1 if run["fault"] == "one row" else 21
    x, y = rng.normal(size=(rows, 4)), TARGETS[run["target"]](rng, rows, run["units"])
    weight = np.zeros(rows) if run["fault"] == "zero weights" else None
    if run["fault"] in ("nan", "inf", "huge"):
        x[rows // 2, 1] = {"nan": np.nan, "inf": np.inf, "huge": 1e30}[run["fault"]]
    if run["fault"] == "constant":
        x[:] = 1.0
    if run["fault"] == "nan targets" and y is not None and y.dtype.kind == "f":
        y[rows // 3] = np.nan
    return {
        "x": x,
        "y": y,
        "sample_weight": weight,
        "validation_data": (x, y) if run["validation"] and y is not None else None,
    }


def end(run, callbacks):
    """Returns how a run ends: the type of the error, or weights and logs."""
    model = build(run)
    try:
        history = model.fit(**data(run), batch_size=8, epochs=2, verbose=0, callbacks=callbacks).history
    except Exception as error:
        return type(error), [], {}
    return None, state(model), history


@pytest.mark.parametrize("part", range(-(-EXAMPLES // PART)))
def test_any_run(part):
    """The run ends as it does without us, and there is a report that can be written in every form."""

    @seed(7 + part)
    @settings(
        max_examples=min(EXAMPLES, PART),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(RUNS)
    def ends_as_without_us(run):
        watch(run)

    ends_as_without_us()


def watch(run):
    doctor = LossDoctor(verbose=0, trial_seconds=0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=".*lossdoctor.*")
        error, weights, history = end(run, [])
        other_error, others, other_history = end(run, [doctor])
        gc.collect()
        report = doctor.report
    assert other_error is error
    same_values(weights, others)
    same_values(list(history.values()), list(other_history.values()))
    assert [e.text for e in report.record.events if e.kind == "internal-error"] == []
    assert json.loads(report.to_json())["record"]["stopped"] == (
        "finished" if error is None else f"error: {error.__name__}"
    )
    assert report.to_text(full=True).startswith("LossDoctor: ")
    keras.backend.clear_session()
    gc.freeze()  # TensorFlow keeps what a step was traced to: without this each collection takes longer
