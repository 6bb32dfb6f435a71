"""CloudFormation's intrinsic functions, resolved to values.

Source: "Intrinsic function reference", "Pseudo parameters reference" and "Condition functions" in the AWS
CloudFormation documentation. A function that is not here raises TemplateError: a value is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.lambda_host.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NO_VALUE = object()
"""The value of `AWS::NoValue`: the property or list item that holds it is left out."""

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")


@dataclass(frozen=True)
class PhysicalId:
    """The identifiers of a resource that exists: the value of `Ref` and the values of `Fn::GetAtt`."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scope:
    """The names that a template's expressions may use.

    `physical_id` returns the identifiers of a logical id, None if the template has no such resource.
    """

    parameters: Mapping[str, object]
    pseudo: Mapping[str, object]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    physical_id: Callable[[str], PhysicalId | None]


def resolve(value: Any, scope: Scope, where: str) -> Any:  # noqa: ANN401 - the values of a template have no type
    """Return the value with every intrinsic function replaced. `where` names the place for the error message."""
    if isinstance(value, dict):
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](argument, scope, where)
            if isinstance(name, str) and name.startswith("Fn::"):
                raise TemplateError(f"{where}: {name} is not supported here")
        resolved = {key: resolve(item, scope, f"{where}.{key}") for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}
    if isinstance(value, list):
        items = [resolve(item, scope, f"{where}[{index}]") for index, item in enumerate(value)]
        return [item for item in items if item is not NO_VALUE]
    if isinstance(value, str) and "{{resolve:" in value:
        raise TemplateError(f"{where}: dynamic references ({{{{resolve:...}}}}) are not supported here")
    return value


def as_text(value: object) -> str:
    """Return a value as CloudFormation writes it into text: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def holds(condition: Any, scope: Scope, where: str, pending: frozenset[str] = frozenset()) -> bool:  # noqa: ANN401
    """Return whether a condition (its name, or its expression) is true."""
    if isinstance(condition, str):
        if condition not in scope.conditions or condition in pending:
            raise TemplateError(f"{where}: there is no usable condition {condition}")
        return holds(scope.conditions[condition], scope, f"Conditions.{condition}", pending | {condition})
    match condition:
        case {"Condition": str(name)}:
            return holds(name, scope, where, pending)
        case {"Fn::Equals": [left, right]}:
            return as_text(resolve(left, scope, where)) == as_text(resolve(right, scope, where))
        case {"Fn::Not": [inner]}:
            return not holds(inner, scope, where, pending)
        case {"Fn::And": [*inners]}:
            return all(holds(inner, scope, where, pending) for inner in inners)
        case {"Fn::Or": [*inners]}:
            return any(holds(inner, scope, where, pending) for inner in inners)
    raise TemplateError(f"{where}: not a condition: {condition!r}")


def _ref(name: Any, scope: Scope, where: str) -> Any:  # noqa: ANN401
    if name == "AWS::NoValue":
        return NO_VALUE
    for known in (scope.pseudo, scope.parameters):
        if name in known:
            return known[name]
    return _resource(name, scope, where).ref


def _get_att(argument: Any, scope: Scope, where: str) -> str:  # noqa: ANN401
    match argument.split(".", 1) if isinstance(argument, str) else argument:
        case [str(name), attribute]:
            wanted = as_text(resolve(attribute, scope, where))
        case _:
            raise TemplateError(f"{where}: Fn::GetAtt needs a resource and an attribute, not {argument!r}")
    attributes = _resource(name, scope, where).attributes
    if wanted not in attributes:
        known = ", ".join(sorted(attributes)) or "none"
        raise TemplateError(f"{where}: Fn::GetAtt {name}.{wanted}: no such attribute here (there is: {known})")
    return attributes[wanted]


def _resource(name: object, scope: Scope, where: str) -> PhysicalId:
    found = scope.physical_id(str(name))
    if found is None:
        raise TemplateError(f"{where}: the template has no parameter or resource {name}")
    return found


def _sub(argument: Any, scope: Scope, where: str) -> str:  # noqa: ANN401
    text, own = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})  # noqa: PLR2004
    if not isinstance(text, str) or not isinstance(own, dict):
        raise TemplateError(f"{where}: Fn::Sub needs text, or text and a map")

    def value(found: re.Match[str]) -> str:
        literal, name = found.groups()
        if literal:
            return f"${{{name}}}"
        if name in own:
            return as_text(resolve(own[name], scope, where))
        return as_text(_get_att(name, scope, where) if "." in name else _ref(name, scope, where))

    return _PLACEHOLDER.sub(value, text)


def _join(argument: Any, scope: Scope, where: str) -> str:  # noqa: ANN401
    delimiter, parts = _arguments(argument, 2, "Fn::Join", where)
    resolved = resolve(parts, scope, where)
    if not isinstance(resolved, list):
        raise TemplateError(f"{where}: Fn::Join needs a list")
    return str(delimiter).join(as_text(part) for part in resolved)


def _select(argument: Any, scope: Scope, where: str) -> Any:  # noqa: ANN401
    index, options = (resolve(part, scope, where) for part in _arguments(argument, 2, "Fn::Select", where))
    if not isinstance(options, list) or not str(index).isdigit() or int(index) >= len(options):
        raise TemplateError(f"{where}: Fn::Select {index} of {options!r}: there is no such item")
    return options[int(index)]


def _split(argument: Any, scope: Scope, where: str) -> list[str]:  # noqa: ANN401
    delimiter, text = _arguments(argument, 2, "Fn::Split", where)
    return as_text(resolve(text, scope, where)).split(str(delimiter))


def _find_in_map(argument: Any, scope: Scope, where: str) -> Any:  # noqa: ANN401
    keys = [as_text(resolve(key, scope, where)) for key in _arguments(argument, 3, "Fn::FindInMap", where)]
    found: Any = scope.mappings
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            raise TemplateError(f"{where}: Fn::FindInMap {'.'.join(keys)}: there is no {key}")
        found = found[key]
    return found


def _if(argument: Any, scope: Scope, where: str) -> Any:  # noqa: ANN401
    condition, then, otherwise = _arguments(argument, 3, "Fn::If", where)
    return resolve(then if holds(condition, scope, where) else otherwise, scope, where)


def _arguments(argument: Any, count: int, name: str, where: str) -> list[Any]:  # noqa: ANN401
    if not isinstance(argument, list) or len(argument) != count:
        raise TemplateError(f"{where}: {name} needs a list of {count}")
    return argument


_FUNCTIONS: Mapping[str, Callable[[Any, Scope, str], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
}
