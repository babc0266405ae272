"""Overfitting: the training loss falls to nothing while val_loss keeps increasing.

Real data: 442 diabetes patients. Two layers of 256 units have 69,000 weights for 309 rows of ten numbers:
they learn the rows by heart. A small model with dropout and early stopping does better on new ones.
"""

import keras
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from lossdoctor import LossDoctor


def build(units, dropout=0.0):
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(learning_rate=0.003), loss="mse")
    return model


def main():
    """Trains the sick run, then the repaired one; returns the first's report and the second's history."""
    x, y = load_diabetes(return_X_y=True)
    x, x_val, y, y_val = train_test_split(scale(x), scale(y), test_size=0.3, random_state=0)
    fit = {"validation_data": (x_val, y_val), "batch_size": 32, "epochs": 25, "verbose": 0}

    keras.utils.set_random_seed(0)
    doctor = LossDoctor()
    build(units=256).fit(x, y, callbacks=[doctor], **fit)
    print(doctor.report.to_text())

    keras.utils.set_random_seed(0)
    stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    history = build(units=16, dropout=0.2).fit(x, y, callbacks=[stop], **fit).history
    print(f"repaired: val_loss {history['val_loss'][0]:.3g} -> {history['val_loss'][-1]:.3g}")
    return doctor.report, history


if __name__ == "__main__":
    main()
