"""The learning rate is too high: the loss increases with every epoch until it is `nan`.

Real data: disease progression of 442 diabetes patients, inputs and target standardised, as they should be.
Only the optimizer is at fault: SGD with momentum 0.9 multiplies a rate of 0.1 by up to ten.
"""

import keras
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from lossdoctor import LossDoctor


def build(optimizer):
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer, loss="mse")
    return model


def main():
    """Trains the sick run, then the repaired one; returns the first's report and the second's history."""
    x, y = load_diabetes(return_X_y=True)
    x, y = scale(x), scale(y)

    keras.utils.set_random_seed(0)
    doctor = LossDoctor()
    sick = build(keras.optimizers.SGD(learning_rate=0.5, momentum=0.9))
    sick.fit(x, y, batch_size=32, epochs=10, verbose=0, callbacks=[doctor])
    print(doctor.report.to_text())

    keras.utils.set_random_seed(0)
    repaired = build(keras.optimizers.SGD(learning_rate=0.005, momentum=0.9))
    history = repaired.fit(x, y, batch_size=32, epochs=20, verbose=0).history
    print(f"repaired: loss {history['loss'][0]:.3g} -> {history['loss'][-1]:.3g}")
    return doctor.report, history


if __name__ == "__main__":
    main()
