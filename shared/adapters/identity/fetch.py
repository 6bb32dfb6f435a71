"""The request for a provider's keys: one GET to the configured address, bounded in time and size (I18)."""

from __future__ import annotations

import logging
from functools import cache
from http import HTTPStatus

import httpx

from shared.adapters.http.exchange import exchange
from shared.domain.errors import KeysUnavailableError

LONGEST_SECONDS = 2.0
_LARGEST_REPLY = 256 << 10


def fetch_keys(url: str) -> bytes:
    """Return the JWK Set as the provider sends it. Follows no redirect and uses no proxy.

    Raises KeysUnavailableError with the type of the error.
    """
    client = _client()
    try:
        request = client.build_request("GET", url, headers={"accept": "application/json"})
        reply = exchange(client, request, LONGEST_SECONDS, longest=_LARGEST_REPLY)
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise KeysUnavailableError(type(error).__name__) from None
    if reply.status != HTTPStatus.OK:
        raise KeysUnavailableError(f"http_{reply.status}")
    if reply.flaw:
        raise KeysUnavailableError(reply.flaw)
    return reply.body


@cache
def _client() -> httpx.Client:
    # httpx logs every URL at INFO, and httpcore every reply's headers at DEBUG (I11).
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.Client(
        headers={"user-agent": "hlf-certification"},
        limits=httpx.Limits(max_keepalive_connections=0),  # the next request is minutes away
        trust_env=False,  # no proxy and no netrc from the environment
    )
