"""Initial weights far too large: the first loss is huge, and most units sit in the flat part of tanh.

Real data: 1797 handwritten digits. RandomNormal(stddev=1.0) is a popular choice; over 64 inputs it puts the
sums at +-8, where tanh has no slope, and a deep stack of such layers hardly learns.
"""

import keras
from sklearn.datasets import load_digits

from lossdoctor import LossDoctor


def build(initializer):
    hidden = {"activation": "tanh", "kernel_initializer": initializer}
    model = keras.Sequential(
        [
            keras.Input((64,)),
            *(keras.layers.Dense(64, **hidden) for _ in range(4)),
            keras.layers.Dense(10, activation="softmax", kernel_initializer=initializer),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Trains the sick run, then the repaired one; returns the first's report and the second's history."""
    x, y = load_digits(return_X_y=True)
    x = x / 16.0

    keras.utils.set_random_seed(0)
    doctor = LossDoctor()
    sick = build(keras.initializers.RandomNormal(stddev=1.0))
    sick.fit(x, y, batch_size=64, epochs=10, verbose=0, callbacks=[doctor])
    print(doctor.report.to_text())

    keras.utils.set_random_seed(0)
    history = build("glorot_uniform").fit(x, y, batch_size=64, epochs=10, verbose=0).history
    print(f"repaired: accuracy {history['accuracy'][0]:.2f} -> {history['accuracy'][-1]:.2f}")
    return doctor.report, history


if __name__ == "__main__":
    main()
