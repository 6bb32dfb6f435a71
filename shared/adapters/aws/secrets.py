"""AWS Secrets Manager, where every credential is kept."""

from __future__ import annotations

import json
import logging
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from botocore.config import Config

from shared.adapters.aws.call import aws_call
from shared.adapters.within import DeadlineExceededError, within
from shared.domain.credentials.credential import PendingSecret
from shared.domain.errors import ConnectionLostError, SecretMalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Two tries of up to 3 seconds each; together they never take longer than this, whatever the network does.
_LONGEST_SECONDS = 6.0

# A rotated secret is noticed after this time at the latest, and at once when the old one is refused.
_MAX_AGE_SECONDS = 300


def read_secret(arn: str, region: str, *, fresh: bool) -> Mapping[str, Any]:
    """Return the secret, which is a JSON object, from this container's cache unless `fresh`.

    Takes at most 6 seconds, and never longer than the function has. Raises ConnectionLostError with a code.
    """
    provider = _provider(region)
    try:
        value = within(
            _LONGEST_SECONDS,
            lambda: provider.get(arn, max_age=_MAX_AGE_SECONDS, transform="json", force_fetch=fresh),
        )
    except TransformParameterError:
        raise SecretMalformedError("secret_is_not_json") from None
    except (GetParameterError, DeadlineExceededError):
        raise ConnectionLostError("secret_cannot_be_read") from None
    if not isinstance(value, dict):
        raise SecretMalformedError("secret_is_not_json")
    return value


def secrets_client(region: str) -> None:
    """Make the container's client, which takes longer than a reading; without it the first reading does."""
    _provider(region)


class SecretVersions:
    """shared.ports.Secrets: the version of a secret in use, and the pending one that replaces it next."""

    def __init__(self, arn: str, region: str) -> None:
        self._arn = arn
        self._region = region

    def current(self) -> Mapping[str, Any]:
        """Return the version in use from this container's cache, which the latest sign-in has refreshed."""
        return read_secret(self._arn, self._region, fresh=False)

    def pending(self) -> PendingSecret | None:
        """Return the version AWSPENDING as it is now; None if there is none or it is in use already.

        This does not use the cache, because the cache holds one value of a secret, whatever its version.
        """
        client = _provider(self._region).client

        def ask() -> tuple[str, str] | None:
            try:
                version = client.get_secret_value(SecretId=self._arn, VersionStage="AWSPENDING")
            except client.exceptions.ResourceNotFoundException:
                return None
            if "AWSCURRENT" in version["VersionStages"]:
                return None
            return version["VersionId"], version.get("SecretString", "")

        found = aws_call("secret", _LONGEST_SECONDS, ask, lambda _: ConnectionLostError("secret_cannot_be_read"))
        if found is None:
            return None
        version, text = found
        try:
            value = json.loads(text)
        except (TypeError, ValueError, RecursionError):
            value = None
        return PendingSecret(version, value if isinstance(value, dict) else None)


class SecretKeys:
    """shared.ports.Keys: the keys in a secret, which is read again when it may have been rotated.

    Fresh readings are rationed. Otherwise each wrong signature that a stranger sends would cost a request to Secrets
    Manager.
    """

    def __init__(
        self,
        read: Callable[[bool], Sequence[str]],
        *,
        rest_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read(fresh)` returns the keys. `rest_seconds`: the least time between two fresh readings."""
        self._read = read
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._rests_until = float("-inf")

    def known(self) -> Sequence[str]:
        """Return the keys as this container last read them."""
        return self._read(False)

    def afresh(self) -> Sequence[str]:
        """Return the keys as they are now; none if the last fresh reading was too short a time ago."""
        if self._clock() < self._rests_until:
            return ()
        self._rests_until = self._clock() + self._rest_seconds
        return self._read(True)


@cache
def _provider(region: str) -> SecretsProvider:
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=1, read_timeout=2)
    # Of boto3's own session, as every client: a second one reads the descriptions of all regions again.
    logging.getLogger("botocore").setLevel(logging.WARNING)  # at INFO it says where each start found credentials
    return SecretsProvider(boto3_client=boto3.client("secretsmanager", region_name=region, config=config))
