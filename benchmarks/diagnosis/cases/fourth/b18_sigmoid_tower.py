"""Seven sigmoid layers in a row under SGD."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    from sklearn.datasets import make_classification

    x, y = make_classification(
        4000,
        n_features=16,
        n_informative=8,
        n_classes=3,
        n_clusters_per_class=2,
        class_sep=1.6,
        random_state=seed,
    )
    x = ((x - x.mean(0)) / x.std(0)).astype("float32")
    return {
        "x": x[:3400],
        "y": y[:3400].astype("int32"),
        "validation_data": (x[3400:], y[3400:].astype("int32")),
    }


def model(act, init):
    def build(seed):
        h = inp = keras.Input((16,))
        for _ in range(7):
            h = layers.Dense(40, activation=act, kernel_initializer=init)(h)
        m = keras.Model(inp, layers.Dense(3)(h))
        m.compile(
            keras.optimizers.SGD(0.03, momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        return m

    return build


fit = {"epochs": 10, "batch_size": 40}

CASE = Case(
    id="fourth-b18-sigmoid-tower",
    story="Three classes from sixteen columns by seven dense layers, sigmoid in each as in my lecture notes. The loss is 1.10 all the way; two layers worked.",
    causes=("vanishing-gradients", "saturated-activations", "hidden-activation-ill-suited"),
    sick=Run(data, model("sigmoid", "glorot_uniform"), fit),
    fixed=Run(data, model("relu", "he_normal"), fit),
    well=lambda h: h["val_accuracy"][-1] > 0.8,
)
