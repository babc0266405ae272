"""The four causes of loss and output layer over a wide table of combinations, right and wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lossdoctor.causes import BY_ID
from lossdoctor.causes.cause import Facts
from lossdoctor.diagnosis import NAMED, confidence
from lossdoctor.losses import canonical
from lossdoctor.losses.target_summary import outline_target, summarize_target
from lossdoctor.record import Data, Optimizer, Output, Setup, Target
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

RNG = np.random.default_rng(11)
N = 256
CLASSES = RNG.integers(0, 5, N)
REAL = RNG.normal(size=N)
Y = {
    "binary": RNG.integers(0, 2, (N, 1)),
    "booleans": RNG.integers(0, 2, N).astype(bool),
    "sign": RNG.integers(0, 2, (N, 1)) * 2 - 1,
    "one two": RNG.integers(1, 3, N),
    "digits": RNG.integers(0, 10, N),
    "digits column": RNG.integers(0, 10, (N, 1)).astype("float32"),
    "one to ten": RNG.integers(1, 11, N),
    "five": CLASSES,
    "fractions": CLASSES[:, None] / 255,
    "with minus one": RNG.integers(-1, 4, N),
    "one-hot": np.eye(5)[CLASSES],
    "two columns": np.eye(2)[RNG.integers(0, 2, N)],
    "smoothed": np.eye(5)[CLASSES] * 0.9 + 0.02,
    "multi-hot": (RNG.random((N, 5)) < 0.5) * 1.0,
    "distribution": RNG.dirichlet(np.ones(5), N),
    "uneven rows": RNG.random((N, 5)),
    "soft": RNG.random((N, 1)),
    "pixels": RNG.random((N, 64)),
    "overshooting pixels": RNG.uniform(-0.01, 1.01, (N, 64)),
    "images": RNG.random((N, 8, 8, 1)),
    "binary images": (RNG.random((N, 8, 8, 1)) > 0.7) * 1.0,
    "real": REAL,
    "real column": REAL[:, None],
    "three real": RNG.normal(size=(N, 3)),
    "mostly positive": np.where(RNG.random(N) < 0.004, -0.1, RNG.exponential(size=N)),
    "within one": np.tanh(REAL),
    "prices": RNG.lognormal(3, 0.4, (N, 1)),
    "counts": RNG.poisson(3.0, (N, 1)),
    "ratings": RNG.integers(1, 6, (N, 1)).astype("float32"),
    "whole dollars": RNG.integers(10_000, 90_000, N),
    "zeros": np.zeros((N, 1)),
    "some zero": np.where(RNG.random(N) < 0.05, 0.0, RNG.uniform(1, 3, N)),
    "tokens": RNG.integers(0, 50, (N, 12)),
    "tags": RNG.integers(0, 2, (N, 12)),
    "mask": RNG.integers(0, 3, (N, 8, 8)),
    "mask channel": RNG.integers(0, 3, (N, 8, 8, 1)),
    "ignored": np.where(RNG.random(N) < 0.1, 255, CLASSES),
    "words": np.array(["cat", "dog"] * (N // 2)),
    "forecast": RNG.normal(size=(N, 12)),
}  # fmt: skip
ACT, TGT, SHP, UNB = (
    "loss-activation-mismatch",
    "loss-target-mismatch",
    "output-shape-mismatch",
    "unbounded-loss",
)

# (loss, activations, units or shape, targets): right, the usual and the unusual. Nothing may be named.
RIGHT = [
    ("bce", "sigmoid", 1, "binary"),
    ("bce", "sigmoid", 1, "booleans"),
    ("bce", "sigmoid", 1, "soft"),
    ("bce", "sigmoid", 5, "multi-hot"),
    ("bce", "sigmoid", 5, "one-hot"),
    ("bce", "sigmoid", 5, "smoothed"),
    ("bce", "sigmoid", 64, "pixels"),
    ("bce", "sigmoid", (8, 8, 1), "images"),
    ("bce", "sigmoid", (8, 8, 1), "binary images"),
    ("bce", "hard_sigmoid", 1, "binary"),
    ("bce", "sigmoid", (12, 1), "tags"),
    ("bce", "sigmoid", 1, "zeros"),
    ("bce logits", "", 1, "binary"),
    ("bce logits", "", 5, "multi-hot"),
    ("bce", "softmax", 2, "two columns"),
    ("bce", "softmax", 5, "one-hot"),
    ("bce", "my_own", 1, "binary"),
    ("binary_focal_crossentropy", "sigmoid", 1, "binary"),
    ("binary_focal_crossentropy logits", "", 1, "binary"),
    ("cce", "softmax", 5, "one-hot"),
    ("cce", "softmax", 5, "smoothed"),
    ("cce", "softmax", 5, "distribution"),
    ("cce", "softmax", 2, "two columns"),
    ("cce logits", "", 5, "one-hot"),
    ("cce logits", "log_softmax", 5, "one-hot"),
    ("cce", "sigmoid", 5, "one-hot"),
    ("cce logits", "softmax", 5, "one-hot"),
    ("cce", "exponential", 5, "one-hot"),
    ("scce", "softmax", 2, "booleans"),
    ("scce", "softmax", 10, "digits"),
    ("scce", "softmax", 10, "digits column"),
    ("scce", "softmax", 20, "five"),
    ("scce", "softmax", 11, "one to ten"),
    ("scce logits", "", 10, "digits"),
    ("scce", "sigmoid", 10, "digits"),
    ("scce", "softmax", (12, 50), "tokens"),
    ("scce logits", "", (12, 50), "tokens"),
    ("scce", "softmax", (12, 2), "tags"),
    ("scce", "softmax", (8, 8, 3), "mask"),
    ("scce", "softmax", (8, 8, 3), "mask channel"),
    ("scce ignore", "softmax", 5, "ignored"),
    ("cce", "relu softmax", 5, "one-hot"),
    ("categorical_focal_crossentropy", "softmax", 5, "one-hot"),
    ("categorical_focal_crossentropy logits", "", 5, "one-hot"),
    ("kld", "softmax", 5, "distribution"),
    ("kld", "softmax", 5, "one-hot"),
    ("hinge", "tanh", 1, "sign"),
    ("hinge", "", 1, "sign"),
    ("hinge", "tanh", 1, "binary"),
    ("squared_hinge", "", 1, "binary"),
    ("hinge", "", 5, "multi-hot"),
    ("categorical_hinge", "", 5, "one-hot"),
    ("categorical_hinge", "tanh", 5, "one-hot"),
    ("mse", "", 1, "real"),
    ("mse", "", 1, "real column"),
    ("mse", "", 3, "three real"),
    ("mse", "", 1, "prices"),
    ("mse", "", 1, "whole dollars"),
    ("mse", "", 1, "counts"),
    ("mse", "", 1, "ratings"),
    ("mse", "relu", 1, "prices"),
    ("mse", "relu", 1, "mostly positive"),
    ("mae", "softplus", 1, "counts"),
    ("mse", "tanh", 1, "within one"),
    ("mse", "sigmoid", 1, "soft"),
    ("mse", "sigmoid", 64, "pixels"),
    ("mse", "sigmoid", (8, 8, 1), "images"),
    ("mse", "sigmoid", 1, "binary"),
    ("mse accuracy", "sigmoid", 1, "binary"),
    ("mse accuracy", "", 1, "binary"),
    ("mse accuracy", "", 1, "real"),
    ("mse accuracy", "tanh", 1, "sign"),
    ("mse accuracy mae", "", 1, "counts"),
    ("poisson accuracy", "softplus", 1, "counts"),
    ("bce", "sigmoid", 64, "overshooting pixels"),
    ("mse accuracy", "softmax", 5, "one-hot"),
    ("mse", "softmax", 5, "distribution"),
    ("mse", "sigmoid", 5, "multi-hot"),
    ("mse", "", (12, 1), "forecast"),
    ("mse", "", 12, "forecast"),
    ("mse rescaled", "sigmoid", 1, "prices"),
    ("mse rescaled", "tanh", 1, "real"),
    ("mse", "my_own", 1, "prices"),
    ("huber", "", 1, "real"),
    ("log_cosh", "elu", 1, "soft"),
    ("mape", "", 1, "prices"),
    ("msle", "", 1, "prices"),
    ("msle", "relu", 1, "counts"),
    ("poisson", "exponential", 1, "counts"),
    ("poisson", "softplus", 1, "counts"),
    ("poisson", "relu", 1, "counts"),
    ("cosine_similarity", "", 3, "three real"),
    ("cosine_similarity", "tanh", 3, "three real"),
    ("cosine_similarity", "softmax", 5, "one-hot"),
    ("custom:gaussian_nll", "", 2, "real column"),
    ("custom:triplet", "", 8, "zeros"),
    ("custom:focal", "softmax", 1, "digits"),
    ("none", "", 1, "real"),
    ("bce", "sigmoid", 1, None),
    ("mse", "", 1, None),
    ("scce", "softmax", 10, None),
]
# Right enough to train, but worth a word when the run goes badly.
POSSIBLY = [
    ("bce", "softmax"), ("cce", "sigmoid"), ("scce", "sigmoid"), ("cce logits", "softmax"),
    ("cce", "relu softmax"),
]  # fmt: skip
# Wrong: what must be named, the first one with the most confidence (or as much).
WRONG = [
    ("bce", "softmax", 1, "binary", [ACT]),
    ("mse", "softmax", 1, "binary", [ACT]),
    ("mse", "softmax", 1, "real", [ACT]),
    ("bce", "softmax", 1, None, [ACT]),
    ("bce", "", 1, "binary", [ACT]),
    ("bce", "", 1, None, [ACT]),
    ("bce", "relu", 1, "binary", [ACT]),
    ("bce", "tanh", 1, "binary", [ACT]),
    ("bce", "relu sigmoid", 1, "binary", [ACT]),
    ("bce", "sigmoid sigmoid", 1, "binary", [ACT]),
    ("bce logits", "relu", 1, "binary", [ACT]),
    ("binary_focal_crossentropy logits", "sigmoid", 1, "binary", [ACT]),
    ("bce", "softmax", 5, "multi-hot", [ACT]),
    ("cce", "", 5, "one-hot", [ACT]),
    ("cce", "relu", 5, "one-hot", [ACT]),
    ("cce", "tanh", 5, "one-hot", [ACT]),
    ("scce", "", 10, "digits", [ACT]),
    ("scce", "", (12, 50), "tokens", [ACT]),
    ("scce", "relu", 10, "digits", [ACT]),
    ("scce", "softmax softmax", 10, "digits", [ACT]),
    ("cce", "softmax softmax", 2, "two columns", [ACT]),
    ("cce", "sigmoid softmax", 5, "one-hot", [ACT]),
    ("scce", "tanh softmax", 2, "booleans", [ACT]),
    ("cce", "softmax sigmoid", 5, "one-hot", [ACT]),
    ("cce logits", "tanh", 5, "one-hot", [ACT]),
    ("categorical_focal_crossentropy logits", "softmax", 5, "one-hot", [ACT]),
    ("kld", "sigmoid", 5, "distribution", [ACT]),
    ("kld", "", 5, "distribution", [ACT]),
    ("hinge", "sigmoid", 1, "sign", [ACT]),
    ("squared_hinge", "relu", 1, "sign", [ACT]),
    ("hinge", "sigmoid", 1, "binary", [ACT]),
    ("hinge", "softmax", 2, "two columns", [ACT]),
    ("mse", "sigmoid", 1, "prices", [ACT]),
    ("mae", "tanh", 1, "prices", [ACT]),
    ("huber", "sigmoid", 1, "real", [ACT]),
    ("mse", "relu", 1, "real", [ACT]),
    ("mse", "relu", 3, "three real", [ACT]),
    ("mse", "sigmoid", 1, "sign", [ACT]),
    ("mse", "softmax", 3, "three real", [ACT]),
    ("mse", "softmax", 5, "multi-hot", [ACT]),
    ("poisson", "", 1, "counts", [ACT]),
    ("poisson", "sigmoid", 1, "counts", [ACT]),
    ("cosine_similarity", "relu", 3, "three real", [ACT]),
    ("scce", "softmax", 10, "one to ten", [TGT, SHP]),
    ("scce", "softmax", 3, "five", [SHP, TGT]),
    ("scce", "softmax", 5, "fractions", [TGT]),
    ("scce", "softmax", 4, "with minus one", [TGT]),
    ("scce", "softmax", 5, "one-hot", [TGT]),
    ("scce", "softmax", 5, "real", [TGT]),
    ("scce", "softmax", 10, "whole dollars", [TGT]),
    ("scce", "sigmoid", 1, "booleans", [SHP, TGT]),
    ("cce", "softmax", 10, "digits", [TGT]),
    ("cce", "softmax", 10, "digits column", [TGT]),
    ("cce", "softmax", 2, "binary", [TGT]),
    ("cce", "softmax", 5, "multi-hot", [TGT, UNB]),
    ("cce", "softmax", 3, "three real", [TGT, UNB]),
    ("cce", "sigmoid", 1, "binary", [SHP, TGT]),
    ("cce", "softmax", 1, "binary", [ACT, SHP, TGT]),
    ("cce", "softmax", 3, "one-hot", [SHP]),
    ("kld", "softmax", 5, "uneven rows", [TGT]),
    ("kld", "sigmoid", 5, "multi-hot", [ACT, TGT]),
    ("bce", "sigmoid", 1, "one two", [TGT, UNB]),
    ("bce", "sigmoid", 1, "sign", [TGT, UNB]),
    ("bce logits", "", 1, "sign", [TGT, UNB]),
    ("bce", "sigmoid", 1, "digits", [TGT, UNB, SHP]),
    ("bce", "sigmoid", 1, "real", [TGT, UNB]),
    ("bce", "sigmoid", 1, "prices", [TGT, UNB]),
    ("bce", "softmax", 2, "booleans", [SHP]),
    ("bce", "sigmoid", 3, "one-hot", [SHP]),
    ("hinge", "tanh", 1, "one two", [TGT]),
    ("hinge", "tanh", 1, "real", [TGT]),
    ("categorical_hinge", "", 5, "five", [TGT]),
    ("mse accuracy", "", 1, "digits", [TGT]),
    ("mse accuracy", "softmax", 10, "digits", [TGT, SHP, ACT]),
    ("mse accuracy", "sigmoid", 1, "digits", [ACT, TGT]),
    ("mse", "", 3, "real", [SHP]),
    ("mae", "", 2, "prices", [SHP]),
    ("mse", "", 1, "three real", [SHP]),
    ("huber", "", 2, "three real", [SHP]),
    ("msle", "", 1, "real", [TGT]),
    ("msle", "relu", 1, "real", [TGT]),
    ("mape", "", 1, "some zero", [TGT]),
    ("mape", "", 1, "counts", [TGT]),
    ("poisson", "exponential", 1, "real", [TGT, UNB]),
    ("mse", "", 1, "words", [TGT]),
    ("scce", "softmax", 2, "words", [TGT]),
]


def output(text: str, activations: str, units: int | tuple[int, ...], name: str = "output") -> Output:
    """Reads "cce logits" and "relu softmax" into an Output."""
    loss, *options = text.split()
    shape = units if isinstance(units, tuple) else (units,)
    key = None if loss == "none" else canonical(loss) or loss
    config = {"ignore_class": 255} if "ignore" in options else {}
    chain = tuple(activations.split())
    return Output(name, shape, shape[-1], chain, key, "logits" in options, config, "rescaled" in options)


def target(kind: str | None, out: Output) -> tuple[Target, ...]:
    return () if kind is None else (summarize_target("y", Y[kind], out),)


def facts_of(
    loss: str, activations: str, units: int | tuple[int, ...], kind: str | None, *seen: Symptom
) -> Facts:
    out = output(loss, activations, units)
    metrics = tuple(name for name in ("accuracy", "mae") if name in loss.split()[1:])
    data = Data(targets=target(kind, out))
    return Facts(Setup(outputs=(out,), metrics=metrics), data, {s.name: s for s in seen})


def named(facts: Facts) -> dict[str, float]:
    """Returns the confidence of each of the four causes that would be named."""
    found = {}
    for cause in (BY_ID[name] for name in (ACT, TGT, SHP, UNB)):
        signs = list(cause.signs(facts))
        if any(s.weight > 0 for s in signs) and confidence(cause.prior, signs) >= NAMED:
            found[cause.id] = confidence(cause.prior, signs)
    return found


def ident(case: tuple) -> str:
    return "-".join(str(part) for part in case[:4]).replace(" ", "_")


@pytest.mark.parametrize("case", RIGHT, ids=ident)
def test_right_combinations_are_left_alone(case):
    """Nothing is named where loss, output and targets go together, in usual and unusual ways."""
    loss, activations, units, kind = case
    assert named(facts_of(loss, activations, units, kind)) == {}


@pytest.mark.parametrize("case", WRONG, ids=ident)
def test_wrong_combinations_are_named(case):
    """The faults are named and no other, the first with at least as much confidence as the others."""
    *combination, expected = case
    found = named(facts_of(*combination))
    assert set(found) == set(expected)
    assert found[expected[0]] >= max(found.values()) - 1e-9


@pytest.mark.parametrize("case", WRONG, ids=ident)
def test_the_first_remedy_leaves_nothing_to_name(case):
    """The first remedy's actions turn the output into one that suits the targets as they are."""
    if case[3] is None:
        pytest.skip("without targets there is nothing to suit")
    facts = facts_of(*case[:4])
    for name in case[4]:
        remedies = list(BY_ID[name].remedies(facts))
        assert remedies
        assert all(r.code for r in remedies)
        if not remedies[0].actions:  # labels that only the user can mend
            assert case[3] in ("fractions", "with minus one", "words")
            continue
        changed = applied(facts, remedies[0])
        assert named(changed) == {}, (remedies[0], changed.setup.outputs)


