"""Help for the causes of loss and output layer: faults read off the table of losses to signs and remedies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from lossdoctor.causes.cause import CERTAIN, FAIR, STRONG, Facts, Sign, doing_well, replayed
from lossdoctor.causes.compile_call import optimizer_argument
from lossdoctor.losses import LOSSES
from lossdoctor.losses.combination import Combination, fitting_combination
from lossdoctor.losses.faults import LIKELY, POSSIBLE, PROVEN, Fault
from lossdoctor.losses.faults.fault import counted
from lossdoctor.losses.heads import Head, heads
from lossdoctor.losses.loss_row import REACH
from lossdoctor.record import Setup
from lossdoctor.remedies import Action, Remedy

Find = Callable[[Head], Iterable[Fault]]
# A likely fault is named by itself (-2 + 3), a possible one only together with harm (-2 + 1 + 2).
WEIGHTS = {PROVEN: CERTAIN, LIKELY: STRONG + FAIR, POSSIBLE: FAIR}
GRADES = (PROVEN, LIKELY, POSSIBLE)
# What a run shows that goes badly because of its output layer, worst first.
HARM = (
    "loss-non-finite",
    "outputs-constant",
    "loss-at-zero",
    "accuracy-below-loss",
    "accuracy-at-chance",
    "loss-stuck-at-baseline",
)
# Settings of a loss that its user may have chosen, with Keras's own values.
SETTINGS = {"label_smoothing": 0.0, "gamma": 2.0, "alpha": 0.25, "delta": 1.0, "ignore_class": None}
LARGE = 10.0  # size of targets, where an untrained net puts out numbers of size 1
LEARNED = 0.5  # share of the baseline gained from which a run did well


def faulty(facts: Facts, find: Find) -> list[tuple[Head, Fault]]:
    """Returns the faults of all outputs that count: the proven and likely ones, or else one possible one."""
    found = [(head, fault) for head in heads(facts.setup, facts.data) for fault in find(head)]
    sure = [pair for pair in found if pair[1].grade != POSSIBLE]
    return sorted(sure or found[:1], key=lambda pair: GRADES.index(pair[1].grade))


def fault_signs(facts: Facts, find: Find, cause: str) -> Iterator[Sign]:
    """Yields one sign per fault, then what the run, when the setup alone proves nothing, says to it.

    Args:
        facts: what is known of the run.
        find: the faults of one output.
        cause: id of the cause, for its replays.
    """
    found = faulty(facts, find)
    for head, fault in found:
        yield Sign(WEIGHTS[fault.grade], _sentence(head, fault))
    if found and found[0][1].grade != PROVEN:
        harm = next(filter(None, map(facts.get, HARM)), None)
        if harm and found[0][1].by_harm:
            yield Sign(STRONG, harm.text or f"the run shows {harm.name} ({harm.value:.3g})")
        # A small distance to class numbers is no merit when the accuracy that was asked for stays low.
        beside = facts.get("accuracy-metric-low") if found[0][1].grade == LIKELY else None
        if beside is not None:
            yield Sign(FAIR, beside.text)
        if not harm and facts.learned > LEARNED and not beside:
            yield from doing_well(facts)
    for sign in replayed(facts, cause) if found else ():
        # A few steps can confirm what the setup proves, not refute it: other faults may hold the run back.
        if sign.weight > 0 or found[0][1].grade != PROVEN:
            yield sign


def _sentence(head: Head, fault: Fault) -> str:
    text = head.called + fault.text
    return text if text.startswith("from_logits") else text[0].upper() + text[1:]


def fault_remedies(facts: Facts, find: Find) -> Iterator[Remedy]:
    """Yields the right combination for each faulty output, then from_logits=True where that is as good."""
    seen: set[int] = set()
    for head, _ in faulty(facts, find):
        if head.index in seen:
            continue
        seen.add(head.index)
        wanted = fitting_combination(head, facts.setup.metrics)
        if wanted and wanted.differs(head):
            yield combination_remedy(facts.setup, head, wanted)
        if wanted and _bare_logits(head, wanted):
            yield _with_logits(facts.setup, head)


def combination_remedy(setup: Setup, head: Head, wanted: Combination) -> Remedy:
    """Returns the remedy that turns `head` into `wanted`."""
    loss = head.loss.name if head.loss else ""
    layer = wanted.units != head.units or wanted.activation is not None
    actions = []
    if wanted.units != head.units:
        actions.append(Action("output_units", {"units": wanted.units, "output": head.index}))
    if wanted.activation is not None:
        actions.append(Action("output_activation", {"name": wanted.activation, "output": head.index}))
    if wanted.loss != loss:
        actions.append(Action("loss", {"name": wanted.loss, "output": head.index}))
    elif wanted.from_logits != head.output.from_logits:
        actions.append(Action("from_logits", {"value": wanted.from_logits, "output": head.index}))
    lines = [layer_line(setup, head, wanted)] if layer else []
    if scale := _scale(head, wanted):
        actions.append(
            Action("rescale_output", {"scale": scale[0], "offset": scale[1], "output": head.index})
        )
        lines.append(
            f"layers.Rescaling({scale[0]:.3g}, offset={scale[1]:.3g})  # after it: the targets' own scale"
        )
    if wanted.loss != loss or wanted.from_logits != head.output.from_logits:
        lines.append(compile_line(setup, head, loss_text(head, wanted.loss, wanted.from_logits)))
    return Remedy(_summary(head, wanted, loss, layer), "\n".join(lines), tuple(actions))


def _summary(head: Head, wanted: Combination, loss: str, layer: bool) -> str:
    parts = [LOSSES[wanted.loss].title] if wanted.loss != loss else []
    name = wanted.activation or head.activation
    bend = "no activation" if name == "linear" else f"{'an' if name[0] in 'aeiou' else 'a'} {name} activation"
    if layer and wanted.units != head.units:
        parts.append(f"{counted(wanted.units, 'output unit')} and {bend}")
    elif layer:
        parts.append(f"{bend} on the output")
    if not parts:
        parts.append(f"from_logits={wanted.from_logits}")
    end = ", rescaled to the targets" if _scale(head, wanted) else ""
    opening = "Use" if head.alone else f"For output {head.output.name!r} use"
    return f"{opening} {' with '.join(parts)}{end}."


def _scale(head: Head, wanted: Combination) -> tuple[float, float] | None:
    """Returns (standard deviation, mean) of targets that a new linear output would need long to grow to."""
    target = head.numbers
    plain = wanted.activation == "linear" and LOSSES[wanted.loss].needs == REACH and not head.output.rescaled
    if target is None or not plain or not target.std or math.hypot(target.mean, target.std) < LARGE:
        return None
    return target.std, target.mean


def _bare_logits(head: Head, wanted: Combination) -> bool:
    same = head.loss is not None and wanted.loss == head.loss.name and wanted.units == head.units
    return same and not head.chain and not head.output.from_logits and bool(head.loss and head.loss.logits)


def _with_logits(setup: Setup, head: Head) -> Remedy:
    line = compile_line(setup, head, loss_text(head, head.loss.name if head.loss else "", True))
    action = Action("from_logits", {"value": True, "output": head.index})
    return Remedy("Keep the linear output and tell the loss that it gets logits.", line, (action,))


# The user's own lines


def loss_text(head: Head, name: str, from_logits: bool) -> str:
    """Returns how a loss is written in compile(), with the user's own settings where it is the same loss."""
    same = head.loss is not None and head.loss.name == name
    given = head.output.loss_config if same else {}
    settings = ["from_logits=True"] if from_logits else []
    settings += [f"{key}={given[key]!r}" for key, usual in SETTINGS.items() if given.get(key, usual) != usual]
    camel = "".join(part.capitalize() for part in name.split("_"))
    return f"keras.losses.{camel}({', '.join(settings)})" if settings else f'"{name}"'


