"""Beside other callbacks, in other fits, and with models that are saved, loaded and copied."""

from __future__ import annotations

import copy
import gc
import threading
from dataclasses import replace

import compat_models as m
import keras
import numpy as np
import pytest
from compat_check import check, same_values, state
from compat_models import SIZE, X, Y, compiled
from compat_rows import row

from lossdoctor import LossDoctor

pytestmark = pytest.mark.fit
c = keras.callbacks
BUILD = compiled(m.sequential, lambda: keras.optimizers.Adam(0.02))


def doctor(**more):
    return LossDoctor(trial_seconds=0, verbose=0, **more)


def fit(model, *callbacks, **more):
    arguments = {"batch_size": SIZE, "epochs": 2, "shuffle": False, "verbose": 0} | more
    return model.fit(X, Y, callbacks=list(callbacks), **arguments)


BESIDE = {
    "EarlyStopping": lambda d: [c.EarlyStopping("loss", patience=0, min_delta=10.0, restore_best_weights=True)],
    "ModelCheckpoint": lambda d: [c.ModelCheckpoint(d / "model.keras"), c.ModelCheckpoint(d / "w.weights.h5", save_weights_only=True)],
    "BackupAndRestore": lambda d: [c.BackupAndRestore(d / "backup")],
    "ReduceLROnPlateau": lambda d: [c.ReduceLROnPlateau("loss", patience=0, min_delta=10.0, factor=0.5)],
    "LearningRateScheduler": lambda d: [c.LearningRateScheduler(lambda epoch: 0.01 / (epoch + 1))],
    "TensorBoard": lambda d: [c.TensorBoard(d / "tb", histogram_freq=1, update_freq=2)],
    "CSVLogger": lambda d: [c.CSVLogger(d / "log.csv")],
    "TerminateOnNaN": lambda d: [c.TerminateOnNaN()],
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_beside(name, tmp_path):
    """The run is the same beside each callback of Keras, and what that callback writes as well."""
    folders = iter([tmp_path / "plain", tmp_path / "watched"])

    def callbacks():
        folder = next(folders)
        folder.mkdir()
        return BESIDE[name](folder)

    check(replace(row(BUILD), batches=None, fit={"epochs": 3}, callbacks=callbacks))
    written = [
        sorted(p.relative_to(d).parts[0] for p in d.rglob("*"))
        for d in (tmp_path / "plain", tmp_path / "watched")
    ]
    assert written[0] == written[1]


def test_beside_swapped_ema_weights():
    """SwapEMAWeights exchanges the weights at the epochs' ends under our eyes; they come out the same."""
    build = compiled(m.sequential, lambda: keras.optimizers.SGD(0.05, use_ema=True))
    check(replace(row(build), batches=None, callbacks=lambda: [c.SwapEMAWeights(swap_on_epoch=True)]))


def test_first_or_last_in_the_list():
    """The order among callbacks does not matter."""
    ends = []
    for order in ([0, 1], [1, 0]):
        model, pair = BUILD(), [doctor(), c.ReduceLROnPlateau("loss", patience=0, min_delta=10.0)]
        fit(model, *[pair[i] for i in order], epochs=3)
        ends.append(state(model))
    same_values(*ends)


def test_fits_one_after_the_other():
    """Fit, evaluate, predict, fit, compile, fit, a fit that raises, fit: the same with one LossDoctor reused."""

    class Raises(c.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                raise LookupError("mine")

    def life(ours):
        model = BUILD()
        fit(model, *ours)
        first = model.evaluate(X, Y, verbose=0), model.predict(X, verbose=0)
        fit(model, *ours)
        model.compile(keras.optimizers.SGD(0.01), "mae")
        fit(model, *ours)
        with pytest.raises(LookupError):
            fit(model, *ours, Raises())
        gc.collect()
        second = model.evaluate(X, Y, verbose=0)
        fit(model, *ours)
        return [*state(model), *first, second]

    ours = doctor()
    same_values(life([]), life([ours]))
    assert ours.report.record.stopped == "finished"
    assert len(ours.report.record.series["batch_loss"]) == 10


def test_several_models_at_once():
    """Two models in one process, each with its own LossDoctor, one fitted inside a callback of the other's fit."""
    outer, inner = doctor(), doctor()

    class FitsAnother(c.Callback):
        def on_epoch_end(self, epoch, logs=None):
            fit(compiled(m.functional)(), inner, epochs=1)

    def life(ours):
        model = BUILD()
        fit(model, *ours, FitsAnother())
        return state(model)

    same_values(life([]), life([outer]))
    assert len(outer.report.record.series["batch_loss"]) == 10
    assert len(inner.report.record.series["batch_loss"]) == 5


def test_in_threads():
    """Models in two threads have each their own record."""
    doctors, sizes = [doctor(), doctor()], [5, 10]
    models = [BUILD(), BUILD()]

    def work(i):
        models[i].fit(X, Y, batch_size=SIZE, epochs=i + 1, verbose=0, callbacks=[doctors[i]])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [len(d.report.record.series["batch_loss"]) for d in doctors] == sizes


def test_saving_during_and_after(tmp_path):
    """Saved models (whole, weights, exported) during a watched fit are those of the run without us."""

    class Saves(c.Callback):
        def __init__(self, folder):
            super().__init__()
            self.folder = folder

        def on_epoch_end(self, epoch, logs=None):
            self.model.save(self.folder / f"{epoch}.keras")
            self.model.save_weights(self.folder / f"{epoch}.weights.h5")
            self.model.export(str(self.folder / f"export{epoch}"))

    kept = []
    for ours in ([], [doctor()]):
        folder = tmp_path / f"run{len(ours)}"
        folder.mkdir()
        model = BUILD()
        fit(model, *ours, Saves(folder))
        model.save(folder / "after.keras")
        loaded = [keras.models.load_model(folder / name) for name in ("0.keras", "1.keras", "after.keras")]
        again = keras.models.load_model(folder / "after.keras")
        fit(again)
        served = keras.layers.TFSMLayer(str(folder / "export1"), call_endpoint="serve")(X)
        kept.append([*(v for one in loaded for v in state(one)), *state(again), served])
    same_values(*kept)


def test_copied_before_fit():
    """A deep copy, as tuners make it, watches the run in the place of the original."""
    original = doctor(ignore=["overfitting"])
    copied = copy.deepcopy(original)
    fit(BUILD(), copied)
    assert len(copied.report.record.series["batch_loss"]) == 10
    assert original.report.record.stopped == "not started"


def test_a_clone_and_a_pickle_of_a_watched_model():
    """A model that is cloned and pickled in the middle of a watched run carries nothing of ours."""
    import pickle

    kept = []

    class Copies(c.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(
                (
                    keras.models.clone_model(self.model),
                    pickle.loads(pickle.dumps(self.model)),
                    copy.deepcopy(self.model),
                )
            )

    model = BUILD()
    fit(model, doctor(), Copies())
    for copied in kept[-1]:
        assert not {"train_step", "compute_loss", "test_step"} & set(vars(copied))
    np.testing.assert_array_equal(kept[-1][1].predict(X, verbose=0), model.predict(X, verbose=0))
    fit(kept[-1][1])
