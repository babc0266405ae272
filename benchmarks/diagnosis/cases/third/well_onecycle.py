"""One-cycle policy with SGD, momentum and batch norm: validation is restless in the middle and settles."""

from __future__ import annotations

import math

from benchmarks.diagnosis.kit import Case, Run

EPOCHS, BATCH, ROWS = 20, 64, 1437
STEPS = EPOCHS * math.ceil(ROWS / BATCH)


def data(seed):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    d = load_digits()
    xt, xv, yt, yv = train_test_split(
        d.data / 16.0, d.target, test_size=0.2, random_state=seed, stratify=d.target
    )
    return {"x": xt, "y": yt, "validation_data": (xv, yv)}


def model(seed):
    import keras

    m = keras.Sequential()
    m.add(keras.Input(shape=(64,)))
    for _ in range(2):
        m.add(keras.layers.Dense(96, use_bias=False))
        m.add(keras.layers.BatchNormalization())
        m.add(keras.layers.ReLU())
    m.add(keras.layers.Dense(10, activation="softmax"))
    m.compile(
        optimizer=keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m


def callbacks(seed):
    import keras

    class OneCycle(keras.callbacks.Callback):
        low, top = 0.02, 0.6

        def on_train_begin(self, logs=None):
            self.i = 0

        def on_train_batch_begin(self, batch, logs=None):
            f = self.i / STEPS
            if f < 0.4:
                lr = self.low + (self.top - self.low) * f / 0.4
            else:
                lr = self.top * 0.5 * (1 + math.cos(math.pi * (f - 0.4) / 0.6)) + 1e-5
            self.model.optimizer.learning_rate.assign(lr)
            self.i += 1

    return [OneCycle()]


CASE = Case(
    id="third-well-onecycle",
    story="One-cycle policy with SGD, momentum and batch norm: the rate climbs to 0.6 and goes to nothing; validation is restless in the middle and settles at the end.",
    fixed=Run(data, model, {"epochs": EPOCHS, "batch_size": BATCH}, callbacks=callbacks),
    well=lambda h: h["val_accuracy"][-1] > 0.94 and h["loss"][-1] < 0.08,
)
