"""Healthy controls: architectures, losses of one's own, several inputs and outputs, mixed precision."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.kit import control, last, sequential
from benchmarks.diagnosis.lazy import keras, layers, ops, optimizers, tf
from benchmarks.diagnosis.tables import Fit

SPARSE = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
BINARY = {"loss": "binary_crossentropy", "metrics": ["accuracy"]}


def _compiled(entry: Any, out: Any, optimizer: Any, **compiled: Any) -> Any:
    model = keras.Model(entry, out)
    model.compile(optimizer=optimizer, **compiled)
    return model


def _transformer(seed: int) -> Any:
    entry = keras.Input((20,))
    h = layers.Embedding(400, 16)(entry)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    h = layers.LayerNormalization()(h + layers.Dense(16)(layers.Dense(32, activation="gelu")(h)))
    out = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling1D()(h))
    return _compiled(entry, out, optimizers.Adam(0.003), **BINARY)


def _bilstm(seed: int) -> Any:
    stack = [
        layers.Embedding(400, 16),
        layers.Bidirectional(layers.GRU(16)),
        layers.Dense(1, activation="sigmoid"),
    ]
    return sequential((20,), *stack, optimizer=optimizers.Adam(0.005), **BINARY)


def _resnet(seed: int) -> Any:
    entry = keras.Input((12, 12, 1))
    h = layers.Conv2D(12, 3, padding="same", use_bias=False)(entry)
    for _ in range(2):
        branch = layers.ReLU()(layers.BatchNormalization()(h))
        branch = layers.Conv2D(12, 3, padding="same", use_bias=False)(branch)
        h = layers.Add()([h, branch])
    h = layers.GlobalMaxPooling2D()(layers.ReLU()(layers.BatchNormalization()(h)))
    return _compiled(entry, layers.Dense(3, activation="softmax")(h), optimizers.Adam(0.005), **SPARSE)


def _sparse_units(seed: int) -> Any:
    """Many ReLUs and max pooling: half of the units are silent for most rows."""
    stack = [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
    ]
    return sequential(
        (12, 12, 1), *stack, layers.Dense(3, activation="softmax"), optimizer=optimizers.Adam(0.002), **SPARSE
    )


def _selu(seed: int) -> Any:
    stack = [layers.Dense(32, activation="selu", kernel_initializer="lecun_normal") for _ in range(4)]
    return sequential(
        (6,), *stack, layers.Dense(4, activation="softmax"), optimizer=optimizers.SGD(0.03), **SPARSE
    )


def _layer_norm(seed: int) -> Any:
    stack = []
    for _ in range(2):
        stack += [layers.Dense(32), layers.LayerNormalization(), layers.Activation("swish")]
    return sequential((6,), *stack, layers.Dense(1), optimizer=optimizers.Adam(0.005), loss="mse")


def _causal(seed: int) -> Any:
    stack = [layers.Conv1D(16, 3, padding="causal", dilation_rate=d, activation="relu") for d in (1, 2, 4)]
    return sequential(
        (24, 1), *stack, layers.Flatten(), layers.Dense(1), optimizer=optimizers.Adam(0.005), loss="mae"
    )


def _prices(seed: int) -> Fit:
    """Prices of 1e5 as they are; the net puts its output back on that scale."""
    fit = problems.flats(seed)
    return tables.standard(fit) | {
        "y": fit["y"],
        "validation_data": (tables.standard(fit)["validation_data"][0], fit["validation_data"][1]),
    }


def _price_net(seed: int) -> Any:
    y = problems.flats(seed)["y"]
    stack = [
        layers.Dense(24, activation="relu"),
        layers.Dense(1),
        layers.Rescaling(float(y.std()), float(y.mean())),
    ]
    return sequential((5,), *stack, optimizer=optimizers.Adam(0.01), loss="mse")


def _vae(seed: int) -> Any:
    """The KL term rises from nought while the picture's error falls."""

    class Sampling(layers.Layer):
        def call(self, parts: Any) -> Any:
            mean, spread = parts
            self.add_loss(
                0.02 * ops.mean(ops.sum(0.5 * (ops.square(mean) + ops.exp(spread) - spread - 1.0), axis=-1))
            )
            return mean + ops.exp(0.5 * spread) * keras.random.normal(ops.shape(mean), seed=seed)

    entry = keras.Input((64,))
    h = layers.Dense(48, activation="relu")(entry)
    code = Sampling()([layers.Dense(6)(h), layers.Dense(6)(h)])
    out = layers.Dense(64, activation="sigmoid")(layers.Dense(48, activation="relu")(code))
    return _compiled(entry, out, optimizers.Adam(0.003), loss="binary_crossentropy", metrics=["mae"])