def applied(facts: Facts, remedy: Remedy) -> Facts:
    """Returns the facts of the run with a remedy's actions carried out on its outputs."""
    outputs = list(facts.setup.outputs)
    for action in remedy.actions:
        given = dict(action.arguments)
        i = given.pop("output")
        one = outputs[i]
        if action.kind == "output_units":
            one = replace(one, units=given["units"], shape=(*one.shape[:-1], given["units"]))
        elif action.kind == "output_activation":
            one = replace(one, activations=() if given["name"] == "linear" else (given["name"],))
        elif action.kind == "loss":
            one = replace(one, loss=given["name"], from_logits=False)
        elif action.kind == "from_logits":
            one = replace(one, from_logits=given["value"])
        elif action.kind == "rescale_output":
            one = replace(one, rescaled=True)
        else:
            raise AssertionError(action)
        outputs[i] = one
    return replace(facts, setup=replace(facts.setup, outputs=tuple(outputs)))


CHANCE = Symptom("accuracy-at-chance", 0.0, "Accuracy is 0.10; always naming the largest class gives 0.11.")
LEARNED = Symptom("learned", 0.93, "The loss fell from 2.3 to 0.15.")


@pytest.mark.parametrize(
    ("loss", "activations", "units", "kind"),
    [
        ("cce", "sigmoid", 5, "one-hot"),
        ("scce", "sigmoid", 10, "digits"),
        ("bce", "softmax", 5, "one-hot"),
        ("cce logits", "softmax", 5, "one-hot"),
        ("cce", "relu softmax", 5, "one-hot"),
    ],
)
def test_what_keras_can_train_is_named_only_when_the_run_shows_harm(loss, activations, units, kind):
    """A sigmoid under categorical cross-entropy and its like are mentioned, and named on poor accuracy."""
    mentioned = list(BY_ID[ACT].signs(facts_of(loss, activations, units, kind)))
    assert sum(s.weight for s in mentioned) > 0
    assert named(facts_of(loss, activations, units, kind, LEARNED)) == {}
    assert set(named(facts_of(loss, activations, units, kind, CHANCE))) == {ACT}


