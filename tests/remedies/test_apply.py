"""Every kind of action, on a Sequential and a functional model: the config that results, and one step of training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
from keras import layers  # noqa: E402
from versions import OLD_KERAS  # noqa: E402

from lossdoctor.backends.sample import Sample  # noqa: E402
from lossdoctor.remedies import Action  # noqa: E402
from lossdoctor.remedies.apply import ACTIONS, apply_actions  # noqa: E402

ROWS = 32
X = np.random.default_rng(0).normal(3.0, 2.0, size=(ROWS, 4)).astype("float32")
Y = np.eye(3, dtype="float32")[np.random.default_rng(1).integers(0, 3, ROWS)]


def sequential(**compiled: Any) -> Any:
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, activation="sigmoid", name="one"),
            layers.Dense(8, name="two"),
            layers.Activation("tanh", name="bend"),
            layers.Dense(8, name="three", trainable=False),
            layers.Dropout(0.4, name="drop"),
            layers.Dense(3, activation="softmax", name="last", kernel_regularizer=keras.regularizers.L2(0.1)),
        ]
    )
    return compiled_like(model, compiled)


def functional(**compiled: Any) -> Any:
    given = keras.Input((4,), name="given")
    h = layers.Dense(8, activation="sigmoid", name="one")(given)
    h = layers.Dense(8, name="two")(h)
    h = layers.Activation("tanh", name="bend")(h) + h
    h = layers.Dense(8, name="three", trainable=False)(h)
    h = layers.Dropout(0.4, name="drop")(h)
    out = layers.Dense(3, activation="softmax", name="last", kernel_regularizer=keras.regularizers.L2(0.1))(h)
    return compiled_like(keras.Model(given, out), compiled)


def compiled_like(model: Any, compiled: dict[str, Any]) -> Any:
    given = {"optimizer": keras.optimizers.SGD(0.1, momentum=0.9), "loss": "categorical_crossentropy"}
    model.compile(**{**given, "metrics": ["accuracy"], **compiled})
    return model


def layer(model: Any, kind: type) -> Any:
    return next(v for v in model.layers if isinstance(v, kind))


def name_of(function: Any) -> str:
    return function.__name__


def rate(model: Any) -> float:
    return float(np.asarray(model.optimizer.learning_rate))


# (action, what must hold of the new model)
TABLE = [
    (Action("learning_rate", {"value": 0.003}), lambda m: rate(m) == pytest.approx(0.003)),
    (Action("learning_rate", {"factor": 0.1}), lambda m: rate(m) == pytest.approx(0.01)),
    (Action("optimizer", {"name": "RMSprop"}), lambda m: type(m.optimizer).__name__ == "RMSprop" and rate(m) == pytest.approx(1e-3)),
    (Action("optimizer", {"name": "adam", "arguments": {"learning_rate": 0.02, "beta_1": 0.8}}), lambda m: m.optimizer.beta_1 == 0.8 and rate(m) == pytest.approx(0.02)),
    (Action("optimizer_settings", {"arguments": {"momentum": 0.5, "nesterov": True}}), lambda m: m.optimizer.momentum == 0.5 and m.optimizer.nesterov),
    (Action("clip", {"global_clipnorm": 1.0}), lambda m: m.optimizer.global_clipnorm == 1.0),
    (Action("clip", {"clipvalue": 0.5}), lambda m: m.optimizer.clipvalue == 0.5),
    (Action("output_activation", {"name": "sigmoid"}), lambda m: name_of(m.get_layer("last").activation) == "sigmoid"),
    (Action("output_activation", {"name": "linear"}), lambda m: name_of(m.get_layer("last").activation) == "linear"),
    (Action("from_logits", {"value": True}), lambda m: m.loss.from_logits is True),
    (Action("loss", {"name": "mean_squared_error"}), lambda m: m.loss == "mean_squared_error"),
    (Action("output_units", {"units": 3}), lambda m: m.get_layer("last").units == 3),
    (Action("initializer", {"name": "he_normal"}), lambda m: all(type(m.get_layer(n).kernel_initializer).__name__ == "HeNormal" for n in ("one", "two", "last"))),
    (Action("initializer", {"name": "orthogonal", "layers": ["two"]}), lambda m: type(m.get_layer("two").kernel_initializer).__name__.startswith("Orthogonal") and type(m.get_layer("one").kernel_initializer).__name__ == "GlorotUniform"),
    (Action("hidden_activation", {"name": "relu"}), lambda m: name_of(m.get_layer("one").activation) == name_of(m.get_layer("bend").activation) == name_of(m.get_layer("three").activation) == "relu" and name_of(m.get_layer("two").activation) == "linear" and name_of(m.get_layer("last").activation) == "softmax" and type(m.get_layer("one").kernel_initializer).__name__ == "HeNormal"),
    (Action("hidden_activation", {"name": "elu", "layers": ["one"]}), lambda m: name_of(m.get_layer("one").activation) == "elu" and name_of(m.get_layer("bend").activation) == "tanh"),
    (Action("normalize_inputs", {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [1.0, 4.0, 0.0, 9.0]}), lambda m: np.allclose(layer(m, layers.Normalization)(np.array([[2.0, 4.0, 5.0, 7.0]])), [[1.0, 1.0, 2.0, 1.0]])),
    (Action("normalize_inputs"), lambda m: np.allclose(np.mean(layer(m, layers.Normalization)(X), 0), 0.0, atol=1e-5)),
    (Action("normalize_inputs", {"mean": 3.0, "variance": 4.0}), lambda m: np.allclose(layer(m, layers.Normalization)(np.full((1, 4), 5.0)), 1.0)),
    (Action("rescale_output", {"scale": 10.0, "offset": 5.0}), lambda m: layer(m, layers.Rescaling).scale == 10.0 and rate(m) == pytest.approx(0.1 / 100)),
    (Action("batch_normalization"), lambda m: sum(isinstance(v, layers.BatchNormalization) for v in m.layers) == 3 and name_of(m.get_layer("one").activation) == "linear"),
    (Action("dropout", {"rate": 0.1}), lambda m: m.get_layer("drop").rate == 0.1),
    (Action("dropout", {"factor": 0.5}), lambda m: m.get_layer("drop").rate == 0.2),
    (Action("dropout", {"factor": 0}), lambda m: m.get_layer("drop").rate == 0.0),
    (Action("l2", {"value": 0.02}), lambda m: float(m.get_layer("one").kernel_regularizer.l2) == pytest.approx(0.02)),
    (Action("l2", {"factor": 0.5}), lambda m: float(m.get_layer("last").kernel_regularizer.l2) == pytest.approx(0.05)),
    (Action("l2", {"factor": 0}), lambda m: m.get_layer("last").kernel_regularizer is None),
    (Action("unfreeze"), lambda m: m.get_layer("three").trainable),
    (Action("unfreeze", {"layers": ["three"]}), lambda m: m.get_layer("three").trainable),
    (Action("precision", {"policy": "mixed_bfloat16"}), lambda m: m.get_layer("one").compute_dtype == "bfloat16"),
    (Action("widen", {"factor": 2}), lambda m: m.get_layer("one").units == 16 and m.get_layer("last").units == 3),
]  # fmt: skip


@pytest.mark.parametrize("make", [sequential, functional])
@pytest.mark.parametrize(("action", "holds"), TABLE, ids=[f"{a.kind}-{i}" for i, (a, _) in enumerate(TABLE)])
def test_every_action_changes_what_it_says_and_the_model_trains(
    action: Action, holds: Any, make: Any
) -> None:
    """The new model has the change, trains a step, and the model it came from is as before."""
    keras.utils.set_random_seed(0)  # a cross-entropy of linear outputs is NaN for some initial weights
    model = make()
    before, config = model.get_weights(), str(model.get_config())
    new = apply_actions(model, [action], Sample(X, Y))
    assert holds(new)
    history = new.fit(X, Y, batch_size=16, epochs=1, verbose=0).history
    assert np.isfinite(history["loss"][0])
    assert "accuracy" in history
    assert str(model.get_config()) == config
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_the_table_has_every_action() -> None:
    """No action is without a row of the table, but those that need a model of their own."""
    assert set(ACTIONS) - {a.kind for a, _ in TABLE} == {
        "layer_normalization",
        "hidden_layer",
        "flatten",
        "last_output",
        "mask",
        "unconstrain",
    }


@pytest.mark.parametrize("flat", [True, False])
def test_a_hidden_layer_comes_before_the_output(flat: bool) -> None:
    """It stands behind the input, or behind the Flatten that feeds the output; other models refuse it."""
    shape, front = ((4,), []) if flat else ((2, 2), [layers.Flatten()])
    model = keras.Sequential([keras.Input(shape), *front, layers.Dense(3, activation="softmax")])
    new = apply_actions(compiled_like(model, {}), [Action("hidden_layer", {"units": 5})])
    assert [v.units for v in new.layers if isinstance(v, layers.Dense)] == [5, 3]
    assert np.isfinite(new.fit(X.reshape(-1, *shape), Y, verbose=0).history["loss"][0])
    with pytest.raises(ValueError, match="there are 4"):
        apply_actions(sequential(), [Action("hidden_layer", {"units": 5})])


def test_layer_normalization_takes_the_place_of_batch_normalization() -> None:
    """It does not need a batch: the layer of that name is of the other kind."""
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(8), layers.BatchNormalization(name="norm"), layers.Dense(3)]
    )
    new = apply_actions(compiled_like(model, {"loss": "mse"}), [Action("layer_normalization")])
    assert isinstance(new.get_layer("norm"), layers.LayerNormalization)
    with pytest.raises(ValueError, match="no BatchNormalization"):
        apply_actions(sequential(), [Action("layer_normalization")])


def test_global_pooling_becomes_flatten() -> None:
    """What was pooled over all places is kept place by place, and the layers behind fit it."""
    pooled = [layers.Conv1D(2, 1), layers.GlobalAveragePooling1D(name="pool"), layers.Dense(3)]
    model = compiled_like(keras.Sequential([keras.Input((2, 2)), *pooled]), {"loss": "mse"})
    new = apply_actions(model, [Action("flatten")])
    assert isinstance(new.get_layer("pool"), layers.Flatten)
    assert np.isfinite(new.fit(X.reshape(-1, 2, 2), Y, verbose=0).history["loss"][0])
    with pytest.raises(ValueError, match="no global pooling"):
        apply_actions(sequential(), [Action("flatten")])


@pytest.mark.parametrize("wrap", [lambda v: v, layers.Bidirectional])
def test_the_last_recurrent_layer_returns_its_last_output(wrap: Any) -> None:
    """One answer a row; the layers before it still see every step."""
    stack = [
        layers.GRU(3, return_sequences=True),
        wrap(layers.GRU(2, return_sequences=True)),
        layers.Dense(1),
    ]
    model = compiled_like(keras.Sequential([keras.Input((2, 2)), *stack]), {"loss": "mse"})
    new = apply_actions(model, [Action("last_output")])
    assert model.output_shape == (None, 2, 1) and new.output_shape == (None, 1)
    assert np.isfinite(new.fit(X.reshape(-1, 2, 2), Y, verbose=0).history["loss"][0])
    with pytest.raises(ValueError, match="no recurrent layer"):
        apply_actions(sequential(), [Action("last_output")])


def test_padding_is_masked() -> None:
    """By the embedding where there is one, else behind the input; the recurrent layer stops at each row's end."""
    words = keras.Sequential([keras.Input((4,)), layers.Embedding(9, 3), layers.GRU(2), layers.Dense(3)])
    steps = keras.Sequential([keras.Input((2, 2)), layers.GRU(2), layers.Dense(3)])
    padded = np.float32([[1, 2, 0, 0]]), np.float32([[[1, 2], [0, 0]]])
    for model, rows, short in zip((words, steps), padded, (padded[0][:, :2], padded[1][:, :1]), strict=True):
        new = apply_actions(compiled_like(model, {"loss": "mse"}), [Action("mask")])
        short_model = new if model is words else keras.Sequential(new.layers)
        assert not np.allclose(model.predict(rows, verbose=0), model.predict(short, verbose=0))
        np.testing.assert_allclose(
            new.predict(rows, verbose=0), short_model.predict(short, verbose=0), rtol=1e-5
        )
    with pytest.raises(ValueError, match="no embedding"):
        apply_actions(sequential(), [Action("mask")])


