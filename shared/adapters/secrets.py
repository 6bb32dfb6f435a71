"""Secrets Manager: where every credential is kept."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.domain.errors import ConnectionLostError, SecretMalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_lambda_powertools.utilities.parameters import SecretsProvider

# A rotated secret is noticed at the latest after this time, and at once when the old one is refused.
_MAX_AGE_SECONDS = 300


def read_secret(arn: str, region: str, *, fresh: bool) -> Mapping[str, Any]:
    """The secret as JSON, from this container's cache unless `fresh`. Raises ConnectionLostError with a code."""
    from aws_lambda_powertools.utilities.parameters.exceptions import (  # noqa: PLC0415 - boto3 takes 200 ms to import
        GetParameterError,
        TransformParameterError,
    )

    try:
        value = _provider(region).get(arn, max_age=_MAX_AGE_SECONDS, transform="json", force_fetch=fresh)
    except TransformParameterError:
        raise SecretMalformedError("secret_is_not_json") from None
    except GetParameterError:
        raise ConnectionLostError("secret_cannot_be_read") from None
    if not isinstance(value, dict):
        raise SecretMalformedError("secret_is_not_json")
    return value


class SecretVersions:
    """shared.ports.Secrets: the version of a secret in use, and the one that is to come into use next."""

    def __init__(self, arn: str, region: str) -> None:
        self._arn = arn
        self._region = region

    def current(self) -> Mapping[str, Any]:
        """As this container knows it; whoever has just signed in by it has read it afresh."""
        return read_secret(self._arn, self._region, fresh=False)

    def pending(self) -> Mapping[str, Any] | None:
        """The version AWSPENDING as it is now; None if there is none or it is in use already.

        Not through the cache, which knows one value of a secret, whatever its version.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - as above

        client = _provider(self._region).client
        try:
            version = client.get_secret_value(SecretId=self._arn, VersionStage="AWSPENDING")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise ConnectionLostError("secret_cannot_be_read") from None
        except BotoCoreError:
            raise ConnectionLostError("secret_cannot_be_read") from None
        if "AWSCURRENT" in version["VersionStages"]:
            return None
        try:
            value = json.loads(version["SecretString"])
        except (KeyError, ValueError):
            raise SecretMalformedError("secret_is_not_json") from None
        if not isinstance(value, dict):
            raise SecretMalformedError("secret_is_not_json")
        return value


class SecretKeys:
    """shared.ports.Keys: what a secret holds, read afresh when it may have been rotated, though not at a caller's will.

    Whoever sends wrong signatures would otherwise have us ask Secrets Manager each time.
    """

    def __init__(
        self,
        read: Callable[[bool], Sequence[str]],
        *,
        rest_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read(fresh)` answers the keys. `rest_seconds`: how long after one fresh reading there is no other."""
        self._read = read
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._rests_until = float("-inf")

    def known(self) -> Sequence[str]:
        """The keys as this container knows them."""
        return self._read(False)

    def afresh(self) -> Sequence[str]:
        """The keys as they are now; none if they were read afresh a moment ago."""
        if self._clock() < self._rests_until:
            return ()
        self._rests_until = self._clock() + self._rest_seconds
        return self._read(True)


@cache
def _provider(region: str) -> SecretsProvider:
    from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415
    from boto3 import Session  # noqa: PLC0415

    return SecretsProvider(boto3_session=Session(region_name=region))
