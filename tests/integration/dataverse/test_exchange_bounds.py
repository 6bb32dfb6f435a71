"""Whatever octets a server sends, an exchange returns a reply or raises httpx's own errors."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.adapters.http.exchange import exchange
from shared.domain.errors import WebsiteAuthError, WebsiteBackoffError, WebsiteUnavailableError
from shared.domain.listings import OutcomeUnknown
from tests.support.examples import examples
from tests.support.website_wire import ScriptedWebsite, WebsiteRig, batch, change, http, part, token

if TYPE_CHECKING:
    from collections.abc import Iterator

BOMB = gzip.compress(gzip.compress(b"\0" * (64 << 20)))


@pytest.fixture(scope="module")
def site() -> Iterator[ScriptedWebsite]:
    with ScriptedWebsite() as site:
        yield site


@pytest.fixture
def rig() -> Iterator[WebsiteRig]:
    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        yield rig


PIECES = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 302 Found\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n",
    b"HTTP/1.0 1\r\n",
    b"location: ",
    b"//[::1",
    b"http://\xe5:99999/",
    b"set-cookie: a=b; expires=Mon, 99 Nov 99999 25:00:00 +9999\r\n",
    b"content-length: ",
    b"9" * 5000,
    b"-1\r\n",
    b"transfer-encoding: chunked\r\n",
    b"transfer-encoding: gzip\r\n",
    b"content-encoding: gzip, gzip\r\n",
    b"ffffffffffffffff\r\n",
    b"0\r\n",
    b"\r\n",
    b"\r\n\r\n",
    b": ",
    b"\0",
]


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)), max_size=10))
def test_any_octets_are_a_reply_or_an_error_of_httpx(site: ScriptedWebsite, pieces: Any) -> None:
    """No other exception, so that the use cases know what to do with it."""

    def respond(client, _):
        client.sendall(b"HTTP/1.1 200 OK\r\n" * (len(pieces) % 2) + b"".join(pieces))
        raise ConnectionResetError

    site.replies.clear()
    site.replies.append(respond)
    with httpx.Client(trust_env=False) as client:
        try:
            reply = exchange(client, client.build_request("GET", site.url), 5.0)
        except httpx.RequestError:
            return
    assert 100 <= reply.status < 1000


@pytest.mark.parametrize(
    "encoding", ["gzip, gzip", "gzip", "deflate", "GZIP", "br", "zstd", "identity, gzip", "x-unheard-of"]
)
def test_an_encoded_body_is_not_read(rig: WebsiteRig, encoding: str) -> None:
    """588 octets of gzip in gzip made 579 MB. Whether a change was carried out is then not known."""
    rig.site.replies.append(http(200, BOMB, content_encoding=encoding, content_type="multipart/mixed; boundary=b"))
    assert rig.push(change()) == [OutcomeUnknown("dataverse_reply_encoded")]
    assert {asked.headers["accept-encoding"] for asked in rig.site.asked} == {"identity"}


def test_an_encoded_body_is_asked_for_nowhere(rig: WebsiteRig) -> None:
    """Neither of Dataverse nor of Entra; and a token that is encoded is no token."""
    rig.site.token_replies.append(http(200, zlib.compress(b"{}"), content_encoding="deflate"))
    with pytest.raises(WebsiteUnavailableError, match=r"^entra_200_without_a_token$"):
        rig.service.tokens.token(5)
    assert rig.site.tokens_asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("hint", ["9" * 5000, "0", "-1", "1e3", "٤", " ", "4,4", "99999"])
def test_a_hint_that_is_none_is_passed_over(rig: WebsiteRig, hint: str) -> None:
    """As x-ms-dop-hint of 5,000 digits, which was a ValueError."""
    rig.site.replies.append(batch(part(204), x_ms_dop_hint=hint).replace(b"\xd9\xa4", b"\xb2"))
    rig.push(change())
    assert rig.service.parallel_hint is None


def nested(inner="1", levels=5000):
    return "[" * levels + inner + "]" * levels


ENTRA = {
    "error_is_a_list": (400, '{"error": []}', WebsiteAuthError, "entra_400"),
    "error_is_an_object": (400, '{"error": {"a": 1}}', WebsiteAuthError, "entra_400"),
    "a_code_of_4000_digits": (400, f'{{"error_codes": [{"7" * 4000}]}}', WebsiteAuthError, "entra_400"),
    "a_code_of_5000_digits": (401, f'{{"error_codes": [{"7" * 5000}]}}', WebsiteAuthError, "entra_401"),
    "a_negative_code": (401, '{"error_codes": [-7]}', WebsiteAuthError, "entra_401"),
    "nested": (200, nested(), WebsiteUnavailableError, "entra_200_without_a_token"),
    "an_array": (200, "[]", WebsiteUnavailableError, "entra_200_without_a_token"),
    "nested_lifetime": (200, f'{{"expires_in": {nested(levels=150)}}}', WebsiteUnavailableError, None),
    "not_utf_8": (200, b"\xff", WebsiteUnavailableError, "entra_200_without_a_token"),
    "a_token_without_end": (200, json.dumps({"access_token": "x" * 300_000}), WebsiteUnavailableError, None),
}


@pytest.mark.parametrize("case", ENTRA)
def test_whatever_entra_says_is_one_of_our_errors(rig: WebsiteRig, case: Any) -> None:
    """Of the kinds that the use cases know."""
    status, body, kind, code = ENTRA[case]
    rig.site.token_replies.append(http(status, body, content_type="application/json"))
    with pytest.raises(kind) as raised:
        rig.service.tokens.token(5)
    assert str(raised.value) == (code or "entra_200_without_a_token")


@pytest.mark.parametrize("lasts", [True, None, [], {}, "nan", "inf", "-1", "9" * 5000, 10**4000, "1" * 100_000, "x"])
def test_a_lifetime_that_is_none_is_no_token(rig: WebsiteRig, lasts: Any) -> None:
    """It is compared and added to a time."""
    rig.site.token_replies.append(token(expires_in=lasts))
    with pytest.raises(WebsiteUnavailableError, match=r"^entra_200_without_a_token$"):
        rig.service.tokens.token(5)


def test_a_lifetime_of_years_is_not_believed() -> None:
    """A token that never ends would never be renewed."""
    now = [0.0]
    with ScriptedWebsite() as site, httpx.Client(trust_env=False) as client, WebsiteRig(site) as rig:
        tokens = type(rig.service.tokens)(client, rig.service._origin, "scope", rig.secrets, clock=lambda: now[0])
        site.token_replies += [token("first", expires_in=10**300), token("second")]
        assert tokens.token(5) == "first"
        now[0] = 30 * 3600.0
        assert tokens.token(5) == "second"


@pytest.mark.parametrize("name", ["tenant_id", "client_id", "client_secret"])
@pytest.mark.parametrize("value", ["\ud800", "\0", "å\n", "", 7])
def test_a_secret_that_cannot_be_sent_is_named(rig: WebsiteRig, name: str, value: int | str) -> None:
    """By the field that a person has to put right."""
    rig.secrets.cached = {**rig.secrets.cached, name: value}
    with pytest.raises(WebsiteAuthError, match=f"^secret_has_no_{name}$"):
        rig.service.tokens.token(5)


@pytest.mark.parametrize("header", ["Mon, 23 Nov 2026 12:00:00 -" + "9" * 40, "9" * 5000, "soon"])
def test_a_429_with_an_absurd_time_closes_the_backoff(rig: WebsiteRig, header: str) -> None:
    """By the longest time, or by what a time that is not named counts as; for Entra too."""
    rig.site.replies.append(http(429, retry_after=header))
    rig.push(change())
    assert [seconds for seconds, _ in rig.backoff.blocked] == [3600.0 if header.isdecimal() else 30.0]
    rig.site.token_replies.append(http(429, retry_after=header))
    with pytest.raises(WebsiteBackoffError):
        rig.service.tokens.renewed(None, 5)


@pytest.mark.parametrize(
    "body", [nested(), '{"a":' * 100_000, "9" * 5000, f'{{"hlf_published": {"9" * 5000}}}', "NaN", b"\xff", ""]
)
def test_a_row_that_cannot_be_read_is_not_known_to_be_shown(rig: WebsiteRig, body: Any) -> None:
    """RecursionError ended the function with its claims left."""
    respond = part(200, content_type="application/json").encode() + (body if isinstance(body, bytes) else body.encode())
    reply = b"--b\r\nContent-Type: application/http\r\n\r\n" + respond + b"\r\n--b--\r\n"
    rig.site.replies.append(http(200, reply, content_type="multipart/mixed; boundary=b"))
    assert rig.website().read([change()]) == [None]
