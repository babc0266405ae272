"""Faults of loss and output layer in real Keras models: they are real, and the remedies mend them."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.causes import BY_ID
from lossdoctor.causes.cause import Facts
from lossdoctor.losses.target_summary import summarize_targets
from lossdoctor.record import Data

pytestmark = pytest.mark.fit
RNG = np.random.default_rng(1)
X = RNG.normal(size=(300, 4)).astype("float32")
SIDE = (X[:, 0] + X[:, 1] > 0).astype("float32")
KIND = np.digitize(X[:, 0], [-0.6, 0.0, 0.6])
ROWS = np.eye(4)[KIND]
LINE = X @ np.array([1.0, -2.0, 0.5, 0.0], "float32")
ACT, TGT = "loss-activation-mismatch", "loss-target-mismatch"
SHP, UNB = "output-shape-mismatch", "unbounded-loss"

# (cause, activations of the output, units, loss, from_logits, targets, share of the baseline due when mended)
CASES = {
    "softmax on one unit": (ACT, ["softmax"], 1, "binary_crossentropy", False, SIDE, 0.3),
    "linear into binary cross-entropy": (ACT, [None], 1, "binary_crossentropy", False, SIDE, 0.3),
    "softmax twice": (ACT, ["softmax", "softmax"], 4, "sparse_categorical_crossentropy", False, KIND, 0.3),
    "relu into cross-entropy": (ACT, ["relu"], 4, "categorical_crossentropy", False, ROWS, 0.3),
    "sigmoid under hinge": (ACT, ["sigmoid"], 1, "hinge", False, 2 * SIDE[:, None] - 1, 0.3),
    "sigmoid on real targets": (ACT, ["sigmoid"], 1, "mean_squared_error", False, LINE, 0.5),
    "relu on negative targets": (ACT, ["relu"], 1, "mean_absolute_error", False, LINE[:, None], 0.3),
    "focal with logits twice": (ACT, ["sigmoid"], 1, "binary_focal_crossentropy", True, SIDE[:, None], 0.3),
    "labels from 1": (TGT, ["softmax"], 4, "sparse_categorical_crossentropy", False, KIND + 1, 0.3),
    "class numbers under one-hot loss": (TGT, ["softmax"], 4, "categorical_crossentropy", False, KIND, 0.3),
    "one-hot under sparse loss": (TGT, ["softmax"], 4, "sparse_categorical_crossentropy", False, ROWS, 0.3),
    "labels 1 and 2": (UNB, ["sigmoid"], 1, "binary_crossentropy", False, SIDE + 1, 0.3),
    "classes under a sigmoid": (SHP, ["sigmoid"], 1, "binary_crossentropy", False, KIND, 0.3),
    "three units, one column": (SHP, [None], 3, "mean_squared_error", False, LINE[:, None], 0.5),
    "logarithms of negative targets": (TGT, [None], 1, "mean_squared_logarithmic_error", False, LINE, 0.5),
}  # fmt: skip


def build(activations, units, loss, from_logits):
    import keras
    from keras import layers

    keras.utils.set_random_seed(3)
    inner = [layers.Activation(name) for name in activations[1:]]
    net = keras.Sequential([keras.Input((4,)), layers.Dense(24, activation="relu")])
    for layer in (layers.Dense(units, activation=activations[0]), *inner):
        net.add(layer)
    if from_logits:
        loss = keras.losses.BinaryFocalCrossentropy(from_logits=True)
    net.compile(optimizer=keras.optimizers.Adam(0.02), loss=loss)
    return net


def facts_of(net, targets):
    from lossdoctor.fit.setup import read_setup

    setup = read_setup(net, {})
    return Facts(setup, Data(targets=summarize_targets([targets], setup.outputs)))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_remedy_mends_a_real_run(name):
    """The cause is seen in the real model, and with its first remedy the run gains on a constant answer."""
    cause, activations, units, loss, from_logits, targets, due = CASES[name]
    net = build(activations, units, loss, from_logits)
    facts = facts_of(net, targets)
    assert sum(s.weight for s in BY_ID[cause].signs(facts)) >= 2
    mended = next(iter(BY_ID[cause].remedies(facts))).apply(net)
    losses = mended.fit(X, targets, epochs=25, batch_size=32, verbose=0).history["loss"]
    after = facts_of(mended, targets)
    head = after.setup.outputs[0]
    baseline = after.data.targets[0].baselines[head.loss]
    assert losses[-1] < (1 - due) * baseline, (losses[0], losses[-1], baseline)