@pytest.mark.parametrize("case", [c for c in RIGHT if c[:2] not in POSSIBLY], ids=ident)
def test_harm_alone_names_nothing(case):
    """A run that goes badly although its output layer is right is not blamed on it."""
    bad = (CHANCE, Symptom("outputs-constant", 0.0, "All outputs are the same."), Symptom("loss-non-finite"))
    assert named(facts_of(*case, *bad)) == {}


def test_every_output_is_looked_at():
    """In a model of several outputs the faulty one is found, named and repaired, the others left alone."""
    good = output("bce", "sigmoid", 1, "kind")
    bad = output("cce", "", 5, "label")
    setup = Setup(outputs=(good, bad), metrics=())
    data = Data(
        targets=(summarize_target("label", Y["one-hot"], bad), summarize_target("kind", Y["binary"], good))
    )
    facts = Facts(setup, data)
    assert set(named(facts)) == {ACT}
    sign = next(iter(BY_ID[ACT].signs(facts)))
    assert sign.text.startswith("Output 'label': ")
    first, second = BY_ID[ACT].remedies(facts)
    assert first.actions == (Action("output_activation", {"name": "softmax", "output": 1}),)
    assert second.actions == (Action("from_logits", {"value": True, "output": 1}),)
    assert '"kind": "binary_crossentropy"' in second.code
    assert '"label": keras.losses.CategoricalCrossentropy(from_logits=True)' in second.code