def test_constraints_are_taken_off() -> None:
    """Kernels and biases may be of any size again; a model without constraints says so."""
    tight = {"kernel_constraint": "max_norm", "bias_constraint": "non_neg"}
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="softmax", **tight)])
    new = apply_actions(compiled_like(model, {}), [Action("unconstrain")])
    assert new.layers[-1].kernel_constraint is new.layers[-1].bias_constraint is None
    with pytest.raises(ValueError, match="no layer has a constraint"):
        apply_actions(sequential(), [Action("unconstrain")])


def test_softmax_on_softmax_becomes_the_one_asked_for() -> None:
    """Of two softmaxes one stays, also when the last is a layer of its own; its name and place stay."""
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, activation="softmax"), layers.Softmax(name="end")]
    )
    new = apply_actions(compiled_like(model, {}), [Action("output_activation", {"name": "softmax"})])
    assert [name_of(v.activation) for v in new.layers] == ["linear", "softmax"]
    assert new.layers[-1].name == "end"
    logits = new.layers[0](X[:2])
    assert np.allclose(new(X[:2]), keras.ops.softmax(logits), atol=1e-6)


def test_an_activation_applied_as_a_function_is_replaced() -> None:
    """keras.activations.softmax(tensor) in a functional graph counts as the output's activation."""
    given = keras.Input((4,))
    model = keras.Model(given, keras.activations.relu(layers.Dense(3)(given)))
    new = apply_actions(compiled_like(model, {}), [Action("output_activation", {"name": "softmax"})])
    assert np.allclose(np.sum(new(X), -1), 1.0, atol=1e-5)


