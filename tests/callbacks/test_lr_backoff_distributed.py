"""LRBackoff under MirroredStrategy over two logical CPU devices: the replicas act as one, or it says that it is off."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from versions import TENSORFLOW

from lossdoctor.backends.tensorflow.replicas import SINCE

pytestmark = pytest.mark.fit

# In a process of its own: logical devices are set before TensorFlow starts.
SCRIPT = """
import json, math, warnings
import keras, numpy as np, tensorflow as tf
from lossdoctor import LRBackoff

(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
X = np.random.default_rng(0).normal(size=(72, 4)).astype("float32")
Y = X[:, :1] * X[:, 1:2]
BAD = X.copy()
BAD[20] = np.nan  # in the second batch of each epoch, on one of the replicas only


def train(rate, x=X, norm=True, strategy=mirrored, optimizer=None, policy=None):
    keras.utils.set_random_seed(3)
    with strategy.scope():
        middle = [keras.layers.BatchNormalization()] if norm else []
        hidden = keras.layers.Dense(6, activation="relu")
        model = keras.Sequential([keras.Input((4,)), hidden, *middle, keras.layers.Dense(1, dtype="float32")])
        make = optimizer or (lambda: keras.optimizers.SGD(rate, momentum=0.5))
        model.compile(make(), "mse")
    backoff = None if policy is None else LRBackoff(verbose=0, **policy)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(x, Y, batch_size=16, epochs=4, shuffle=False, verbose=0,
                            callbacks=[backoff] if backoff else [])
    held = [*model.trainable_variables, *model.optimizer.variables]
    copies = [[v.numpy() for v in strategy.experimental_local_results(h.value)] for h in held]
    everything = [v.numpy() for h in [*held, *model.non_trainable_variables]
                  for v in strategy.experimental_local_results(h.value)]
    return {
        "alike": all(np.array_equal(c[0], other) for c in copies for other in c[1:]),
        "replicas": len(copies[0]),
        "finite": all(np.isfinite(v).all() for v in everything),
        "weights": [np.asarray(v).tolist() for v in everything],
        "history": [repr(v) for v in history.history["loss"]],
        "last": float(model.evaluate(X, Y, verbose=0)),
        "steps": int(model.optimizer.iterations.numpy()),
        "events": [(e.kind, e.step, e.data.get("lost"), e.text) for e in backoff.events] if backoff else [],
        "scale": backoff.scale if backoff else 1.0,
        "skipped": backoff.state.skipped if backoff else 0,
        "warned": [str(w.message) for w in caught if "LRBackoff" in str(w.message)],
    }


one = tf.distribute.get_strategy()
adam = lambda: keras.optimizers.Adam(0.05)
found = {
    "plain": train(0.05), "healthy": train(0.05, policy={}),
    "plain adam": train(0.0, optimizer=adam), "healthy adam": train(0.0, optimizer=adam, policy={}),
    "bad": train(0.05, BAD, policy={}),
    "lost": train(30.0, norm=False),
    "hot": train(30.0, norm=False, policy={"recover_after": None, "settle": 0.0}),
    "hot, one device": train(30.0, norm=False, strategy=one, policy={"recover_after": None, "settle": 0.0}),
    "loss scaling": train(0.0, optimizer=lambda: keras.optimizers.LossScaleOptimizer(adam()), policy={}),
}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found():
    """What the script printed."""
    settings = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-c", SCRIPT]
    run = subprocess.run(command, capture_output=True, text=True, env=settings, timeout=600)
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


works = pytest.mark.skipif(
    TENSORFLOW < SINCE, reason="this TensorFlow's strategies break on a further all-reduce"
)


@works
@pytest.mark.parametrize("kind", ["", " adam"])
def test_a_healthy_run_is_the_same_bit_for_bit(found, kind):
    """Weights, slots, statistics and history of all replicas are those of the same run without the callback."""
    plain, watched = found["plain" + kind], found["healthy" + kind]
    assert watched["replicas"] == 2
    assert watched["weights"] == plain["weights"]
    assert watched["history"] == plain["history"]
    assert watched["events"] == []


@works
def test_a_bad_row_on_one_replica_skips_the_step_on_all(found):
    """The NaN is in one replica's share: no replica makes the update, and all stay alike and finite."""
    bad = found["bad"]
    assert bad["finite"]
    assert bad["alike"]
    assert [(kind, step) for kind, step, *_ in bad["events"]] == [("skip", s) for s in (1, 6, 11, 16)]
    assert (bad["skipped"], bad["scale"], bad["steps"]) == (4, 1.0, 16)
    assert "nan" not in bad["history"]


@works
def test_a_hot_run_goes_back_on_all_replicas(found):
    """The run that is lost without the callback is rolled back and slowed down, as it is on one device."""
    lost, hot, one = found["lost"], found["hot"], found["hot, one device"]
    assert not lost["finite"]
    assert hot["finite"]
    assert hot["alike"]
    assert hot["last"] < 10.0
    assert "backoff" in [kind for kind, *_ in hot["events"]]
    assert hot["scale"] == one["scale"] < 1.0
    assert [e[:3] for e in hot["events"]] == [e[:3] for e in one["events"]]


def test_where_it_cannot_work_it_says_so_and_lets_the_run_be(found):
    """Loss scaling under a strategy: one warning that says so, kept among the actions; training goes on."""
    scaled = found["loss scaling"]
    assert scaled["finite"]
    (warning,) = scaled["warned"]
    assert "LRBackoff cannot work" in warning
    assert "this fit runs without it" in warning
    assert [kind for kind, *_ in scaled["events"]] == ["off"]
