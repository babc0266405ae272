"""The trials as a whole on small runs: what they find, what they leave alone, how long they take."""

from __future__ import annotations

import math
import random
import time
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402
from versions import OLD_KERAS  # noqa: E402

from lossdoctor.backends.sample import Sample  # noqa: E402
from lossdoctor.experiments import Subject, run  # noqa: E402
from lossdoctor.experiments.clock import Clock  # noqa: E402
from lossdoctor.experiments.find_rate import find_learning_rate  # noqa: E402
from lossdoctor.experiments.random_state import undisturbed  # noqa: E402
from lossdoctor.experiments.repair import actions_of, repair  # noqa: E402
from lossdoctor.record import Optimizer, Record, Setup  # noqa: E402
from lossdoctor.remedies import Action, Remedy  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.normal(size=(256, 6)).astype("float32")
Y = (X @ RNG.normal(size=(6, 1)) + 0.1 * RNG.normal(size=(256, 1))).astype("float32")
LABELS = np.eye(3, dtype="float32")[(X[:, 0] > 0.4).astype(int) + (X[:, 1] > 0)]


def net(
    *, units: int = 1, out: str = "linear", loss: Any = "mse", rate: float = 0.05, hidden: str = "relu"
) -> Any:
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(16, activation=hidden),
            layers.Dropout(0.1),
            layers.Dense(units, activation=out),
        ]
    )
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["mae"])
    return model


def subject_of(model: Any, x: Any, y: Any, **more: Any) -> Subject:
    initial = model.get_weights()
    history = model.fit(x, y, epochs=2, batch_size=32, verbose=0)
    assert history
    return Subject(model, Sample(x, y), initial, model.get_weights(), batch_size=32, **more)


def record_of(model: Any, epochs: int = 12) -> Record:
    rate = float(model.optimizer.get_config()["learning_rate"])
    return Record(setup=Setup(epochs=epochs, steps_per_epoch=8, optimizer=Optimizer("SGD", rate)))


def remedy(kind: str, **arguments: Any) -> Remedy:
    return Remedy(f"{kind} {arguments}", actions=(Action(kind, arguments),))


@pytest.fixture(scope="module")
def diverging() -> tuple[dict[str, Any], Subject, Record]:
    """A regression on inputs times 30: plain SGD at 0.05 overflows; three remedies, one of them of no use."""
    model = net()
    subject = subject_of(model, 30 * X, Y, bad_batch=Sample(30 * X[:32], Y[:32]))
    record = record_of(model)
    candidates = [
        ("learning-rate-too-high", remedy("learning_rate", value=2e-4)),
        ("unscaled-features", remedy("normalize_inputs")),
        ("overfitting", remedy("dropout", rate=0.5)),
        ("unknown", Remedy("only words")),
    ]
    return run(subject, record, candidates, seconds=30.0), subject, record


def test_remedies_that_help_are_confirmed_and_others_refuted(diverging: Any) -> None:
    """On rows held back, against the replay of the run as it was, with the figures in words."""
    replay = diverging[0]["replay"]
    verdicts = {t["cause"]: t["verdict"] for t in replay["trials"]}
    assert verdicts == {
        "learning-rate-too-high": "confirmed",
        "unscaled-features": "confirmed",
        "overfitting": "refuted",
    }
    assert not replay["unchanged"]["finite"]
    assert "(unchanged:" in replay["trials"][0]["text"]
    assert "not finite" in replay["trials"][0]["text"]


def test_the_combination_is_at_least_as_good_as_its_best_part(diverging: Any) -> None:
    """Each change was kept because it helped."""
    replay = diverging[0]["replay"]
    assert replay["combined"]["verdict"] == "confirmed"
    assert replay["combined"]["score"] >= max(t["score"] for t in replay["trials"])


def test_the_stability_limit_says_that_the_rate_was_too_high(diverging: Any) -> None:
    """It lies below the rate used, and the rate that was confirmed below it."""
    stability = diverging[0]["stability"]
    assert 1e-4 < stability["limit"] < stability["used"] == pytest.approx(0.05)


def test_the_divergence_is_brought_about_again_and_named(diverging: Any) -> None:
    """The kept batch is fine at the start, so the steps are replayed until something overflows."""
    found = diverging[0]["first_nonfinite"]
    assert found["what"] in ("layer", "loss", "gradient", "variable")
    assert found["text"].startswith("Replayed on the sample, at step ")


def test_the_repaired_model_trains_under_the_same_fit_call(diverging: Any) -> None:
    """Fresh, compiled, untrained; its loss after a few epochs is far below that of a constant."""
    results, subject, record = diverging
    findings = type("Findings", (), {"loud": ()})()
    new = repair(subject, Record(setup=record.setup, experiments=results), findings)
    history = new.fit(30 * X, Y, epochs=12, batch_size=32, verbose=0).history
    assert history["loss"][-1] < 0.5 * float(Y.var())
    saved = Record.from_json(Record(setup=record.setup, experiments=results).to_json())
    again = repair(subject, saved, findings)
    assert len(again.layers) == len(new.layers)
    assert all(isinstance(a, Action) for a in actions_of(saved.experiments["replay"]["combined"]["actions"]))


