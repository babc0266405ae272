"""The generated pages of docs/: one a cause, written from CAUSES, and the table of losses.

`python -m lossdoctor.catalogue docs` writes them, `--check` says which are stale (exit code 1).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lossdoctor.causes import CAUSES, Cause, Example, Facts
from lossdoctor.losses import LOSSES, Loss
from lossdoctor.remedies import Remedy

WRITTEN = "<!-- Written by `python -m lossdoctor.catalogue docs`; edit the code instead. -->"

BLOCKS = {
    "1": "Steps and rates",
    "2": "Architecture and initial weights",
    "3": "Data and labels",
    "4": "Loss and output layer",
    "5": "Number formats",
}

UNITS = {"classes": "one per class", "like-targets": "one per column of the targets"}

LOSSES_INTRODUCTION = (
    "What each Keras loss needs. The rules, `checkup` and this page read the same table "
    "(`lossdoctor/losses/`). Codings: *integer* class numbers 0..k-1; *binary* 0/1 in one column; "
    "*sign* -1/1; *one-hot*; *multi-hot* 0/1 in several columns; *distribution* rows that sum to 1; "
    "*real* numbers."
)


def pages() -> dict[str, str]:
    """Returns the text of each generated page by its path inside docs/."""
    made = {f"causes/{cause.id}.md": page(cause) for cause in CAUSES}
    return {"causes/index.md": index(), **made, "losses.md": losses_page()}


def page(cause: Cause) -> str:
    """Returns the page of one cause: meaning, evidence as a report words it, what to change, examples."""
    parts = [
        f"# {cause.title}",
        WRITTEN,
        f"`{cause.id}` · {cause.code} · severity: {cause.severity}",
        cause.meaning,
        "## What speaks for it and against it",
        _evidence(cause),
        "## What to change",
        _remedies(cause),
        "## Examples",
        _examples(cause),
        *_consequences(cause),
        "## Read on",
        _bullets(cause.references),
        f'If this is not your run\'s trouble, silence it: `LossDoctor(ignore=["{cause.id}"])`.',
    ]
    return "\n\n".join(parts) + "\n"


def index() -> str:
    """Returns the list of all causes, in blocks of codes."""
    parts = ["# Causes", WRITTEN, "Each cause that a report can name. Ids and codes never change."]
    for digit, heading in BLOCKS.items():
        rows = [c for c in CAUSES if c.code[2] == digit]
        if rows:
            lines = [f"| {c.code} | [{c.id}]({c.id}.md) | {c.title} |" for c in rows]
            parts += [f"## {heading}", "\n".join(["| code | id | title |", "|---|---|---|", *lines])]
    return "\n\n".join(parts) + "\n"


def losses_page() -> str:
    """Returns the table of losses: what each needs of targets and output, and what goes wrong otherwise."""
    head = "| loss | targets | output units | output activation | with from_logits=True |"
    rows = [
        f"| [{loss.title}](#{loss.name}) | {_targets(loss)} | {UNITS[loss.units]} "
        f"| {_names(loss.activations)} | {_names(loss.logits) or 'no such argument'} |"
        for loss in LOSSES.values()
    ]
    parts = [
        "# Losses and outputs",
        WRITTEN,
        LOSSES_INTRODUCTION,
        "\n".join([head, "|---|---|---|---|---|", *rows]),
    ]
    return "\n\n".join([*parts, *map(_loss, LOSSES.values())]) + "\n"


def _loss(loss: Loss) -> str:
    names = ", ".join(f"`{name}`" for name in (loss.name, *loss.aliases))
    lines = [
        f'<a id="{loss.name}"></a>',
        f"## {loss.title[0].upper()}{loss.title[1:]}",
        names,
        loss.wrong,
        loss.change,
    ]
    if loss.never:
        lines.append(f"Never right without from_logits: {_names(loss.never)}.")
    return "\n\n".join([*lines, f"Source: {loss.source}"])


def _targets(loss: Loss) -> str:
    low, high = ("" if v is None else f"{v:g}" for v in (loss.low, loss.high))
    limits = f", {low} to {high}" if low and high else f", {low} or more" if low else ""
    return f"{', '.join(loss.codings)}{limits}{', whole numbers' if loss.dtype == 'integer' else ''}"


def _names(activations: Sequence[str]) -> str:
    return ", ".join(activations)


def _evidence(cause: Cause) -> str:
    """The signs of all examples, each once, strongest first; the numbers are those of the examples."""
    signs = {s.text: s for example in cause.examples for s in cause.signs(example.facts)}
    ordered = sorted(signs.values(), key=lambda s: -s.weight)
    return _bullets(f"{'for' if s.weight > 0 else 'against'}: {_sentence(s.text)}" for s in ordered)


def _remedies(cause: Cause) -> str:
    """The remedies for the named examples, each once, in order."""
    seen: dict[str, Remedy] = {}
    for example in cause.examples:
        if example.named:
            seen.update({r.summary: r for r in cause.remedies(example.facts) if r.summary not in seen})
    return "\n\n".join(_remedy(n, remedy) for n, remedy in enumerate(seen.values(), 1))


def _remedy(number: int, remedy: Remedy) -> str:
    if not remedy.code:
        return f"{number}. {remedy.summary}"
    code = "\n".join(f"   {line}".rstrip() for line in remedy.code.splitlines())
    return f"{number}. {remedy.summary}\n\n   ```text\n{code}\n   ```"


def _examples(cause: Cause) -> str:
    return _bullets(f"{'named' if e.named else 'not named'}: {_example(cause, e)}" for e in cause.examples)


def _example(cause: Cause, example: Example) -> str:
    return example.text if example.named else f"{example.text}{_because(cause, example.facts)}"


def _because(cause: Cause, facts: Facts) -> str:
    against = [s.text for s in cause.signs(facts) if s.weight < 0]
    return f" (against it: {' '.join(map(_sentence, against))})" if against else ""


def _consequences(cause: Cause) -> Iterator[str]:
    if cause.consequences:
        links = ", ".join(f"[{other}]({other}.md)" for other in cause.consequences)
        yield f"Where both are seen, this one explains {links}, which then rank below it."


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}."


def _bullets(lines: Iterator[str] | Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def stale(folder: Path) -> list[str]:
    """Returns the paths (inside `folder`) of pages that are missing, out of date, or of no cause any more."""
    wanted = pages()
    old = [name for name, text in wanted.items() if _read(folder / name) != text]
    left = [f"causes/{f.name}" for f in sorted((folder / "causes").glob("*.md"))]
    return old + [name for name in left if name not in wanted]


def write(folder: Path) -> list[str]:
    """Writes the pages that are stale and removes those of no cause; returns their paths."""
    wanted, changed = pages(), stale(folder)
    for name in changed:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in wanted:
            path.write_text(wanted[name], encoding="utf-8")
        else:
            path.unlink()
    return changed


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `python -m lossdoctor.catalogue FOLDER [--check]`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lossdoctor.catalogue", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the documentation, usually docs")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 when a page is stale"
    )
    options = parser.parse_args(arguments)
    if not options.check:
        print("\n".join(f"written: {name}" for name in write(options.folder)) or "nothing to write")
        return 0
    old = stale(options.folder)
    if old:
        print(f"stale: {', '.join(old)}; run `make docs`", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
