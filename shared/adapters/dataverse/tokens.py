"""Tokens for an application user, by client credentials.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import random
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any

import httpx

from shared.adapters.dataverse.http import Reply, exchange
from shared.adapters.dataverse.json_body import read_json
from shared.adapters.dataverse.retry_after import UNNAMED_SECONDS, retry_after
from shared.domain.deadlines import at_most
from shared.domain.errors import (
    ConnectionLostError,
    SecretMalformedError,
    WebsiteAuthError,
    WebsiteClosedError,
    WebsiteUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shared.adapters.dataverse.origin import Origin

# A token is replaced before it ends, so that none ends on its way, and not by all containers in the same second.
_EARLY_SECONDS = 300.0
_JITTER_SECONDS = 60.0
# Where a new one cannot be had, the old one is used up to here, and a new one asked for so often.
_LAST_SECONDS = 60.0
_AGAIN_SECONDS = 30.0

_LONGEST_SECONDS = 15.0

# How long an answer without a token stands, so that threads and retries do not ask in a row what was just answered. A
# replaced secret is asked with at once, and a health check asks in any case.
_REFUSED_SECONDS = 10.0
_ILL_SECONDS = 3.0

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_PRINTABLE = re.compile(r"[\x20-\x7e]+")
# A header of a request takes no longer one; Entra's have some 2,000 characters.
_TOKEN = re.compile(r"[\x21-\x7e]{1,32768}")
_LONGEST_REPLY = 256 << 10
# Entra gives an hour or so, in a long-lived session 28.
_LONGEST_LIFE_SECONDS = 28 * 3600.0
_LARGEST_NUMBER = 10**10
_WORD = re.compile(r"[a-z_]{1,40}")
# Microsoft: decide by `error` alone; the descriptions and the numbers may change.
_NOT_NOW = ("temporarily_unavailable", "server_error")


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float
    ends_at: float


@dataclass(frozen=True, slots=True)
class _Failed:
    error: WebsiteAuthError | WebsiteUnavailableError
    secret: Mapping[str, Any]
    until: float


class Tokens:
    """The token of this container. Threads may share it: one asks, the others wait for what it gets.

    The clock is the wall's: a container may have been frozen between two invocations.
    """

    def __init__(
        self,
        client: httpx.Client,
        authority: Origin,
        scope: str,
        read_secret: Callable[[bool], Mapping[str, Any]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`read_secret(fresh)` gives tenant_id, client_id and client_secret; `fresh` says not to use a cache."""
        self._client = client
        self._authority = authority
        self._scope = scope
        self._read_secret = read_secret
        self._clock = clock
        self._lock = Lock()
        self._kept: _Token | None = None
        self._closed_until = 0.0
        self._failed: _Failed | None = None

    def token(self, seconds: float) -> str:
        """The token, asked for in `seconds` if need be. Raises WebsiteAuthError or WebsiteUnavailableError."""
        with self._alone(seconds) as time_left:
            kept, now = self._kept, self._clock()
            if kept and now < kept.renew_at:
                return kept.value
            try:
                return self._renew(time_left, fresh=False)
            except WebsiteUnavailableError:
                if kept is None or now > kept.ends_at - _LAST_SECONDS:
                    raise
                self._kept = replace(kept, renew_at=now + _AGAIN_SECONDS)
                return kept.value

    def renewed(self, refused: str | None, seconds: float) -> str:
        """Another token than the one that was refused, by the secret as it is now. Raises as `token` does.

        None was refused: a health check asks. If it fails the token at hand goes on being used, as long as it lasts.
        """
        with self._alone(seconds) as time_left:
            if refused is not None:
                if self._kept and self._kept.value != refused:
                    return self._kept.value  # another thread has been here
                self._kept = None
            else:
                self._failed = None
            return self._renew(time_left, fresh=True)

    @contextmanager
    def _alone(self, seconds: float) -> Iterator[Callable[[], float]]:
        """One thread at a time. Yields what is left of its seconds: waiting for its turn takes of them too."""
        ends_at = time.monotonic() + at_most(min(seconds, _LONGEST_SECONDS))
        if not self._lock.acquire(timeout=max(ends_at - time.monotonic(), 0.0)):
            raise WebsiteUnavailableError("entra_no_time_left")
        try:
            yield lambda: ends_at - time.monotonic()
        finally:
            self._lock.release()

    def _renew(self, time_left: Callable[[], float], *, fresh: bool) -> str:
        secret = self._secret(fresh=fresh)
        try:
            self._kept = self._tried(secret, time_left)
        except WebsiteAuthError:
            # The secret in the cache may have been replaced; the same one again is refused again.
            if fresh or (newer := self._secret(fresh=True)) == secret:
                raise
            self._kept = self._tried(newer, time_left)
        return self._kept.value

    def _tried(self, secret: Mapping[str, Any], time_left: Callable[[], float]) -> _Token:
        """A token by this secret, or what Entra answered to it a moment ago."""
        failed = self._failed
        if failed and self._clock() < failed.until and failed.secret == secret:
            raise type(failed.error)(str(failed.error))
        try:
            return self._ask(secret, time_left)
        except WebsiteClosedError:
            raise  # it stands for as long as Entra said
        except (WebsiteAuthError, WebsiteUnavailableError) as error:
            stands = _REFUSED_SECONDS if isinstance(error, WebsiteAuthError) else _ILL_SECONDS
            self._failed = _Failed(error, secret, self._clock() + stands)
            raise

    def _secret(self, *, fresh: bool) -> Mapping[str, Any]:
        try:
            return self._read_secret(fresh)
        except SecretMalformedError as error:
            raise WebsiteAuthError(str(error)) from None
        except ConnectionLostError as error:
            raise WebsiteUnavailableError(str(error)) from None

    def _ask(self, secret: Mapping[str, Any], time_left: Callable[[], float]) -> _Token:
        tenant, client_id, client_secret = _credential(secret)
        now = self._clock()
        if now < self._closed_until:
            raise WebsiteClosedError("entra_closed", self._closed_until - now)
        if (seconds := time_left()) <= 0:
            raise WebsiteUnavailableError("entra_no_time_left")
        request = self._client.build_request(
            "POST",
            self._authority.address(f"/{tenant}/oauth2/v2.0/token"),
            data={
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": client_secret,
                "scope": self._scope,
            },
        )
        try:
            reply = exchange(self._client, request, seconds, longest=_LONGEST_REPLY)
        except httpx.RequestError as error:
            raise WebsiteUnavailableError(f"entra_{type(error).__name__}") from None
        said = _json_object(reply.body)
        if reply.status == HTTPStatus.OK:
            return _token(said, now)
        raise self._trouble(reply, said, now)

    def _trouble(self, reply: Reply, said: Mapping[str, Any], now: float) -> Exception:
        status = reply.status
        wait = retry_after(reply.headers.get("retry-after"))
        if wait or status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = wait or UNNAMED_SECONDS
            self._closed_until = now + wait
            return WebsiteClosedError(f"entra_{status}", wait, ill=status >= HTTPStatus.INTERNAL_SERVER_ERROR)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or said.get("error") in _NOT_NOW:
            return WebsiteUnavailableError(f"entra_{status}")
        return WebsiteAuthError(f"entra_{_code(said, status)}")


def _credential(secret: Mapping[str, Any]) -> list[str]:
    found = []
    for name in ("tenant_id", "client_id", "client_secret"):
        value = secret.get(name)
        form = _TENANT if name == "tenant_id" else _PRINTABLE
        if not isinstance(value, str) or not form.fullmatch(value):
            raise WebsiteAuthError(f"secret_has_no_{name}")
        found.append(value)
    return found


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        said = read_json(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _token(said: Mapping[str, Any], now: float) -> _Token:
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
    return _Token(value, renew_at=now + seconds - early, ends_at=now + seconds)


def _code(said: Mapping[str, Any], status: int) -> int | str:
    """For the alert only: Entra's number (AADSTS…), which tells an expired secret from a wrong one, or its word."""
    numbers, word = said.get("error_codes"), said.get("error")
    if isinstance(numbers, list) and numbers and type(numbers[0]) is int and 0 <= numbers[0] <= _LARGEST_NUMBER:
        return numbers[0]
    return word if isinstance(word, str) and _WORD.fullmatch(word) else status
