"""The template as CloudFormation gets it, from what `sam build` has made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.sam import read_yaml, to_cloudformation
from local.deploy_check.stages import complete

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulators.lambda_host.template.template import Template

ROOT: Final = Path(__file__).parents[2]
BUILD: Final = ROOT / ".aws-sam" / "build"
REGION: Final = "eu-north-1"


@dataclass(frozen=True)
class Translated:
    """A stack's template after the SAM transform, with the parameters that it is deployed with."""

    parameters: Mapping[str, str]
    template: Mapping[str, Any]
    present: frozenset[str]
    """The resources whose condition holds."""
    loaded: Template


def translated(path: Path, given: Mapping[str, str], stack: str) -> Translated:
    """Translate the template for these parameters. Raises TemplateError, also for a rule that does not hold."""
    document = read_yaml(path)
    parameters = complete(document, given)
    loaded = load_template(path, parameters, REGION, stack_name=stack)
    found = to_cloudformation(document, {**parameters, "AWS::Region": REGION, "AWS::Partition": "aws"}, REGION)
    plain = _plain(found)
    return Translated(parameters, plain, frozenset(loaded.resources), loaded)


@cache
def built() -> Path:
    """Return the template that is deployed: the built one, if there is one."""
    found = BUILD / "template.yaml"
    return found if found.exists() else ROOT / "template.yaml"


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value
