"""Q-learning by repeated regression: the target net moves each epoch, so the loss is tiny from the start and the values still move."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed)
    n = 3000  # steps on a line from 0 to 1, goal at the right end
    s = r.random(n)
    a = r.integers(0, 2, n)
    s2 = np.clip(s + np.where(a == 1, 0.1, -0.1) + 0.02 * r.normal(size=n), 0, 1)
    done = s2 > 0.95
    reward = done * 1.0
    x = np.stack([s, s2], 1).astype("float32")
    y = np.stack([a, reward, done], 1).astype("float32")
    return {"x": x, "y": y}


def model(seed):
    import keras
    from keras import layers, ops

    def net():
        return keras.Sequential(
            [
                keras.Input((1,)),
                layers.Rescaling(4.0, -2.0),
                layers.Dense(48, "relu"),
                layers.Dense(48, "relu"),
                layers.Dense(2),
            ]
        )

    class Q(keras.Model):
        def __init__(self):
            super().__init__()
            self.online, self.slow = net(), net()
            self.slow.trainable = False
            self.slow.set_weights(self.online.get_weights())

        def call(self, x):
            ahead = ops.max(self.slow(x[:, 1:]), axis=-1, keepdims=True)
            return ops.concatenate([self.online(x[:, :1]), ops.stop_gradient(ahead)], axis=-1)

    def td(y, p):
        a, reward, done = y[:, 0], y[:, 1], y[:, 2]
        q = ops.where(a > 0.5, p[:, 1], p[:, 0])
        goal = reward + 0.9 * (1 - done) * p[:, 2]
        return keras.losses.huber(goal[:, None], q[:, None])

    def value(y, p):
        return ops.max(p[:, :2], axis=-1)

    m = Q()
    m.compile(keras.optimizers.Adam(1e-3), loss=td, metrics=[value])
    return m


def sync(seed):
    import keras

    class Sync(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.slow.set_weights(self.model.online.get_weights())

    return [Sync()]


CASE = Case(
    id="fourth-bwell07-dqn-targets",
    story="Q-learning on logged steps along a corridor; the target net is copied each epoch. The loss is below 0.01 from the first epoch on and says little; what counts is the mean value, which climbs as the reward spreads.",
    fixed=Run(data, model, {"epochs": 30, "batch_size": 60}, sync),
    well=lambda h: 0.5 < h["value"][-1] < 0.9 and h["loss"][-1] < 0.02,
)
