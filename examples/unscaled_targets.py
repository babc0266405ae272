"""Targets in their own unit: a mean squared error over numbers in the hundreds explodes at an ordinary rate.

Real data: disease progression (25 to 346) of 442 diabetes patients from ten standardised measurements.
"""

import keras
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from lossdoctor import LossDoctor


def build():
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(learning_rate=0.01), loss="mse")
    return model


def main():
    """Trains the sick run, then the repaired one; returns the first's report and the second's history."""
    x, y = load_diabetes(return_X_y=True)
    x = scale(x)

    keras.utils.set_random_seed(0)
    doctor = LossDoctor()
    build().fit(x, y, batch_size=32, epochs=10, verbose=0, callbacks=[doctor])
    print(doctor.report.to_text())

    keras.utils.set_random_seed(0)
    history = build().fit(x, scale(y), batch_size=32, epochs=20, verbose=0).history
    print(f"repaired: loss {history['loss'][0]:.3g} -> {history['loss'][-1]:.3g} (share of the variance)")
    return doctor.report, history


if __name__ == "__main__":
    main()
