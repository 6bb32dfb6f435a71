"""template.yaml as CloudFormation gets it, and who depends on whom in it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from emulators.lambda_host.template.intrinsics import as_text
from emulators.lambda_host.template.sam import read_yaml, to_cloudformation
from local.stack.parameters import LOCAL_PARAMETERS, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WRITTEN = read_yaml(ROOT / "template.yaml")


def translated(document: Mapping[str, Any] | None = None, **parameters: str) -> dict[str, Any]:
    """The resources that AWS's own translator makes of it."""
    document = WRITTEN if document is None else document
    given = {**LOCAL_PARAMETERS, **parameters}
    values = {name: as_text(given.get(name, one.get("Default"))) for name, one in document["Parameters"].items()}
    region = "eu-north-1"
    made = to_cloudformation(document, {**values, "AWS::Region": region, "AWS::Partition": "aws"}, region)
    resources: dict[str, Any] = made["Resources"]
    return resources


@cache
def resources() -> dict[str, Any]:
    return translated()


def of_kind(kind: str, found: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {name: one for name, one in (found or resources()).items() if one["Type"] == kind}


def references(value: object) -> Iterator[str]:
    """The logical ids, parameters and pseudo parameters that a value needs."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), _]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from _in_text(text)
        case {"Fn::Sub": [str(text), dict(own)]}:
            yield from (name for name in _in_text(text) if name not in own)
            yield from references(own)
        case dict():
            for item in value.values():
                yield from references(item)
        case list():
            for item in value:
                yield from references(item)


def _in_text(text: str) -> Iterator[str]:
    for part in text.split("${")[1:]:
        if not part.startswith("!"):
            yield part.partition("}")[0].partition(".")[0]
