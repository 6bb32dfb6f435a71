"""AWS's outbound identity federation: a token that says to another service which role of ours asks.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any

from boto3 import Session
from botocore.config import Config

from shared.adapters.aws.call import aws_call
from shared.domain.errors import WebsiteAuthError, WebsiteUnavailableError
from shared.domain.listings import RefusedKind

# Two calls, each with two tries; together they never take longer than this.
_LONGEST_SECONDS = 6.0
# Entra supports no other algorithm of another issuer. The role's policy in template.yaml allows no other either, and no
# longer life.
_ALGORITHM = "RS256"
_LIFE_SECONDS = 300
_SESSION = "dataverse"

# AWS says no, and will until a person acts. Anything else passes by itself: throttling, a fault, no reply.
_REFUSALS = {
    "AccessDenied",
    "AccessDeniedException",
    "InvalidClientTokenId",
    "JWTPayloadSizeExceeded",
    "JWTPayloadSizeExceededException",
    "OptInRequired",
    "RegionDisabledException",
    "SessionDurationEscalation",
    "SessionDurationEscalationException",
    "SignatureDoesNotMatch",
    "ValidationError",
}
# The code in the API reference, and the name that SDKs give it.
_DISABLED = ("OutboundWebIdentityFederationDisabled", "OutboundWebIdentityFederationDisabledException")


class AwsIdentityTokens:
    """shared.ports.IdentityTokens: tokens whose subject is one role, whichever function asks.

    The functions have roles of their own. They assume this one for a token, so that the other service has one subject
    to trust, and what one function's check finds is true for all of them.
    """

    def __init__(self, role_arn: str, region: str) -> None:
        """`role_arn`: the role that is the subject. STS's global endpoint does not have this call; the region's has."""
        self._role_arn = role_arn
        self._region = region

    def token(self, audience: str, seconds: float) -> str:
        """Return a token for `audience`. Raises WebsiteAuthError or WebsiteUnavailableError with AWS's code."""
        if not self._role_arn:
            raise WebsiteAuthError("sts_no_role", RefusedKind.IDENTITY_REFUSED)
        ends_at = time.monotonic() + min(seconds, _LONGEST_SECONDS)
        session = aws_call("sts", ends_at - time.monotonic(), self._assume, _error)
        return aws_call("sts", ends_at - time.monotonic(), lambda: self._ask(session, audience), _error)

    def _assume(self) -> Any:  # noqa: ANN401 - a client of boto3
        # The shortest session there is; it serves for one token.
        granted = self._own.assume_role(RoleArn=self._role_arn, RoleSessionName=_SESSION, DurationSeconds=900)
        credentials = granted["Credentials"]
        return self._client(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    @staticmethod
    def _ask(session: Any, audience: str) -> str:  # noqa: ANN401 - a client of boto3
        reply = session.get_web_identity_token(
            Audience=[audience], SigningAlgorithm=_ALGORITHM, DurationSeconds=_LIFE_SECONDS
        )
        return str(reply["WebIdentityToken"])

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401 - the types of STS are not installed
        return Session(region_name=self._region)

    @cached_property
    def _own(self) -> Any:  # noqa: ANN401 - a client of boto3
        return self._client()

    def _client(self, **credentials: str) -> Any:  # noqa: ANN401 - a client of boto3
        config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=1, read_timeout=2)
        return self._session.client("sts", config=config, **credentials)


def _error(code: str) -> WebsiteAuthError | WebsiteUnavailableError:
    word = code.removeprefix("sts_")
    if word in _DISABLED:
        return WebsiteAuthError(f"sts_{_DISABLED[0]}", RefusedKind.IDENTITY_DISABLED)
    return WebsiteAuthError(code, RefusedKind.IDENTITY_REFUSED) if word in _REFUSALS else WebsiteUnavailableError(code)
