"""The local identity provider alone: its tokens, keys and sign-in page, as a browser and a function see them."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import jwt
import pytest

from emulators.identity.server import AUDIENCE, LocalIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator

WHO, OTHER = UUID("5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11"), UUID("0b7f3f0e-25d1-4a55-9a06-6a1f6a3f1f77")
USERS = [(WHO, "Åse <Nordmann> & Co"), (OTHER, "Ola")]
HERE = "http://127.0.0.1:3000/page?x=1"


@pytest.fixture
def identity() -> Iterator[LocalIdentity]:
    with LocalIdentity(lambda: USERS, return_to=("https://app.example/oversikt",)) as identity:
        yield identity


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False) as client:
        yield client


def read(identity: LocalIdentity, token: str) -> dict[str, object]:
    """Read a token as a stranger does who knows PyJWT and the address of the keys."""
    key = jwt.PyJWKClient(identity.keys_url).get_signing_key_from_jwt(token)
    claims: dict[str, object] = jwt.decode(token, key, ["ES256"], audience=AUDIENCE, issuer=identity.issuer)
    return claims


def test_a_token_has_the_form_of_supabase(identity: LocalIdentity) -> None:
    """ES256 with kid; iss <url>/auth/v1, aud and role `authenticated`, sub, iat, exp and session_id."""
    token = identity.token(WHO, session_id=None, app="x")
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "JWT", "kid": identity.keys[-1].kid}
    claims = read(identity, token)
    assert claims["iss"] == f"{identity.url}/auth/v1"
    assert (claims["aud"], claims["role"], claims["sub"]) == ("authenticated", "authenticated", str(WHO))
    assert "session_id" not in claims
    assert claims["app"] == "x"
    assert read(identity, identity.token(WHO))["session_id"]


def test_a_rotated_key_is_published_until_withdrawn(identity: LocalIdentity) -> None:
    """Old tokens stay good until the old key is withdrawn."""
    before = identity.token(WHO)
    old = identity.rotate()
    assert old.kid != identity.keys[-1].kid
    assert read(identity, before) != read(identity, identity.token(OTHER))
    identity.withdraw()
    with pytest.raises(jwt.PyJWKClientError):
        read(identity, before)
    assert read(identity, identity.token(OTHER))["sub"] == str(OTHER)


def test_private_keys_are_not_published(identity: LocalIdentity, browser: httpx.Client) -> None:
    """The key set holds public keys, and may be cached as Supabase's may."""
    reply = browser.get(identity.keys_url)
    assert reply.headers["cache-control"] == "public, max-age=600"
    assert all(key.keys() >= {"kid", "x", "y"} and "d" not in key for key in reply.json()["keys"])


def test_it_is_away_on_request(identity: LocalIdentity, browser: httpx.Client) -> None:
    """It refuses connections, replies 503, or hangs; and counts every request for the keys."""
    identity.reply_with(503, b"later", retry_after="7")
    reply = browser.get(identity.keys_url)
    assert (reply.status_code, reply.headers["retry-after"], reply.text) == (503, "7", "later")
    identity.hang()
    with pytest.raises(httpx.ReadTimeout):
        browser.get(identity.keys_url, timeout=0.2)
    identity.heal()
    assert browser.get(identity.keys_url).status_code == 200
    identity.refuse_connections()
    with pytest.raises(httpx.ConnectError):
        browser.get(identity.keys_url)
    identity.start()
    assert browser.get(identity.keys_url).status_code == 200
    assert identity.key_fetches == 4


def test_signing_in_leads_back_with_a_token(identity: LocalIdentity, browser: httpx.Client) -> None:
    """The page lists the users; the link of one leads to return_to with the token in the fragment."""
    page = browser.get(identity.sign_in_url, params={"return_to": HERE})
    assert page.status_code == 200
    links = dict(reversed(found) for found in re.findall(r'<a href="([^"]+)">([^<]+)</a>', page.text))
    assert {unescape(name) for name in links} == {name for _, name in USERS}
    reply = browser.get(f"{identity.url}{unescape(links['Ola'])}")
    assert reply.status_code == 303
    address, _, fragment = reply.headers["location"].partition("#")
    assert address == HERE
    values = {name: found[0] for name, found in parse_qs(fragment).items()}
    assert values["token_type"] == "bearer"
    assert values["expires_in"] == "3600"
    assert read(identity, values["access_token"])["sub"] == str(OTHER)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://evil.example/",
        "http://evil.example\\@127.0.0.1/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1:80.evil.example/",
        "http://127.0.0.1:3000/#fragment",
        "http://127.0.0.1/\r\nset-cookie: a=b",
        "javascript:alert(1)",
        "//evil.example/",
        "https://app.example/oversikt/more",
    ],
)
def test_a_token_is_sent_to_no_stranger(identity: LocalIdentity, browser: httpx.Client, address: str) -> None:
    """return_to is an address of this machine or one that was given, however a browser would read it."""
    reply = browser.get(identity.sign_in_url, params={"return_to": address, "user": str(WHO)})
    assert reply.status_code == 400
    assert "location" not in reply.headers


@pytest.mark.parametrize(
    "address", [HERE, "http://localhost/", "http://[::1]:8/x", "http://127.0.0.1?a", "https://app.example/oversikt"]
)
def test_a_token_is_sent_where_it_may(identity: LocalIdentity, browser: httpx.Client, address: str) -> None:
    """An address of this machine, or one that was given."""
    reply = browser.get(identity.sign_in_url, params={"return_to": address, "user": str(WHO)})
    assert reply.headers["location"].startswith(f"{address}#access_token=")
    assert urlsplit(reply.headers["location"]).fragment


def test_who_is_unknown_gets_no_token(identity: LocalIdentity, browser: httpx.Client) -> None:
    """Users are those that were given, asked for at each sign-in; a foreign host name reads none of them."""
    ask = {"return_to": HERE, "user": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}
    assert browser.get(identity.sign_in_url, params=ask).status_code == 404
    foreign = browser.get(identity.sign_in_url, params={"return_to": HERE}, headers={"host": "evil.example"})
    assert foreign.status_code == 404
    assert browser.get(f"{identity.url}/").status_code == 404
