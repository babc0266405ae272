"""tf.data pipeline without an end, mixup in a custom train_step: training loss stays above validation loss."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    import tensorflow as tf
    from sklearn.datasets import load_digits

    d = load_digits()
    order = np.random.default_rng(seed).permutation(len(d.target))
    x = (d.images[order] / 16.0).astype("float32")[..., None]
    y = np.eye(10, dtype="float32")[d.target[order]]
    stream = (
        tf.data.Dataset.from_tensor_slices((x[:1400], y[:1400])).shuffle(1400, seed=seed).repeat().batch(32)
    )
    held = tf.data.Dataset.from_tensor_slices((x[1400:], y[1400:])).batch(100)
    return {"x": stream.prefetch(2), "validation_data": held}


def model(seed):
    import keras
    import tensorflow as tf
    from keras import layers

    class Mixup(keras.Model):
        def train_step(self, data):
            x, y = data
            part = tf.random.uniform((tf.shape(x)[0], 1), 0.0, 0.5)
            x = x + part[..., None, None] * (tf.reverse(x, [0]) - x)
            y = y + part * (tf.reverse(y, [0]) - y)
            with tf.GradientTape() as tape:
                p = self(x, training=True)
                loss = self.compute_loss(x=x, y=y, y_pred=p)
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
            )
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, p)
            return {m.name: m.result() for m in self.metrics}

    inp = keras.Input((8, 8, 1))
    h = layers.Conv2D(24, 3, activation="relu")(inp)
    h = layers.Conv2D(32, 3, activation="relu")(h)
    h = layers.Dense(64, activation="relu")(layers.Flatten()(h))
    m = Mixup(inp, layers.Dense(10, activation="softmax")(h))
    m.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["categorical_accuracy"])
    return m


CASE = Case(
    id="fourth-bwell30-mixup-stream",
    story="Digits from an endless tf.data stream with mixup in my own train_step. Training loss stays above 0.8 since mixed pictures have mixed targets; validation is far below it.",
    fixed=Run(data, model, {"epochs": 12, "steps_per_epoch": 60}),
    well=lambda h: h["val_loss"][-1] < 0.3 and h["val_categorical_accuracy"][-1] > 0.93,
)
