"""My first convolutional network stays at accuracy 0.1 and loss 2.31; I set the rate of Adam to 0.1."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    d = load_digits()
    x = (d.images / 16.0).astype("float32")[..., None]
    a, b, ya, yb = train_test_split(x, d.target, test_size=0.2, random_state=seed)
    return {"x": a, "y": ya, "validation_data": (b, yb)}


def net(lr):
    def model(seed):
        import keras
        from keras import layers

        m = keras.Sequential(
            [
                layers.Input((8, 8, 1)),
                layers.Conv2D(16, 3, padding="same", activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(32, 3, padding="same", activation="relu"),
                layers.Flatten(),
                layers.Dense(64, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )
        m.compile(
            optimizer=keras.optimizers.Adam(learning_rate=lr),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return m

    return model


fit = {"epochs": 10, "batch_size": 32}

CASE = Case(
    id="third-post-cnn-digits-stuck-at-ten-percent",
    story="My first convolutional network stays at accuracy 0.1 and loss 2.31 for all epochs. I set the rate of Adam to 0.1 to make it quicker.",
    causes=("learning-rate-too-high", "dying-relu"),
    sick=Run(data, net(0.1), fit),
    fixed=Run(data, net(0.001), fit),
    well=lambda h: h["val_accuracy"][-1] > 0.85,
)
