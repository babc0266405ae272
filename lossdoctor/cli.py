"""The command `lossdoctor`. Exit codes: 0 healthy, 1 unhealthy, 2 asked in a way that cannot be answered, 3 inconclusive."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import textwrap
from collections.abc import Sequence
from typing import NoReturn

import lossdoctor
from lossdoctor.causes import CAUSES, Cause
from lossdoctor.posthoc import diagnose
from lossdoctor.report import Report, files
from lossdoctor.report.text import headline

HEALTHY, UNHEALTHY, USAGE, INCONCLUSIVE = 0, 1, 2, 3
ALARMS = {"error": ("error",), "warning": ("error", "warning"), "never": ()}  # --fail-on
WIDTH = 88


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence; argparse would print the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"lossdoctor: {message}; `{self.prog} --help` shows what to pass\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; `arguments` are those after the program's name. Returns the exit code."""
    try:
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except SystemExit as stop:  # argparse: --help, --version, a wrong option
        return int(stop.code or 0)
    except KeyboardInterrupt:
        print("lossdoctor: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `lossdoctor causes | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return HEALTHY
    except (ValueError, ImportError) as error:
        print(f"lossdoctor: {error}", file=sys.stderr)
        return USAGE
    except Exception as error:
        # A person at a terminal can do nothing with a stack trace; a maintainer asks for it.
        if os.environ.get("LOSSDOCTOR_DEBUG"):
            raise
        print(
            f"lossdoctor: {type(error).__name__}: {error} (set LOSSDOCTOR_DEBUG=1 for where it happened)",
            file=sys.stderr,
        )
        return USAGE


def _parser() -> Parser:
    parser = Parser(prog="lossdoctor", description="Finds out why a Keras loss goes wrong.")
    parser.add_argument("--version", action="version", version=f"lossdoctor {lossdoctor.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    command = commands.add_parser("diagnose", help="the report on a run that is over, from its file")
    command.add_argument("path", help="CSVLogger file, TensorBoard folder, saved record, report or history")
    _add_output(command)
    command.set_defaults(run=_diagnose)

    command = commands.add_parser("check", help="check a saved model and its data before training")
    command.add_argument("model", help="a compiled model saved as .keras")
    command.add_argument("--data", required=True, help=".npz file with the arrays x and y")
    _add_output(command)
    command.set_defaults(run=_check)

    command = commands.add_parser("causes", help="list every cause that a report can name")
    command.set_defaults(run=_causes)

    command = commands.add_parser("explain", help="what a cause means, what speaks for it, what to change")
    command.add_argument("cause", help="id or code, e.g. learning-rate-too-high or LD101")
    command.set_defaults(run=_explain)

    command = commands.add_parser("demo", help="watch a real run diverge, be diagnosed and be repaired")
    command.add_argument("--html", default="lossdoctor-demo.html", help="where to write the report")
    command.set_defaults(run=_demo)
    return parser


def _add_output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=("text", "json", "html"), default="text")
    command.add_argument("--output", metavar="FILE", help="write there instead of to the terminal")
    command.add_argument(
        "--fail-on",
        choices=tuple(ALARMS),
        default="warning",
        help="severity from which the exit code is 1 (default: warning)",
    )


def _diagnose(options: argparse.Namespace) -> int:
    _check_output(options)
    return _hand_out(diagnose(options.path), options)


def _check(options: argparse.Namespace) -> int:
    _check_output(options)
    _quiet()
    from lossdoctor.saved_model import load_data, load_model

    x, y = load_data(options.data)
    model = load_model(options.model)
    return _hand_out(lossdoctor.checkup(model, x, y), options)


def _quiet() -> None:
    """Loads TensorFlow without its start-up lines, which no setting hides; errors are raised as ever."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    saved = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            from lossdoctor.saved_model import warm_up

            warm_up()
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _check_output(options: argparse.Namespace) -> None:
    """Complains about the output before a long file is read."""
    if options.output is not None:
        files.checked(options.output)


def _hand_out(report: Report, options: argparse.Namespace) -> int:
    if options.format == "text" and options.output is None:
        report.print(full=True, more="add --format html --output report.html")
    else:
        text = _rendered(report, options.format)
        if options.output is None:
            print(text)
        else:
            files.write(options.output, text + "\n")
            print(f"LossDoctor: {headline(report)} Written to {options.output}")
    alarming = any(d.severity in ALARMS[options.fail_on] for d in report.diagnoses)
    if alarming:
        return UNHEALTHY
    return INCONCLUSIVE if report.status == "inconclusive" else HEALTHY


def _rendered(report: Report, form: str) -> str:
    if form == "json":
        return report.to_json()
    return report.to_html() if form == "html" else report.to_text(full=True)


def _causes(options: argparse.Namespace) -> int:
    for cause in CAUSES:
        print(f"{cause.code}  {cause.id:<32} {cause.title}")
    return HEALTHY


def _explain(options: argparse.Namespace) -> int:
    cause = find_cause(options.cause)
    print(f"{cause.code} {cause.id}: {cause.title} (severity {cause.severity})\n")
    print(textwrap.fill(cause.meaning, WIDTH))
    named = [example for example in cause.examples if example.named]
    for example in named[:1]:
        print(f"\nFor example: {example.text}")
        for sign in cause.signs(example.facts):
            print(_bullet(("for: " if sign.weight > 0 else "against: ") + sign.text))
    print("\nWhat to change:")
    for summary, code in _remedies(cause):
        print(_bullet(summary))
        print(textwrap.indent(code, "      ") if code else "", end="\n" if code else "")
    print("\nNot confused with:")
    for example in cause.examples:
        if not example.named:
            print(_bullet(example.text))
    print("\nRead on:")
    for reference in cause.references:
        print(_bullet(reference))
    return HEALTHY


def _remedies(cause: Cause) -> list[tuple[str, str]]:
    found = (r for example in cause.examples if example.named for r in cause.remedies(example.facts))
    return list({remedy.summary: (remedy.summary, remedy.code) for remedy in found}.values())


def _bullet(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="  - ", subsequent_indent="    ")


def find_cause(name: str) -> Cause:
    """Returns the cause with that id or code, however it is written.

    Raises:
        ValueError: there is none; the message names those that are close.
    """
    wanted = name.strip().lower().replace("_", "-").replace(" ", "-")
    for cause in CAUSES:
        if wanted in (cause.id, cause.code.lower()):
            return cause
    known = {key: cause.id for cause in CAUSES for key in (cause.id, cause.code.lower())}
    close = dict.fromkeys(known[k] for k in difflib.get_close_matches(wanted, known, n=3, cutoff=0.5))
    hint = f"did you mean {' or '.join(close)}?" if close else "`lossdoctor causes` lists them all"
    raise ValueError(f"no cause is called {name!r}: {hint}")


def _demo(options: argparse.Namespace) -> int:
    files.checked(options.html)
    _quiet()
    from lossdoctor.demo import run

    run(html=options.html)
    return HEALTHY
