"""Wine cultivars with a rate for fine-tuning; after forty epochs the loss has crept down by a tenth."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_wine
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    X, y = load_wine(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    xa, xb, ya, yb = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed + 5)
    return {"x": xa, "y": ya, "validation_data": (xb, yb)}


def make(lr):
    def model(seed):
        import keras

        inputs = keras.Input(shape=(13,))
        x = keras.layers.Dense(32, activation="tanh")(inputs)
        x = keras.layers.Dense(32, activation="tanh")(x)
        outputs = keras.layers.Dense(3, activation="softmax")(x)
        m = keras.Model(inputs, outputs)
        m.compile(
            optimizer=keras.optimizers.AdamW(learning_rate=lr),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return m

    return model


fit = {"epochs": 40, "batch_size": 16}

CASE = Case(
    id="third-cause-lr-low",
    story="Wine cultivars with a rate copied from a fine-tuning recipe; after forty epochs the loss has crept down by a tenth.",
    causes=("learning-rate-too-low",),
    sick=Run(data, make(5e-6), fit),
    fixed=Run(data, make(2e-3), fit),
    well=lambda h: h["loss"][-1] < 0.2,
)
