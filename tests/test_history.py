"""Logs of a finished run to a Record: every source that people have, and all that can be wrong with it."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import math
import struct
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossdoctor.history import read
from lossdoctor.history.events import series_name
from lossdoctor.history.wire import CutOff, fields, scalars
from lossdoctor.record import Record

LOSS, VAL = [1.0, 0.5, 0.25], [1.1, 0.7, 0.6]


def left_out(record):
    return [event.text for event in record.events if event.kind == "left-out"]


def one_sentence(caught, *words):
    message = str(caught.value)
    assert "\n" not in message
    assert "pass" in message, message
    for word in words:
        assert word in message, message


def outcome(source):
    """The record, or the one line that says why there is none; anything else is an error."""
    try:
        return read(source)
    except ValueError as error:
        lines = str(error).splitlines()
        return lines[0] if len(lines) == 1 else pytest.fail(str(error))


# Values in memory


def test_a_history_a_dict_and_a_frame_give_the_same_record():
    """It does not matter in which wrapping the logs of model.fit come."""
    import pandas

    logs = {"loss": LOSS, "val_loss": VAL, "accuracy": [0.1, 0.2, 0.3]}
    sources = [SimpleNamespace(history=logs, params={}), logs, pandas.DataFrame(logs), json_like(logs)]
    records = [read(source) for source in sources]
    for record in records:
        assert set(record.series) == {"epoch.loss", "epoch.val_loss", "epoch.accuracy"}
        np.testing.assert_array_equal(record.series["epoch.loss"], LOSS)
        assert record.source == "history"
        assert not record.events


def json_like(logs):
    return {name: tuple(np.float32(v) for v in values) for name, values in logs.items()} | {
        "loss": np.array(LOSS)
    }


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("loss", "epoch.loss"),
        ("Train Loss", "epoch.loss"),
        ("training_loss", "epoch.loss"),
        ("validation-loss", "epoch.val_loss"),
        ("valid_loss", "epoch.val_loss"),
        ("val/loss", "epoch.val_loss"),
        ("lr", "epoch.learning_rate"),
        ("learning_rate", "epoch.learning_rate"),
        ("val_accuracy", "epoch.val_accuracy"),
    ],
)
def test_columns_are_known_by_the_names_that_loggers_use(name, series):
    """Other loggers' names for the same thing are understood."""
    assert series in read({"val_loss": [9.0], "loss": [9.0]} | {name: [1.0]}).series


def test_text_and_missing_values():
    """ "nan" is NaN, an empty cell is no value; they are not the same."""
    record = read({"loss": ["1.5", "nan", "inf", "1e3"], "val_loss": [None, 2.0, "", "NA"]})
    np.testing.assert_array_equal(record.series["epoch.loss"], [1.5, math.nan, math.inf, 1000.0])
    np.testing.assert_array_equal(record.series["epoch.val_loss"], [2.0])
    assert not record.events


def test_a_frame_with_a_row_for_training_and_one_for_validation():
    """NaN between numbers is an empty cell; NaN to the end is a loss that became NaN."""
    import pandas

    nan = math.nan
    rows = pandas.DataFrame({"train_loss": [3.0, nan, 2.0, nan], "val_loss": [nan, 3.5, nan, 2.5]})
    record = read(rows)
    np.testing.assert_array_equal(record.series["epoch.loss"], [3.0, 2.0])
    np.testing.assert_array_equal(record.series["epoch.val_loss"], [3.5, 2.5])
    assert "taken for empty" in left_out(record)[0]
    blown = read(pandas.DataFrame({"loss": [3.0, 900.0, nan, nan]}))
    np.testing.assert_array_equal(blown.series["epoch.loss"], [3.0, 900.0, nan, nan])


def test_what_is_no_number_is_left_out_and_said():
    """One bad column or cell does not cost the rest."""
    record = read({"loss": LOSS, "note": ["a", "b", "c"], "acc": [0.1, "oops", 0.3], "when": 7, "f": print})
    assert set(record.series) == {"epoch.loss", "epoch.acc", "epoch.when"}
    said = " | ".join(left_out(record))
    assert "'note' was left out: it holds no number (such as 'a')" in said
    assert "1 of 3 values of 'acc' are no numbers and were left out (such as 'oops')" in said
    assert "'f' was left out" in said


