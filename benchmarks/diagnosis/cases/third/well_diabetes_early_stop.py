"""The diabetes score is left as it is, so the squared error ends near 2600; early stopping ends the run."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_diabetes

    d = load_diabetes()
    i = np.random.default_rng(seed).permutation(len(d.data))
    x, y = d.data[i] * 20, d.target[i]  # about unit spread; the target as it is, 25 to 346
    return {"x": x[:342], "y": y[:342], "validation_data": (x[342:], y[342:])}


def model(seed):
    import keras

    m = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(100.0)),
        ]
    )
    m.compile(optimizer=keras.optimizers.Adam(0.03), loss="mean_squared_error", metrics=["mae"])
    return m


def callbacks(seed):
    import keras

    return [keras.callbacks.EarlyStopping(monitor="val_loss", patience=6, restore_best_weights=True)]


CASE = Case(
    id="third-well-diabetes-early-stop",
    story="The diabetes progression score is left as it is, so the squared error ends near 2600; that is about half the variance explained, the best anyone gets, and early stopping ends the run.",
    fixed=Run(data, model, {"epochs": 60, "batch_size": 32}, callbacks=callbacks),
    # variance about 5930
    well=lambda h: h["loss"][-1] < 3100 and min(h["val_loss"]) < 3700,
)