def _self(seed: int) -> Fit:
    fit = tables.digits(seed)
    xv, _ = fit["validation_data"]
    return {"x": fit["x"], "y": fit["x"], "validation_data": (xv, xv)}


def _conv_auto(seed: int) -> Any:
    stack = [
        layers.Reshape((8, 8, 1)),
        layers.Conv2D(12, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(16),
        layers.Dense(192, activation="relu"),
        layers.Reshape((4, 4, 12)),
        layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
        layers.Flatten(),
    ]
    return sequential((64,), *stack, optimizer=optimizers.Adam(0.005), loss="mse")


def _own_step(seed: int) -> Any:
    """A train_step of one's own with a GradientTape and two metrics."""

    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = ops.mean(ops.square(y - self(x, training=True)))
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
            )
            return {"loss": loss}

        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"loss": ops.mean(ops.square(y - self(x, training=False)))}

    entry = keras.Input((6,))
    h = layers.Dense(32, activation="relu")(layers.Dense(32, activation="relu")(entry))
    model = Own(entry, layers.Dense(1)(h))
    model.compile(optimizer=optimizers.Adam(0.005))
    return model


def _subclassed(seed: int) -> Any:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = layers.Dense(48, activation="relu"), layers.Dense(10)

        def call(self, x: Any) -> Any:
            return self.last(self.first(x))

    model = Net()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def _likelihood(y: Any, p: Any) -> Any:
    """A Laplace likelihood, whose best value is far below nought."""
    width = ops.exp(ops.clip(p[:, 1:], -6.0, 3.0))
    return ops.mean(ops.abs(y - p[:, :1]) / width + ops.log(2.0 * width), axis=-1)


def _small_targets(seed: int) -> Fit:
    return problems.change(problems.friction(seed, noise=0.02), y=lambda y: (0.05 * y).astype("float32"))


def _two_numbers(seed: int) -> Any:
    stack = [layers.Dense(32, activation="tanh"), layers.Dense(32, activation="tanh"), layers.Dense(2)]
    return sequential((6,), *stack, optimizer=optimizers.Adam(0.005), loss=_likelihood)


def _pinball(y: Any, p: Any) -> Any:
    """The 0.9 quantile's loss."""
    return ops.mean(ops.maximum(0.9 * (y - p), -0.1 * (y - p)), axis=-1)


