"""Read and move the versions of the website's secret in Secrets Manager."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from operations.deployed import refusals
from operations.errors import OperationsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_secretsmanager import SecretsManagerClient

    from operations.deployed import Deployment

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
_SECRET = "DataverseSecretArn"  # an output of the stack


@dataclass(frozen=True)
class SecretVersions:
    """Move the labels of one secret. Each call raises StackNotFoundError if AWS refuses it."""

    client: SecretsManagerClient
    arn: str

    @classmethod
    def of(cls, deployment: Deployment) -> SecretVersions:
        """Return those of the website's secret."""
        return cls(deployment.secrets, deployment.output(_SECRET))

    def with_label(self, label: str) -> str | None:
        """Return the version that has this label."""
        with refusals():
            described = self.client.describe_secret(SecretId=self.arn)
        versions = described.get("VersionIdsToStages", {})
        return next((version for version, labels in versions.items() if label in labels), None)

    def value_in_use(self) -> Mapping[str, Any]:
        """Return what is in use now; nothing where the operator may not read it, or it holds nothing."""
        with suppress(ClientError, ValueError):
            value = json.loads(self.client.get_secret_value(SecretId=self.arn)["SecretString"])
            return value if isinstance(value, dict) else {}
        return {}

    def store(self, version: str, value: Mapping[str, Any]) -> None:
        """Store a pending version under this id. Raises OperationsError if another value was stored under it before.

        That happens where a run was interrupted before it had recorded what it stored.
        """
        with refusals():
            if version in self.client.describe_secret(SecretId=self.arn).get("VersionIdsToStages", {}):
                stored = self.client.get_secret_value(SecretId=self.arn, VersionId=version)["SecretString"]
                if json.loads(stored) != value:
                    raise OperationsError(
                        "an interrupted run has stored another credential than this one, and nothing was put in use:"
                        " enter that one again, or take it back with --undo and begin anew"
                    )
            self.client.put_secret_value(
                SecretId=self.arn,
                ClientRequestToken=version,
                SecretString=json.dumps(value),
                VersionStages=[PENDING],
            )

    def move(self, label: str, to: str, away_from: str | None) -> bool:
        """Move a label, if it is where it is expected to be. Return whether it was."""
        moving: dict[str, Any] = {"RemoveFromVersionId": away_from} if away_from else {}
        with refusals():
            try:
                self.client.update_secret_version_stage(
                    SecretId=self.arn, VersionStage=label, MoveToVersionId=to, **moving
                )
            except self.client.exceptions.InvalidParameterException:
                return False
        return True

    def take_label(self, label: str, version: str) -> None:
        """Take a label away from a version that may have it."""
        with refusals(), suppress(self.client.exceptions.InvalidParameterException):
            self.client.update_secret_version_stage(SecretId=self.arn, VersionStage=label, RemoveFromVersionId=version)
