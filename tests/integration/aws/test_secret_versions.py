"""The versions of a secret that a rotation stores."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from operations.commands.credential.secret_versions import SecretVersions
from operations.errors import OperationsError

VERSION = "11111111-2222-4333-8444-555555555555"


def test_another_value_under_one_id_is_refused() -> None:
    """A run that was cut off before it recorded what it stored: the one entered now never gives way to that one."""
    with mock_aws():
        client = boto3.client("secretsmanager", "eu-north-1")
        arn = client.create_secret(Name="dataverse", SecretString="{}")["ARN"]
        versions = SecretVersions(client, arn)
        versions.store(VERSION, {"client_secret": "first"})
        versions.store(VERSION, {"client_secret": "first"})
        with pytest.raises(OperationsError, match="another credential"):
            versions.store(VERSION, {"client_secret": "second"})
