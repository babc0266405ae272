"""I ported my numpy network (np.random.rand) to Keras; it predicts the same digit for each picture."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    d = load_digits()
    a, b, ya, yb = train_test_split(
        (d.data / 16).astype("float32"), d.target, test_size=0.25, random_state=seed, stratify=d.target
    )
    return {"x": a, "y": ya, "validation_data": (b, yb)}


def net(init):
    def model(seed):
        import keras
        from keras.layers import Dense

        k = keras.initializers.RandomUniform(0.0, 1.0) if init else "glorot_uniform"
        m = keras.Sequential(
            [
                keras.Input((64,)),
                Dense(100, activation="tanh", kernel_initializer=k),
                Dense(50, activation="tanh", kernel_initializer=k),
                Dense(10, activation="softmax", kernel_initializer=k),
            ]
        )
        m.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
        return m

    return model


fit = {"epochs": 15, "batch_size": 50}

CASE = Case(
    id="third-post-uniform-zero-one-weights",
    story="I ported my numpy network (weights from np.random.rand) to Keras; it predicts the same digit for each picture.",
    causes=("bad-initialization", "saturated-activations"),
    sick=Run(data, net(True), fit),
    fixed=Run(data, net(False), fit),
    well=lambda h: h["val_accuracy"][-1] > 0.85,
)
