"""A student learns softened probabilities: the loss stays large since it holds the teacher's entropy."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run

T = 3.0


def data(seed):
    """y: the teacher's softened probabilities, then the one-hot label."""
    from sklearn.datasets import load_digits
    from sklearn.svm import SVC

    d = load_digits()
    i = np.random.default_rng(seed).permutation(len(d.data))
    x, c = d.data[i] / 16.0, d.target[i]
    teacher = SVC(C=5, gamma=0.1, probability=True, random_state=0).fit(x[:600], c[:600])
    logp = np.log(teacher.predict_proba(x) + 1e-6) / T
    soft = np.exp(logp) / np.exp(logp).sum(1, keepdims=True)
    y = np.concatenate([soft, np.eye(10)[c]], 1).astype("float32")
    x = x.astype("float32")
    return {"x": x[:1400], "y": y[:1400], "validation_data": (x[1400:], y[1400:])}


def model(seed):
    import keras
    from keras import ops

    def distill(y, logits):
        soft = -ops.sum(y[:, :10] * ops.log_softmax(logits / T, axis=-1), axis=-1)
        hard = -ops.sum(y[:, 10:] * ops.log_softmax(logits, axis=-1), axis=-1)
        return 0.9 * T * T * soft + 0.1 * hard

    def hits(y, logits):
        return ops.cast(ops.equal(ops.argmax(y[:, 10:], axis=-1), ops.argmax(logits, axis=-1)), "float32")

    m = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(20, activation="tanh"), keras.layers.Dense(10)]
    )
    m.compile(optimizer=keras.optimizers.SGD(0.3), loss=distill, metrics=[hits])
    return m


CASE = Case(
    id="third-well-distilled-student",
    story="A student of twenty units learns the softened probabilities of a support vector machine (temperature 3): the loss stays large since it holds the teacher's own entropy times nine; SGD at 0.3.",
    fixed=Run(data, model, {"epochs": 30, "batch_size": 70}),
    well=lambda h: h["val_hits"][-1] > 0.92 and h["hits"][-1] > 0.95,
)
