"""Monitor: one run under observation, from on_train_begin until fit is left. A model in, a Record out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

import lossdoctor.fit.earlier_fits as earlier_fits
from lossdoctor import backends, keras_private
from lossdoctor.backends.base import STEP_COLUMNS
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments import layer_outputs
from lossdoctor.fit.collector import Collector
from lossdoctor.fit.pace import Pace
from lossdoctor.fit.setup import outputs_of_subclass, read_setup
from lossdoctor.fit.summaries import summaries
from lossdoctor.losses.target_summary import outline_target
from lossdoctor.record import Data, Event, Output, Record, Setup

TINY = 1e-12
SETTLED = 24  # steps, from the first on, that tell how long a step takes


class Monitor:
    """Watches one `fit`. All methods may raise; LossDoctor catches in one place."""

    def __init__(self, model: Any, params: dict[str, Any], budget: float):
        self.model, self.pace, self.params = model, Pace(budget), params
        self._backend = backends.current()
        self.earlier = earlier_fits.begin(model)
        self._earlier = self.earlier.updates, self.earlier.restarts
        self.setup: Setup = read_setup(model, params)
        self.initial: list[np.ndarray] = model.get_weights() if keras_private.is_built(model) else []
        self._good: Sequence[
            Any
        ] = ()  # trainable values at the last weight sample with finite steps behind it
        self.collector = Collector()
        self.events: list[Event] = []
        self.epoch = 0
        self.stopped = "running"
        self.seconds = 0.0  # how long the run took, known at its end
        self.sample: Sample | None = None
        self.validation: Sample | None = None
        self.bad_batch: Sample | None = None
        self._sampling = False
        self._batches = 0  # steps since the last flush
        self._clock: tuple[int, float] | None = None  # steps, and seconds of training, at the first flush
        self._adapted = False
        self._anchored = 0  # step before which the weight sample began
        self._next_sample = 0  # at steps 0, 1, 3, 7, ... in any case: most faults show at once
        self._data = Data()
        self._layer_outputs: dict[str, layer_outputs.LayerOutputs] = {}
        self._blind = False  # the model cannot be called on the sample
        self.steps = self._backend.watch_step(model, self.setup.steps_per_execution)
        self._weights = self._backend.weight_norms(model)
        self._optimizer = next(iter(keras_private.optimizers(model)), None)
        self.steps.start()

    # Between steps

    def due(self) -> bool:
        """True when there is anything to do before the next execution of the step. Called before each one."""
        if self._sampling or self._batches >= self.steps.capacity // 2 or self._step() >= self._next_sample:
            return True
        if self.pace.due("weights"):
            return True
        self._batches += self.setup.steps_per_execution
        return False

    def before_batch(self) -> None:
        """Ends the weight sample of the step before, if one was begun, and begins one at the next step when it is time."""
        if self._sampling or self._batches >= self.steps.capacity // 2:
            self.flush()
        step = self._step()
        self._sampling = step >= self._next_sample or self.pace.due("weights")
        if self._sampling:
            self._anchored = step
            self._next_sample = 2 * step + 1 if step >= self._next_sample else self._next_sample
            with self.pace.timed("weights"):
                self._weights.anchor()
        self._batches += self.setup.steps_per_execution

    def _step(self) -> int:
        return self.collector.steps + self._batches

    def flush(self) -> None:
        """Brings the rows of the steps since the last flush to the host, with a weight sample under way its result."""
        sampled, self._sampling, self._batches = self._sampling, False, 0
        with self.pace.timed("weights" if sampled else "flush"):
            rows = self.steps.flush()
            self._take_initial()
            self.collector.add_steps(rows, self.epoch, self._backend.learning_rate(self._optimizer))
            if sampled and self.collector.steps > self._anchored:  # the data may have ended instead
                weights, moves = self._weights.measure()
                grads = rows[-1, len(STEP_COLUMNS) :]
                if len(grads) == len(weights):
                    batches = min(len(rows), self.setup.steps_per_execution)
                    self.collector.add_weights(batches, grads, weights, moves)
                    if (
                        np.isfinite(rows[:, 0]).all()
                        and np.isfinite(grads).all()
                        and np.isfinite(moves).all()
                    ):
                        self._good = self._weights.anchored()
        if not self._adapted:
            self._adapt()

    def _adapt(self) -> None:
        """Fits what is measured in each step to the budget, once, once the time of a step is known."""
        steps, seconds = self.collector.steps, self.pace.elapsed() - sum(self.pace.seconds.values())
        if self._clock is None:
            self._clock = steps, seconds
        count = steps - self._clock[0]
        if count >= SETTLED:
            self._adapted = True
            self.steps.adapt((seconds - self._clock[1]) / count, self.pace.share("norms"))

    def _take_initial(self) -> None:
        """A model that its first step built has its layers and its initial weights only now."""
        if self.initial:
            return
        values = self.steps.initial_weights()
        self.initial = list(values.values())
        if values:
            self.setup = read_setup(self.model, self.params, values)

    def end_epoch(self, logs: dict[str, Any]) -> None:
        self.flush()
        self.steps.close_sample()
        self.collector.add_epoch(logs)
        self.epoch += 1

    # After the run

    def close(self, stopped: str) -> None:
        """Takes the hooks out and takes what was on the device. Safe to call twice."""
        if self.stopped != "running":
            return
        self.stopped, self.seconds = stopped, self.pace.elapsed()
        self.steps.stop()
        self._sampling = False  # what an exception left half done was no step
        self.flush()
        self._take_samples()
        earlier_fits.end(self.model, self.collector.steps, self.seconds)

    def _take_samples(self) -> None:
        self.sample = self.steps.sample()
        self.validation = self.steps.validation()
        self.bad_batch = self.steps.bad_batch()

    def evaluate_layers(self) -> None:
        """Takes all layers' outputs for the sample at the initial and the present weights."""
        if self.sample is None:
            return
        states = {"initial": self.initial, "final": self.model.get_weights()}
        with self.pace.timed("layers"):
            for when, weights in states.items():
                if weights and not self._blind:
                    self._evaluate_at(when, weights)

    def _evaluate_at(self, when: str, weights: list[np.ndarray]) -> None:
        if self.sample is None:
            return
        try:
            self._layer_outputs[when] = layer_outputs.evaluate_layers(self.model, weights, self.sample, when)
        except Exception as error:  # a GAN has no call(), other models take more than x: no fault of the run
            self._blind = True
            text = f"the layers: calling the model on sampled rows raised {type(error).__name__}: {error}"
            self.events.append(Event("left-out", text[:400]))

    @property
    def good(self) -> list[np.ndarray] | None:
        """The last weights that were sampled while all was finite, in the order of `model.get_weights()`, or None."""
        if not len(self._good) or not self.initial:
            return None
        known = dict(zip(map(id, self.model.trainable_variables), self._good, strict=False))
        pairs = zip(self.model.weights, self.initial, strict=True)
        return [keras.ops.convert_to_numpy(known.get(id(v), first)) for v, first in pairs]

    def record(self) -> Record:
        """Returns what was measured so far."""
        if self.stopped == "running":
            self.flush()
        if self.sample is None:
            self._take_samples()
        updates, restarts = self._earlier
        setup = replace(
            self.setup, batch_size=self._batch_size(), earlier_updates=updates, optimizer_restarts=restarts
        )
        final = self._layer_outputs.get("final")
        if not setup.outputs and final is not None:
            setup = replace(setup, outputs=outputs_of_subclass(self.model, final))
        self._data = self._summarize(setup.outputs)
        return Record(
            setup=setup,
            data=self._data,
            series=self._series(),
            activity=tuple(a for e in self._layer_outputs.values() for a in e.activities),
            events=(*self.events, *self._skips(), *self._failures()),
            experiments={"evaluation": self._evaluate()} if self._layer_outputs else {},
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
        if self.steps.loss_source != "untouched metric":
            return self.steps.loss_source == "nowhere"
        return not np.isfinite(self.collector.series()["batch_loss"]).any()

    def _moved(self) -> dict[str, np.ndarray]:
        """Returns how far each trainable variable is from where it began, over its initial norm."""
        start = {id(v): w for v, w in zip(self.model.weights, self.initial, strict=False)}
        now = [(start[id(v)], v.numpy()) for v in self.model.trainable_variables if id(v) in start]
        with np.errstate(over="ignore", invalid="ignore"):  # weights of a run that blew up
            moved = [np.linalg.norm(b - a) / max(float(np.linalg.norm(a)), TINY) for a, b in now]
        return {"moved": np.array(moved, dtype=np.float64)}

    def _failures(self) -> list[Event]:
        text = "lossdoctor could not measure inside the step and went on without: "
        return [Event("internal-error", text + failure) for failure in self.steps.failures]

    def _skips(self) -> list[Event]:
        count = self.collector.skipped
        if not count or not keras_private.scales_loss(self.model):  # a step may leave out updates on purpose
            return []
        text = f"loss scaling skipped {count} of {self.collector.steps} updates"
        return [Event("loss-scale", text, data={"skipped": count})]

    def _batch_size(self) -> int | None:
        rows = self.collector.series()["rows"]
        return int(np.nanmax(rows)) if rows.size and np.isfinite(rows).any() else None

    def _summarize(self, outputs: tuple[Output, ...]) -> Data:
        missing = [self.steps.missing] if self.steps.missing else []
        if self._no_loss():
            missing.append("the batch loss: train_step neither calls compute_loss nor returns a 'loss'")
        data = summaries(self.sample, self.validation, outputs, missing)
        if self.sample is not None or not self.steps.target_specs:
            return data
        # Keras refused the first step, or the rows could not be captured: shape and type are known all the same.
        specs = self.steps.target_specs
        given = [o.name for o in outputs] if len(outputs) == len(specs) else []
        names = given or [f"target {i}" for i in range(len(specs))]
        outlines = (outline_target(n or names[i], shape, kind) for i, (n, shape, kind) in enumerate(specs))
        return replace(data, targets=tuple(outlines))

    def _evaluate(self) -> dict[str, Any]:
        from lossdoctor.experiments.evaluation import evaluate

        return evaluate(self.model, self.setup, self._layer_outputs, self.sample, self.validation)
