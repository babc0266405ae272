"""VAE with Bernoulli pixels and an annealed KL weight: the loss rises while the weight does."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    from sklearn.datasets import load_digits

    x = (load_digits().data > 7).astype("float32")
    return {"x": x[:1500], "y": x[:1500], "validation_data": (x[1500:], x[1500:])}


def model(seed):
    weight = keras.Variable(0.0, trainable=False, name="kl_weight")

    class Draw(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.rng = keras.random.SeedGenerator(seed)
            self.weight = weight

        def call(self, both):
            mu, lv = ops.split(both, 2, axis=-1)
            kl = 0.5 * ops.sum(ops.exp(lv) + mu**2 - 1.0 - lv, axis=-1)
            self.add_loss(self.weight * ops.mean(kl))
            return mu + ops.exp(lv / 2) * keras.random.normal(ops.shape(mu), seed=self.rng)

    x = keras.Input((64,))
    h = layers.Dense(96, activation="swish")(x)
    z = Draw()(layers.Dense(12)(h))
    h = layers.Dense(96, activation="swish")(z)
    m = keras.Model(x, layers.Dense(64)(h))
    m.kl_weight = weight

    def nats(t, p):
        return 64.0 * keras.losses.binary_crossentropy(t, p, from_logits=True)

    m.compile(keras.optimizers.Adam(2e-3), loss=nats, metrics=[nats])
    return m


def warm_up(seed):
    class WarmUp(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.kl_weight.assign(min(1.0, epoch / 15))

    return [WarmUp()]


CASE = Case(
    id="fourth-bwell02-vae-counts",
    story="VAE on black and white digits; the weight of the KL term grows from 0 to 1 over 15 epochs, so the loss falls, then climbs, then is flat.",
    fixed=Run(data, model, {"epochs": 30, "batch_size": 50}, warm_up),
    # a model that ignores the code: nats 30
    well=lambda h: h["nats"][-1] < 17 and h["val_loss"][-1] < 27,
)
