"""Monitor: one run under observation, from on_train_begin until fit is left. Keras hooks in, a Record out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lossdoctor import keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.backends.tensorflow import host_values
from lossdoctor.backends.tensorflow.hooks import Hooks
from lossdoctor.backends.tensorflow.initial_state import Begin
from lossdoctor.backends.tensorflow.step import BAD_BATCH, COLUMNS, SAMPLE, StepProbe
from lossdoctor.backends.tensorflow.weight_norms import WeightLook
from lossdoctor.experiments import layer_outputs
from lossdoctor.fit.collector import Collector
from lossdoctor.fit.pace import Pace
from lossdoctor.fit.setup import read_setup
from lossdoctor.losses.target_summary import class_weights, outline_target, summarize_targets
from lossdoctor.record import Data, Event, Output, Record, Setup, Target
from lossdoctor.record.summary import summarize_array

TINY = 1e-12
SETTLED = 24  # steps, from the first on, that tell how long a step takes


class Monitor:
    """Watches one `fit`. All methods may raise; LossDoctor catches in one place."""

    def __init__(self, model: Any, params: dict[str, Any], budget: float):
        self.model, self.pace, self.params = model, Pace(budget), params
        self.setup: Setup = read_setup(model, params)
        self.initial: list[np.ndarray] = model.get_weights() if keras_private.is_built(model) else []
        self.good: list[np.ndarray] | None = None
        self.collector = Collector()
        self.events: list[Event] = []
        self.epoch = 0
        self.stopped = "running"
        self.seconds = 0.0  # how long the run took, known at its end
        self.sample: Sample | None = None
        self.validation: Sample | None = None
        self.bad_batch: Sample | None = None
        self._looking = False
        self._batches = 0  # steps since the last read
        self._clock: tuple[int, float] | None = None  # steps, and seconds of training, at the first read
        self._adapted = False
        self._anchored = 0  # step before which the look began
        self._next_look = 0  # at steps 0, 1, 3, 7, ... in any case: most faults show at once
        self._data = Data()
        self._examined: dict[str, layer_outputs.Examination] = {}
        self._blind = False  # the layers cannot be looked at
        self.probe = StepProbe(model, self.setup.steps_per_execution)
        self._weights = WeightLook(model)
        self._optimizer = next(iter(keras_private.optimizers(model)), None)
        self.hooks = Hooks.of(model)
        self.hooks.add(self.probe)
        self._begin = None if keras_private.is_built(model) else Begin(model, lambda: model.weights)
        if self._begin is not None:
            self.hooks.add(self._begin)
        self.hooks.install()

    # Between steps

    def due(self) -> bool:
        """True when there is anything to do before the next execution of the step. Called before each one."""
        if self._looking or self._batches >= self.probe.size // 2 or self._step() >= self._next_look:
            return True
        if self.pace.due("look"):
            return True
        self._batches += self.setup.steps_per_execution
        return False

    def before_batch(self) -> None:
        """Ends the look at the step before, if there was one, and begins one at the next step when it is time."""
        if self._looking or self._batches >= self.probe.size // 2:
            self.read()
        step = self._step()
        self._looking = step >= self._next_look or self.pace.due("look")
        if self._looking:
            self._anchored = step
            self._next_look = 2 * step + 1 if step >= self._next_look else self._next_look
            with self.pace.timed("look"):
                self._weights.anchor()
        self._batches += self.setup.steps_per_execution

    def _step(self) -> int:
        return self.collector.steps + self._batches

    def read(self) -> None:
        """Brings the rows of the steps since the last read to the host, after a look the weights' moves too."""
        look, self._looking, self._batches = self._looking, False, 0
        with self.pace.timed("look" if look else "read"):
            rows = self.probe.read()
            self._read_begin()
            self.collector.add_steps(rows, self.epoch, host_values.learning_rate(self._optimizer))
            if look and self.collector.steps > self._anchored:  # the data may have ended instead
                weights, moves = self._weights.measure()
                grads = rows[-1, len(COLUMNS) :]
                if len(grads) == len(weights):
                    batches = min(len(rows), self.setup.steps_per_execution)
                    self.collector.add_look(batches, grads, weights, moves)
        if not self._adapted:
            self._adapt()

    def _adapt(self) -> None:
        """Fits what the probe does in each step to the budget, once, when enough steps have told their time."""
        steps, seconds = self.collector.steps, self.pace.elapsed() - sum(self.pace.seconds.values())
        if self._clock is None:
            self._clock = steps, seconds
        count = steps - self._clock[0]
        if count >= SETTLED:
            self._adapted = True
            self.probe.norms.adapt((seconds - self._clock[1]) / count, self.pace.share("norms"))

    def _read_begin(self) -> None:
        """A model that its first step built has its layers and its initial weights only now."""
        if self._begin is None or self.initial:
            return
        values = {id(v): np.asarray(value) for v, value in self._begin.read()}
        self.initial = list(values.values())
        if values:
            self.setup = read_setup(self.model, self.params, values)

    def end_epoch(self, logs: dict[str, Any]) -> None:
        self.read()
        self.probe.kept.close()
        self.probe.validation.close()
        self.collector.add_epoch(logs)
        self.epoch += 1

    # After the run

    def close(self, stopped: str) -> None:
        """Takes the hooks out and keeps what was on the device. Safe to call twice."""
        if self.stopped != "running":
            return
        self.stopped, self.seconds = stopped, self.pace.elapsed()
        self.hooks.remove(self.probe)
        if self._begin is not None:
            self.hooks.remove(self._begin)
        self._looking = False  # what an exception left half done was no step
        self.read()
        self._keep_samples()

    def _keep_samples(self) -> None:
        self.sample = self.probe.kept.read(SAMPLE)
        self.validation = self.probe.validation.read()
        self.bad_batch = self.probe.kept.read(BAD_BATCH)

    def examine(self) -> None:
        """Looks at all layers' outputs for the sample at the initial and the present weights."""
        if self.sample is None:
            return
        looks = {"initial": self.initial, "final": self.model.get_weights()}
        with self.pace.timed("examine"):
            for when, weights in looks.items():
                if weights and not self._blind:
                    self._look_at(when, weights)

    def _look_at(self, when: str, weights: list[np.ndarray]) -> None:
        if self.sample is None:
            return
        try:
            self._examined[when] = layer_outputs.examine(self.model, weights, self.sample, when)
        except Exception as error:  # a GAN has no call(), other models take more than x: no fault of the run
            self._blind = True
            text = f"the layers: calling the model on kept rows raised {type(error).__name__}: {error}"
            self.events.append(Event("left-out", text[:400]))

    def record(self) -> Record:
        """Returns what was measured so far."""
        if self.stopped == "running":
            self.read()
        if self.sample is None:
            self._keep_samples()
        setup = replace(self.setup, batch_size=self._batch_size())
        final = self._examined.get("final")
        if not setup.outputs and final is not None:
            setup = replace(setup, outputs=layer_outputs.outputs_of_subclass(self.model, final))
        self._data = self._summarize(setup.outputs)
        return Record(
            setup=setup,
            data=self._data,
            series=self._series(),
            activity=tuple(a for e in self._examined.values() for a in e.activities),
            events=(*self.events, *self._skips(), *self._failures()),
            experiments={"evaluation": self._evaluate()} if self._examined else {},
            cost={**self.pace.seconds, "training": self.seconds or self.pace.elapsed()},
            stopped=self.stopped,
        )

    def _series(self) -> dict[str, np.ndarray]:
        series = self.collector.series() | self._moved()
        if self._no_loss():
            # A train_step that neither calls compute_loss nor logs "loss": a NaN would be a false alarm.
            for name in ("batch_loss", "batch_loss_max", "penalty"):
                series.pop(name)
        return series

    def _no_loss(self) -> bool:
        """True when train_step tells no loss; a metric "loss" that it never touches is NaN in each step."""
        if self.probe.loss_source != "a metric, if any":
            return self.probe.loss_source == "nowhere"
        return not np.isfinite(self.collector.series()["batch_loss"]).any()

    def _moved(self) -> dict[str, np.ndarray]:
        """Returns how far each trainable variable is from where it began, over its initial norm."""
        start = {id(v): w for v, w in zip(self.model.weights, self.initial, strict=False)}
        now = [(start[id(v)], v.numpy()) for v in self.model.trainable_variables if id(v) in start]
        with np.errstate(over="ignore", invalid="ignore"):  # weights of a run that blew up
            moved = [np.linalg.norm(b - a) / max(float(np.linalg.norm(a)), TINY) for a, b in now]
        return {"moved": np.array(moved, dtype=np.float64)}

    def _failures(self) -> list[Event]:
        told = "lossdoctor could not measure inside the step and went on without: "
        return [Event("internal-error", told + failure) for failure in self.hooks.failures]

    def _skips(self) -> list[Event]:
        count = self.collector.skipped
        if not count:
            return []
        text = f"loss scaling skipped {count} of {self.collector.steps} updates"
        return [Event("loss-scale", text, data={"skipped": count})]

    def _batch_size(self) -> int | None:
        rows = self.collector.series()["rows"]
        return int(np.nanmax(rows)) if rows.size and np.isfinite(rows).any() else None

    def _summarize(self, outputs: tuple[Output, ...]) -> Data:
        missing = [self.probe.kept.missing] if self.probe.kept.missing else []
        if self._no_loss():
            missing.append("the batch loss: train_step neither calls compute_loss nor returns a 'loss'")
        data = summaries(self.sample, self.validation, outputs, missing)
        if self.sample is not None or not self.probe.target_specs:
            return data
        # Keras refused the first step, or the rows could not be kept: shape and type are known all the same.
        specs = self.probe.target_specs
        given = [o.name for o in outputs] if len(outputs) == len(specs) else []
        names = given or [f"target {i}" for i in range(len(specs))]
        outlines = (outline_target(n or names[i], shape, kind) for i, (n, shape, kind) in enumerate(specs))
        return replace(data, targets=tuple(outlines))

    def _evaluate(self) -> dict[str, Any]:
        from lossdoctor.experiments.evaluation import evaluate

        return evaluate(self.model, self.setup, self._examined, self.sample, self.validation)


