"""Read and write the secrets of a stack. Their values are on no screen, in no argument and in no log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.deployed import refusals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_secretsmanager import SecretsManagerClient


@dataclass(frozen=True)
class SecretValues:
    """The values in use. Each call raises StackNotFoundError if AWS refuses it."""

    client: SecretsManagerClient

    def read(self, arn: str) -> Mapping[str, Any]:
        """Return what is in use; empty where nothing is yet, or no JSON object."""
        with refusals():
            try:
                text = self.client.get_secret_value(SecretId=arn).get("SecretString", "")
            except self.client.exceptions.ResourceNotFoundException:
                # It exists, but has no value yet. A secret that is gone is refused when it is described.
                self.client.describe_secret(SecretId=arn)
                return {}
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def write(self, arn: str, value: Mapping[str, Any]) -> None:
        """Put a value in use."""
        with refusals():
            self.client.put_secret_value(SecretId=arn, SecretString=json.dumps(value))
