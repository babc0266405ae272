"""Labels -1 and +1 and the hinge loss behind a sigmoid; the loss sticks and every sign is plus."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    X, y = load_breast_cancer(return_X_y=True)
    y = np.where(y == 1, -1.0, 1.0)  # malignant = +1
    Xa, Xb, ya, yb = train_test_split(X, y, test_size=0.25, random_state=seed, stratify=y)
    sc = StandardScaler().fit(Xa)
    return {"x": sc.transform(Xa), "y": ya, "validation_data": (sc.transform(Xb), yb)}


def right_side(y_true, y_pred):
    import keras

    y_true, y_pred = keras.ops.reshape(y_true, (-1,)), keras.ops.reshape(y_pred, (-1,))
    return keras.ops.mean(keras.ops.cast(keras.ops.equal(y_true > 0, y_pred > 0), "float32"))


def net(act):
    def model(seed):
        import keras

        m = keras.Sequential()
        m.add(keras.layers.Input(shape=(30,)))
        m.add(keras.layers.Dense(20, activation="relu"))
        m.add(keras.layers.Dense(1, activation=act))
        m.compile(loss="hinge", optimizer=keras.optimizers.SGD(0.05), metrics=[right_side])
        return m

    return model


fit = {"epochs": 40, "batch_size": 32}

CASE = Case(
    id="third-loss-hinge",
    story="Tumours with labels -1 and +1 and the hinge loss behind a sigmoid; the loss sticks at the share of the negatives and every sign is plus.",
    causes=("loss-activation-mismatch",),
    sick=Run(data, net("sigmoid"), fit),
    fixed=Run(data, net("tanh"), fit),
    well=lambda h: h["loss"][-1] < 0.25 and h["val_right_side"][-1] > 0.9,
)
