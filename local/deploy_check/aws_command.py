"""The `aws` of the guide's lines: any call of the AWS CLI that is one call of boto3, at the local APIs.

`aws SERVICE OPERATION --parameter-name value`: the AWS CLI derives its commands from the same models as boto3.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name

_RENAMED = {"notification-endpoint": "endpoint"}  # where the API's own name would be an option of the CLI
_OPTIONS = {"output", "query", "region"}


def main(words: list[str]) -> int:
    """Run the command, and print what it returns."""
    service, operation, *rest = words
    options, parameters = _read(rest)
    client = boto3.client(service, region_name=options.get("region"))  # type: ignore[call-overload]
    method = next(made for made, api in client.meta.method_to_api_mapping.items() if xform_name(api, "-") == operation)
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    known = {xform_name(name, "-"): (name, member.type_name) for name, member in shape.members.items()}
    renamed = {_RENAMED.get(name, name): value for name, value in parameters.items()}
    if unknown := renamed.keys() - known.keys():
        sys.stderr.write(f"aws {service} {operation} has no --{', --'.join(sorted(unknown))}\n")
        return 2
    given = {known[name][0]: _typed(known[name][1], value) for name, value in renamed.items()}
    found = getattr(client, method)(**given)
    found.pop("ResponseMetadata", None)
    if "query" in options:
        found = jmespath.search(options["query"], found)
    _print(found, options.get("output", "json"))
    return 0


def _read(words: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    options: dict[str, str] = {}
    parameters: dict[str, str] = {}
    names = iter(words)
    for word in names:
        name = word.removeprefix("--")
        (options if name in _OPTIONS else parameters)[name] = next(names)
    return options, parameters


def _typed(kind: str, text: str) -> Any:  # noqa: ANN401 - any value of an API
    if text.startswith("file://"):
        text = Path(text.removeprefix("file://")).read_text(encoding="utf-8")
    match kind:
        case "integer" | "long":
            return int(text)
        case "boolean":
            return text == "true"
        case "list" | "structure" | "map":
            return json.loads(text) if re.match(r"\s*[\[{]", text) else text.split()
        case _:
            return text


def _print(found: Any, output: str) -> None:  # noqa: ANN401
    if output != "text":
        sys.stdout.write(json.dumps(found, indent=2, default=str) + "\n")
        return
    rows = found if isinstance(found, list) else [found]
    lines = ("\t".join(map(str, row)) if isinstance(row, list) else str(row) for row in rows)
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
