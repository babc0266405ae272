"""Feature extraction: trained convolutions frozen, BatchNormalization in inference mode, a new head."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_digits

    d = load_digits()
    keep = np.random.default_rng(seed).permutation(np.flatnonzero(d.target >= 6))
    x, y = (d.images[keep] / 16.0).astype("float32")[..., None], d.target[keep] - 6
    return {"x": x[:500], "y": y[:500], "validation_data": (x[500:], y[500:])}


def model(seed):
    import keras
    from keras import layers
    from sklearn.datasets import load_digits

    d = load_digits()
    old = d.target < 6
    base = keras.Sequential(name="base")
    base.add(keras.Input((8, 8, 1)))
    for filters in (32, 64):
        base.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        base.add(layers.BatchNormalization(momentum=0.9))
        base.add(layers.ReLU())
        base.add(layers.MaxPooling2D())
    base.add(layers.Flatten())
    whole = keras.Sequential([base, layers.Dense(6, activation="softmax")])
    whole.compile("adam", "sparse_categorical_crossentropy")
    whole.fit((d.images[old] / 16.0)[..., None], d.target[old], epochs=6, batch_size=64, verbose=0)
    base.trainable = False
    inp = keras.Input((8, 8, 1))
    h = layers.Dropout(0.3)(base(inp, training=False))
    tuned = keras.Model(inp, layers.Dense(4, activation="softmax")(h))
    tuned.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return tuned


CASE = Case(
    id="fourth-bwell17-frozen-features",
    story="A base trained on digits 0 to 5 is frozen and a new head learns 6 to 9; of fourteen weight tensors two move. Validation is better than training because of the dropout.",
    fixed=Run(data, model, {"epochs": 20, "batch_size": 25}),
    well=lambda h: h["val_accuracy"][-1] > 0.92,
)
