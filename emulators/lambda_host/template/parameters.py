"""The values of a template's parameters, refused as CloudFormation refuses them.

Source: "Parameters" in the AWS CloudFormation template reference. A pattern has to match the whole value; of a
CommaDelimitedList AllowedPattern and AllowedValues hold for each of its values.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.intrinsics import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def parameter_values(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, object]:
    """Return the value of each parameter, a list where its type is one. Raises TemplateError."""
    if unknown := sorted(given.keys() - declared.keys()):
        raise TemplateError(f"The template has no parameter {', '.join(unknown)}")
    values: dict[str, object] = {}
    for name, declaration in declared.items():
        if not isinstance(declaration, dict):
            raise TemplateError(f"Parameters.{name} must be a map")
        value = given.get(name, declaration.get("Default"))
        if value is None:
            raise TemplateError(f"Parameters.{name}: it has no default, so a value must be given")
        text = as_text(value)
        kind = str(declaration.get("Type", "String"))
        parts = [part.strip() for part in text.split(",")] if "List" in kind else [text]
        for part in parts:
            _check(f"Parameters.{name}", kind, part, declaration)
        values[name] = parts if "List" in kind else text
    return values


def _check(where: str, kind: str, text: str, declaration: Mapping[str, Any]) -> None:
    allowed = [as_text(choice) for choice in declaration.get("AllowedValues", [])]
    if allowed and text not in allowed:
        raise TemplateError(f"{where}: {text} is not one of {', '.join(allowed)}")
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, text):
        raise TemplateError(f"{where}: {text} does not match {pattern}")
    for key, fits in (("MinLength", int.__le__), ("MaxLength", int.__ge__)):
        if key in declaration and not fits(int(declaration[key]), len(text)):
            raise TemplateError(f"{where}: {text} has another length than {key} {declaration[key]} allows")
    if kind in {"Number", "List<Number>"}:
        try:
            number = float(text)
        except ValueError:
            raise TemplateError(f"{where}: {text} is not a number") from None
        if number < float(declaration.get("MinValue", number)) or number > float(declaration.get("MaxValue", number)):
            raise TemplateError(f"{where}: {text} is beyond MinValue or MaxValue")
