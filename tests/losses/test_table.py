"""The table of losses: complete, consistent, and known by every name that Keras takes."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.losses import LOSSES, canonical
from lossdoctor.losses.faults import PROVEN, activation_faults
from lossdoctor.losses.heads import Head
from lossdoctor.losses.output_range import reach
from lossdoctor.record import Output

DEMANDED = """
mean_squared_error mean_squared_logarithmic_error mean_absolute_error mean_absolute_percentage_error huber
log_cosh poisson binary_crossentropy hinge squared_hinge binary_focal_crossentropy categorical_crossentropy
sparse_categorical_crossentropy categorical_focal_crossentropy kl_divergence cosine_similarity
categorical_hinge
""".split()
NAMES = {
    "mse": "mean_squared_error", "MSE": "mean_squared_error", "MeanSquaredError": "mean_squared_error",
    "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error", "logcosh": "log_cosh",
    "msle": "mean_squared_logarithmic_error", "LogCosh": "log_cosh", "Huber": "huber",
    "bce": "binary_crossentropy", "BinaryCrossentropy": "binary_crossentropy",
    "SparseCategoricalCrossentropy": "sparse_categorical_crossentropy", "kld": "kl_divergence",
    "KLDivergence": "kl_divergence", "kullback_leibler_divergence": "kl_divergence",
    "CosineSimilarity": "cosine_similarity", "Hinge": "hinge", "squared_hinge": "squared_hinge",
    "BinaryFocalCrossentropy": "binary_focal_crossentropy", "Poisson": "poisson",
}  # fmt: skip


def test_every_demanded_loss_is_in_the_table():
    """All losses that were asked for have a row, and each key is its row's name."""
    assert set(DEMANDED) == set(LOSSES)
    assert all(name == loss.name for name, loss in LOSSES.items())


@pytest.mark.parametrize(("name", "key"), NAMES.items())
def test_names(name, key):
    """Function names, class names and aliases lead to the same row."""
    assert canonical(name) == key


@pytest.mark.parametrize("name", [None, "", "triplet", "custom:mse", "Dice", 3])
def test_other_names_lead_nowhere(name):
    """What is no loss of the table gives None."""
    assert canonical(name) is None


def test_aliases_are_keras_own_where_keras_has_them():
    """No alias that Keras knows means another loss to Keras."""
    keras = pytest.importorskip("keras")
    for loss in LOSSES.values():
        for alias in (loss.name, *loss.aliases):
            try:
                found = keras.losses.get(alias)
            except ValueError:
                continue
            assert canonical(found.__name__) == loss.name


@pytest.mark.parametrize("name", LOSSES)
def test_every_row_says_what_is_needed(name):
    """Texts are sentences, a source can be opened, and the usual activation comes first."""
    loss = LOSSES[name]
    assert loss.wrong.endswith(".")
    assert loss.change.endswith(".")
    assert loss.source.startswith("https://")
    assert loss.activations
    assert not set(loss.activations) & set(loss.never)


@pytest.mark.parametrize(
    "name", [n for n, loss in LOSSES.items() if loss.needs in ("probability", "simplex", "margin")]
)
def test_the_columns_of_activations_agree_with_the_rules(name):
    """What the table calls never right is a proven fault, and what it calls fitting is none."""
    loss = LOSSES[name]
    for activation in loss.never:
        assert any(f.grade == PROVEN for f in faults(name, activation)), activation
    for activation in loss.activations:
        assert not faults(name, activation), activation
    for activation in loss.logits:
        assert not faults(name, activation, from_logits=True), activation


def faults(name, activation, *, from_logits=False):
    output = Output("o", (4,), 4, (activation,), name, from_logits)
    return list(activation_faults(Head(0, output, LOSSES[name], None)))


@pytest.mark.parametrize("name", LOSSES)
def test_lower_bound_and_perfect_value_hold_in_keras(name):
    """No outputs in the range of the fitting activations bring the Keras loss below its lower bound."""
    keras = pytest.importorskip("keras")
    loss, rng = LOSSES[name], np.random.default_rng(2)
    for _ in range(20):
        labels = rng.integers(0, 4, 30)
        targets = labels if loss.dtype == "integer" else np.eye(4, dtype="float32")[labels]
        raw = rng.normal(size=(30, 4)) * 5
        outputs = np.asarray(keras.activations.get(loss.activations[0])(raw), "float32")
        value = float(np.mean(getattr(keras.losses, name)(targets, outputs)))
        assert loss.lower is None or value >= loss.lower - 1e-5


def test_softmax_range():
    """The range of the usual activation of a cross-entropy is that of probabilities."""
    for name in ("binary_crossentropy", "categorical_crossentropy"):
        assert tuple(reach(LOSSES[name].activations[:1], 4)) == (0.0, 1.0)
