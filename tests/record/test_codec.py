"""JSON out and in without loss: NaN and inf, arrays of all types, records of other versions."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lossdoctor.record import (
    VERSION,
    Activity,
    Array,
    Data,
    Event,
    Features,
    Layer,
    Optimizer,
    Output,
    Record,
    Setup,
    Target,
    Variable,
    codec,
)

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
DTYPES = st.sampled_from(["float64", "float32", "float16", "int64", "int32", "uint8", "bool"])
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
FEW = settings(deadline=None, max_examples=50)


def same(one: Any, other: Any) -> None:
    """Asserts that two values are equal through and through: types, dtypes, shapes, NaN as NaN."""
    assert type(one) is type(other)
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype and one.shape == other.shape
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            same(a, b)
    else:
        assert one == other or (one != one and other != other)


def strict(text: str) -> Any:
    """Parses JSON as a browser does: a bare NaN is an error."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@st.composite
def kinds(draw: Any, model: type, **parts: Any) -> Any:
    """Draws a dataclass whose numbers are any floats; `parts` gives its other fields."""
    floats = [
        f.name
        for f in dataclasses.fields(model)
        if f.type in ("float", "float | None") and f.name not in parts
    ]
    return model(
        **{name: draw(st.floats()) for name in floats}, **{name: draw(part) for name, part in parts.items()}
    )


def some(strategy: Any) -> Any:
    return st.lists(strategy, max_size=2).map(tuple)


COLUMN = hnp.arrays("float64", 3)
FEATURES = st.none() | st.builds(Features, COLUMN, COLUMN, COLUMN, COLUMN, hnp.arrays("int64", 3))
SHAPE = st.lists(st.none() | st.integers(1, 9), max_size=3).map(tuple)
LEVELS = st.dictionaries(st.text(max_size=5), st.floats(), max_size=2)
TABLE = {
    "name": st.text(),
    "dtype": st.just("float32"),
    "shape": SHAPE,
    "rows": st.integers(0, 256),
    "features": FEATURES,
}
INPUTS = kinds(Array, **TABLE, bad_rows=some(st.integers(0, 99)))
TARGETS = kinds(
    Target, **TABLE, baselines=LEVELS, floors=LEVELS, counts=st.dictionaries(st.text(), st.integers())
)
SETUPS = st.builds(
    Setup,
    layers=some(
        kinds(Layer, name=st.text(), kind=st.just("Dense"), config=st.dictionaries(st.text(), PLAIN))
    ),
    variables=some(st.builds(Variable, st.text(), st.text(), st.just((3, 4)))),
    outputs=some(kinds(Output, name=st.text(), shape=SHAPE, activations=some(st.just("softmax")))),
    optimizer=st.none()
    | kinds(Optimizer, kind=st.just("SGD"), config=st.dictionaries(st.text(), st.floats())),
)
TEXTS = {"layer": st.text(), "kind": st.text(), "activation": st.none() | st.text(), "when": st.just("final")}
RECORDS = st.builds(
    Record,
    setup=SETUPS,
    data=st.builds(Data, some(INPUTS), some(TARGETS), missing=some(st.text())),
    series=st.dictionaries(st.text(), ARRAYS, max_size=4),
    activity=some(kinds(Activity, **TEXTS)),
    events=some(
        st.builds(
            Event, st.text(), st.text(), st.none() | st.integers(), data=st.dictionaries(st.text(), PLAIN)
        )
    ),
    experiments=st.dictionaries(st.text(), PLAIN, max_size=3),
    cost=LEVELS,
)


@FEW
@given(RECORDS)
def test_a_record_comes_back_equal(record):
    """Whatever a record holds, also NaN and inf everywhere, `from_json(to_json())` is the same record."""
    text = record.to_json()
    strict(text)
    same(Record.from_json(text), record)
    assert Record.from_json(text).to_json() == text


@pytest.mark.parametrize("key", ["$array", "$float", "$$float", "$"])
def test_keys_like_our_own_marks_come_back(key):
    """A log or setting of the user's that is called like a mark of the format stays what it is."""
    same(codec.loads(codec.dumps({key: [1.5]})), {key: [1.5]})


@FEW
@given(PLAIN)
def test_plain_values_come_back_equal(value):
    """Lists, dicts, texts and numbers survive; the text is strict JSON."""
    text = codec.dumps(value)
    strict(text)
    same(codec.loads(text), value)


@FEW
@given(ARRAYS)
def test_arrays_keep_their_type_and_shape(array):
    """Any dtype, any shape, also empty and scalar, to the last bit."""
    same(codec.loads(codec.dumps(array)), array)


@pytest.mark.parametrize("value", [np.float32(1.5), np.int64(3), np.bool_(True), np.float64("nan")])
def test_numpy_scalars_become_plain_numbers(value):
    """A numpy scalar among the results is written as the number that it is."""
    same(codec.loads(codec.dumps({"x": value}))["x"], value.item())


def test_an_older_record_lacks_fields():
    """Fields that were added later take their defaults."""
    old = {"version": 1, "series": {}, "setup": {"layers": [{"name": "d", "kind": "Dense"}]}, "data": {}}
    record = Record.from_json(json.dumps(old))
    same(record, Record(setup=Setup(layers=(Layer("d", "Dense"),))))


def test_fields_of_a_newer_minor_version_are_skipped():
    """A field that is not known yet does not keep a record from being read."""
    raw = json.loads(Record().to_json()) | {"mood": "good"}
    raw["setup"]["weather"] = {"$array": "float64", "shape": [1], "data": [1.0]}
    same(Record.from_json(json.dumps(raw)), Record())


def test_a_newer_version_is_refused():
    """A record of a newer version says which version it has and what to do."""
    raw = json.loads(Record().to_json()) | {"version": VERSION + 1}
    with pytest.raises(ValueError, match=rf"version {VERSION + 1}.* up to {VERSION}: upgrade"):
        Record.from_json(json.dumps(raw))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"version": 1}', '{"version": 1, "series": 3}',
                                  '{"version": 1, "series": {}, "setup": 3}', '{"version": "x", "series": {}}',
                                  '{"version": 1, "series": {}, "events": [{}]}', '{"version": 1, "series": {}, "events": 5}',
                                  '{"version": 1, "series": {"loss": {"$array": "float64", "shape": [3], "data": [1]}}}'])  # fmt: skip
def test_what_is_no_record_is_refused(text):
    """Anything else gives a ValueError, never another error."""
    with pytest.raises(ValueError):  # noqa: PT011  json.JSONDecodeError is one as well
        Record.from_json(text)
