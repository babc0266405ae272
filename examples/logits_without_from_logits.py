"""A linear output into a cross-entropy without `from_logits=True`: the loss is stuck around 2.3 or above.

Real data: 1797 handwritten digits. The loss takes the raw outputs for probabilities: negative ones are
clipped, so their gradient is zero, and the model does not learn.
"""

import keras
from sklearn.datasets import load_digits

from lossdoctor import LossDoctor


def build(loss):
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def main():
    """Trains the sick run, then the repaired one; returns the first's report and the second's history."""
    x, y = load_digits(return_X_y=True)
    x = x / 16.0

    keras.utils.set_random_seed(0)
    doctor = LossDoctor()
    sick = build(keras.losses.SparseCategoricalCrossentropy())
    sick.fit(x, y, batch_size=64, epochs=5, verbose=0, callbacks=[doctor])
    print(doctor.report.to_text())

    keras.utils.set_random_seed(0)
    repaired = build(keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = repaired.fit(x, y, batch_size=64, epochs=10, verbose=0).history
    print(f"repaired: accuracy {history['accuracy'][0]:.2f} -> {history['accuracy'][-1]:.2f}")
    return doctor.report, history


if __name__ == "__main__":
    main()