def test_several_possible_faults_do_not_add_up():
    """Three heads that each might be better are no reason for an alarm."""
    heads = tuple(output("cce", "sigmoid", 5, name) for name in "abc")
    data = Data(targets=tuple(summarize_target(h.name, Y["one-hot"], h) for h in heads))
    assert named(Facts(Setup(outputs=heads), data)) == {}


def test_remedies_are_in_terms_of_the_users_own_call():
    """The code to paste holds the user's optimizer, rate and metrics, and the layer to write."""
    out = output("cce", "sigmoid", 10)
    setup = Setup(outputs=(out,), metrics=("accuracy",), optimizer=Optimizer("Adam", 0.003))
    facts = Facts(setup, Data(targets=(summarize_target("y", Y["digits"], out),)))
    first = next(iter(BY_ID[TGT].remedies(facts)))
    assert first.code.splitlines() == [
        'layers.Dense(10, activation="softmax")',
        "model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.003), "
        'loss="sparse_categorical_crossentropy", metrics=["accuracy"])',
    ]


def test_a_new_linear_output_takes_the_scale_of_its_targets():
    """Targets in the tens of thousands that a sigmoid cannot reach are not left to a plain linear output."""
    first = next(iter(BY_ID[ACT].remedies(facts_of("mse", "sigmoid", 1, "whole dollars"))))
    scale = Y["whole dollars"].std(), Y["whole dollars"].mean()
    assert first.actions[-1].kind == "rescale_output"
    assert (first.actions[-1].arguments["scale"], first.actions[-1].arguments["offset"]) == pytest.approx(
        scale
    )
    assert "layers.Rescaling(" in first.code
    small = next(iter(BY_ID[ACT].remedies(facts_of("mse", "sigmoid", 1, "real"))))
    assert [a.kind for a in small.actions] == ["output_activation"]


