"""The environments of samconfig.toml: whole, and without a secret. That the SAM CLI reads them is in tests/sam/."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.load import load_template
from local.stack.parameters import ROOT
from tests.integration.template.translated import WRITTEN

CONFIG = ROOT / "samconfig.toml"
TEXT = CONFIG.read_text(encoding="utf-8")
STAGES = WRITTEN["Parameters"]["Stage"]["AllowedValues"]
MUST_BE_GIVEN = {name for name, one in WRITTEN["Parameters"].items() if "Default" not in one} - {"Stage"}


def settings(text: str, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(text)[stage]
    return found["global"]["parameters"] | found["deploy"]["parameters"]


def parameters(text: str, stage: str) -> dict[str, str]:
    return dict(one.split("=", 1) for one in settings(text, stage)["parameter_overrides"])


def filled_in() -> str:
    """The file as a person leaves it: without the # of what must be given, and with values of their own."""
    return re.sub(r'^  # (".+",)$', r"  \1", TEXT, flags=re.MULTILINE).replace("YOUR-DOMAIN", "hlf.no")


@pytest.mark.parametrize("stage", STAGES)
def test_an_environment_that_is_filled_in_is_taken(stage: str) -> None:
    """By the patterns and the rules of the template."""
    given = parameters(filled_in(), stage)
    assert given["Stage"] == stage
    assert load_template(ROOT / "template.yaml", given).functions


@pytest.mark.parametrize("stage", STAGES)
def test_an_environment_that_is_not_makes_nothing(stage: str) -> None:
    """No placeholder passes for a value."""
    given = parameters(TEXT, stage)
    assert not MUST_BE_GIVEN & given.keys()
    with pytest.raises(TemplateError, match="it has no default"):
        load_template(ROOT / "template.yaml", given)


@pytest.mark.parametrize("stage", STAGES)
def test_an_environment_is_a_stack_of_its_own_with_tags(stage: str) -> None:
    """CloudFormation puts them on whatever takes tags; they name nobody."""
    found = settings(TEXT, stage)
    assert found["tags"] == ["Project=hlf-certification", f"Stage={stage}"]
    assert found["capabilities"] == "CAPABILITY_IAM"
    assert len({settings(TEXT, other)["stack_name"] for other in STAGES}) == len(STAGES)


def test_prod_is_bounded_and_gradual() -> None:
    """Its concurrency and its checkpoint are the template's defaults, which no environment for others may lend it."""
    assert {"WebhookConcurrency", "ForceSyncConcurrency", "GradualDeployment"}.isdisjoint(parameters(TEXT, "prod"))
    assert settings(TEXT, "prod")["confirm_changeset"] is True


def test_no_secret_is_a_parameter() -> None:
    """A parameter can be read by whoever may describe the stack."""
    for name in WRITTEN["Parameters"]:
        assert not re.search(r"(?i)password|secret(?!Arn)|token(?!Issuer|Audience|KeysUrl|Algorithms|SecretArn)", name)
    assert not re.search(r"(?i)password|client_secret|secretsmanager", TEXT)