def test_a_changed_loss_is_compared_on_a_common_scale() -> None:
    """mse on classes against a cross-entropy: the losses differ, the share of hits decides."""
    model = net(units=3, out="sigmoid", loss="mse", rate=0.01)
    good = Remedy("softmax", actions=(Action("loss", {"name": "categorical_crossentropy"}),
                                      Action("output_activation", {"name": "softmax"}),
                                      Action("learning_rate", {"value": 0.3})))  # fmt: skip
    results = run(
        subject_of(model, X, LABELS), record_of(model), [("loss-target-mismatch", good)], seconds=30.0
    )
    trial = results["replay"]["trials"][0]
    assert trial["verdict"] == "confirmed"
    assert trial["accuracy"] > results["replay"]["unchanged"]["accuracy"]


def test_a_loss_that_falls_over_constant_outputs_confirms_nothing() -> None:
    """Softmax on one unit: the loss is taken from the numbers behind it, but every answer is 1."""
    model = net(units=1, out="softmax", loss="binary_crossentropy")
    candidates = [("learning-rate-too-low", remedy("learning_rate", value=0.5)),
                  ("loss-activation-mismatch", remedy("output_activation", name="sigmoid"))]  # fmt: skip
    y = (X[:, :1] > 0).astype("float32")
    results = run(subject_of(model, X, y), record_of(model), candidates, seconds=30.0)
    verdicts = [t["verdict"] for t in results["replay"]["trials"]]
    assert verdicts == ["refuted", "confirmed"]


def test_remedies_together_mend_what_none_mends_alone() -> None:
    """A dead ReLU at the output of a regression with a rate far too low: both have to go."""
    model = net(out="linear", rate=1e-6, hidden="linear")
    y = (np.abs(X[:, :1]) * 2 - 1.6).astype("float32")
    candidates = [("missing-nonlinearity", remedy("hidden_activation", name="relu")),
                  ("learning-rate-too-low", remedy("learning_rate", value=0.1))]  # fmt: skip
    replay = run(subject_of(model, X, y), record_of(model, 60), candidates, seconds=30.0)["replay"]
    assert max(t["score"] for t in replay["trials"]) < 0.3
    assert replay["combined"]["score"] > 0.5
    assert {a.kind for a in replay["combined"]["actions"]} == {"hidden_activation", "learning_rate"}


def state_of(model: Any) -> list[Any]:
    variables = [
        *model.variables,
        *model.optimizer.variables,
        *(v for m in model.metrics for v in m.variables),
    ]
    return [np.array(v) for v in variables]


