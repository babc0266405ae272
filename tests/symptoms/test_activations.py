"""Dead, saturated and constant units."""

from __future__ import annotations

import pytest
from record_factory import inputs, speaks

from lossdoctor.record import Activity, Data, Record
from lossdoctor.symptoms import DETECTORS


def acts(activation: str, name: str, *shares: float, output: bool = False) -> Record:
    """A layer whose measure `name` is the first share at the start and the second at the end."""
    whens = zip(("initial", "final"), shares, strict=True)
    return Record(
        data=Data(inputs=(inputs(0, 1),)),
        activity=tuple(
            Activity(
                "mid",
                "Dense",
                activation,
                when,
                **{"std": 1.0, "mean": 0.5, name: s},
                output=output,
                input_scale=70.0,
            )
            for when, s in whens
        ),
    )


def stack(*spreads: float) -> Record:
    """Hidden layers a, b, ... whose outputs of size 1 vary by so much over the rows."""
    layers = zip("abcdef", spreads, strict=False)
    return Record(
        activity=tuple(
            Activity(n, "Dense", "tanh", "initial", spread=s, mean=0.1, std=1.0) for n, s in layers
        )
    )


SPEAKS = [
    ("units-dead", acts("relu", "dead", 0.15, 0.98), 0.98, ("98%", "mid", "start: 15%")),
    ("units-saturated", acts("tanh", "saturated", 0.81, 0.9), 0.81, ("81% of the tanh", "about 70.")),
    ("units-saturated-late", acts("tanh", "saturated", 0.01, 0.9), 0.9, ("90%", "at the start 1%")),
    ("outputs-constant", acts("sigmoid", "spread", 0.2, 0.0, output=True), 0.0, ("same answer",)),
    ("signal-lost", stack(1, 0.1, 1e-4), 1e-4, ("of c hardly", "0.0001", "against 1 in a")),
]
SILENT = [
    ("units-dead", acts("relu", "dead", 0.6, 0.6)),  # a sparse net, as at its start
    ("units-dead", acts("tanh", "dead", 0.0, 0.98)),
    ("units-saturated", acts("tanh", "saturated", 0.3, 0.9)),
    ("units-saturated", acts("sigmoid", "saturated", 0.9, 0.98, output=True)),  # sure of its classes
    ("units-saturated-late", acts("tanh", "saturated", 0.8, 0.9)),  # it was so from the start
    ("units-saturated-late", acts("sigmoid", "saturated", 0.1, 0.98, output=True)),
    ("outputs-constant", acts("sigmoid", "spread", 0.0, 0.01, output=True)),
    ("outputs-constant", acts("relu", "spread", 0.2, 0.0)),  # a hidden layer
    ("signal-lost", stack(1, 0.5, 0.2)),
    ("signal-lost", stack(1, 1e-4)),
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