@pytest.mark.parametrize(("verdict", "weight"), [("confirmed", 7.0), ("refuted", 5.0)])
def test_a_short_replay_does_not_refute_what_the_setup_proves(verdict, weight):
    """A replay speaks for a proven fault when it confirms it, and not against it when it does not."""
    trial = {"cause": ACT, "verdict": verdict, "text": "replayed 30 steps: loss 2 -> 1"}
    facts = replace(facts_of("bce", "", 1, "binary"), experiments={"replay": {"trials": [trial]}})
    assert sum(s.weight for s in BY_ID[ACT].signs(facts)) == weight


def test_the_users_own_settings_of_a_loss_stay():
    """A loss that is kept keeps its label smoothing in the code to paste."""
    out = replace(output("cce", "", 5), loss_config={"label_smoothing": 0.1})
    facts = Facts(Setup(outputs=(out,)), Data(targets=(summarize_target("y", Y["one-hot"], out),)))
    _, second = BY_ID[ACT].remedies(facts)
    assert "CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)" in second.code


def test_a_loss_below_zero_speaks_for_itself():
    """A binary cross-entropy below zero is named even with unseen targets; other losses may be negative."""
    below = Symptom("loss-below-zero", -12.0, "The loss fell to -12.")
    assert set(named(facts_of("bce", "sigmoid", 1, None, below))) == {UNB}
    assert named(facts_of("poisson", "exponential", 1, None, below)) == {}
    assert named(facts_of("cosine_similarity", "", 3, None, below)) == {}
    assert named(facts_of("custom:nll", "", 1, None, below)) == {}


