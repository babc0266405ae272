"""The command line: answers, exit codes, and one sentence for everything that cannot be answered."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lossdoctor import load_report
from lossdoctor.causes import CAUSES
from lossdoctor.cli import main
from lossdoctor.report.json_document import SCHEMA

WELL = "epoch,loss,val_loss\n" + "".join(f"{i},{2.0 * 0.8**i},{2.1 * 0.82**i}\n" for i in range(20))
SICK = "epoch,loss,val_loss\n0,2.3,2.4\n1,2.9,3.1\n2,41.0,55.0\n3,71000.0,91000.0\n4,nan,nan\n5,nan,nan\n"


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """A folder with the log of a healthy run and of one that diverged."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "well.csv").write_text(WELL)
    (tmp_path / "sick.csv").write_text(SICK)
    return tmp_path


def test_diagnose_answers_with_its_exit_code(logs, capsys):
    """0 for a healthy run, 1 for a sick one; the report says what it would need for more."""
    assert main(["diagnose", "well.csv"]) == 0
    well = capsys.readouterr().out
    assert well.startswith("LossDoctor: HEALTHY.")
    assert "LossDoctor" in well.split("Not checked:")[1]
    assert well.endswith("Full report: add --format html --output report.html\n")
    assert main(["diagnose", "sick.csv"]) == 1
    sick = capsys.readouterr()
    assert sick.out.startswith("LossDoctor: UNHEALTHY. The loss became NaN")
    assert sick.err == ""


@pytest.mark.parametrize(("level", "code"), [("error", None), ("warning", 1), ("never", 0)])
def test_fail_on_is_for_ci(logs, capsys, level, code):
    """--fail-on sets the severity from which the exit code is 1."""
    got = main(["diagnose", "sick.csv", "--fail-on", level, "--format", "json"])
    severities = {d["severity"] for d in json.loads(capsys.readouterr().out)["findings"]["diagnoses"]}
    assert got == (code if code is not None else int("error" in severities))


def test_json_on_stdout_is_the_schemas(logs, capsys):
    """--format json prints one document of the documented form and nothing else."""
    import jsonschema

    assert main(["diagnose", "sick.csv", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name))
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert document["healthy"] is False


@pytest.mark.parametrize(
    ("form", "start"), [("text", "LossDoctor"), ("json", "{"), ("html", "<!doctype html>")]
)
def test_output_goes_to_a_file(logs, capsys, form, start):
    """--output writes the report there and says the verdict and the place."""
    assert main(["diagnose", "sick.csv", "--format", form, "--output", "out.file"]) == 1
    assert (logs / "out.file").read_text().startswith(start)
    said = capsys.readouterr().out
    assert said.startswith("LossDoctor: UNHEALTHY")
    assert said.endswith("Written to out.file\n")


def test_a_saved_report_can_be_diagnosed_again(logs, capsys):
    """What diagnose writes it also reads, with the same verdict."""
    main(["diagnose", "sick.csv", "--format", "json", "--output", "saved.json"])
    assert main(["diagnose", "saved.json"]) == 1
    assert load_report("saved.json").verdict in capsys.readouterr().out.replace("\n   ", " ")


