"""Digits with random crops from a PyDataset."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(renew):
    def load(seed):
        from sklearn.datasets import load_digits

        digits = load_digits()
        order = np.random.default_rng(seed).permutation(len(digits.target))
        images = (digits.images[order] / 16.0).astype("float32")[..., None]
        labels = digits.target[order]
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))

        class Crops(keras.utils.PyDataset):
            def __init__(self, x, y, batch):
                super().__init__()
                self.x, self.y, self.batch = x, y, batch
                self.rng = np.random.default_rng(seed)

            def __len__(self):
                return len(self.y) // self.batch

            def __getitem__(self, index):
                rng = self.rng if renew else np.random.default_rng(seed)
                rows = rng.choice(len(self.y), self.batch, replace=False)
                dy, dx = rng.integers(0, 3, 2)
                return self.x[rows, dy : dy + 8, dx : dx + 8], self.y[rows]

        return {
            "x": Crops(padded[:1400], labels[:1400], 35),
            "y": None,
            "validation_data": (images[1400:], labels[1400:]),
        }

    return load


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(24, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10),
        ]
    )
    m.compile(
        keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["sparse_categorical_accuracy"],
    )
    return m


fit = {"epochs": 20}

CASE = Case(
    id="fourth-a17-random-crops",
    story="Digits through my own PyDataset with random crops. The training accuracy is one after two epochs, the validation loss rises from then on.",
    causes=("data-order", "too-little-data", "overfitting"),
    sick=Run(data(False), model, fit),
    fixed=Run(data(True), model, fit),
    well=lambda h: h["val_sparse_categorical_accuracy"][-1] > 0.88,
)