@pytest.mark.parametrize(
    "source", [None, 3, [1.0, 2.0], object(), print, np.ones(3)], ids=lambda source: type(source).__name__
)
def test_things_that_are_no_history(source):
    """The type that came and what to pass."""
    with pytest.raises(ValueError, match="cannot read a training history") as caught:
        read(source)
    one_sentence(caught, type(source).__name__, "CSVLogger")


@pytest.mark.parametrize(
    ("logs", "word"),
    [
        ({}, "empty"),
        ({"acc": [1.0]}, "found 'acc'"),
        ({"loss": []}, "no usable loss"),
        ({"loss": ["x"]}, "such as 'x'"),
        ({"loss": None}, "no usable loss"),
    ],
)
def test_logs_without_a_loss(logs, word):
    """Without one number of a loss there is nothing to say."""
    with pytest.raises(ValueError, match=r"pass |no such|null") as caught:
        read(logs)
    one_sentence(caught, word)


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.dictionaries(
        st.text(max_size=12),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(max_size=5),
            st.lists(
                st.one_of(st.none(), st.floats(), st.integers(), st.text(max_size=5), st.booleans()),
                max_size=6,
            ),
        ),
        max_size=5,
    )
)
def test_any_dict_gives_a_record_or_one_sentence(logs):
    """Whatever stands in a dict, there is a usable record or a ValueError of one line."""
    record = outcome(logs)
    if isinstance(record, Record):
        assert {"epoch.loss", "epoch.val_loss"} & set(record.series)
        assert all(v.dtype == float and v.ndim == 1 for v in record.series.values())


# CSV files


def write(tmp_path, text, name="log.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss,val_loss\n0,1.0,1.1\n1,0.5,0.7\n2,0.25,0.6\n",
        "epoch;loss;val_loss\r\n0;1.0;1.1\r\n1;0.5;0.7\r\n2;0.25;0.6\r\n",
        "\ufeffepoch\tloss\tval_loss\n\n0\t1.0\t1.1\n1\t0.5\t0.7\n\n2\t0.25\t0.6",
        'epoch,"loss","val_loss"\n0,"1.0",1.1\n1, 0.5 ,0.7\n2,0.25,0.6\n',
    ],
    ids=["plain", "semicolons", "tabs, BOM, blank lines", "quotes, spaces"],
)
def test_csv_files_of_every_dialect(tmp_path, text):
    """Separator, line ends, byte order mark, quotes and blank lines do not matter."""
    record = read(write(tmp_path, text))
    np.testing.assert_array_equal(record.series["epoch.loss"], LOSS)
    np.testing.assert_array_equal(record.series["epoch.val_loss"], VAL)
    assert record.source == "csv"
    assert not record.events


def test_a_csv_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path):
    """A run that was killed leaves half a line; it is read and said."""
    record = read(write(tmp_path, "epoch,loss,val_loss\n0,1.0,1.1\n1,0.5,0.7\n2,0.2"))
    np.testing.assert_array_equal(record.series["epoch.loss"], [1.0, 0.5, 0.2])
    np.testing.assert_array_equal(record.series["epoch.val_loss"], [1.1, 0.7])
    assert left_out(record) == [
        "1 rows do not have as many cells as the header, the last of them cut off; what fits was read"
    ]


def test_nan_and_na_in_a_csv(tmp_path):
    """CSVLogger writes nan for a NaN loss and NA for a metric that an epoch did not have."""
    record = read(write(tmp_path, "epoch,loss,val_loss\n0,1.0,NA\n1,nan,2.0\n2,-inf,\n"))
    np.testing.assert_array_equal(record.series["epoch.loss"], [1.0, math.nan, -math.inf])
    np.testing.assert_array_equal(record.series["epoch.val_loss"], [2.0])


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss\n0,9.0\n1,8.0\nepoch,loss\n0,1.0\n1,0.5\n2,0.25\n",
        "epoch,loss\n0,9.0\n1,8.0\n0,1.0\n1,0.5\n2,0.25\n",
        "loss\n9.0\n8.0\nloss\n1.0\n0.5\n0.25\n",
    ],
    ids=["header again", "epochs start again", "no epochs"],
)
def test_of_several_runs_in_one_file_the_last_is_read(tmp_path, text):
    """CSVLogger(append=True) puts runs one after the other; two glued runs would look like a relapse."""
    record = read(write(tmp_path, text))
    np.testing.assert_array_equal(record.series["epoch.loss"], LOSS)
    assert "2 runs one after the other; only the last was read" in left_out(record)[0]


