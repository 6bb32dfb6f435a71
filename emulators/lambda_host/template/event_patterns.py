"""The event patterns of EventBridge's rules: which events a rule is for.

Sources in the EventBridge User Guide: "Creating Amazon EventBridge event patterns" (every field of the pattern has to
match, one of a field's values is enough, numbers are compared as they are written, an array in the event matches by any
of its elements) and "Comparison operators for use in event patterns"
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html). The operators `cidr`,
`wildcard` and `$or` are not served: a pattern that has one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from emulators.lambda_host.errors import LambdaHostError

type _Test = Callable[[Any], bool]

_ABSENT = object()
_NUMBERS = (int, float)
# "Numeric matching … limited to values between -5.0e9 and +5.0e9 inclusive".
_LARGEST_NUMBER = 5.0e9
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda value, bound: value == bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


class EventPatternError(LambdaHostError):
    """A pattern that EventBridge refuses, or that has an operator that is not served here."""


@dataclass(frozen=True)
class EventPattern:
    """A pattern that was read: call `matches` with whole events, as a target gets them."""

    _fields: Mapping[str, EventPattern | _Leaf]

    def matches(self, event: object) -> bool:
        """Return whether every field of the pattern matches; in an array of objects, all of them in one object."""
        if isinstance(event, list):
            return any(self.matches(element) for element in event)
        fields = event if isinstance(event, Mapping) else {}
        return all(pattern.matches(fields.get(name, _ABSENT)) for name, pattern in self._fields.items())


@dataclass(frozen=True)
class _Leaf:
    """The values of one field, of which one has to match. `absent_matches` is that of `exists: false`."""

    tests: tuple[_Test, ...]
    absent_matches: bool

    def matches(self, value: object) -> bool:
        # "Exists matching only works on leaf nodes": to it, a field that holds an object is not there.
        values = [one for one in _flat(value) if not isinstance(one, Mapping)]
        if not values:
            return self.absent_matches
        return any(test(one) for one in values for test in self.tests)


def _flat(value: object) -> list[object]:
    if value is _ABSENT:
        return []
    if isinstance(value, list):
        return [one for element in value for one in _flat(element)]
    return [value]


def read_pattern(pattern: object, where: str = "EventPattern") -> EventPattern:
    """Return the pattern. Raises EventPatternError, which names the field that is wrong."""
    if not isinstance(pattern, Mapping) or not pattern:
        raise EventPatternError(f"{where}: must be an object with at least one field")
    fields: dict[str, EventPattern | _Leaf] = {}
    for name, value in pattern.items():
        here = f"{where}.{name}"
        if name == "$or":
            raise EventPatternError(f"{here}: $or is not served here")
        if isinstance(value, Mapping):
            fields[name] = read_pattern(value, here)
        elif isinstance(value, list) and value:
            absent = [one for one in value if isinstance(one, Mapping) and one == {"exists": False}]
            fields[name] = _Leaf(tuple(_test(one, here) for one in value), bool(absent))
        else:
            raise EventPatternError(f"{here}: must be an object, or an array with at least one value")
    return EventPattern(fields)


def _test(wanted: object, where: str) -> _Test:
    if isinstance(wanted, list):
        raise EventPatternError(f"{where}: an array must hold values or comparisons, not arrays")
    if not isinstance(wanted, Mapping):
        written = json.dumps(wanted)
        return lambda value: json.dumps(value) == written  # 300 and 300.0 are two numbers
    if len(wanted) != 1:
        raise EventPatternError(f"{where}: a comparison has one operator, not {', '.join(wanted) or 'none'}")
    ((operator, operand),) = wanted.items()
    if operator not in _OPERATORS:
        raise EventPatternError(f"{where}: the operator {operator} is not served here")
    return _OPERATORS[operator](operand, f"{where}.{operator}")


def _prefix(operand: object, where: str) -> _Test:
    text = _text(operand, where)
    return lambda value: isinstance(value, str) and value.startswith(text)


def _suffix(operand: object, where: str) -> _Test:
    text = _text(operand, where)
    return lambda value: isinstance(value, str) and value.endswith(text)


def _equals_ignore_case(operand: object, where: str) -> _Test:
    text = _text(operand, where).lower()
    return lambda value: isinstance(value, str) and value.lower() == text


def _exists(operand: object, where: str) -> _Test:
    if not isinstance(operand, bool):
        raise EventPatternError(f"{where}: must be true or false")
    return lambda _: bool(operand)


def _anything_but(operand: object, where: str) -> _Test:
    if isinstance(operand, Mapping):
        if len(operand) != 1 or not operand.keys() <= {"prefix", "suffix", "equals-ignore-case"}:
            raise EventPatternError(f"{where}: {json.dumps(operand)} is not served here")
        inner = _test(operand, where)
        return lambda value: not inner(value)
    unwanted = operand if isinstance(operand, list) else [operand]
    kinds = {_kind(one) for one in unwanted}
    if kinds not in ({"text"}, {"number"}):
        raise EventPatternError(f"{where}: must be a string, a number, or a list of one of them")
    written = {json.dumps(one) for one in unwanted}
    return lambda value: json.dumps(value) not in written


def _numeric(operand: object, where: str) -> _Test:
    parts = operand if isinstance(operand, list) else []
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    bounded = [op for op, _ in pairs]
    if not pairs or len(parts) != 2 * len(pairs) or bounded not in _ALLOWED_COMPARISONS:
        raise EventPatternError(f"{where}: must be one comparison, or > or >= followed by < or <=")
    for _, bound in pairs:
        if _kind(bound) != "number" or abs(bound) > _LARGEST_NUMBER:
            raise EventPatternError(f"{where}: {bound!r} is not a number between -5.0e9 and 5.0e9")
    return lambda value: _kind(value) == "number" and all(_COMPARISONS[op](value, bound) for op, bound in pairs)


_ALLOWED_COMPARISONS = [[op] for op in _COMPARISONS] + [[low, high] for low in (">", ">=") for high in ("<", "<=")]


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, _NUMBERS) and not isinstance(value, bool) else "other"


def _text(operand: object, where: str) -> str:
    if not isinstance(operand, str):
        raise EventPatternError(f"{where}: must be a string; {json.dumps(operand)} is not served here")
    return operand


_OPERATORS: Mapping[str, Callable[[object, str], _Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _equals_ignore_case,
    "exists": _exists,
    "anything-but": _anything_but,
    "numeric": _numeric,
}
