"""template.yaml refuses what would make half a stack, before CloudFormation makes or changes anything."""

from __future__ import annotations

import re

import pytest

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.rules import check_rules
from local.stack.parameters import LOCAL_PARAMETERS, ROOT
from tests.integration.template.translated import WRITTEN

TEMPLATE = ROOT / "template.yaml"
PROD = {**LOCAL_PARAMETERS, "Stage": "prod", "OperationsEmail": "drift@example.no"}
VPC = {"SubnetIds": "subnet-0a,subnet-0b", "SecurityGroupIds": "sg-0a"}
SECRET = "arn:aws:secretsmanager:eu-north-1:000000000000:secret:tokens-AbCdEf"


@pytest.mark.parametrize(
    "given",
    [
        LOCAL_PARAMETERS,
        PROD,
        PROD | VPC,
        PROD | {"TokenAlgorithms": "ES256,HS256", "TokenSecretArn": SECRET},
        PROD | {"DashboardOrigins": "https://app.example.no,http://localhost:5173"},
        {**LOCAL_PARAMETERS, "WebhookConcurrency": "0", "ForceSyncConcurrency": "0"},  # a new account
    ],
)
def test_good_parameters_are_taken(given: dict[str, str]) -> None:
    assert load_template(TEMPLATE, given).functions


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"SubnetIds": VPC["SubnetIds"]}, "SubnetIds needs SecurityGroupIds"),
        ({"SecurityGroupIds": VPC["SecurityGroupIds"]}, "SecurityGroupIds needs SubnetIds"),
        ({"TokenAlgorithms": "ES256,HS256"}, "HS256 in TokenAlgorithms needs TokenSecretArn"),
        ({"TokenSecretArn": SECRET}, "TokenSecretArn is for HS256"),
        ({"OperationsEmail": ""}, "In prod OperationsEmail is required"),
        ({"WebhookConcurrency": "0"}, "In prod WebhookConcurrency bounds"),
        ({"ForceSyncConcurrency": "0"}, "In prod ForceSyncConcurrency bounds"),
    ],
)
def test_what_depends_on_each_other_is_given_together(given: dict[str, str], said: str) -> None:
    """One rule each; the others stay silent."""
    with pytest.raises(TemplateError) as raised:
        load_template(TEMPLATE, PROD | given)
    assert said in str(raised.value)
    assert str(raised.value).count("Rules.") == 1


@pytest.mark.parametrize("empty", [[], [""]])
def test_an_empty_list_means_the_same_either_way(empty: list[str]) -> None:
    """AWS does not say whether CommaDelimitedList without a value has no member in a rule, or one that is empty."""
    given: dict[str, object] = {
        "SubnetIds": empty,
        "SecurityGroupIds": empty,
        "TokenAlgorithms": ["ES256"],
        "TokenSecretArn": "",
    }
    others: dict[str, object] = {
        "Stage": "dev",
        "OperationsEmail": "",
        "WebhookConcurrency": "0",
        "ForceSyncConcurrency": "0",
    }
    check_rules(WRITTEN["Rules"], given | others)
    for name in ("SubnetIds", "SecurityGroupIds"):
        with pytest.raises(TemplateError, match=f"{name} needs"):
            check_rules(WRITTEN["Rules"], given | others | {name: ["one"]})


@pytest.mark.parametrize("name", ["Stage", "MailSender", "DataverseUrl", "TokenIssuer"])
def test_what_must_be_given_has_no_default(name: str) -> None:
    with pytest.raises(TemplateError, match=f"Parameters.{name}: it has no default"):
        load_template(TEMPLATE, {key: value for key, value in LOCAL_PARAMETERS.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Stage", "test"),
        ("MailSender", "example.no"),
        ("OperationsEmail", "nobody"),
        ("DataverseUrl", "http://hlf.crm4.dynamics.com"),
        ("DataverseUrl", "https://hlf.crm4.dynamics.com/"),
        ("EntraAuthority", "http://login.microsoftonline.com"),
        ("TokenIssuer", "http://ref.supabase.co/auth/v1"),
        ("TokenKeysUrl", "http://ref.supabase.co/keys"),
        ("TokenAlgorithms", "ES256,none"),
        ("TokenSecretArn", "tokens"),
        ("SignInUrl", "http://app.example.no/sign-in"),
        ("DashboardOrigins", "https://app.example.no,http://app.example.no"),
        ("DashboardOrigins", "https://app.example.no/"),
        ("FrameAncestors", "'self'; script-src *"),
        ("SupportSms", "ring oss"),
        ("SubnetIds", "subnet-0a,vpc-0b"),
        ("SecurityGroupIds", "default"),
        ("SettlingSeconds", "3601"),
        ("GradualDeployment", "yes"),
    ],
)
def test_a_value_of_another_form_is_refused(name: str, value: str) -> None:
    """A deployed address is https; the local stack says its own by the functions' environment."""
    with pytest.raises(TemplateError, match=f"Parameters.{name}: .*{re.escape(value.rsplit(',', maxsplit=1)[-1])}"):
        load_template(TEMPLATE, {**LOCAL_PARAMETERS, name: value})