def test_output_units_and_loss_follow_the_labels() -> None:
    """One softmax unit under integer labels becomes three with the sparse loss, and the accuracy is counted right."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=["categorical_accuracy"])
    actions = [
        Action("loss", {"name": "sparse_categorical_crossentropy"}),
        Action("output_units", {"units": 3}),
    ]
    new = apply_actions(model, actions)
    history = new.fit(X, Y.argmax(1), verbose=0).history
    assert 0 < history["categorical_accuracy"][0] < 1
    assert new.output_shape == (None, 3)


def test_from_logits_moves_the_threshold_of_the_accuracy() -> None:
    """A logit says yes from 0 on, not from 0.5."""
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    new = apply_actions(model, [Action("from_logits", {"value": True})])
    result = new.evaluate(np.array([[0.2], [-0.2]]), np.array([[1.0], [0.0]]), verbose=0, return_dict=True)
    assert result["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("schedule", "key"),
    [
        (keras.optimizers.schedules.ExponentialDecay(0.5, 5, 0.5), "initial_learning_rate"),
        (keras.optimizers.schedules.PiecewiseConstantDecay([10], [0.5, 0.05]), "values"),
        (keras.optimizers.schedules.CosineDecay(0.5, 10, warmup_target=1.0, warmup_steps=3), "warmup_target"),
    ],
)
def test_a_schedule_is_scaled_as_a_whole_or_replaced_by_a_constant(schedule: Any, key: str) -> None:
    """A factor keeps the schedule's form; a value takes its place."""
    model = sequential(optimizer=keras.optimizers.SGD(schedule))
    smaller = apply_actions(model, [Action("learning_rate", {"factor": 0.1})]).optimizer._learning_rate
    assert np.allclose(smaller.get_config()[key], np.multiply(schedule.get_config()[key], 0.1))
    constant = apply_actions(model, [Action("learning_rate", {"value": 0.2})])
    assert rate(constant) == pytest.approx(0.2)


