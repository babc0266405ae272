"""Every layer got L1L2 with 0.01 for both parts; the total loss rests at about ln 10, accuracy at chance."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    from sklearn.datasets import load_digits
    from sklearn.utils import shuffle

    X, y = load_digits(return_X_y=True)
    X, y = shuffle(X / 16.0, y, random_state=seed)
    return {
        "x": X[:1400],
        "y": keras.utils.to_categorical(y[:1400], 10),
        "validation_data": (X[1400:], keras.utils.to_categorical(y[1400:], 10)),
    }


def make(reg):
    def model(seed):
        r = reg() if callable(reg) else reg
        m = keras.Sequential(
            [
                layers.Input((64,)),
                layers.Dense(96, activation="relu", kernel_regularizer=r),
                layers.Dense(96, activation="relu", kernel_regularizer=r),
                layers.Dense(10, activation="softmax", kernel_regularizer=r),
            ]
        )
        m.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
        return m

    return model


fit = {"epochs": 20, "batch_size": 32}

CASE = Case(
    id="third-cause-over-regularized",
    story="Every layer got the regulariser L1L2 with 0.01 for both parts; the total loss falls at first, then rests at about ln 10 while the accuracy drops to chance.",
    causes=("over-regularized",),
    sick=Run(data, make(lambda: keras.regularizers.L1L2(0.01, 0.01)), fit),
    fixed=Run(data, make(lambda: keras.regularizers.l2(1e-4)), fit),
    well=lambda h: h["val_accuracy"][-1] > 0.9,
)