def summaries(
    sample: Sample | None, validation: Sample | None, outputs: Sequence[Output], missing: Sequence[str]
) -> Data:
    """Returns what a record keeps of training and validation rows."""
    return Data(
        inputs=_each(summarize_array, sample and sample.x, "input"),
        targets=_targets(sample and sample.y, outputs),
        validation_inputs=_each(summarize_array, validation and validation.x, "input"),
        validation_targets=_targets(validation and validation.y, outputs),
        weighted=sample is not None and sample.sample_weight is not None,
        class_weights=class_weights(sample.y, sample.sample_weight) if sample is not None else {},
        missing=tuple(missing),
    )


def _each(summarize: Any, tree_of_arrays: Any, name: str) -> tuple[Any, ...]:
    from keras import tree

    if tree_of_arrays is None:
        return ()
    if isinstance(tree_of_arrays, dict):
        return tuple(
            summarize(key, value) for key, value in sorted(tree_of_arrays.items()) if value is not None
        )
    leaves = [a for a in tree.flatten(tree_of_arrays) if a is not None]
    names = [name] if len(leaves) == 1 else [f"{name} {i}" for i in range(len(leaves))]
    return tuple(summarize(n, leaf) for n, leaf in zip(names, leaves, strict=True))


def _targets(tree_of_arrays: Any, outputs: Sequence[Output]) -> tuple[Target, ...]:
    """The outputs' losses tell what whole numbers mean, and which settings go into the baselines."""
    from keras import tree

    if tree_of_arrays is None:
        return ()
    if isinstance(tree_of_arrays, dict):
        return summarize_targets({k: v for k, v in sorted(tree_of_arrays.items()) if v is not None}, outputs)
    return summarize_targets([a for a in tree.flatten(tree_of_arrays) if a is not None], outputs)
