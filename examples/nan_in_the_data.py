"""Empty cells in a table: NaN among the inputs makes weights `nan`, and the accuracy is stuck.

Real data: 569 breast tumours; three cells are left empty, as pandas reads them from a CSV file. On a GPU, or
with another activation, the loss is `nan` as well. TensorFlow's fused relu on a CPU turns NaN into 0: the
loss stays finite, all inputs give the same output, and nothing tells that the first layer is lost.
"""

import keras
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

from lossdoctor import LossDoctor


def table_with_empty_cells():
    table = load_breast_cancer(as_frame=True).frame
    table.loc[[120, 300, 431], "worst concavity"] = np.nan
    return table


def build():
    model = keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def main():
    """Trains the sick run, then the repaired one; returns the first's report and the second's history."""
    table = table_with_empty_cells()
    y = table.pop("target").to_numpy()

    keras.utils.set_random_seed(0)
    doctor = LossDoctor()
    x = StandardScaler().fit_transform(table)  # leaves the NaN where they are
    build().fit(x, y, batch_size=32, epochs=5, verbose=0, callbacks=[doctor])
    print(doctor.report.to_text())

    keras.utils.set_random_seed(0)
    x = StandardScaler().fit_transform(table.fillna(table.median()))
    history = build().fit(x, y, batch_size=32, epochs=10, verbose=0).history
    print(f"repaired: accuracy {history['accuracy'][0]:.2f} -> {history['accuracy'][-1]:.2f}")
    return doctor.report, history


if __name__ == "__main__":
    main()