def layer_line(setup: Setup, head: Head, wanted: Combination) -> str:
    """Returns the output layer as it should be written."""
    own = [layer for layer in setup.layers if layer.parameters and layer.units == head.units]
    kind = own[-1].kind if own else "Dense"
    name = wanted.activation or head.activation
    inner = str(wanted.units) if kind == "Dense" else f"{wanted.units}, ..."
    rest = f', activation="{name}"' if name != "linear" else ""
    note = "  # and no activation after it" if len(head.chain) > 1 or name == "linear" else ""
    return f"layers.{kind}({inner}{rest}){note}"


def compile_line(setup: Setup, head: Head, loss: str) -> str:
    """Returns the user's compile call with the loss of one output changed."""
    if not head.alone:
        others = [o for o in setup.outputs if o.loss]
        texts = {o.name: loss if o.name == head.output.name else _present(o.loss or "") for o in others}
        loss = "{" + ", ".join(f'"{name}": {text}' for name, text in texts.items()) + "}"
    metrics = ", ".join(f'"{name}"' for name in setup.metrics)
    rest = f", metrics=[{metrics}]" if metrics and head.alone else ", metrics=..." if metrics else ""
    return f"model.compile({_optimizer(setup)}, loss={loss}{rest})"


def _present(name: str) -> str:
    return name.removeprefix("custom:") if name.startswith("custom:") else f'"{name}"'


def _optimizer(setup: Setup) -> str:
    return optimizer_argument(Facts(setup)) if setup.optimizer else "optimizer=optimizer"