OUTLINES = [
    ("cce", "softmax", 10, (), "int64", [TGT]),
    ("cce", "softmax", 10, (1,), "float32", [TGT]),
    ("scce", "softmax", 10, (10,), "float32", [TGT]),
    ("cce", "softmax", 3, (5,), "float32", [SHP]),
    ("bce", "sigmoid", 1, (5,), "float32", [SHP]),
    ("mse", "", 3, (), "float32", [SHP]),
    ("cce", "softmax", 5, (5,), "float32", []),
    ("scce", "softmax", 5, (), "int64", []),
    ("bce", "sigmoid", 1, (1,), "float32", []),
    ("mse", "", 1, (), "float32", []),
    ("mse", "", (12, 1), (12,), "float32", []),
]


@pytest.mark.parametrize(("loss", "activations", "units", "shape", "dtype", "expected"), OUTLINES)
def test_a_shape_alone_can_prove_it(loss, activations, units, shape, dtype, expected):
    """When Keras refuses the first step, only shapes are known: they name the cause, and a remedy."""
    out = output(loss, activations, units)
    facts = Facts(Setup(outputs=(out,)), Data(targets=(outline_target("y", shape, dtype),)))
    assert list(named(facts)) == expected
    for name in expected:
        first = next(iter(BY_ID[name].remedies(facts)))
        assert first.actions
        assert named(applied(facts, first)) == {}