def test_causes_lists_all_in_order_of_code(capsys):
    """One line a cause: code, id, title."""
    assert main(["causes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[c.code, c.id] for c in CAUSES]
    assert [line.split()[0] for line in lines] == sorted(c.code for c in CAUSES)


@pytest.mark.parametrize(
    "name", ["learning-rate-too-high", "LD101", "ld101", "Learning rate too high", "learning_rate_too_high"]
)
def test_explain_takes_id_and_code_however_written(name, capsys):
    """Meaning, evidence, what to change, near misses, references."""
    assert main(["explain", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith("LD101 learning-rate-too-high: Learning rate too high")
    for part in ("What to change:", "keras.optimizers.SGD(learning_rate=", "Not confused with:", "Read on:"):
        assert part in out


@pytest.mark.parametrize("cause", CAUSES, ids=lambda c: c.id)
def test_every_cause_can_be_explained(cause, capsys):
    """No cause breaks the page, and none has lines that no terminal shows."""
    assert main(["explain", cause.code]) == 0
    out = capsys.readouterr().out
    assert cause.title in out
    assert "  - " in out.split("What to change:")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["COMMAND"]),
        (["frobnicate"], ["'frobnicate'", "diagnose"]),
        (["diagnose"], ["path"]),
        (["diagnose", "missing.csv"], ["'missing.csv'", "no such file", "pass"]),
        (["diagnose", "."], ["no TensorBoard event file", "pass"]),
        (["diagnose", "empty.csv"], ["empty", "pass"]),
        (["diagnose", "binary.bin"], ["binary", "pass"]),
        (["diagnose", "columns.csv"], ["'accuracy'", "pass"]),
        (["diagnose", "cut.json"], ["cut off", "pass"]),
        (["diagnose", "well.csv", "--format", "pdf"], ["'pdf'", "json"]),
        (["diagnose", "well.csv", "--fail-on", "info"], ["'info'", "warning"]),
        (["diagnose", "well.csv", "--output", "no/folder/out.txt"], ["no/folder/out.txt", "pass"]),
        (["diagnose", "well.csv", "--output", "."], ["it is a folder", "pass"]),
        (["explain"], ["cause"]),
        (["explain", "learning-rate-to-hgih"], ["did you mean learning-rate-too-high"]),
        (["explain", "qqqq"], ["'qqqq'", "lossdoctor causes"]),
        (["check", "model.keras"], ["--data"]),
        (["check", "model.keras", "--data", "missing.npz"], ["missing.npz", "np.savez"]),
        (["check", "model.keras", "--data", "well.csv"], ["not an .npz", "np.savez"]),
        (["check", "model.keras", "--data", "other.npz"], ["no array 'x'", "found a"]),
        (["check", "model.keras", "--data", "good.npz"], ["model.keras", "no such file", "model.save"]),
        (["demo", "--html", "no/folder/demo.html"], ["no/folder/demo.html", "pass"]),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_what_cannot_be_answered_gets_one_sentence_and_code_2(logs, capsys, arguments, words):
    """Never a stack trace: what came, what to pass, on the error stream."""
    (logs / "empty.csv").write_text("")
    (logs / "binary.bin").write_bytes(bytes(range(256)))
    (logs / "columns.csv").write_text("epoch,accuracy\n0,1\n")
    (logs / "cut.json").write_text('{"kind": "lossdoctor-rep')
    np.savez("other.npz", a=np.ones(3))
    np.savez("good.npz", x=np.ones((3, 2)), y=np.ones(3))
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("lossdoctor: ")
    assert err.count("\n") == 1, err
    for word in words:
        assert word in err, err


def test_an_error_of_ours_is_one_sentence_too(logs, capsys, monkeypatch):
    """A bug is told with its kind; the trace is there for who asks for it."""
    monkeypatch.setattr("lossdoctor.cli.diagnose", lambda path: 1 / 0)
    assert main(["diagnose", "well.csv"]) == 2
    assert capsys.readouterr().err.startswith(
        "lossdoctor: ZeroDivisionError: division by zero (set LOSSDOCTOR_DEBUG=1"
    )
    monkeypatch.setenv("LOSSDOCTOR_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["diagnose", "well.csv"])


def test_help_and_version(capsys):
    """--help and --version answer with 0."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("lossdoctor 0.")
    assert main(["--help"]) == 0
    assert "diagnose" in capsys.readouterr().out


def test_python_m_lossdoctor_and_a_closed_pipe(logs):
    """`python -m lossdoctor` is the command, and `| head -1` does not make it complain."""
    command = f"{sys.executable} -m lossdoctor causes | head -1"
    done = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("LD101")
    assert done.stderr == ""


def test_a_pipe_gets_plain_text(logs):
    """No colours where nobody sees them."""
    done = subprocess.run(
        [sys.executable, "-m", "lossdoctor", "diagnose", str(logs / "sick.csv")],
        capture_output=True, text=True, cwd=Path(__file__).parents[1], timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 88


def test_the_demo_says_what_it_needs(logs, capsys, monkeypatch):
    """Without scikit-learn, which brings the data, one sentence says what to install."""
    pytest.importorskip("keras")
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert main(["demo", "--html", "demo.html"]) == 2
    assert "pip install scikit-learn" in capsys.readouterr().err


@pytest.mark.fit
def test_check_looks_at_a_saved_model_and_its_data(logs, capsys):
    """Before training: a linear output under cross-entropy is found, the repaired twin is left alone."""
    import keras

    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 4)).astype("float32")
    np.savez("data.npz", x=x, y=(x[:, 0] > 0).astype("float32"))
    for name, activation in (("bad", None), ("good", "sigmoid")):
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, activation)]
        )
        model.compile("adam", "binary_crossentropy")
        model.save(f"{name}.keras")
    assert main(["check", "bad.keras", "--data", "data.npz"]) == 1
    assert "LD401" in capsys.readouterr().out
    assert main(["check", "good.keras", "--data", "data.npz"]) == 0
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]).save("plain.keras")
    (logs / "broken.keras").write_bytes(b"PK\x03\x04 broken")
    capsys.readouterr()
    for name, words in (("plain", "saved without compile()"), ("broken", "Keras cannot load it")):
        assert main(["check", f"{name}.keras", "--data", "data.npz"]) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"lossdoctor: model '{name}.keras': ")
        assert words in err


@pytest.mark.fit
def test_the_demo_diverges_is_diagnosed_and_repaired(logs, capsys):
    """The whole promise on real data: a run that blows up, its causes, and the repaired run that trains."""
    assert main(["demo", "--html", "demo.html"]) == 0
    out = capsys.readouterr().out
    assert "LossDoctor: UNHEALTHY." in out
    assert "Unscaled features" in out or "Learning rate too high" in out
    row = next(line for line in out.splitlines() if line.startswith("validation loss")).split()
    useless = float(
        next(line for line in out.splitlines() if line.startswith("always the mean")).split()[-6].strip("(")
    )
    before, after = (float(value) for value in row[2:4])
    assert not before < 100 * useless
    assert after < 0.6 * useless
    assert (logs / "demo.html").read_text().startswith("<!doctype html>")
