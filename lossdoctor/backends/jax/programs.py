"""Programs: functions of tensors traced anew at each call, and compiled once for all that come to the same program.

Run one operation at a time a derivative of a small model takes a hundred times as long, most of it for compiling each
operation by itself. A compiled function, on the other hand, would hold the values of variables that it was first called
with. So a function is traced at each call, which is quick, and what it captures becomes an argument of what is compiled.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import jax
import jax.extend.core

MOST = 64  # programs that are held
_COMPILED: OrderedDict[str, Callable[..., Any]] = OrderedDict()


class Program:
    """A function at arguments, traced.

    Raises:
        jax.errors.JAXTypeError: it asks for the value of a tensor, and so can only be run.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any):
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
        self._values = [*closed.consts, *jax.tree_util.tree_leaves(arguments)]
        self._structure = jax.tree_util.tree_structure(shape)
        self._jaxpr = closed.jaxpr.replace(
            constvars=[], invars=[*closed.jaxpr.constvars, *closed.jaxpr.invars], debug_info=None
        )

    def run(self) -> Any:
        key = str(self._jaxpr)
        if key not in _COMPILED:
            whole = jax.extend.core.ClosedJaxpr(self._jaxpr, [])
            _COMPILED[key] = jax.jit(jax.extend.core.jaxpr_as_fun(whole))
            if len(_COMPILED) > MOST:
                _COMPILED.popitem(last=False)
        _COMPILED.move_to_end(key)
        return jax.tree_util.tree_unflatten(self._structure, _COMPILED[key](*self._values))

    def depends(self) -> Any:
        """Returns, in the structure of the result, whether each tensor in it depends on anything at all."""
        reached = {id(v) for v in self._jaxpr.invars}
        for equation in self._jaxpr.eqns:
            if any(id(v) in reached for v in equation.invars):
                reached |= {id(v) for v in equation.outvars}
        return jax.tree_util.tree_unflatten(self._structure, [id(v) in reached for v in self._jaxpr.outvars])


def run(function: Callable[..., Any], *arguments: Any) -> Any:
    """Returns function(*arguments), compiled where it can be."""
    if any(isinstance(a, jax.core.Tracer) for a in jax.tree_util.tree_leaves(arguments)):
        return function(*arguments)  # within a program already
    try:
        program = Program(function, *arguments)
    except jax.errors.JAXTypeError:  # it asks for the values of tensors
        return function(*arguments)
    return program.run()
