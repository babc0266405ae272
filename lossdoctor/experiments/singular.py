"""Singular operations: calls of sqrt, log, power, norm, division, ... at a point where their slope is not finite.

While a block runs, the functions that a loss or a layer is written with are intercepted: keras.ops, those of the
backends' own modules that are loaded, and the operators / and ** of tensors. One pass notes the operands and finds the
calls whose derivative is not finite in float32, though their value may be. In a second one an operand can be moved off
such a point in one call, which shows whether that call is what breaks a gradient.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

Array = np.ndarray
Function = Callable[..., Any]
Handler = Callable[[str, Function, tuple[Any, ...], dict[str, Any]], Any]

# Where people write operations, besides keras.ops. Only what is loaded is touched; nothing is imported.
NAMESPACES = (
    "keras.ops", "tensorflow", "tensorflow.math", "tensorflow.linalg", "jax.numpy", "jax.numpy.linalg", "jax.lax",
    "torch", "torch.linalg",
)  # fmt: skip
# The name that users and reports know, by that in a namespace.
FUNCTIONS = {
    "sqrt": "sqrt", "rsqrt": "rsqrt", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p", "exp": "exp",
    "pow": "power", "power": "power", "divide": "divide", "true_divide": "divide", "truediv": "divide",
    "reciprocal": "reciprocal", "norm": "norm", "arccos": "arccos", "acos": "arccos", "arcsin": "arcsin",
    "asin": "arcsin", "arctanh": "arctanh", "atanh": "arctanh", "where": "where",
}  # fmt: skip
OPERATORS = {"__truediv__": "divide", "__rtruediv__": "divide", "__pow__": "power", "__rpow__": "power"}

IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE, a class whose attributes cannot be set

# Derivatives of functions of one operand, and an operand at which each is harmless.
SLOPES: dict[str, tuple[Callable[[Array], Array], float]] = {
    "sqrt": (lambda x: 0.5 / np.sqrt(x), 1.0),
    "rsqrt": (lambda x: -0.5 / (x * np.sqrt(x)), 1.0),
    "log": (lambda x: np.where(x < 0, np.nan, 1 / x), 1.0),
    "log2": (lambda x: np.where(x < 0, np.nan, 1 / x), 1.0),
    "log10": (lambda x: np.where(x < 0, np.nan, 1 / x), 1.0),
    "log1p": (lambda x: np.where(x < -1, np.nan, 1 / (1 + x)), 0.0),
    "exp": (np.exp, 0.0),
    "reciprocal": (lambda x: -1 / (x * x), 1.0),
    "arccos": (lambda x: -1 / np.sqrt(1 - x * x), 0.0),
    "arcsin": (lambda x: 1 / np.sqrt(1 - x * x), 0.0),
    "arctanh": (lambda x: 1 / (1 - x * x), 0.0),
}


@dataclass(frozen=True)
class Singular:
    """A call at a point where its derivative is not finite.

    Attributes:
        call: number of the call among all that were intercepted, in order.
        operation: "sqrt", "log", ... as in FUNCTIONS.
        operand: value of the first operand entry at fault; for a norm 0, for a power its base.
        exponent: of a power, else None.
        entry: index of that entry in the operand.
        shape: of the operand.
        argument: which positional argument the operand is.
        mask: entries at fault, in the operand's shape.
        harmless: a value at which the slope is finite.
    """

    call: int
    operation: str
    operand: float
    exponent: float | None
    entry: tuple[int, ...]
    shape: tuple[int, ...]
    argument: int
    mask: Array
    harmless: float


@contextmanager
def intercepted(handler: Handler, tensor: Any) -> Iterator[None]:
    """Hands the outermost calls of FUNCTIONS and OPERATORS in the block to `handler`.

    Args:
        handler: called with (operation, function, args, kwargs), returns what the call returns. Calls that it makes
            itself, and those that an operation makes inside, are not intercepted.
        tensor: any tensor of the backend, whose class has the operators.
    """
    inside = [False]
    with ExitStack() as stack:
        for owner, name, operation in _sites(tensor):
            original = getattr(owner, name)
            swapped = name in ("__rtruediv__", "__rpow__")
            stack.callback(_putting_back(owner, name))
            setattr(owner, name, _wrapper(original, operation, handler, inside, swapped))
        yield


def _sites(tensor: Any) -> Iterator[tuple[Any, str, str]]:
    for path in NAMESPACES:
        root, *rest = path.split(".")
        module = functools.reduce(lambda m, part: getattr(m, part, None), rest, sys.modules.get(root))
        names = vars(module) if module is not None else {}
        yield from ((module, name, operation) for name, operation in FUNCTIONS.items() if name in names)
    for name, operation in OPERATORS.items():
        classes = type(tensor).__mro__
        place = next((i for i, c in enumerate(classes) if name in vars(c)), None)
        # PyTorch has some of its operators in a base class that is written in C.
        settable = [] if place is None else [c for c in classes[: place + 1] if not c.__flags__ & IMMUTABLE]
        if settable and settable[-1] is not object:
            yield settable[-1], name, operation


def _putting_back(owner: Any, name: str) -> Callable[[], None]:
    if name in vars(owner):
        return functools.partial(setattr, owner, name, getattr(owner, name))
    return functools.partial(delattr, owner, name)


def _wrapper(original: Function, operation: str, handler: Handler, inside: list[bool], swapped: bool) -> Any:
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if inside[0] or any(isinstance(a, keras.KerasTensor) for a in args):
            return original(*args, **kwargs)
        inside[0] = True
        try:
            if not swapped:
                return handler(operation, original, args, kwargs)
            # a.__rpow__(b) is b ** a: operands in the order in which they are written.
            return handler(operation, lambda b, a: original(a, b), args[::-1], kwargs)
        finally:
            inside[0] = False

    return call


def singular_calls(
    run: Callable[[], Any], tensor: Any, note: Callable[[], Any]
) -> tuple[list[tuple[Singular, Any]], list[int]]:
    """Returns the singular calls while `run` runs, each with what `note()` gave then; and the calls of `where` that
    hide a value that is not finite.

    Args:
        run: a pass without derivatives, so that operands have values.
        tensor: any tensor of the backend.
        note: called at each singular call, for the place in the model.
    """
    found: list[tuple[Singular, Any]] = []
    hiding: list[int] = []
    count = [0]

    def handler(operation: str, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        made = function(*args, **kwargs)
        if operation == "where":
            if _hides(args, made):
                hiding.append(count[0])
        else:
            one = _singular(count[0], operation, args, kwargs)
            if one is not None:
                found.append((one, note()))
        count[0] += 1
        return made

    with intercepted(handler, tensor):
        run()
    return found, hiding


@contextmanager
def moved_off(points: Sequence[Singular], tensor: Any) -> Iterator[None]:
    """Moves the operands of these calls off their singular points while the block runs the same pass again."""
    by_call = {p.call: p for p in points}
    count = [0]

    def handler(operation: str, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        point = by_call.get(count[0])
        count[0] += 1
        if point is None or len(args) <= point.argument:
            return function(*args, **kwargs)
        operand = ops.convert_to_tensor(args[point.argument])
        safe = ops.where(point.mask, ops.cast(point.harmless, operand.dtype), operand)
        return function(*args[: point.argument], safe, *args[point.argument + 1 :], **kwargs)

    with intercepted(handler, tensor):
        yield


def _singular(call: int, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Singular | None:
    """Returns what is singular in a call, None when nothing is or its operands have no values."""
    try:
        values = [_float32(a) for a in args[:2]]
    except Exception:  # a symbolic tensor, within a compiled function
        return None
    if not values or values[0] is None:
        return None
    with np.errstate(all="ignore"):
        argument, mask, harmless, exponent = _at_fault(operation, values, args, kwargs)
    if mask is None or not mask.any():
        return None
    operand = values[argument]
    assert operand is not None
    entry = tuple(int(i) for i in np.argwhere(mask)[0])
    return Singular(
        call, operation, float(operand[entry]), exponent, entry, operand.shape, argument, mask, harmless
    )


def _at_fault(
    operation: str, values: Sequence[Array | None], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[int, Array | None, float, float | None]:
    """Returns (argument, entries at fault, a harmless value, exponent)."""
    x = values[0]
    assert x is not None
    if operation in SLOPES:
        slope, harmless = SLOPES[operation]
        return 0, ~np.isfinite(slope(x)) & np.isfinite(x), harmless, None
    if operation == "norm":
        axis = kwargs.get("axis", kwargs.get("dim", args[2] if len(args) > 2 else None))
        axis = tuple(axis) if isinstance(axis, (list, tuple)) else axis
        return 0, np.broadcast_to((x == 0).all(axis, keepdims=True), x.shape), 1.0, None
    y = values[1] if len(values) > 1 else None
    if y is None:
        return 0, None, 1.0, None
    if operation == "power":
        bad = ~np.isfinite(y * np.power(x, y - 1)) & np.isfinite(x) & (y != 0)
        return (
            0,
            _reduced(bad, x.shape),
            1.0,
            float(np.broadcast_to(y, bad.shape)[bad][0]) if bad.any() else None,
        )
    bad = ~np.isfinite(x / (y * y)) & np.isfinite(x) & np.isfinite(y)
    return 1, _reduced(bad, y.shape), 1.0, None


def _float32(value: Any) -> Array | None:
    """Returns an operand as float32, None when it is no number."""
    if value is None or isinstance(value, (str, bytes)):
        return None
    return np.asarray(ops.convert_to_numpy(value) if hasattr(value, "dtype") else value).astype(np.float32)


def _reduced(mask: Array, shape: tuple[int, ...]) -> Array:
    """Returns a mask in a shape that was broadcast to its own: True where any of its copies is."""
    same: Array = np.asarray(mask.any(tuple(range(mask.ndim - len(shape)))))
    wide = tuple(i for i, n in enumerate(shape) if n == 1 and same.shape[i] != 1)
    return np.asarray(same.any(wide, keepdims=True))


def _hides(args: tuple[Any, ...], made: Any) -> bool:
    """Whether a where() leaves out a value that is not finite."""
    try:
        values = [_float32(a) for a in (*args[1:3], made)]
    except Exception:  # a symbolic tensor, within a compiled function
        return False
    *branches, result = values
    bad = any(b is not None and not np.isfinite(b).all() for b in branches)
    return bad and result is not None and bool(np.isfinite(result).all())
