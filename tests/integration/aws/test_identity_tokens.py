"""Tokens of AWS's outbound identity federation, and each way in which AWS refuses one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import jwt
import pytest

from emulators.lambda_host.template.provision import Stack
from emulators.sts.calls import TokenPolicy
from emulators.sts.server import LocalSts
from local.stack.aws import CREDENTIALS, REGION
from local.stack.federation import ROLE, policy_of
from local.stack.parameters import local_template
from shared.adapters.aws.identity_tokens import AwsIdentityTokens
from shared.adapters.dataverse.sign_in.client_authentication import FEDERATION_AUDIENCE
from shared.domain.errors import WebsiteAuthError, WebsiteUnavailableError
from shared.domain.listings import RefusedKind

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK = Stack(local_template(region=REGION))
ARN = STACK.attribute(ROLE, "Arn")


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSts]:
    """An STS with the role of template.yaml, and the conditions of its policy."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with LocalSts({ARN: policy_of(STACK)}) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        yield sts


def token(seconds: float = 5.0, role: str = ARN) -> str:
    return AwsIdentityTokens(role, REGION).token(FEDERATION_AUDIENCE, seconds)


def test_the_token_is_what_entra_takes(sts: LocalSts) -> None:
    """RS256, for Entra alone, of the role, for five minutes; and the template's policy allows that."""
    found = token()
    claims = jwt.decode(found, options={"verify_signature": False})
    assert jwt.get_unverified_header(found)["alg"] == "RS256"
    assert (claims["aud"], claims["sub"], claims["iss"]) == ("api://AzureADTokenExchange", ARN, sts.issuer)
    assert claims["exp"] - claims["iat"] == 300
    assert sts.calls == ["AssumeRole", "GetWebIdentityToken"]


def test_the_templates_policy_allows_nothing_else(sts: LocalSts) -> None:
    """The conditions are on audience, algorithm and life, by the keys of the IAM User Guide."""
    assert policy_of(STACK) == TokenPolicy(
        audiences=frozenset({"api://AzureADTokenExchange"}), algorithms=frozenset({"RS256"}), longest_seconds=300
    )
    with pytest.raises(WebsiteAuthError, match=r"^sts_AccessDenied$"):
        AwsIdentityTokens(ARN, REGION).token("https://elsewhere.example", 5.0)


def test_only_the_functions_of_dataverse_may_take_the_role() -> None:
    """Those that have its secret, and no other (least privilege)."""
    (statement,) = STACK.template.properties(ROLE).values["AssumeRolePolicyDocument"]["Statement"]
    trusted = {arn.rpartition("-")[2].removesuffix("Role") for arn in statement["Principal"]["AWS"]}
    assert trusted == {one.logical_id for one in STACK.functions if "DATAVERSE_SECRET_ARN" in one.environment}
    assert all(
        one.environment.get("DATAVERSE_IDENTITY_ROLE_ARN") == (ARN if one.logical_id in trusted else None)
        for one in STACK.functions
    )


REFUSALS = {
    "the account has it off": (
        lambda sts: sts.enable_federation(enabled=False),
        "sts_OutboundWebIdentityFederationDisabled",
        RefusedKind.IDENTITY_DISABLED,
    ),
    "the role is gone": (lambda sts: sts.deny(ARN), "sts_AccessDenied", RefusedKind.IDENTITY_REFUSED),
    "a policy forbids it": (
        lambda sts: sts.allow(ARN, TokenPolicy(longest_seconds=60)),
        "sts_AccessDenied",
        RefusedKind.IDENTITY_REFUSED,
    ),
    "the region is off": (
        lambda sts: sts.fail_next(9, "RegionDisabledException", 403),
        "sts_RegionDisabledException",
        RefusedKind.IDENTITY_REFUSED,
    ),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_a_refusal_of_aws_is_one_with_its_code(sts: LocalSts, how: str) -> None:
    """I10: told as a refused credential, since nothing is sent until a person acts."""
    cause, code, kind = REFUSALS[how]
    cause(sts)
    with pytest.raises(WebsiteAuthError) as raised:
        token()
    assert (raised.value.code, raised.value.kind) == (code, kind)


@pytest.mark.parametrize("code", ["Throttling", "ServiceUnavailable", "InternalFailure", "ExpiredToken"])
def test_a_fault_that_passes_is_no_refusal(sts: LocalSts, code: str) -> None:
    sts.fail_next(9, code, 503 if code.startswith("S") else 400)
    with pytest.raises(WebsiteUnavailableError, match=rf"^sts_{code}$"):
        token()


def test_one_fault_is_tried_again(sts: LocalSts) -> None:
    sts.fail_next(1)
    sts.drop_reply_next(1)
    with pytest.raises(WebsiteUnavailableError):
        token()
    sts.fail_next(1)
    assert token()


def test_an_sts_that_hangs_takes_no_longer_than_allowed(sts: LocalSts) -> None:
    """I18."""
    sts.hang()
    began = time.monotonic()
    with pytest.raises(WebsiteUnavailableError, match=r"^sts_"):
        token(0.5)
    assert time.monotonic() - began < 1.5
    sts.heal()


def test_nobody_listening_is_no_refusal(sts: LocalSts) -> None:
    sts.refuse_connections()
    with pytest.raises(WebsiteUnavailableError, match=r"^sts_EndpointConnectionError$"):
        token()


def test_without_a_role_nothing_is_asked(sts: LocalSts) -> None:
    with pytest.raises(WebsiteAuthError, match=r"^sts_no_role$"):
        token(role="")
    assert sts.calls == []