def drawn_by_backend() -> float:
    """A number from the generator of the backend itself; JAX has none."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return float(tf.random.uniform(()))
    if keras.backend.backend() == "torch":
        import torch

        return float(torch.rand(()))
    return 0.0


def test_model_optimizer_metrics_and_every_generator_are_bit_for_bit_as_before() -> None:
    """Also those of Python, NumPy, Keras and TensorFlow; and names of later layers."""
    model = net()
    subject = subject_of(model, X, Y, bad_batch=Sample(X[:32], Y[:32]))
    record = record_of(model)
    draws = []
    keras.random.uniform((1,))  # Keras 3.3 takes a number from Python's generator when it is first asked
    for with_trials in (False, True):
        keras.utils.set_random_seed(7)
        keras.random.uniform((1,))
        drawn_by_backend()
        before = state_of(model)
        if with_trials:
            run(
                subject,
                record,
                [("a", remedy("learning_rate", factor=0.1)), ("b", remedy("batch_normalization"))],
                seconds=20.0,
            )
            find_learning_rate(model, X, Y, seconds=5.0)
        assert all(np.array_equal(a, b) for a, b in zip(before, state_of(model), strict=True))
        draws.append(
            [
                random.random(),
                np.random.random(),
                None if OLD_KERAS else float(keras.random.uniform(())),
                drawn_by_backend(),
            ]
        )
    assert draws[0] == draws[1]


def test_the_block_seeds_what_is_drawn_inside_it() -> None:
    """Two blocks draw the same; outside the sequence goes on as if there had been none."""
    keras.utils.set_random_seed(1)
    seen = []
    for _ in range(2):
        with undisturbed():
            seen.append(
                (
                    random.random(),
                    keras.layers.Dense(2).name,
                    keras.initializers.GlorotUniform()((2, 2)).numpy(),
                )
            )
    assert seen[0][:2] == seen[1][:2]
    assert np.array_equal(seen[0][2], seen[1][2])


def test_trials_keep_to_their_time() -> None:
    """More candidates than there is time for: the rest are named, and the overrun is one replay at most."""
    model = net()
    subject = subject_of(model, X, Y)
    many = [("a", remedy("dropout", rate=r)) for r in (0.01, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)]
    many += [("b", remedy("widen", factor=f)) for f in range(2, 40)]
    watch = time.perf_counter()
    results = run(subject, record_of(model), many, seconds=4.0)
    assert (
        time.perf_counter() - watch < 12.0
    )  # the machine may be busy; without a limit it would be 40 copies
    skipped = results["replay"]["skipped"] if "replay" in results else results["not_run"]
    assert "no time was left" in skipped[-1] or "do not fit" in skipped[-1]


class Closed(keras.Model):
    """A model that cannot be made from its config."""

    def __init__(self, table: Any) -> None:
        super().__init__()
        self.table, self.out = table, layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.out(x)

    def get_config(self) -> Any:
        raise NotImplementedError("no config")


@pytest.mark.parametrize("kind", ["closed", "empty", "uncompiled", "strings"])
def test_what_cannot_be_tried_becomes_a_sentence(kind: str) -> None:
    """run() never raises."""
    model = Closed(object()) if kind == "closed" else net()
    if kind == "closed":
        model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    rows = {"empty": X[:0], "strings": np.array([["a"] * 6] * 20)}.get(kind, X)
    if kind == "uncompiled":
        model = keras.models.clone_model(model)
        model.compiled = False
        model.optimizer = None
    subject = Subject(model, Sample(rows, Y[: len(rows)]), model.get_weights(), model.get_weights())
    results = run(subject, Record(), [("a", remedy("learning_rate", value=0.1))], seconds=5.0)
    assert results["not_run"]
    assert all(isinstance(s, str) and len(s) > 20 for s in results["not_run"])
    assert "replay" not in results


def test_an_action_that_does_not_fit_is_skipped_with_its_reason() -> None:
    """The others are replayed all the same."""
    model = net()
    candidates = [("a", remedy("layer_normalization")), ("b", remedy("learning_rate", value=0.1))]
    replay = run(subject_of(model, X, Y), record_of(model), candidates, seconds=20.0)["replay"]
    assert any("no BatchNormalization" in s for s in replay["skipped"])
    assert [t["cause"] for t in replay["trials"]] == ["b"]


def test_one_batch_alone_and_zeroed_inputs() -> None:
    """A healthy net learns one batch by heart and does better with its inputs than without."""
    model = net()
    results = run(subject_of(model, X, Y), record_of(model), [], seconds=30.0)
    assert results["one_batch"]["last"] < 0.2 * results["one_batch"]["baseline"]
    assert results["zero_inputs"]["with"] < 0.5 * results["zero_inputs"]["without"]


@pytest.mark.parametrize("kind", ["sequential", "two inputs"])
def test_the_suggested_rate_trains_and_a_hundred_times_more_does_not(kind: str) -> None:
    """Weights, optimizer and generators stay as they are (see the bit-for-bit test)."""
    if kind == "sequential":
        model, x = net(), X
    else:
        a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
        hidden = layers.Dense(16, activation="relu")(layers.Concatenate()([a, b]))
        model, x = keras.Model({"a": a, "b": b}, layers.Dense(1)(hidden)), {"a": X[:, :3], "b": X[:, 3:]}
        model.compile(keras.optimizers.SGD(0.01), "mse")
    rate = find_learning_rate(model, x, Y, seconds=10.0)
    losses = []
    for factor in (1.0, 100.0):
        fresh = keras.models.clone_model(model)
        fresh.compile(keras.optimizers.SGD(factor * rate), "mse")
        losses.append(fresh.fit(x, Y, epochs=10, verbose=0).history["loss"][-1])
    assert losses[0] < 0.3 * float(Y.var())
    assert not losses[1] < 0.3 * float(Y.var())


def test_a_dataset_is_read_without_its_targets_apart() -> None:
    """x may be a tf.data.Dataset of (inputs, targets)."""
    tf = pytest.importorskip("tensorflow")
    rows = tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)
    assert 0 < find_learning_rate(net(), rows, seconds=5.0) < 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seconds": 0.0}, "numbers above 0"),
        ({"batch_size": 0}, "numbers above 0"),
        ({"x": X[:1], "y": Y[:1]}, "at least two"),
    ],
)
def test_find_learning_rate_says_what_is_wrong(arguments: dict[str, Any], words: str) -> None:
    """With the argument, what came and what to pass."""
    with pytest.raises(ValueError, match=words):
        find_learning_rate(net(), **{"x": X, "y": Y, **arguments})


def test_a_clock_without_end() -> None:
    """math.inf seconds is a plain stopwatch."""
    assert Clock(math.inf).left == math.inf
