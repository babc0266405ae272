"""Features as they come: one column in the hundreds drowns the others and the loss gets stuck or explodes.

Real data: 13 measurements of 178 wines; proline runs to 1680, the hue of the wine to 1.7.
"""

import keras
from sklearn.datasets import load_wine

from lossdoctor import LossDoctor


def build(*first_layers):
    model = keras.Sequential(
        [
            keras.Input((13,)),
            *first_layers,
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.SGD(learning_rate=0.01)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Trains the sick run, then the repaired one; returns the first's report and the second's history."""
    x, y = load_wine(return_X_y=True)

    keras.utils.set_random_seed(0)
    doctor = LossDoctor()
    build().fit(x, y, batch_size=16, epochs=20, verbose=0, callbacks=[doctor])
    print(doctor.report.to_text())

    keras.utils.set_random_seed(0)
    normalize = keras.layers.Normalization()
    normalize.adapt(x)
    history = build(normalize).fit(x, y, batch_size=16, epochs=20, verbose=0).history
    print(f"repaired: accuracy {history['accuracy'][0]:.2f} -> {history['accuracy'][-1]:.2f}")
    return doctor.report, history


if __name__ == "__main__":
    main()
