"""The local STS: sessions of roles, and tokens that anybody can verify by the issuer's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import httpx
import jwt
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulators.sts.calls import TokenPolicy
from emulators.sts.server import LocalSts

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "arn:aws:iam::000000000000:role/website"
AUDIENCE = "api://AzureADTokenExchange"
POLICY = TokenPolicy(audiences=frozenset({AUDIENCE}), algorithms=frozenset({"RS256"}), longest_seconds=300)


@pytest.fixture
def sts() -> Iterator[LocalSts]:
    with LocalSts({ROLE: POLICY}) as sts:
        yield sts


def client(sts: LocalSts, **credentials: str) -> Any:
    session: Any = boto3.Session(region_name="eu-north-1")
    names = {"aws_access_key_id": "local", "aws_secret_access_key": "local"} | credentials
    return session.client("sts", endpoint_url=sts.url, config=Config(retries={"total_max_attempts": 1}), **names)


def as_role(sts: LocalSts, role: str = ROLE) -> Any:
    granted = client(sts).assume_role(RoleArn=role, RoleSessionName="dataverse")["Credentials"]
    return client(
        sts,
        aws_access_key_id=granted["AccessKeyId"],
        aws_secret_access_key=granted["SecretAccessKey"],
        aws_session_token=granted["SessionToken"],
    )


def ask(session: Any, **changed: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"Audience": [AUDIENCE], "SigningAlgorithm": "RS256", "DurationSeconds": 300}
    found: dict[str, Any] = session.get_web_identity_token(**asked | changed)
    return found


def code(sts: LocalSts, call: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return str(raised.value.response["Error"]["Code"])


def verified(sts: LocalSts, token: str) -> dict[str, Any]:
    """The claims, verified as any relying party does: by the issuer's own documents."""
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    metadata = httpx.get(f"{issuer}/.well-known/openid-configuration").json()
    assert metadata["issuer"] == issuer == sts.issuer
    keys = jwt.PyJWKSet.from_dict(httpx.get(metadata["jwks_uri"]).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, Any] = jwt.decode(token, key.key, ["RS256"], audience=AUDIENCE, issuer=issuer)
    return claims


def test_a_session_of_the_role_gets_a_token_that_verifies(sts: LocalSts) -> None:
    """The subject is the ARN of the role, not of the session (IAM User Guide, "Understanding token claims")."""
    reply = ask(as_role(sts))
    claims = verified(sts, reply["WebIdentityToken"])
    assert (claims["sub"], claims["aud"], claims["exp"] - claims["iat"]) == (ROLE, AUDIENCE, 300)
    assert int(reply["Expiration"].timestamp()) == claims["exp"]
    assert sts.calls == ["AssumeRole", "GetWebIdentityToken"]


@pytest.mark.parametrize("changed", [{"Audience": ["other"]}, {"SigningAlgorithm": "ES384"}, {"DurationSeconds": 301}])
def test_what_the_policy_does_not_allow_is_denied(sts: LocalSts, changed: Any) -> None:
    assert code(sts, lambda: ask(as_role(sts), **changed)) == "AccessDenied"


def test_a_caller_without_a_session_of_the_role_is_denied(sts: LocalSts) -> None:
    assert code(sts, lambda: ask(client(sts))) == "AccessDenied"
    assert code(sts, lambda: as_role(sts, ROLE + "-other")) == "AccessDenied"


def test_an_account_without_the_feature_says_so(sts: LocalSts) -> None:
    sts.enable_federation(enabled=False)
    assert code(sts, lambda: ask(as_role(sts))).startswith("OutboundWebIdentityFederationDisabled")


def test_a_rotated_key_is_published_beside_the_old_one(sts: LocalSts) -> None:
    before = ask(as_role(sts))["WebIdentityToken"]
    sts.rotate()
    after = ask(as_role(sts))["WebIdentityToken"]
    assert {verified(sts, token)["sub"] for token in (before, after)} == {ROLE}
    sts.withdraw()
    with pytest.raises(KeyError):
        verified(sts, before)


def test_faults_come_when_they_are_asked_for(sts: LocalSts) -> None:
    sts.fail_next(1, "Throttling", 400)
    assert code(sts, lambda: as_role(sts)) == "Throttling"
    sts.hide_metadata()
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{sts.issuer}/.well-known/openid-configuration")
    sts.heal()
    assert httpx.get(f"{sts.issuer}/elsewhere").status_code == 404
    assert verified(sts, ask(as_role(sts))["WebIdentityToken"])