def test_rescaled_targets_train_as_the_targets_would_on_their_own_scale() -> None:
    """SGD's rate is divided by scale^2, so a step moves the weights as far as with standardised targets."""
    y = 1000.0 * X[:, :1] + 500.0
    start = {"kernel_initializer": keras.initializers.GlorotUniform(seed=1)}
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, **start)])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    new = apply_actions(model, [Action("rescale_output", {"scale": 1000.0, "offset": 500.0})])
    new.fit(X, y, batch_size=ROWS, epochs=3, shuffle=False, verbose=0)
    plain = keras.models.clone_model(model)
    plain.set_weights(apply_actions(model, []).get_weights())
    plain.compile(keras.optimizers.SGD(0.01), "mse")
    plain.fit(X, X[:, :1], batch_size=ROWS, epochs=3, shuffle=False, verbose=0)
    assert np.allclose(new.layers[0].get_weights()[0], plain.layers[0].get_weights()[0], atol=1e-4)


def test_several_inputs_and_outputs_nested_models_and_shared_layers_survive() -> None:
    """A change at one input or output leaves the others as they are; a shared layer stays shared."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, activation="sigmoid", name="deep")], name="inner"
    )
    both = layers.Concatenate()([inner(a), inner(b)])
    out = [layers.Dense(1, name="price")(both), layers.Dense(1, activation="sigmoid", name="sold")(both)]
    model = keras.Model({"a": a, "b": b}, dict(zip(("price", "sold"), out, strict=True)))
    model.compile("adam", {"price": "mse", "sold": "mse"}, loss_weights={"price": 0.1, "sold": 1.0})
    x, y = {"a": X, "b": X + 1}, {"price": X[:, :1] * 100, "sold": (X[:, :1] > 3).astype("float32")}
    actions = [
        Action("normalize_inputs", {"input": 1}),
        # Keras 3.3 names an output after its last layer, so that a loss's key no longer finds it.
        *([] if OLD_KERAS else [Action("rescale_output", {"scale": 100.0, "output": "price"})]),
        Action("loss", {"name": "binary_crossentropy", "output": "sold"}),
        Action("hidden_activation", {"name": "relu"}),
    ]
    new = apply_actions(model, actions, Sample(x, y))
    assert new.loss == {"price": "mse", "sold": "binary_crossentropy"}
    assert name_of(new.get_layer("inner").get_layer("deep").activation) == "relu"
    assert len(new.trainable_variables) == len(model.trainable_variables)
    assert sum(isinstance(v, layers.Normalization) for v in new.layers) == 1
    assert np.isfinite(new.fit(x, y, verbose=0).history["loss"][0])


def test_functions_of_the_users_own_are_kept() -> None:
    """Activation, loss, metric and Lambda need not be registered with Keras."""

    def swing(x: Any) -> Any:
        return keras.ops.sin(x)

    def far(y: Any, p: Any) -> Any:
        return keras.ops.mean(keras.ops.abs(y - p), -1)

    double = layers.Lambda(lambda x: 2 * x, output_shape=(8,))
    model = keras.Sequential([keras.Input((4,)), layers.Dense(8, activation=swing), double, layers.Dense(3)])
    model.compile(keras.optimizers.Adam(0.01), far, metrics=[far])
    new = apply_actions(model, [Action("learning_rate", {"factor": 0.5})])
    assert new.layers[0].activation is swing
    assert new.loss is far
    assert set(new.fit(X, Y, verbose=0).history) == {"loss", "far"}


def test_weights_are_drawn_anew_but_frozen_and_adapted_ones_stay() -> None:
    """A frozen layer cannot learn what it held, nor a Normalization layer its statistics."""
    norm = layers.Normalization()
    norm.adapt(X)
    frozen = layers.Dense(8, trainable=False)
    model = keras.Sequential([keras.Input((4,)), norm, frozen, layers.Dense(3)])
    model.compile("sgd", "mse")
    new = apply_actions(model, [Action("unfreeze")])
    assert np.allclose(new.layers[0](X), norm(X))
    assert np.array_equal(new.layers[1].get_weights()[0], frozen.get_weights()[0])
    assert not np.array_equal(new.layers[2].get_weights()[0], model.layers[2].get_weights()[0])


def test_seeded_initializers_draw_the_same_again() -> None:
    """What the user seeded stays seeded."""
    seeded = layers.Dense(3, kernel_initializer=keras.initializers.RandomNormal(seed=5))
    model = keras.Sequential([keras.Input((4,)), seeded])
    model.compile("sgd", "mse")
    assert np.array_equal(apply_actions(model, []).layers[0].get_weights()[0], seeded.get_weights()[0])


def test_loss_scaling_is_not_put_on_twice_and_goes_with_the_policy() -> None:
    """A mixed_float16 model gets its LossScaleOptimizer back, and none once it is float32."""
    given = keras.Input((4,))
    out = layers.Dense(3, dtype="mixed_float16")(given)
    model = keras.Model(given, layers.Activation("softmax", dtype="float32")(out))
    model.dtype_policy = keras.DTypePolicy("mixed_float16")
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy")
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    new = apply_actions(model, [Action("precision", {"policy": "float32"})])
    assert type(new.optimizer).__name__ == "Adam"


def test_a_custom_train_step_is_kept() -> None:
    """A functional model of the user's own class stays of that class."""

    class Counting(keras.Model):
        def train_step(self, data: Any) -> Any:
            return {**super().train_step(data), "own": 1.0}

    given = keras.Input((4,))
    model = Counting(given, layers.Dense(3)(given))
    model.compile("sgd", "mse")
    new = apply_actions(model, [Action("learning_rate", {"value": 0.1})])
    assert "own" in new.fit(X, Y, verbose=0).history


