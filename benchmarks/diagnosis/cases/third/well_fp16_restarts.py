"""Mixed precision with loss scaling and cosine warm restarts: the loss jumps up a little at each restart."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed)
    n, T = 900, 64
    t = np.arange(T)
    y = rng.integers(0, 3, n)
    f, ph = rng.uniform(0.04, 0.12, n)[:, None], rng.uniform(0, 2 * np.pi, n)[:, None]
    arg = f * t * 2 * np.pi + ph
    sine, square, saw = np.sin(arg), np.sign(np.sin(arg)), 2 * ((arg / (2 * np.pi)) % 1) - 1
    x = np.choose(y[:, None], [sine, square, saw]) + 0.25 * rng.normal(size=(n, T))
    x = x[..., None].astype("float32")
    return {"x": x[:720], "y": y[:720], "validation_data": (x[720:], y[720:])}


def model(seed):
    import keras
    from keras import layers

    p = "mixed_float16"
    inp = keras.Input((64, 1))
    h = layers.Conv1D(16, 7, activation="relu", padding="same", dtype=p)(inp)
    h = layers.MaxPooling1D(2, dtype=p)(h)
    h = layers.Conv1D(32, 5, activation="relu", padding="same", dtype=p)(h)
    h = layers.GlobalMaxPooling1D(dtype=p)(h)
    h = layers.Dense(32, activation="relu", dtype=p)(h)
    out = layers.Dense(3, activation="softmax", dtype="float32")(h)
    m = keras.Model(inp, out)
    rate = keras.optimizers.schedules.CosineDecayRestarts(
        0.01, first_decay_steps=23 * 4, t_mul=2.0, m_mul=0.9
    )
    m.compile(
        optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(rate)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m


CASE = Case(
    id="third-well-fp16-restarts",
    story="Waveform classification in mixed precision with loss scaling and cosine warm restarts: the loss jumps up a little at each restart, then goes on falling.",
    fixed=Run(data, model, {"epochs": 28, "batch_size": 32}),
    well=lambda h: h["val_accuracy"][-1] > 0.95 and h["accuracy"][-1] > 0.97,
)
