"""Metric math, as much of it as alarms need: `+`, `-`, `*`, numbers and FILL(series, number).

Source: "Using math expressions with CloudWatch metrics" (using-metric-math) in the CloudWatch User Guide. An arithmetic
operator treats a missing value as 0 where another of its series has one. FILL gives every period of the retrieved range
a value, so the alarm's own treatment of missing data is no longer asked; the page warns that the newest period, whose
points are still on their way, is filled too.
"""

from __future__ import annotations

import ast
import operator
from functools import cache
from typing import TYPE_CHECKING

from emulators.cloudwatch.alarms import AlarmRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

type Values = Sequence[float | None]

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def ids_in(expression: str) -> set[str]:
    """Return the ids that an expression names."""
    return {node.id for node in ast.walk(_parsed(expression)) if isinstance(node, ast.Name)} - {"FILL"}


def calculate(expression: str, series: Mapping[str, Values], *, fill_needs_a_point: bool) -> list[float | None]:
    """Return the value of the expression in each period; None where there is none."""
    found = _value(_parsed(expression).body, series, fill_needs_a_point)
    if isinstance(found, float):
        raise AlarmRefusedError(f"{expression}: an alarm needs a series, not a number")
    return list(found)


@cache
def _parsed(expression: str) -> ast.Expression:
    try:
        return ast.parse(expression, mode="eval")
    except SyntaxError:
        raise AlarmRefusedError(f"{expression}: not an expression that this model can read") from None


def _value(node: ast.expr, series: Mapping[str, Values], fill_needs_a_point: bool) -> Values | float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in series:
            return series[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[filled, ast.Constant(value=int() | float() as number)]):
            values = _value(filled, series, fill_needs_a_point)
            if isinstance(values, float):
                raise AlarmRefusedError("FILL needs a series")
            if fill_needs_a_point and all(value is None for value in values):
                return values
            return [float(number) if value is None else value for value in values]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            sides = (_value(left, series, fill_needs_a_point), _value(right, series, fill_needs_a_point))
            return _combined(*sides, _OPERATORS[type(op)])
        case _:
            raise AlarmRefusedError(f"{ast.unparse(node)}: this model does not know it")


def _combined(left: Values | float, right: Values | float, op: Callable[[float, float], float]) -> Values | float:
    if isinstance(left, float) and isinstance(right, float):
        return op(left, right)
    if isinstance(left, float):
        return [None if value is None else op(left, value) for value in right]  # type: ignore[union-attr]
    if isinstance(right, float):
        return [None if value is None else op(value, right) for value in left]
    return [
        None if one is None and other is None else op(one or 0.0, other or 0.0)
        for one, other in zip(left, right, strict=True)
    ]
