"""Entra, which signs in an application user by its client credentials: one request, one token.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx

from shared.adapters.dataverse.retry_after import UNNAMED_SECONDS, retry_after
from shared.adapters.dataverse.sign_in.client_authentication import proof_of
from shared.adapters.http.exchange import Reply, exchange
from shared.adapters.http.json_body import read_json
from shared.domain.credentials.forms import read_credential
from shared.domain.errors import (
    SecretMalformedError,
    WebsiteAuthError,
    WebsiteBackoffError,
    WebsiteUnavailableError,
)
from shared.domain.listings import RefusedKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.adapters.dataverse.origin import Origin
    from shared.adapters.dataverse.sign_in.client_authentication import Sign
    from shared.ports import IdentityTokens

# A token is renewed early, so that it cannot expire during a request. The jitter spreads the renewals of containers.
_EARLY_SECONDS = 300.0
_JITTER_SECONDS = 60.0

# A request header takes no longer token; Entra's tokens have about 2,000 characters.
_TOKEN = re.compile(r"[\x21-\x7e]{1,32768}")
_LONGEST_REPLY = 256 << 10
# A token of Entra is valid for about one hour, in a long-lived session for 28 hours.
_LONGEST_LIFE_SECONDS = 28 * 3600.0
_LARGEST_NUMBER = 10**10
_WORD = re.compile(r"[a-z_]{1,40}")
# Microsoft Entra authentication error codes (AADSTS…). Microsoft says to decide by `error` alone, because descriptions
# and numbers may change; these numbers only choose which alert is opened and in which words a person reads the refusal.
_KINDS = {
    7000222: RefusedKind.SECRET_ENDED,
    7000215: RefusedKind.SECRET_WRONG,
    7000216: RefusedKind.SECRET_MISSING,
    700016: RefusedKind.UNKNOWN_APPLICATION,
    7000112: RefusedKind.APPLICATION_DISABLED,
    90002: RefusedKind.UNKNOWN_TENANT,
    900023: RefusedKind.UNKNOWN_TENANT,
    53003: RefusedKind.BLOCKED_BY_POLICY,
    70011: RefusedKind.UNKNOWN_ADDRESS,
    500011: RefusedKind.UNKNOWN_ADDRESS,
    # Refusals of a client assertion, as captured in public threads; the error page does not list all of them.
    70021: RefusedKind.UNTRUSTED_ISSUER,
    700211: RefusedKind.UNTRUSTED_ISSUER,
    700212: RefusedKind.UNTRUSTED_AUDIENCE,
    700213: RefusedKind.UNTRUSTED_SUBJECT,
    7002131: RefusedKind.UNTRUSTED_SUBJECT,
    7002137: RefusedKind.UNTRUSTED_SUBJECT,
    7002138: RefusedKind.UNTRUSTED_SUBJECT,
    50027: RefusedKind.ASSERTION_INVALID,
    501661: RefusedKind.ASSERTION_INVALID,
    700024: RefusedKind.ASSERTION_INVALID,
    700027: RefusedKind.ASSERTION_INVALID,
    7000272: RefusedKind.ASSERTION_INVALID,
}
_NOT_NOW = ("temporarily_unavailable", "server_error")


@dataclass(frozen=True, slots=True)
class Token:
    """A token, the time to ask for another, and the time it expires."""

    value: str
    renew_at: float
    ends_at: float


class Entra:
    """The client of Entra. It sends no request before a time that Entra named in Retry-After is over."""

    def __init__(
        self, client: httpx.Client, authority: Origin, scope: str, identity: IdentityTokens, sign: Sign
    ) -> None:
        """`scope`: the resource that the tokens are for. `identity` and `sign` prove who we are: see proof_of."""
        self._client = client
        self._identity = identity
        self._sign = sign
        self._authority = authority
        self._scope = scope
        self._backoff_until = 0.0

    def ask(self, secret: Mapping[str, Any], time_left: Callable[[], float], now: float) -> Token:
        """Return a token by this secret, whose form chooses how. Raises WebsiteAuthError or WebsiteUnavailableError.

        `now`: seconds since 1970.
        """
        try:
            credential = read_credential(secret)
        except SecretMalformedError as error:
            raise WebsiteAuthError(str(error), RefusedKind.SECRET_MISSING) from None
        if now < self._backoff_until:
            raise WebsiteBackoffError("entra_backoff", self._backoff_until - now)
        if (seconds := time_left()) <= 0:
            raise WebsiteUnavailableError("entra_no_time_left")
        token_url = self._authority.address(f"/{credential.tenant_id}/oauth2/v2.0/token")
        data = {
            "grant_type": "client_credentials",
            "client_id": credential.client_id,
            "scope": self._scope,
            **proof_of(credential, str(token_url), seconds, identity=self._identity, sign=self._sign),
        }
        if (seconds := time_left()) <= 0:
            raise WebsiteUnavailableError("entra_no_time_left")
        request = self._client.build_request("POST", token_url, data=data)
        try:
            reply = exchange(self._client, request, seconds, longest=_LONGEST_REPLY)
        except httpx.RequestError as error:
            raise WebsiteUnavailableError(f"entra_{type(error).__name__}") from None
        said = _json_object(reply.body)
        if reply.status == HTTPStatus.OK:
            return _token(said, now)
        raise self._failure(reply, said, now)

    def _failure(self, reply: Reply, said: Mapping[str, Any], now: float) -> Exception:
        status = reply.status
        wait = retry_after(reply.headers.get("retry-after"))
        if wait or status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = wait or UNNAMED_SECONDS
            self._backoff_until = now + wait
            return WebsiteBackoffError(f"entra_{status}", wait, server_fault=status >= HTTPStatus.INTERNAL_SERVER_ERROR)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or said.get("error") in _NOT_NOW:
            return WebsiteUnavailableError(f"entra_{status}")
        code = _code(said, status)
        kind = _KINDS.get(code, RefusedKind.OTHER) if isinstance(code, int) else RefusedKind.OTHER
        return WebsiteAuthError(f"entra_{code}", kind)


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        said = read_json(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _token(said: Mapping[str, Any], now: float) -> Token:
    value, lasts = said.get("access_token"), said.get("expires_in")
    try:
        seconds = float(lasts) if isinstance(lasts, int | float | str) and not isinstance(lasts, bool) else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    kind = said.get("token_type")
    bearer = isinstance(kind, str) and kind.lower() == "bearer"
    if not (bearer and isinstance(value, str) and _TOKEN.fullmatch(value) and 0 < seconds < float("inf")):
        raise WebsiteUnavailableError("entra_200_without_a_token")
    seconds = min(seconds, _LONGEST_LIFE_SECONDS)
    early = min(_EARLY_SECONDS + random.uniform(0, _JITTER_SECONDS), seconds / 2)  # noqa: S311 - not a secret
    return Token(value, renew_at=now + seconds - early, ends_at=now + seconds)


def _code(said: Mapping[str, Any], status: int) -> int | str:
    """Return Entra's number (AADSTS…) or its word. The number tells an expired secret from a wrong one in the alert."""
    numbers, word = said.get("error_codes"), said.get("error")
    if isinstance(numbers, list) and numbers and type(numbers[0]) is int and 0 <= numbers[0] <= _LARGEST_NUMBER:
        return numbers[0]
    return word if isinstance(word, str) and _WORD.fullmatch(word) else status