def test_a_log_by_batch_with_repeated_epochs_is_one_run(tmp_path):
    """The same epoch on many rows is no new run."""
    record = read(write(tmp_path, "epoch,batch,loss\n0,0,3\n0,1,2\n1,0,1\n"))
    np.testing.assert_array_equal(record.series["epoch.loss"], [3.0, 2.0, 1.0])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty"]),
        (b" \n\n ", ["empty"]),
        (b"epoch,loss\n", ["no row of numbers"]),
        (b"epoch,loss\nx,y\n", ["no row of numbers"]),
        (b"epoch,accuracy\n0,0.5\n", ["'accuracy'", "'loss'"]),
        (b"0,1.5\n1,0.5\n", ["no column names"]),
        (b"hello world\nthis is a diary\n", ["'hello world'"]),
        (bytes(range(256)) * 20, ["binary"]),
        (b"PK\x03\x04" + b"\0" * 50, ["zip", "lossdoctor check"]),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 50, ["HDF5"]),
        (gzip.compress(b"epoch,loss\n0,1\n", mtime=0), ["gzip"]),
        (b"\x93NUMPY\x01\x00", ["numpy"]),
        (b"epoch,loss\n" + b"1" * (1 << 21), ["a line of more than"]),
        (b'{"loss": [1.0, 0.5', ["cut off or damaged"]),
        (b'{"accuracy": [1.0]}', ["'accuracy'"]),
        (b"[1, 2, 3]", ["neither a record"]),
        (b'{"series": {"a": 3}, "version": 1, "setup": 4}', ["expected an object"]),
        (b'{"series": {}, "version": 99}', ["upgrade"]),
        (b'epoch,loss\n0,"1\n1,2\n' + b"x" * 200_000, ["no"]),
    ],
    ids=lambda v: str(v[:24]) if isinstance(v, bytes) else "",
)
def test_files_that_are_no_log(tmp_path, content, words):
    """Empty, header only, wrong columns, prose, binary of many kinds, cut-off JSON: one sentence each."""
    path = write(tmp_path, content, "file.csv")
    with pytest.raises(ValueError, match=r"file\.csv") as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 600
    for word in words:
        assert word in message, message


