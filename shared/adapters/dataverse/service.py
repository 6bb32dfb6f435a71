"""Requests to Dataverse: signed in, held back while the backoff lasts, one try each.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/compose-http-requests-handle-errors
"""

from __future__ import annotations

import logging
import re
from http.cookiejar import CookieJar
from threading import Lock
from typing import TYPE_CHECKING, Any

import httpx

from shared.adapters.dataverse.origin import Origin
from shared.adapters.dataverse.sign_in.client_authentication import NO_IDENTITY_PROVIDER, cannot_sign
from shared.adapters.dataverse.sign_in.tokens import Tokens
from shared.adapters.dataverse.statuses import (
    error_code,
    is_error,
    kind_of_refusal,
    not_authorised,
    reason,
    refuses_us,
    token_refused,
    waiting_time,
)
from shared.adapters.http.exchange import Reply, exchange
from shared.domain.deadlines import at_most
from shared.domain.errors import WebsiteAuthError, WebsiteBackoffError, WebsiteUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shared.adapters.dataverse.sign_in.client_authentication import Sign
    from shared.ports import Backoff, IdentityTokens

# The longest wait for one reply, whatever time the function has. The lease of a listing must be longer.
LONGEST_SECONDS = 30.0
# With less time left than this no request is sent.
_LEAST_SECONDS = 1.0

# A connection that was idle for longer may have been closed unnoticed; a request on it has an unknown outcome.
_KEEP_ALIVE_SECONDS = 20.0
_MOST_CONNECTIONS = 64

# A hint of 1 to 9999 requests at a time; a larger number is ignored as nonsense.
_HINT = re.compile(r"0{0,3}[1-9][0-9]{0,3}")

_HEADERS = {
    "accept": "application/json",
    "odata-maxversion": "4.0",
    "odata-version": "4.0",
}


class _NoCookies(CookieJar):
    """A cookie jar that stays empty: a cookie of Dataverse would bind us to one of its servers."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Do not even parse the reply's cookies."""


class ReplyLostError(WebsiteUnavailableError):
    """A request was sent and no reply came: it may have been carried out."""


