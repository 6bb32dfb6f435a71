"""Secrets Manager in process: what is cached, what a rotation changes, and what is no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.stack.aws import REGION
from shared.adapters.aws.secrets import SecretVersions, read_secret
from shared.domain.credentials.credential import PendingSecret
from shared.domain.errors import ConnectionLostError, SecretMalformedError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

FIRST, SECOND = {"client_secret": "first"}, {"client_secret": "second"}


class Secret:
    """A secret of moto, and who may change it."""

    def __init__(self) -> None:
        self._manager: SecretsManagerClient = boto3.client("secretsmanager", region_name=REGION)
        self.arn = self._manager.create_secret(Name="dataverse", SecretString=json.dumps(FIRST))["ARN"]

    def put(self, value: object, *stages: str) -> str:
        """Store a version with these stages, and return its id."""
        text = value if isinstance(value, str) else json.dumps(value)
        reply = self._manager.put_secret_value(
            SecretId=self.arn, SecretString=text, VersionStages=list(stages) or ["AWSCURRENT"]
        )
        return reply["VersionId"]


@pytest.fixture
def secret(moto: None) -> Secret:
    return Secret()


def read(secret: Secret, *, fresh: bool = False) -> Any:
    return read_secret(secret.arn, REGION, fresh=fresh)


def test_a_secret_is_kept_until_it_is_asked_for_afresh(secret: Secret) -> None:
    """A rotation is noticed when the old secret is refused, and then by everybody in this container."""
    assert read(secret) == FIRST
    secret.put(SECOND)
    assert read(secret) == FIRST
    assert read(secret, fresh=True) == SECOND
    assert read(secret) == SECOND
    assert SecretVersions(secret.arn, REGION).current() == SECOND


def test_the_next_version_is_found_beside_the_one_in_use(secret: Secret) -> None:
    """I10: and it is not taken for today's."""
    versions = SecretVersions(secret.arn, REGION)
    assert versions.pending() is None
    version = secret.put(SECOND, "AWSPENDING")
    assert versions.pending() == PendingSecret(version, SECOND)
    assert "second" not in repr(versions.pending())
    assert (versions.current(), read(secret, fresh=True)) == (FIRST, FIRST)


def test_a_next_version_that_is_in_use_already_is_none(secret: Secret) -> None:
    """A rotation's last step leaves the stage on it."""
    secret.put(SECOND, "AWSCURRENT", "AWSPENDING")
    assert SecretVersions(secret.arn, REGION).pending() is None
    assert read(secret) == SECOND


@pytest.mark.parametrize("value", ["null", "[]", '"text"', "{", "client_secret=first", "[" * 20_000])
def test_a_secret_that_is_no_object_is_one_of_our_errors(secret: Secret, value: str) -> None:
    """What stands in it is not in the error (I11)."""
    secret.put(value)
    with pytest.raises(SecretMalformedError, match=r"^secret_is_not_json$"):
        read(secret)


@pytest.mark.parametrize("value", ["null", "[]", "{", "7"])
def test_a_next_version_that_is_no_object_is_known_by_its_id(secret: Secret, value: str) -> None:
    """So that whoever put it there hears that it is not one, and which it was."""
    version = secret.put(value, "AWSPENDING")
    assert SecretVersions(secret.arn, REGION).pending() == PendingSecret(version, None)


def test_a_secret_that_is_not_there_cannot_be_read(secret: Secret) -> None:
    with pytest.raises(ConnectionLostError, match=r"^secret_cannot_be_read$"):
        read_secret(secret.arn + "-gone", REGION, fresh=False)
    assert SecretVersions(secret.arn + "-gone", REGION).pending() is None
