"""The Rules of a template: what CloudFormation asserts of the parameters before it makes or changes anything.

Source: "Rules" and "Rule-specific intrinsic functions" in the AWS CloudFormation User Guide. A function that is not
here raises TemplateError: a value is never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.lambda_host.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def check_rules(rules: Mapping[str, Any], parameters: Mapping[str, object]) -> None:
    """Raise TemplateError with the description of every assertion that does not hold."""
    if broken := list(_broken(rules, parameters)):
        raise TemplateError("; ".join(broken))


def _broken(rules: Mapping[str, Any], parameters: Mapping[str, object]) -> Iterator[str]:
    for name, rule in rules.items():
        where = f"Rules.{name}"
        if "RuleCondition" in rule and not _holds(rule["RuleCondition"], parameters, where):
            continue
        for assertion in rule["Assertions"]:
            if not _holds(assertion["Assert"], parameters, where):
                yield f"{where}: {assertion['AssertDescription']}"


def _holds(expression: Any, parameters: Mapping[str, object], where: str) -> bool:  # noqa: ANN401 - no type
    match expression:
        case {"Fn::Not": [inner]}:
            return not _holds(inner, parameters, where)
        case {"Fn::And": [*inners]}:
            return all(_holds(inner, parameters, where) for inner in inners)
        case {"Fn::Or": [*inners]}:
            return any(_holds(inner, parameters, where) for inner in inners)
        case {"Fn::Equals": [left, right]}:
            return _text(left, parameters, where) == _text(right, parameters, where)
    return _holds_of_list(expression, parameters, where)


def _holds_of_list(expression: Any, parameters: Mapping[str, object], where: str) -> bool:  # noqa: ANN401 - no type
    match expression:
        case {"Fn::Contains": [members, one]}:
            return _text(one, parameters, where) in _list(members, parameters, where)
        case {"Fn::EachMemberEquals": [members, one]}:
            return set(_list(members, parameters, where)) <= {_text(one, parameters, where)}
        case {"Fn::EachMemberIn": [members, others]}:
            return set(_list(members, parameters, where)) <= set(_list(others, parameters, where))
    raise TemplateError(f"{where}: not a condition of a rule: {expression!r}")


def _text(value: object, parameters: Mapping[str, object], where: str) -> str:
    found = _resolved(value, parameters, where)
    if not isinstance(found, str):
        raise TemplateError(f"{where}: {value!r} is no text")
    return found


def _list(value: object, parameters: Mapping[str, object], where: str) -> list[str]:
    found = _resolved(value, parameters, where)
    if not isinstance(found, list):
        raise TemplateError(f"{where}: {value!r} is no list")
    return [_text(one, parameters, where) for one in found]


def _resolved(value: object, parameters: Mapping[str, object], where: str) -> object:
    match value:
        case {"Ref": str(name)} if name in parameters:
            return parameters[name]
        case dict():
            raise TemplateError(f"{where}: {value!r} is not supported in a rule here")
    return value
