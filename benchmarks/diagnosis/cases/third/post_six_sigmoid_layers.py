"""With six hidden layers in place of one the loss sits at 1.38 and every sample gets the same class."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed)
    x = r.uniform(-2, 2, (1500, 6))
    s = x[:, 0] * 1.5 - x[:, 1] + np.sin(2 * x[:, 2]) + 0.5 * x[:, 3]
    c = np.digitize(s, [-1.8, 0, 1.8])
    return {"x": x.astype("float32"), "y": np.eye(4, dtype="float32")[c]}


def net(act):
    def model(seed):
        import keras

        m = keras.Sequential()
        m.add(keras.Input((6,)))
        for _ in range(6):
            m.add(keras.layers.Dense(40, activation=act))
        m.add(keras.layers.Dense(4, activation="softmax"))
        m.compile(
            loss="categorical_crossentropy",
            optimizer=keras.optimizers.SGD(0.05, momentum=0.5),
            metrics=["accuracy"],
        )
        return m

    return model


fit = {"epochs": 20, "batch_size": 32, "validation_split": 0.15}

CASE = Case(
    id="third-post-six-sigmoid-layers",
    story="With one hidden layer it learned something; with six of them the loss sits at 1.38 and every sample gets the same class.",
    causes=("vanishing-gradients", "hidden-activation-ill-suited", "saturated-activations"),
    sick=Run(data, net("sigmoid"), fit),
    fixed=Run(data, net("relu"), fit),
    well=lambda h: h["accuracy"][-1] > 0.75,
)
