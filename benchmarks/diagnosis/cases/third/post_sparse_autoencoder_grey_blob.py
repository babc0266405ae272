"""Since I added the sparsity term to my autoencoder every digit comes out as the same grey blob."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_digits

    x = (load_digits().data / 16.0).astype("float32")
    return {"x": x[:1500], "y": x[:1500], "validation_data": (x[1500:], x[1500:])}


def net(l1):
    def model(seed):
        import keras
        from keras import layers, regularizers

        inp = keras.Input(shape=(64,))
        code = layers.Dense(32, activation="relu", activity_regularizer=regularizers.L1(l1))(inp)
        out = layers.Dense(64, activation="sigmoid")(code)
        m = keras.Model(inp, out)
        m.compile(optimizer="adam", loss="mse", metrics=["mse"])
        return m

    return model


fit = {"epochs": 30, "batch_size": 64, "shuffle": True}

CASE = Case(
    id="third-post-sparse-autoencoder-grey-blob",
    story="Since I added the sparsity term to my autoencoder every digit comes out as the same grey blob, the mean of all pictures.",
    causes=("over-regularized",),
    sick=Run(data, net(1e-1), fit),
    fixed=Run(data, net(1e-5), fit),
    well=lambda h: h["val_mse"][-1] < 0.04,
)
