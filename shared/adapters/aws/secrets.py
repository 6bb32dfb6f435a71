"""Secrets Manager: where every credential is kept."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError, TransformParameterError
from boto3 import Session
from botocore.config import Config

from shared.adapters.aws.call import aws_call
from shared.adapters.within import DeadlineExceededError, within
from shared.domain.errors import ConnectionLostError, SecretMalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Two tries of up to 3 seconds; in all no longer than this, whatever the network does.
_LONGEST_SECONDS = 6.0

# A rotated secret is noticed at the latest after this time, and at once when the old one is refused.
_MAX_AGE_SECONDS = 300


def read_secret(arn: str, region: str, *, fresh: bool) -> Mapping[str, Any]:
    """The secret as JSON, from this container's cache unless `fresh`; within 6 seconds, and the function's own time.

    Raises ConnectionLostError with a code.
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
        client = _provider(self._region).client

        def ask() -> str | None:
            try:
                version = client.get_secret_value(SecretId=self._arn, VersionStage="AWSPENDING")
            except client.exceptions.ResourceNotFoundException:
                return None
            return None if "AWSCURRENT" in version["VersionStages"] else version.get("SecretString", "")

        text = aws_call("secret", _LONGEST_SECONDS, ask, lambda _: ConnectionLostError("secret_cannot_be_read"))
        if text is None:
            return None
        try:
            value = json.loads(text)
        except (TypeError, ValueError, RecursionError):
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
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=1, read_timeout=2)
    return SecretsProvider(boto_config=config, boto3_session=Session(region_name=region))