@pytest.mark.parametrize("path", ["missing.csv", "a\0b", "no/such/folder"])
def test_paths_that_lead_nowhere(tmp_path, monkeypatch, path):
    """The path that came and what to pass."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"pass |no such|null") as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert repr(path) in str(caught.value)


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=400))
def test_any_bytes_give_a_record_or_one_sentence(tmp_path_factory, content):
    """No file, however odd, leads to anything but a record or a ValueError of one line."""
    path = tmp_path_factory.mktemp("any") / "file"
    path.write_bytes(content)
    assert outcome(path)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 2**32), st.integers(0, 60))
def test_a_damaged_log_gives_a_record_or_one_sentence(tmp_path_factory, seed, cut):
    """Bytes changed and cut off in a real log: the same promise."""
    rng = np.random.default_rng(seed)
    content = bytearray(b"epoch,loss,val_loss\n0,1.0,1.1\n1,0.5,0.7\n2,0.25,0.6\n")
    for _ in range(rng.integers(1, 5)):
        content[rng.integers(len(content))] = rng.integers(256)
    path = tmp_path_factory.mktemp("damaged") / "log.csv"
    path.write_bytes(bytes(content[: len(content) - cut]))
    assert outcome(path)


def test_a_long_file_is_thinned_by_means_and_its_nan_kept(tmp_path):
    """Each point stands for the mean of its rows; one NaN row among a million is not lost."""
    rows = 30_000
    values = np.arange(rows, dtype=float)
    lines = [f"{i},{math.nan if i == 12_345 else v}" for i, v in enumerate(values.tolist())]
    record = read(write(tmp_path, "epoch,loss\n" + "\n".join(lines) + "\n"))
    loss = record.series["epoch.loss"]
    width = 4
    assert len(loss) == -(-rows // width)
    expected = values.reshape(-1, width).mean(axis=1)
    expected[12_345 // width] = np.nan
    np.testing.assert_allclose(loss, expected)
    assert left_out(record) == [f"The file is long: each point stands for the mean of {width} rows"]


def test_a_huge_file_takes_little_memory(tmp_path):
    """The memory for 20 times as many rows grows by less than the file: it is read as a stream."""
    block = "".join(f"{i},{1000 / (i + 1)!r},{2000 / (i + 1)!r}\n" for i in range(20_000)).encode()
    peaks = []
    for times in (1, 20):
        path = tmp_path / "huge.csv"
        with path.open("wb") as stream:
            stream.write(b"step,loss,val_loss\n")
            for _ in range(times):
                stream.write(block)
        code = (
            "import sys, resource; from lossdoctor.history import read; read(sys.argv[1]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] - peaks[0] < 0.25 * path.stat().st_size / 2**20, peaks


# Saved records and reports


def test_a_saved_record_a_report_and_a_json_history_are_read(tmp_path):
    """Everything that lossdoctor writes it also reads, and what json.dump(history.history) writes."""
    record = Record(series={"batch_loss": np.array([1.0, np.nan]), "epoch.loss": np.array([np.inf])})
    again = read(write(tmp_path, record.to_json(), "record.json"))
    assert again.to_json() == record.to_json()
    report = '{"kind": "lossdoctor-report", "version": 1, "record": ' + record.to_json() + "}"
    assert read(write(tmp_path, report, "report.json")).to_json() == record.to_json()
    history = read(write(tmp_path, json.dumps({"loss": [1.0, math.nan]}), "history.json"))
    np.testing.assert_array_equal(history.series["epoch.loss"], [1.0, math.nan])
    rows = read(write(tmp_path, json.dumps([{"loss": 2.0}, {"loss": 1.0, "val_loss": 3.0}]), "rows.json"))
    np.testing.assert_array_equal(rows.series["epoch.loss"], [2.0, 1.0])
    assert read(record) is record


# TensorBoard


def frame(message):
    return struct.pack("<Q", len(message)) + b"\0" * 4 + message + b"\0" * 4


def field(number, payload):
    kind = 2 if isinstance(payload, bytes) else 0
    value = varint(len(payload)) + payload if kind == 2 else varint(payload)
    return varint(number << 3 | kind) + value


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def event(step, tag, value):
    """A scalar as TensorFlow 1 and PyTorch write it: simple_value."""
    summary = field(1, field(1, tag.encode()) + varint(2 << 3 | 5) + struct.pack("<f", value))
    return frame(varint(1 << 3 | 1) + struct.pack("<d", 1.0) + field(2, step) + field(5, summary))


HEADER = frame(varint(1 << 3 | 1) + struct.pack("<d", 1.0) + field(3, b"brain.Event:2"))


def event_file(folder, *events, name="events.out.tfevents.1.host"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(HEADER + b"".join(events))
    return path


def test_event_files_by_hand(tmp_path):
    """Losses of a PyTorch-like writer, out of order, one step written twice: by step, the later wins."""
    path = event_file(
        tmp_path, event(1, "Loss/train", 0.5), event(0, "Loss/train", 7.0), event(0, "Loss/train", 1.0),
        event(300, "Loss/train", math.nan), event(0, "Loss/val", 2.0), event(0, "histogram/x/y", 2.0),
    )  # fmt: skip
    for source in (tmp_path, path):
        record = read(source)
        np.testing.assert_array_equal(record.series["epoch.loss"], [1.0, 0.5, math.nan])
        np.testing.assert_array_equal(record.series["epoch.val_loss"], [2.0])
        assert record.source == "tensorboard"


def test_a_very_long_event_file_is_thinned_and_its_first_nan_kept(tmp_path):
    """45,000 points of one tag come back as at most 20,000, in order, with the step that became NaN."""
    rows = 45_000
    event_file(tmp_path, *(event(i, "loss", math.nan if i == 12_345 else float(i)) for i in range(rows)))
    loss = read(tmp_path).series["epoch.loss"]
    assert 10_000 <= len(loss) <= 20_000
    good = loss[np.isfinite(loss)]
    assert (np.diff(good) > 0).all()
    assert len(good) == len(loss) - 1
    assert good[-1] > rows - 10


@pytest.mark.parametrize("cut", [1, 5, 20, 40])
def test_a_cut_off_event_file_is_read_as_far_as_it_goes(tmp_path, cut):
    """A killed run leaves half a frame."""
    path = event_file(tmp_path, event(0, "loss", 1.0), event(1, "loss", 0.5))
    path.write_bytes(path.read_bytes()[:-cut])
    record = read(tmp_path)
    np.testing.assert_array_equal(record.series["epoch.loss"], [1.0])
    assert "cut off" in left_out(record)[0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda d: None, ["no TensorBoard event file"]),
        (lambda d: event_file(d), ["no numbers"]),
        (lambda d: event_file(d, event(0, "accuracy", 1.0)), ["no tag holds a loss", "'accuracy'"]),
        (
            lambda d: (
                event_file(d / "a", event(0, "loss", 1.0)),
                event_file(d / "b", event(0, "loss", 1.0)),
            ),
            ["2 runs ('a', 'b')"],
        ),
        (lambda d: (d / "x.tfevents").write_bytes(b"rubbish" * 99), ["no numbers"]),
    ],
)
def test_folders_that_hold_no_single_run(tmp_path, make, words):
    """No event file, no scalar, no loss, or several runs: one sentence that says which."""
    make(tmp_path)
    with pytest.raises(ValueError, match=r"pass |no such|null") as caught:
        read(tmp_path)
    one_sentence(caught, *words)


@settings(deadline=None)  # a busy machine is no failure
@given(st.binary(max_size=200))
def test_any_event_file_is_scalars_or_cut_off(content):
    """The reader of frames and messages never fails in another way."""
    for head in (b"", HEADER, struct.pack("<Q", len(content)) + b"\0" * 4):
        with contextlib.suppress(CutOff):
            list(scalars(io.BytesIO(head + content + b"\0" * 4)))


def test_fields_of_a_message():
    """Numbers and raw values come in order; a field beyond the end is an error."""
    assert list(fields(field(1, 300) + field(2, b"ab"))) == [(1, 300), (2, b"ab")]
    with pytest.raises(IndexError):
        list(fields(field(2, b"abc")[:-1]))


@pytest.mark.parametrize(
    ("tag", "validation", "name"),
    [
        ("epoch_loss", False, "epoch.loss"),
        ("epoch_loss", True, "epoch.val_loss"),
        ("epoch_learning_rate", False, "epoch.learning_rate"),
        ("evaluation_loss_vs_iterations", True, None),
        ("batch_loss", False, None),
        ("lossdoctor/batch_loss", False, "batch_loss"),
        ("lossdoctor/update_ratio/dense", False, None),
        ("train/loss", False, "epoch.loss"),
        ("validation/accuracy", False, "epoch.val_accuracy"),
        ("layer/weights/mean", False, None),
    ],
)
def test_tags_and_series(tag, validation, name):
    """Keras's running mean by batch is never taken for a batch's loss."""
    assert series_name(tag, validation) == name


@pytest.mark.fit
def test_the_folder_that_keras_writes(tmp_path):
    """Read without TensorFlow, the numbers are those of History; TensorFlow's own reader agrees."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.random.default_rng(0).normal(size=(32, 3))
    board = keras.callbacks.TensorBoard(str(tmp_path), write_graph=False, update_freq=1)
    log = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    fitted = model.fit(
        x, x.sum(axis=1), epochs=3, validation_split=0.25, verbose=0, callbacks=[board, log]
    ).history
    records = [read(tmp_path), read(tmp_path / "log.csv"), read(fitted)]
    for record in records:
        for name in ("loss", "val_loss", "mae", "val_mae"):
            np.testing.assert_allclose(record.series[f"epoch.{name}"], fitted[name], rtol=1e-5)
        assert "batch_loss" not in record.series
    for file in tmp_path.rglob("*tfevents*"):
        ours = [(s.tag, s.step, s.value) for s in scalars(file.open("rb"))]
        theirs = [
            (value.tag, event.step, float(tf.make_ndarray(value.tensor)))
            for raw in tf.data.TFRecordDataset(str(file))
            for event in [tf.compat.v1.Event.FromString(raw.numpy())]
            for value in event.summary.value
            if value.HasField("tensor") and value.tensor.dtype == tf.float32.as_datatype_enum
        ]
        assert ours == theirs
        assert ours