@keras.saving.register_keras_serializable("lossdoctor-tests")
class Own(keras.Model):
    def __init__(self, width: int = 6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.hidden, self.out = width, layers.Dense(width, activation="sigmoid"), layers.Dense(3)

    def call(self, x: Any) -> Any:
        return self.out(self.hidden(x))

    def get_config(self) -> dict[str, Any]:
        return {"width": self.width}


def test_a_subclassed_model_is_changed_where_from_config_works() -> None:
    """Arguments of its layers can be set before they are built; layers cannot be put in."""
    model = Own(7)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    new = apply_actions(
        model, [Action("hidden_activation", {"name": "relu"}), Action("learning_rate", {"value": 0.2})]
    )
    assert (name_of(new.hidden.activation), new.width, rate(new)) == ("relu", 7, pytest.approx(0.2))
    assert np.isfinite(new.fit(X, Y, verbose=0).history["loss"][0])
    with pytest.raises(ValueError, match="subclassed"):
        apply_actions(model, [Action("batch_normalization")])


def test_nothing_is_put_into_a_subclassed_model_of_one_layer() -> None:
    """It has no `inputs` to put a layer behind; the error says what to do instead."""

    class Alone(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.out = layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.out(x)

    model = Alone()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match="make this change in its own code"):
        apply_actions(model, [Action("hidden_layer", {"units": 8})])


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Action("pray"), "no action is called 'pray'"),
        (Action("learning_rate", {}), "takes value or factor"),
        (Action("learning_rate", {"speed": 1}), "cannot take"),
        (Action("optimizer", {"name": "sdg"}), "no optimizer is called 'sdg'"),
        (Action("optimizer_settings", {"arguments": {"beta_1": 0.9}}), "SGD takes no 'beta_1'"),
        (Action("clip", {}), "clip takes one of"),
        (Action("loss", {"name": "mze"}), "no loss is called 'mze'"),
        (Action("initializer", {"name": "zeros", "layers": ["four"]}), "no layer is named 'four'"),
        (Action("normalize_inputs", {"mean": [1.0], "variance": [1.0]}), "1 means for an input of shape"),
        (Action("dropout", {"rate": 1.5}), r"in \[0, 1\)"),
        (Action("output_activation", {"name": "relu", "output": 3}), "no output is 3"),
    ],
)
def test_what_does_not_fit_is_said(action: Action, words: str) -> None:
    """An action that cannot be carried out names the argument, what came, and what to pass."""
    with pytest.raises(ValueError, match=words):
        apply_actions(sequential(), [action])


def test_a_model_that_is_not_compiled_is_refused() -> None:
    """Without compile() there is nothing to carry over."""
    with pytest.raises(ValueError, match="call compile"):
        apply_actions(keras.Sequential([keras.Input((4,)), layers.Dense(3)]), [])
