"""A run that is lost without LRBackoff: RMSprop far too hot on the handwritten digits.

Without it the net blows up in its first steps, its units die, and the loss sits above 2.3 for ever. With it the
run goes back to good weights, finds a rate that works, and learns the digits in the same number of epochs.
"""

import keras
from sklearn.datasets import load_digits

from lossdoctor import LossDoctor, LRBackoff


def build():
    keras.utils.set_random_seed(0)
    hidden = (keras.layers.Dense(64, activation="relu") for _ in range(2))
    model = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.RMSprop(0.3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Trains the lost run and the saved one; returns the first's report and the second's history."""
    x, y = load_digits(return_X_y=True)
    x = x / 16.0

    doctor = LossDoctor()
    build().fit(x, y, batch_size=32, epochs=8, verbose=0, callbacks=[doctor])
    print(doctor.report.to_text())

    history = build().fit(x, y, batch_size=32, epochs=8, verbose=0, callbacks=[LRBackoff(verbose=1)]).history
    print(f"with LRBackoff: accuracy {history['accuracy'][0]:.2f} -> {history['accuracy'][-1]:.2f}")
    return doctor.report, history


if __name__ == "__main__":
    main()