def _number_net(
    seed: int, *, loss: Any, out: Any = None, features: int = 6, rate: float = 0.005, units: int = 1
) -> Any:
    stack = [
        layers.Dense(32, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(units, activation=out),
    ]
    return sequential((features,), *stack, optimizer=optimizers.Adam(rate), loss=loss, metrics=["mae"])


def _heavy_tails(seed: int) -> Fit:
    """Three percent of the targets are off by ten; Huber takes it."""
    fit = problems.friction(seed)
    rng = np.random.default_rng(seed)
    y = fit["y"] + 10.0 * (rng.random(fit["y"].shape) < 0.03)
    return {**fit, "y": y.astype("float32")}


def _siamese(seed: int) -> Fit:
    """Pairs of digits and whether they are the same."""
    fit = tables.digits(seed)

    def paired(x: Any, y: Any, n: int) -> Any:
        rng = np.random.default_rng(seed)
        a, b = rng.integers(0, len(x), n), rng.integers(0, len(x), n)
        same = rng.random(n) < 0.5
        b[same] = [rng.choice(np.flatnonzero(y == y[i])) for i in a[same]]
        return [x[a], x[b]], (y[a] == y[b]).astype("float32")[:, None]

    x, y = paired(fit["x"], fit["y"], 1500)
    return {"x": x, "y": y, "validation_data": paired(*fit["validation_data"], 400)}


def _contrastive(y: Any, distance: Any) -> Any:
    near = y * ops.square(distance)
    return ops.mean(near + (1 - y) * ops.square(ops.maximum(1.0 - distance, 0.0)), axis=-1)


def _siamese_net(seed: int) -> Any:
    tower = keras.Sequential([keras.Input((64,)), layers.Dense(48, activation="relu"), layers.Dense(8)])
    a, b = keras.Input((64,)), keras.Input((64,))
    gap = layers.Lambda(
        lambda t: ops.sqrt(ops.sum(ops.square(t[0] - t[1]), -1, keepdims=True) + 1e-7), output_shape=(1,)
    )
    return _compiled([a, b], gap([tower(a), tower(b)]), optimizers.Adam(0.003), loss=_contrastive)


def _two_heads(seed: int) -> Fit:
    """Which digit, and how much ink."""
    fit = tables.digits(seed)

    def ink(x: Any) -> Any:
        return x.mean(1, keepdims=True)

    xv, yv = fit["validation_data"]
    return {
        "x": fit["x"],
        "y": {"digit": fit["y"], "ink": ink(fit["x"])},
        "validation_data": (xv, {"digit": yv, "ink": ink(xv)}),
    }


def _two_head_net(seed: int) -> Any:
    entry = keras.Input((64,))
    h = layers.Dense(64, activation="relu")(entry)
    outs = {
        "digit": layers.Dense(10, activation="softmax", name="digit")(h),
        "ink": layers.Dense(1, name="ink")(h),
    }
    return _compiled(
        entry,
        outs,
        "adam",
        loss={"digit": "sparse_categorical_crossentropy", "ink": "mse"},
        metrics={"digit": "accuracy"},
    )


def _two_sources(seed: int) -> Fit:
    """Numbers and a category, as two inputs."""
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(size=(900, 4)).astype("float32"), rng.integers(0, 12, size=(900, 1))
    y = (np.sin(kind) + x[:, :1] * 0.5).astype("float32")
    return {
        "x": {"numbers": x[:640], "kind": kind[:640]},
        "y": y[:640],
        "validation_data": ({"numbers": x[640:], "kind": kind[640:]}, y[640:]),
    }


def _two_source_net(seed: int) -> Any:
    numbers, kind = keras.Input((4,), name="numbers"), keras.Input((1,), name="kind", dtype="int32")
    h = layers.Concatenate()([numbers, layers.Flatten()(layers.Embedding(12, 4)(kind))])
    out = layers.Dense(1)(layers.Dense(32, activation="relu")(h))
    return _compiled({"numbers": numbers, "kind": kind}, out, optimizers.Adam(0.01), loss="mse")


def _fine_tuned(seed: int) -> Any:
    """A base that learned six other digits, frozen on purpose, and a new head."""
    fit = tables.digits(seed + 50)
    base = keras.Sequential(
        [keras.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(32, activation="relu")]
    )
    before = sequential((64,), base, layers.Dense(10, activation="softmax"), optimizer="adam", **SPARSE)
    before.fit(fit["x"], fit["y"], epochs=8, batch_size=32, verbose=0)
    base.trainable = False
    return sequential(
        (64,), base, layers.Dense(10, activation="softmax"), optimizer=optimizers.Adam(0.01), **SPARSE
    )


def _carried_on(seed: int) -> Any:
    """A model that had its training before: the loss starts where it ends."""
    fit = problems.friction(seed)
    model = _number_net(seed, loss="mse")
    model.fit(fit["x"], fit["y"], epochs=40, batch_size=32, verbose=0)
    model.compile(optimizer=optimizers.Adam(3e-4), loss="mse", metrics=["mae"])
    return model


def _mixed(seed: int) -> Any:
    keras.config.set_dtype_policy("mixed_float16")
    stack = [
        layers.Dense(48, activation="relu"),
        layers.Dense(10),
        layers.Activation("softmax", dtype="float32"),
    ]
    model = sequential((64,), *stack, optimizer=optimizers.Adam(0.003), **SPARSE)
    keras.config.set_dtype_policy("float32")
    return model


def _few_to_judge(seed: int) -> Fit:
    """Twenty rows of validation: its curve bounces."""
    fit = tables.standard(tables.cancer(seed))
    xv, yv = fit["validation_data"]
    return {**fit, "validation_data": (xv[:20], yv[:20])}


def _judge_net(seed: int) -> Any:
    stack = [layers.Dense(12, activation="relu"), layers.Dropout(0.3), layers.Dense(1, activation="sigmoid")]
    return sequential((30,), *stack, optimizer=optimizers.Adam(0.003), **BINARY)


def _tag_net(seed: int) -> Any:
    stack = [layers.Dense(48, activation="relu"), layers.Dense(6, activation="sigmoid")]
    return sequential(
        (12,),
        *stack,
        optimizer=optimizers.Adam(0.005),
        loss="binary_focal_crossentropy",
        metrics=["binary_accuracy"],
    )


FIT = {"epochs": 15, "batch_size": 32}
LONG = {"epochs": 30, "batch_size": 32}
ACCURATE = last("val_accuracy", above=0.88)
GOOD_FIT = last("val_loss", below=0.2)

CASES = (
    control(
        "well-transformer",
        "One block of attention over words.",
        last("val_accuracy", above=0.85),
        problems.texts,
        _transformer,
        {"epochs": 6, "batch_size": 32},
    ),
    control(
        "well-bidirectional-gru",
        "A GRU both ways: an epoch at ln 2, then it drops.",
        last("val_accuracy", above=0.85),
        problems.texts,
        _bilstm,
        {"epochs": 6, "batch_size": 32},
    ),
    control(
        "well-resnet",
        "Two residual blocks with batch normalisation.",
        last("val_accuracy", above=0.8),
        problems.shapes,
        _resnet,
        FIT,
    ),
    control(
        "well-many-silent-units",
        "Wide ReLU layers and max pooling; most units are silent.",
        ACCURATE,
        problems.shapes,
        _sparse_units,
        FIT,
    ),
    control(
        "well-selu-blobs",
        "Four SELU layers with lecun_normal.",
        last("val_accuracy", above=0.85),
        problems.blobs,
        _selu,
        LONG,
    ),
    control(
        "well-layer-norm", "Layer normalisation and swish.", GOOD_FIT, problems.friction, _layer_norm, LONG
    ),
    control(
        "well-causal-conv",
        "Dilated causal convolutions over a series.",
        last("val_loss", below=0.15),
        problems.waves,
        _causal,
        FIT,
    ),
    control(
        "well-prices-rescaled",
        "Prices of 1e5: the loss is 1e9 and all is well.",
        last("val_loss", below=1.5e9),
        _prices,
        _price_net,
        LONG,
    ),
    control(
        "well-vae",
        "A variational autoencoder whose KL term rises at first.",
        last("val_mae", below=0.19),
        _self,
        _vae,
        LONG,
    ),
    control(
        "well-conv-autoencoder",
        "A convolutional autoencoder.",
        last("val_loss", below=0.04),
        _self,
        _conv_auto,
        FIT,
    ),
    control(
        "well-own-train-step", "A train_step of one's own.", GOOD_FIT, problems.friction, _own_step, LONG
    ),
    control(
        "well-subclassed",
        "A subclassed model that is built by its first batch, with logits.",
        ACCURATE,
        tables.digits,
        _subclassed,
        FIT,
    ),
    control(
        "well-below-zero",
        "A likelihood that is rightly far below nought.",
        last("val_loss", below=-1.5),
        _small_targets,
        _two_numbers,
        LONG,
    ),
    control(
        "well-quantile",
        "The pinball loss of the ninth decile.",
        last("val_loss", below=0.12),
        problems.friction,
        partial(_number_net, loss=_pinball),
        LONG,
    ),
    control(
        "well-huber-outliers",
        "Three percent of wild targets, and Huber.",
        last("val_loss", below=0.12),
        _heavy_tails,
        partial(_number_net, loss="huber"),
        LONG,
    ),
    control(
        "well-poisson-counts",
        "Counts with the Poisson loss, which is below nought.",
        last("val_mae", below=2.2),
        problems.counts,
        partial(_number_net, loss="poisson", out="exponential", features=5, rate=0.003),
        LONG,
    ),
    control(
        "well-contrastive",
        "Pairs of digits and a contrastive loss on their distance.",
        last("val_loss", below=0.1),
        _siamese,
        _siamese_net,
        FIT,
    ),
    control(
        "well-two-outputs",
        "A class and a number at once.",
        last("val_digit_accuracy", above=0.88),
        _two_heads,
        _two_head_net,
        FIT,
    ),
    control(
        "well-two-inputs",
        "Numbers and a category as two inputs in a dict.",
        last("val_loss", below=0.05),
        _two_sources,
        _two_source_net,
        LONG,
    ),
    control(
        "well-frozen-base",
        "Fine-tuning: most weights are frozen, on purpose.",
        ACCURATE,
        tables.digits,
        _fine_tuned,
        FIT,
    ),
    control(
        "well-carried-on",
        "Carried on from a trained model: the loss starts at its floor.",
        GOOD_FIT,
        problems.friction,
        _carried_on,
        {"epochs": 8, "batch_size": 32},
    ),
    control(
        "well-mixed-precision", "mixed_float16 with its loss scaling.", ACCURATE, tables.digits, _mixed, FIT
    ),
    control(
        "well-bouncing-validation",
        "Twenty rows of validation.",
        last("val_loss", below=0.6),
        _few_to_judge,
        _judge_net,
        LONG,
    ),
    control(
        "well-focal-tags",
        "Binary focal loss over six tags.",
        last("val_binary_accuracy", above=0.88),
        problems.tags,
        _tag_net,
        LONG,
    ),
    control(
        "well-fit-twice",
        "fit is called twice on the same model.",
        ACCURATE,
        tables.digits,
        _subclassed,
        {"epochs": 8, "batch_size": 32},
        calls=2,
    ),
)
