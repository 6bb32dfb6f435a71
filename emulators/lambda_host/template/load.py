"""Read a SAM template from its file, with the values of its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.lambda_host.template.intrinsics import Scope, holds
from emulators.lambda_host.template.naming import Account
from emulators.lambda_host.template.parameters import parameter_values
from emulators.lambda_host.template.rules import check_rules
from emulators.lambda_host.template.sam import read_yaml, to_cloudformation
from emulators.lambda_host.template.template import Template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def load_template(
    path: Path,
    parameters: Mapping[str, str] | None = None,
    region: str = "eu-north-1",
    account: str = "000000000000",
    stack_name: str = "local",
) -> Template:
    """Read a SAM template; `parameters` override its defaults. Raises TemplateError saying what is wrong and where."""
    place = Account(region=region, account=account, stack_name=stack_name)
    document = read_yaml(path)
    values = parameter_values(document.get("Parameters") or {}, parameters or {})
    check_rules(document.get("Rules") or {}, values)
    # The translator puts parameters into text where it meets them, so lists go in as they are written: with commas.
    texts = {name: ",".join(value) if isinstance(value, list) else value for name, value in values.items()}
    pseudo = place.pseudo_parameters()
    cloudformation = to_cloudformation(document, {**texts, "AWS::Region": region, "AWS::Partition": "aws"}, region)
    scope = Scope(
        parameters=values,
        pseudo=pseudo,
        mappings=cloudformation.get("Mappings") or {},
        conditions=cloudformation.get("Conditions") or {},
        physical_id=lambda _: None,
    )

    def present(section: str) -> dict[str, Any]:
        return {
            name: item
            for name, item in (cloudformation.get(section) or {}).items()
            if "Condition" not in item or holds(item["Condition"], scope, f"{name}.Condition")
        }

    template = Template(account=place, resources=present("Resources"), raw_outputs=present("Outputs"), scope=scope)
    template = template.with_ids(template.expected_id)
    template.check()
    return template