class Service:
    """The client of Dataverse that a container keeps: connections, token, and the advised parallel requests."""

    def __init__(
        self,
        url: str,
        authority: str,
        read_secret: Callable[[bool], Mapping[str, Any]],
        identity: IdentityTokens = NO_IDENTITY_PROVIDER,
        sign: Sign = cannot_sign,
    ) -> None:
        """`url` and `authority`: the origins in DATAVERSE_URL and ENTRA_AUTHORITY. `read_secret`: see Tokens.

        `identity` is asked only where the secret says that the application trusts another identity provider, and `sign`
        only where it holds a certificate (certificate.py).
        Raises WebsiteMisconfiguredError for anything except an origin with TLS (or on this machine).
        """
        # httpx logs every URL at INFO, and httpcore every reply's headers at DEBUG (I11).
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._origin = Origin.configured("dataverse_url", url)
        entra = Origin.configured("entra_authority", authority)
        self._client = httpx.Client(
            cookies=_NoCookies(),
            headers={"user-agent": "hlf-certification"},
            limits=httpx.Limits(max_connections=_MOST_CONNECTIONS, keepalive_expiry=_KEEP_ALIVE_SECONDS),
            trust_env=False,  # no proxy and no netrc from the environment
        )
        self.tokens = Tokens(
            self._client, entra, f"{self._origin.url}/.default", read_secret, identity=identity, sign=sign
        )
        self._backoff_lock = Lock()
        self.parallel_hint: int | None = None
        # The tables that take no condition on the version of a row.
        self.without_versions: set[str] = set()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def request(
        self,
        method: str,
        target: str,
        *,
        backoff: Backoff,
        time_left: Callable[[], float],
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        sent: Callable[[], None] = lambda: None,
        forbidden_is_ours: bool = True,
    ) -> Reply:
        """Send a request to a path here, or to a link that Dataverse gave; after a 401 once more with a new token.

        `sent` is called when the request is on its way. `forbidden_is_ours`: a 403 concerns the account, whatever its
        code; otherwise the caller decides what it concerns.
        Raises WebsiteRefusedError when we are not authorised or the link leads elsewhere, ReplyLostError when it was
        sent and no reply came, any other WebsiteUnavailableError when it was certainly not sent.
        """
        url = self._origin.address(target)
        token = self.tokens.token(_enough(time_left))
        for last in (False, True):
            request = self._client.build_request(
                method,
                url,
                headers={**_HEADERS, "authorization": f"Bearer {token}", **(headers or {})},
                content=content,
            )
            reply = self._send(request, backoff, time_left, sent)
            if not token_refused(reply.status) or is_multipart(reply):
                break
            if last:
                code = error_code(reply.body)
                raise WebsiteAuthError(reason(reply.status, code), kind_of_refusal(reply.status, code))
            token = self.tokens.renewed(token, _enough(time_left))
        if not is_multipart(reply) and is_error(reply.status):
            code = error_code(reply.body)
            if refuses_us(reply.status, code) if forbidden_is_ours else not_authorised(reply.status, code):
                raise WebsiteAuthError(reason(reply.status, code), kind_of_refusal(reply.status, code))
        return reply

    def block_for(self, backoff: Backoff, seconds: float, why: str) -> None:
        """Record that no worker may send for this many seconds (I9)."""
        with self._backoff_lock:
            backoff.block_for(seconds, why)

    def check_backoff(self, backoff: Backoff) -> None:
        """Raise WebsiteBackoffError while no worker may send (I9)."""
        with self._backoff_lock:
            wait = backoff.seconds_left()
        if wait > 0:
            raise WebsiteBackoffError("website_backoff", wait)

    def _send(
        self, request: httpx.Request, backoff: Backoff, time_left: Callable[[], float], sent: Callable[[], None]
    ) -> Reply:
        seconds = min(_enough(time_left), LONGEST_SECONDS)
        self.check_backoff(backoff)
        request.extensions["trace"] = self._watch(backoff, sent)
        try:
            return exchange(self._client, request, seconds, before_the_body=lambda reply: self._record(reply, backoff))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise WebsiteUnavailableError(f"dataverse_{type(error).__name__}") from None
        except httpx.RequestError as error:
            raise ReplyLostError(f"dataverse_{type(error).__name__}") from None

    def _watch(self, backoff: Backoff, sent: Callable[[], None]) -> Callable[[str, Mapping[str, Any]], None]:
        """Return a callback for httpcore that checks the backoff again after connecting, which can take seconds."""
        connected = False

        def trace(event: str, _: Mapping[str, Any]) -> None:
            nonlocal connected
            if event == "connection.connect_tcp.complete":
                connected = True
            elif connected and event == "http11.send_request_headers.started":
                self.check_backoff(backoff)
            elif event == "http11.send_request_body.complete":
                sent()

        return trace

    def _record(self, reply: httpx.Response, backoff: Backoff) -> None:
        """Record what the headers ask of us, before the body is read (I9)."""
        wait = waiting_time(reply.status_code, reply.headers.get("retry-after"))
        if wait is not None:
            self.block_for(backoff, wait, reason(reply.status_code, ""))
        hint = reply.headers.get("x-ms-dop-hint", "")
        if _HINT.fullmatch(hint):
            self.parallel_hint = int(hint)


def is_multipart(reply: Reply) -> bool:
    """Return whether the reply holds a part for each operation of a `$batch`, rather than one result for the batch."""
    return bool(reply.headers.get("content-type", "").lower().startswith("multipart/"))


def _enough(time_left: Callable[[], float]) -> float:
    seconds = at_most(time_left())
    if seconds < _LEAST_SECONDS:
        raise WebsiteUnavailableError("no_time_left")
    return seconds
