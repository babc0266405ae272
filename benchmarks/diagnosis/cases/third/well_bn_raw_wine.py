"""133 wines with raw columns and batches of 6; batch norm as the first layer does the scaling."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_wine
    from sklearn.model_selection import train_test_split

    x, y = load_wine(return_X_y=True)
    xt, xv, yt, yv = train_test_split(x, y, test_size=0.25, random_state=seed, stratify=y)
    return {"x": xt, "y": yt, "validation_data": (xv, yv)}


def model(seed):
    import keras

    m = keras.models.Sequential(
        [
            keras.layers.Input(shape=(13,)),
            keras.layers.BatchNormalization(momentum=0.95),  # the raw columns are scaled here
            keras.layers.Dense(24, activation="relu"),
            keras.layers.BatchNormalization(momentum=0.95),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    m.compile(
        optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m


CASE = Case(
    id="third-well-bn-raw-wine",
    story="133 wines with raw columns (proline in the hundreds) and batches of 6; batch norm as the first layer does the scaling. Training accuracy wobbles with the batch noise, validation is near perfect.",
    fixed=Run(data, model, {"epochs": 30, "batch_size": 6}),
    well=lambda h: h["val_accuracy"][-1] > 0.93 and h["val_loss"][-1] < 0.25,
)
