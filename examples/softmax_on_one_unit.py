"""Softmax on a single unit: every output is 1.0, so the accuracy does not change from the first epoch on.

Real data: 569 breast tumours, benign or malignant, standardised. A softmax over one number is always 1;
for two classes with one unit the activation is a sigmoid. The loss may well fall meanwhile (Keras computes
it from the numbers before the softmax), which makes this harder to see.
"""

import keras
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from lossdoctor import LossDoctor


def build(activation):
    model = keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation=activation),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Trains the sick run, then the repaired one; returns the first's report and the second's history."""
    x, y = load_breast_cancer(return_X_y=True)
    x = scale(x)

    keras.utils.set_random_seed(0)
    doctor = LossDoctor()
    build("softmax").fit(x, y, batch_size=32, epochs=5, verbose=0, callbacks=[doctor])
    print(doctor.report.to_text())

    keras.utils.set_random_seed(0)
    history = build("sigmoid").fit(x, y, batch_size=32, epochs=10, verbose=0).history
    print(f"repaired: accuracy {history['accuracy'][0]:.2f} -> {history['accuracy'][-1]:.2f}")
    return doctor.report, history


if __name__ == "__main__":
    main()
