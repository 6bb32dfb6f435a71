"""The token of a container: kept, renewed in time, requested by one thread for all."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared.adapters.dataverse.sign_in.client_authentication import NO_IDENTITY_PROVIDER, cannot_sign
from shared.adapters.dataverse.sign_in.entra import Entra, Token
from shared.domain.deadlines import at_most
from shared.domain.errors import (
    ConnectionLostError,
    SecretMalformedError,
    WebsiteAuthError,
    WebsiteBackoffError,
    WebsiteUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from shared.adapters.dataverse.origin import Origin
    from shared.adapters.dataverse.sign_in.client_authentication import Sign
    from shared.ports import IdentityTokens

# If a new token cannot be had, the old one is used until this long before its end, and a new one is requested this
# often.
_LAST_SECONDS = 60.0
_AGAIN_SECONDS = 30.0

_LONGEST_SECONDS = 15.0

# How long a failed request for a token stands, so that threads and retries do not repeat it at once. A replaced secret
# is tried at once, and a health check always sends a request.
_REFUSED_SECONDS = 10.0
_SERVER_FAULT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class _FailedRequest:
    error: WebsiteAuthError | WebsiteUnavailableError
    secret: Mapping[str, Any]
    until: float


class Tokens:
    """The token of this container. Threads share it: one of them requests it, the others wait for the result.

    It uses the wall clock, because a container may have been frozen between two invocations.
    """

    def __init__(
        self,
        client: httpx.Client,
        authority: Origin,
        scope: str,
        read_secret: Callable[[bool], Mapping[str, Any]],
        *,
        identity: IdentityTokens = NO_IDENTITY_PROVIDER,
        sign: Sign = cannot_sign,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`read_secret(fresh)` returns the secret with the credential; `fresh`: do not use a cache."""
        self._entra = Entra(client, authority, scope, identity, sign)
        self._read_secret = read_secret
        self._clock = clock
        self._lock = Lock()
        self._kept: Token | None = None
        self._failed: _FailedRequest | None = None

    def token(self, seconds: float) -> str:
        """Return the token; request one within `seconds` if need be.

        Raises WebsiteAuthError or WebsiteUnavailableError.
        """
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
        """Return another token than the one that was refused, by the secret as it is now. Raises as `token` does.

        `refused` is None when a health check asks. If that fails, the present token remains in use until it expires.
        """
        with self._alone(seconds) as time_left:
            if refused is not None:
                if self._kept and self._kept.value != refused:
                    return self._kept.value  # another thread has renewed it
                self._kept = None
            else:
                self._failed = None
            return self._renew(time_left, fresh=True)

    @contextmanager
    def _alone(self, seconds: float) -> Iterator[Callable[[], float]]:
        """Admit one thread at a time. Yield a clock of its seconds left, which include the wait for its turn."""
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
            # The cached secret may have been replaced; an unchanged one would be refused again.
            if fresh or (newer := self._secret(fresh=True)) == secret:
                raise
            self._kept = self._tried(newer, time_left)
        return self._kept.value

    def _tried(self, secret: Mapping[str, Any], time_left: Callable[[], float]) -> Token:
        """Return a token by this secret. Raise the error of the last request by it if that was a moment ago."""
        failed = self._failed
        if failed and self._clock() < failed.until and failed.secret == secret:
            raise _same(failed.error)
        try:
            return self._entra.ask(secret, time_left, self._clock())
        except WebsiteBackoffError:
            raise  # Entra itself keeps track of how long it lasts
        except (WebsiteAuthError, WebsiteUnavailableError) as error:
            stands = _REFUSED_SECONDS if isinstance(error, WebsiteAuthError) else _SERVER_FAULT_SECONDS
            self._failed = _FailedRequest(error, secret, self._clock() + stands)
            raise

    def _secret(self, *, fresh: bool) -> Mapping[str, Any]:
        try:
            return self._read_secret(fresh)
        except SecretMalformedError as error:
            raise WebsiteAuthError(str(error)) from None
        except ConnectionLostError as error:
            raise WebsiteUnavailableError(str(error)) from None


def _same(error: WebsiteAuthError | WebsiteUnavailableError) -> WebsiteAuthError | WebsiteUnavailableError:
    return WebsiteAuthError(error.code, error.kind) if isinstance(error, WebsiteAuthError) else type(error)(str(error))
