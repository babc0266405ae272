"""A subclassed conv net returns raw scores, but the loss is given by its name only; it ends at ln 10."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras


def data(seed):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    d = load_digits()
    X = (d.images / 16.0)[..., None].astype("float32")
    xa, xb, ya, yb = train_test_split(X, d.target, test_size=0.2, random_state=seed)
    return {"x": xa, "y": ya, "validation_data": (xb, yb)}


def net():
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.c1 = keras.layers.Conv2D(16, 3, activation="relu")
            self.c2 = keras.layers.Conv2D(24, 3, activation="relu")
            self.flat = keras.layers.Flatten()
            self.drop = keras.layers.Dropout(0.2)
            self.out = keras.layers.Dense(10)

        def call(self, x, training=False):
            x = self.flat(self.c2(self.c1(x)))
            return self.out(self.drop(x, training=training))

    return Net()


def wrong(seed):
    m = net()
    m.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


def right(seed):
    m = net()
    m.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return m


fit = {"epochs": 12, "batch_size": 32}

CASE = Case(
    id="third-loss-sparse-categorical-crossentropy",
    story="A subclassed conv net returns raw scores, but the loss is given by its name only; the loss ends at exactly ln 10 and the accuracy near chance.",
    causes=("loss-activation-mismatch",),
    sick=Run(data, wrong, fit),
    fixed=Run(data, right, fit),
    well=lambda h: h["val_accuracy"][-1] > 0.9 and h["loss"][-1] < 0.5,
)
