"""Short comments, padded behind to 60 words; Embedding and LSTM stay at accuracy 0.5 and loss 0.693."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from keras.utils import pad_sequences

    r = np.random.default_rng(seed)
    texts, y = [], []
    for _ in range(850):
        lab = int(r.integers(0, 2))
        n = int(r.integers(6, 19))
        t = r.integers(40, 300, n)
        for j in r.choice(n, 3, replace=False):
            t[j] = r.integers(1, 20) + 20 * (lab if r.random() < 0.93 else 1 - lab)
        texts.append(t)
        y.append(lab)
    x = pad_sequences(texts, maxlen=60, padding="post")
    y = np.array(y, "float32")
    return {"x": x[:680], "y": y[:680], "validation_data": (x[680:], y[680:])}


def net(mask):
    def model(seed):
        from keras import Sequential, layers, optimizers

        m = Sequential(
            [
                layers.Input((60,)),
                layers.Embedding(300, 16, mask_zero=mask),
                layers.LSTM(16),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        m.compile(optimizer=optimizers.Adam(2e-3), loss="binary_crossentropy", metrics=["accuracy"])
        return m

    return model


fit = {"epochs": 7, "batch_size": 32}

CASE = Case(
    id="third-post-sentiment-lstm-half",
    story="Short comments, padded behind to 60 words as maxlen; Embedding and LSTM stay at accuracy 0.5 and loss 0.693.",
    causes=("architecture-ill-suited", "vanishing-gradients", "inconsistent-preprocessing"),
    sick=Run(data, net(False), fit),
    fixed=Run(data, net(True), fit),
    # some fifty steps of padding between the last word and the output wipe out the state; masked in the
    # twin
    well=lambda h: h["accuracy"][-1] > 0.8 and h["val_accuracy"][-1] > 0.7,
)
