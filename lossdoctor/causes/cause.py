"""Cause: why a run is sick. A value with its texts, and a function of the facts that yields signs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lossdoctor.record import Data, Layer, Optimizer, Output, Setup
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import DETECTORS, Symptom

# Weights in log-odds. They add up to a confidence in diagnosis.py and nowhere else.
CERTAIN, STRONG, FAIR, SLIGHT = 5.0, 2.0, 1.0, 0.5
PREDICTED = (
    0.4  # score on held-out rows (0: a constant answer, 1: perfect) that labels of other rows never give
)
CURED = 0.2  # score of a replay (0: a constant answer, 1: perfect) from which the change was more than chance


@dataclass(frozen=True)
class Sign:
    """One reason for or against a cause.

    Attributes:
        weight: log-odds; above 0 for the cause, below 0 against it.
        text: a sentence with its number.
    """

    weight: float
    text: str


@dataclass(frozen=True)
class Facts:
    """What is known of a run: all that causes judge by.

    Attributes:
        setup: the static facts.
        data: summaries of the sampled rows.
        symptoms: what is visibly so, by name.
        experiments: `Record.experiments`, results by name.
        trained: False in a checkup, where nothing is known of how training goes.
    """

    setup: Setup = field(default_factory=Setup)
    data: Data = field(default_factory=Data)
    symptoms: Mapping[str, Symptom] = field(default_factory=dict)
    experiments: Mapping[str, Any] = field(default_factory=dict)
    trained: bool = True

    def get(self, name: str) -> Symptom | None:
        """Returns the symptom of that name, None when it was not seen.

        Raises:
            KeyError: no detector has that name (a typing slip must not go unseen).
        """
        if name not in DETECTORS:
            raise KeyError(f"no detector is named {name!r}; those known: {', '.join(DETECTORS)}")
        return self.symptoms.get(name)

    @property
    def optimizer(self) -> Optimizer:
        """The run's optimizer, of kind "unknown" in a bare history."""
        return self.setup.optimizer or Optimizer("unknown")

    @property
    def output(self) -> Output:
        """The first output (the only one of most models)."""
        return self.setup.outputs[0] if self.setup.outputs else Output("output")

    @property
    def hidden(self) -> tuple[Layer, ...]:
        """Layers with weights, without the last one of each output."""
        heads = max(1, len(self.setup.outputs))
        return tuple(layer for layer in self.setup.layers if layer.parameters)[:-heads]

    @property
    def learned(self) -> float:
        """Share of the baseline that the run gained, 0 to 1."""
        found = self.symptoms.get("learned")
        return found.value if found else 0.0

    @property
    def alarms(self) -> tuple[Symptom, ...]:
        """Symptoms that show a sick run whatever the cause."""
        return tuple(s for s in self.symptoms.values() if s.alarming)

    @property
    def broken_at_once(self) -> Symptom | None:
        """The loss of the very first batch, before any update, if it was not finite."""
        bad = self.symptoms.get("loss-non-finite")
        return bad if bad is not None and bad.step == 0 else None

    @property
    def predictive_replay(self) -> Mapping[str, Any] | None:
        """The replay after which held-out rows were predicted best, if better than PREDICTED; None without one."""
        tries = [
            t for t in self.experiments.get("replay", {}).get("trials", ()) if t["verdict"] == "confirmed"
        ]
        best = max(tries, key=lambda t: t.get("score", 0.0), default=None)
        return best if best is not None and best.get("score", 0.0) > PREDICTED else None

    def replay(self, cause: str) -> Mapping[str, Any] | None:
        """Returns the best replay of that cause's remedies (see experiments/replays), None when none was made."""
        tries = [t for t in self.experiments.get("replay", {}).get("trials", ()) if t["cause"] == cause]
        order = {"confirmed": 0, "unclear": 1, "refuted": 2}
        return min(tries, key=lambda t: (order[t["verdict"]], -t.get("score", 0.0)), default=None)

    @property
    def helped(self) -> bool:
        """Whether a replay confirmed any change at all."""
        trials = self.experiments.get("replay", {}).get("trials", ())
        return any(t["verdict"] == "confirmed" for t in trials)

    def beaten(self, trial: Mapping[str, Any]) -> bool:
        """Returns whether the change of another cause gained more than twice what this trial gained."""
        replay = self.experiments.get("replay", {})
        start = replay.get("unchanged", {}).get("score")
        scores = [
            t["score"] for t in replay.get("trials", ()) if t["verdict"] == "confirmed" and "score" in t
        ]
        if start is None or not scores or "score" not in trial:
            return False
        return bool(2 * (trial["score"] - start) < max(scores) - start)


@dataclass(frozen=True)
class Example:
    """A near-to-life set of facts on which a cause is to be named, or not.

    Attributes:
        text: what the case is, a short phrase.
        facts: what is known of it.
        named: False where the cause has to stay silent.
    """

    text: str
    facts: Facts
    named: bool = True


@dataclass(frozen=True)
class Cause:
    """One cause of the catalogue.

    Attributes:
        id: kebab-case name, a public promise; never changed, never used again.
        code: "LD" and three digits: 1xx steps and rates, 2xx architecture and initial weights,
            3xx data and labels, 4xx loss and output layer, 5xx number formats.
        title: a short phrase, as the report's heading.
        meaning: what goes wrong and how it shows, two or three sentences.
        signs: yields reasons for and against from the facts.
        remedies: yields what to change, best first.
        references: papers or documentation, "Author year, address".
        examples: facts on which it is named, and near misses on which it stays silent.
        prior: log-odds before any sign.
        severity: "error" or "warning" when named; "info" never alarms.
        consequences: ids of causes that this one explains when both are named (they rank below it).
    """

    id: str
    code: str
    title: str
    meaning: str
    signs: Callable[[Facts], Iterable[Sign]]
    remedies: Callable[[Facts], Iterable[Remedy]]
    references: tuple[str, ...]
    examples: tuple[Example, ...]
    prior: float = -2.0
    severity: str = "error"
    consequences: tuple[str, ...] = ()


def seen(*symptoms: Symptom, **facts: Any) -> Facts:
    """Returns Facts with these symptoms, for examples: `seen(Symptom("loss-rising", 50.0))`."""
    return Facts(symptoms={s.name: s for s in symptoms}, **facts)


def replayed(facts: Facts, cause: str) -> Iterator[Sign]:
    """Yields what the replays of that cause's remedies say for or against it."""
    trial = facts.replay(cause)
    if trial is None:
        return
    if trial["verdict"] == "refuted":
        # Short replays may miss what takes long; less likely so where another change did help.
        yield Sign(-FAIR - SLIGHT if facts.helped else -FAIR, trial["text"])
    elif trial["verdict"] == "confirmed":
        # What helps most is nearer to the cause than what helps a little, or leaves a constant answer.
        little = facts.beaten(trial) or trial.get("score", 1.0) < CURED
        yield Sign(FAIR if little else STRONG, trial["text"])


def doing_well(facts: Facts) -> Iterator[Sign]:
    """Yields a strong sign against any cause when the run learned and nothing alarming was seen."""
    if not facts.trained:
        return
    if not facts.alarms and facts.learned > 0.5:
        # From a doubt at half to proof at nine tenths.
        weight = min(2 * STRONG, 2 * STRONG * (facts.learned - 0.3) / 0.5)
        yield Sign(-weight, f"the run learned {facts.learned:.0%} of what a constant answer misses")
    elif not facts.alarms:
        yield Sign(-FAIR, "nothing alarming was seen")
