"""Four per cent of positives with class weights: the weighted loss is far above the validation loss."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    from sklearn.datasets import make_classification

    x, y = make_classification(
        4000,
        n_features=15,
        n_informative=8,
        n_redundant=2,
        weights=[0.96],
        flip_y=0.0,
        class_sep=1.5,
        random_state=seed,
    )
    x = ((x - x.mean(0)) / x.std(0)).astype("float32")
    y = y.astype("float32")
    return {
        "x": x[:3200],
        "y": y[:3200],
        "validation_data": (x[3200:], y[3200:]),
        "class_weight": {0: 1.0, 1: 20.0},
    }


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((15,)),
            layers.Dense(24, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3)),
            layers.Dropout(0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(
        keras.optimizers.Adam(2e-3),
        "binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC(name="auc"), keras.metrics.Recall(name="recall")],
    )
    return m


CASE = Case(
    id="fourth-bwell21-fraud-weights",
    story="Fraud, four per cent of the rows, class weight 20. Accuracy begins far below that of saying no to all and the weighted loss stays at twice the validation loss; recall is above 95 per cent in training.",
    fixed=Run(data, model, {"epochs": 15, "batch_size": 64}),
    well=lambda h: h["val_auc"][-1] > 0.9 and h["recall"][-1] > 0.8,
)
