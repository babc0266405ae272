"""A run killed with SIGKILL in the middle goes on with its lowered rate, counters and history."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.fit

SCRIPT = """
import json, os, signal, sys
import keras, numpy as np
from lossdoctor.callbacks.lr_backoff import LRBackoff

folder, kill = sys.argv[1], int(sys.argv[2])
keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(96, 6)).astype("float32")
y = x[:, :1] - 2 * x[:, 1:2]
model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(30.0), "mse")
backoff = LRBackoff(backup_dir=folder, verbose=0, recover_after=None, settle=0.0)

class Die(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model.epoch_now == kill and batch == 5:
            os.kill(os.getpid(), signal.SIGKILL)
    def on_epoch_begin(self, epoch, logs=None):
        self.model.epoch_now = epoch
        epochs.append(epoch)

epochs = []
model.fit(x, y, epochs=6, batch_size=8, verbose=0,
          callbacks=[backoff, keras.callbacks.BackupAndRestore(folder), Die()])
print(json.dumps({"epochs": epochs, "scale": backoff.scale, "backoffs": backoff.state.backoffs,
                  "kinds": [e.kind for e in backoff.events], "steps": backoff.state.step,
                  "finite": bool(np.isfinite(model.evaluate(x, y, verbose=0)))}))
"""


def run(folder, kill):
    settings = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), str(kill)],
        capture_output=True,
        text=True,
        env=settings,
        timeout=300,
    )


def test_a_killed_run_resumes_with_its_lowered_rate(tmp_path):
    """kill -9 in epoch 4: the second process starts there, at the lowered rate, and does not search again."""
    first = run(tmp_path, 3)
    assert first.returncode == -signal.SIGKILL, first.stderr
    left = json.loads((tmp_path / "lrbackoff.json").read_text())
    assert left["state"]["scale"] < 1.0
    second = run(tmp_path, -1)
    assert second.returncode == 0, second.stderr
    told = json.loads(second.stdout.splitlines()[-1])
    assert told["epochs"] == [3, 4, 5]
    assert told["scale"] == left["state"]["scale"]
    assert told["backoffs"] == left["state"]["backoffs"] >= 1
    assert told["kinds"] == [e["kind"] for e in left["events"]]
    assert told["steps"] == left["state"]["step"] + 3 * 12
    assert told["finite"]


def test_a_run_saved_by_version_0_1_0_resumes(tmp_path):
    """Its file has other names for some fields: scale, counters and history are taken over; then the new are written."""
    shutil.copy(Path(__file__).parents[1] / "backoff" / "lrbackoff_0_1_0.json", tmp_path / "lrbackoff.json")
    backoff = small_fit(tmp_path)
    assert backoff.scale == 1.0000000000000007e-08
    assert (backoff.state.backoffs, backoff.state.last_bad_batch) == (5, 62)
    assert backoff.state.step == 228 + 2
    assert [(e.kind, e.step) for e in backoff.events] == [("skip", 163), ("backoff", 178)]
    left = json.loads((tmp_path / "lrbackoff.json").read_text())
    assert left["state"]["last_bad_batch"] == 62 and "strike" not in left["state"]


@pytest.mark.parametrize("text", ['{"a": 1}', "[]", "not JSON"])
def test_a_file_of_another_program_is_refused(tmp_path, text):
    """ValueError when fit begins, and not a run that forgets its lowered rate."""
    (tmp_path / "lrbackoff.json").write_text(text)
    with pytest.raises(ValueError, match=r"LRBackoff|Expecting value"):
        small_fit(tmp_path)


def small_fit(folder):
    keras = pytest.importorskip("keras")
    from lossdoctor.callbacks.lr_backoff import LRBackoff

    # Weights near the answer: the restored state compares with losses of its own, and is not to find these high.
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    backoff = LRBackoff(backup_dir=folder, verbose=0, recover_after=None, settle=0.0)
    x = np.ones((8, 2), "float32")
    model.fit(x, x[:, :1], epochs=1, batch_size=4, verbose=0, callbacks=[backoff])
    return backoff
