"""RowStore: the rows that come out are those that went in, whatever their types, and only while they are wanted."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from lossdoctor.backends.sample import SAMPLE_ROWS
from lossdoctor.backends.tensorflow.row_store import RowStore

RNG = np.random.default_rng(0)
DTYPES = ["float32", "float64", "float16", "int64", "int8", "uint8", "bool", "complex64"]


def keeper(store: RowStore, *, window: int = 0, masked: bool = False, compiled: bool = False):
    """Returns a compiled step that keeps its batch where `wanted` is true."""

    @tf.function(jit_compile=compiled)
    def step(batch, wanted):
        store.open(batch)
        store.add(batch, wanted, window, masked=masked)
        return store.room(), store.empty(window)

    return lambda batch, wanted: step(batch, tf.constant(wanted))


def values(rows: int, dtype: str) -> np.ndarray:
    return (100 * RNG.normal(size=(rows, 3, 2))).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_come_back_as_they_were(dtype):
    store, x, y = RowStore(), values(10, dtype), RNG.integers(0, 9, 10)
    room, empty = keeper(store)(({"a": tf.constant(x)}, tf.constant(y), None), True)
    kept = store.rows_of()
    np.testing.assert_array_equal(kept.x["a"], x)
    np.testing.assert_array_equal(kept.y, y)
    assert kept.x["a"].dtype == x.dtype and kept.y.dtype == y.dtype and kept.sample_weight is None
    assert room and not empty


def test_a_bfloat16_comes_back_too():
    store, x = RowStore(), tf.cast(values(4, "float32"), tf.bfloat16)
    keeper(store)((x, None, None), True)
    np.testing.assert_array_equal(store.rows_of().x, x.numpy())


@pytest.mark.parametrize("options", [{}, {"masked": True}, {"compiled": True}], ids=str)
def test_the_last_rows_stay_and_only_wanted_ones(options):
    store, x = RowStore(), np.arange(600, dtype="float32")[:, None]
    step = keeper(store, **options)
    for begin in range(0, 600, 100):
        step((tf.constant(x[begin : begin + 100]), None, None), begin != 500)
    np.testing.assert_array_equal(store.rows_of().x, x[500 - SAMPLE_ROWS : 500])


def test_parts_may_have_different_numbers_of_rows():
    store = RowStore()
    step = keeper(store)
    for k in range(3):
        step((tf.fill([2, 1], float(k)), tf.fill([5, 1], float(k)), None), True)
    np.testing.assert_array_equal(store.rows_of().x[:, 0], [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(store.rows_of().y[:, 0], [1, 2, 2, 2, 2, 2])


def test_windows_do_not_touch_each_other():
    store, x = RowStore(windows=2), values(4, "float32")
    batch = (tf.constant(x), None, None)
    assert keeper(store, window=1)(batch, False)[1]
    assert store.rows_of(0) is None and store.rows_of(1) is None
    keeper(store, window=1)(batch, True)
    assert store.rows_of(0) is None
    np.testing.assert_array_equal(store.rows_of(1).x, x)


def test_after_close_there_is_no_room_and_what_was_kept_stays():
    store, x = RowStore(windows=2), values(4, "float32")
    step = keeper(store)
    step((tf.constant(x), None, None), True)
    store.close()
    room, _ = step((tf.constant(x), None, None), False)
    assert not room
    np.testing.assert_array_equal(store.rows_of().x, x)


def test_what_cannot_be_kept_says_why_and_what_changes_its_shape_is_left_out():
    store = RowStore()
    keeper(store)((tf.constant(["a", "b"]), None, None), True)
    assert "string" in store.missing and store.rows_of() is None
    store = RowStore()
    step = keeper(store)
    step((tf.zeros([2, 3]), None, None), True)
    step((tf.ones([2, 4]), None, None), True)
    unknown = tf.function(
        lambda x: store.add((x, None, None), tf.constant(True)), input_signature=[tf.TensorSpec(None)]
    )
    unknown(tf.ones([2, 3]))
    np.testing.assert_array_equal(store.rows_of().x, np.zeros((2, 3)))


def test_no_variable_is_made_for_rows_that_take_too_much_memory():
    store = RowStore()
    keeper(store)((tf.zeros([1, 1024, 1025]), None, None), True)
    assert "MiB" in store.missing and store.rows_of() is None
