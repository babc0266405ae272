"""Variational autoencoder of small pictures: the samples all show the mean picture."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    import numpy as np
    from sklearn.datasets import load_digits

    x = load_digits().images / 16.0
    x = np.kron(x, np.ones((1, 2, 2)))[:, 1:15, 1:15]  # 14x14
    rng = np.random.default_rng(seed)
    x = np.clip(x + rng.normal(0, 0.02, x.shape), 0, 1).astype("float32")
    order = rng.permutation(len(x))
    x = x[order].reshape(len(x), -1)
    return {"x": x, "y": x, "validation_split": 0.15}


def net(total):
    def model(seed):
        import keras
        from keras import layers, ops

        class Latent(layers.Layer):
            def __init__(self, size, **kw):
                super().__init__(**kw)
                self.mu, self.lv = layers.Dense(size), layers.Dense(size)
                self.gen = keras.random.SeedGenerator(seed)

            def call(self, h, training=False):
                mu, lv = self.mu(h), self.lv(h)
                kl = -0.5 * ops.sum(1.0 + lv - mu**2 - ops.exp(lv), axis=1)
                self.add_loss(ops.mean(kl))
                if not training:
                    return mu
                return mu + ops.exp(lv / 2) * keras.random.normal(ops.shape(mu), seed=self.gen)

        inp = keras.Input((196,))
        h = layers.Dense(96, activation="elu")(inp)
        z = Latent(6)(h)
        h = layers.Dense(96, activation="elu")(z)
        out = layers.Dense(196, activation="sigmoid")(h)
        m = keras.Model(inp, out)

        def summed(y, p):
            eps = 1e-6
            p = ops.clip(p, eps, 1 - eps)
            return -ops.sum(y * ops.log(p) + (1 - y) * ops.log(1 - p), axis=-1)

        m.compile(
            keras.optimizers.Adam(1.5e-3),
            loss=summed if total else "binary_crossentropy",
            metrics=["mae"],
        )
        return m

    return model


fit = {"epochs": 25, "batch_size": 48}

CASE = Case(
    id="fourth-a04-vae-pictures",
    story="A variational autoencoder with binary cross-entropy and the KL term of the textbook. The loss is flat after a few epochs, and all reconstructions are the same grey average.",
    causes=("representation-collapse", "over-regularized", "loss-target-mismatch"),
    sick=Run(data, net(False), fit),
    fixed=Run(data, net(True), fit),
    well=lambda h: h["val_mae"][-1] < 0.19,
)
