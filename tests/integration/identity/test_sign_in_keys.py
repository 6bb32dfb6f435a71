"""Which keys a container knows, and how often it asks for them: rotation, withdrawal, and a provider that is away."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from emulators.identity.server import LocalIdentity, SigningKey
from shared.adapters.identity import fetch
from shared.adapters.identity.fetch import fetch_keys
from shared.domain.deadlines import function_ends_in
from shared.domain.errors import ConnectionLostError, KeysUnavailableError
from shared.settings import SettingsError
from tests.support.sign_in import SignedIn, es256, forged, hs256
from tests.support.trickler import Trickler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WHO = UUID("5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11")


def test_keys_are_fetched_once(signed_in: SignedIn) -> None:
    """Keys are cached in the container."""
    for _ in range(5):
        assert signed_in.by(signed_in.provider.token(WHO)) == WHO
    assert signed_in.provider.key_fetches == 1


def test_a_new_key_is_asked_for(signed_in: SignedIn) -> None:
    """An unknown kid asks again, after a minute at the earliest; both keys are good while both are published."""
    before = signed_in.provider.token(WHO)
    assert signed_in.by(before) == WHO
    signed_in.provider.rotate()
    after = signed_in.provider.token(WHO)
    signed_in.clock.now += 59
    assert signed_in.refusal(after) == "unknown_key"
    signed_in.clock.now += 1
    assert signed_in.by(after) == signed_in.by(before) == WHO
    assert signed_in.provider.key_fetches == 2


def test_unknown_keys_cost_one_request_a_minute(signed_in: SignedIn) -> None:
    """Whatever strangers send, with and without a kid: at most one request to the provider a minute."""
    stranger = LocalIdentity(clock=signed_in.clock)
    claims = signed_in.provider.claims(WHO)
    signed_in.by(signed_in.provider.token(WHO))
    for _ in range(180):
        signed_in.clock.now += 1
        signed_in.refusal(stranger.token(WHO, iss=signed_in.provider.issuer))
        assert signed_in.refusal(forged({"alg": "ES256"}, claims, lambda _: b"\1" * 64)) == "signature"
        assert signed_in.refusal(forged({"alg": "RS256"}, claims, lambda _: b"\1" * 64)) == "unknown_key"
    assert signed_in.provider.key_fetches == 1 + 3


@pytest.mark.parametrize("fault", ["refused", "503", "rubbish"])
def test_a_provider_that_is_away_is_asked_once_a_minute(signed_in: SignedIn, fault: str) -> None:
    """Also when the last attempt failed and no key is known; each attempt is reported once, and nothing else is."""
    token = signed_in.provider.token(WHO)
    FAULTS[fault](signed_in.provider)
    for _ in range(120):
        assert signed_in.refusal(token) == "keys_unavailable"
        signed_in.clock.now += 1
    assert len(signed_in.reports) == 2
    if fault == "refused":
        assert set(signed_in.reports) == {"ConnectError"}
        signed_in.provider.start()
    signed_in.provider.heal()
    assert signed_in.by(token) == WHO


def test_a_forged_signature_costs_no_request(signed_in: SignedIn) -> None:
    """A token that names a known key is refused by that key alone, and has no key fetched."""
    signed_in.by(signed_in.provider.token(WHO))
    forgery = SigningKey(signed_in.provider.keys[-1].kid, SigningKey.new().private)
    signed_in.clock.now += 599
    assert signed_in.refusal(signed_in.provider.token(WHO, key=forgery)) == "signature"
    assert signed_in.provider.key_fetches == 1


def test_threads_share_one_request(signed_in: SignedIn) -> None:
    """Requests that wait for the same new key are all accepted when it comes, by one fetch."""
    signed_in.by(signed_in.provider.token(WHO))
    signed_in.provider.rotate()
    signed_in.clock.now += 60
    token = signed_in.provider.token(WHO)
    signed_in.provider.hang()
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(signed_in.by, token) for _ in range(4)]
        while signed_in.provider.key_fetches < 2:
            time.sleep(0.01)
        signed_in.provider.heal()
        assert [one.result(5) for one in waiting] == [WHO] * 4
    assert signed_in.provider.key_fetches == 2


FAULTS: dict[str, Callable[[LocalIdentity], None]] = {
    "refused": lambda provider: provider.refuse_connections(),
    "503": lambda provider: provider.reply_with(503, b"{}"),
    "redirect": lambda provider: provider.reply_with(302, location=provider.keys_url),
    "hang": lambda provider: provider.hang(),
    "cut off": lambda provider: provider.reply_with(200, b'{"keys": []}', content_length="4000"),
    "rubbish": lambda provider: provider.reply_with(200, b"<html>"),
    "a list": lambda provider: provider.reply_with(200, b"[]"),
    "no keys": lambda provider: provider.reply_with(200, b'{"error": "later"}'),
    "no objects": lambda provider: provider.reply_with(200, b'{"keys": ["a"]}'),
    "too deep": lambda provider: provider.reply_with(200, b'{"keys": ' + b"[" * 100_000),
    "too large": lambda provider: provider.reply_with(200, b'{"keys": []' + b" " * (256 << 10) + b"}"),
    "compressed": lambda provider: provider.reply_with(200, b"\x1f\x8b", content_encoding="gzip"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_known_keys_outlive_a_fault(signed_in: SignedIn, fault: str) -> None:
    """A provider that is away, slow or sends rubbish does not lock out keys known already, for up to 24 hours."""
    token = signed_in.provider.token(WHO, exp=signed_in.clock.now + 10**6)
    assert signed_in.by(token) == WHO
    FAULTS[fault](signed_in.provider)
    began = time.monotonic()
    for hours in (1, 22):
        signed_in.clock.now += hours * 3600
        if fault != "hang" or hours == 1:  # each attempt waits its two seconds
            assert signed_in.by(token) == signed_in.by(token) == WHO
            assert len(signed_in.reports) == (1 if hours == 1 else 2)
    assert time.monotonic() - began < 2 + 2
    signed_in.clock.now += 3601
    if fault == "refused":
        assert signed_in.refusal(token) == "keys_unavailable"


def test_a_withdrawn_key_ends_within_ten_minutes(signed_in: SignedIn) -> None:
    """The first token ten minutes after the keys were fetched has them fetched again, also one with a known key."""
    signed_in.by(signed_in.provider.token(WHO))
    old = signed_in.provider.rotate()
    signed_in.provider.withdraw()
    token = signed_in.provider.token(WHO, key=old)
    signed_in.clock.now += 599
    assert signed_in.by(token) == WHO
    signed_in.clock.now += 1
    assert signed_in.refusal(token) == "unknown_key"
    assert signed_in.by(signed_in.provider.token(WHO)) == WHO
    assert signed_in.provider.key_fetches == 2


def test_an_empty_key_set_withdraws_every_key(signed_in: SignedIn) -> None:
    """A provider that says that it has no keys is believed: nothing that it has signed is accepted."""
    token = signed_in.provider.token(WHO)
    assert signed_in.by(token) == WHO
    signed_in.provider.reply_with(200, b'{"keys": []}')
    signed_in.clock.now += 600
    assert signed_in.refusal(token) == "unknown_key"


def test_an_unusable_key_does_not_hide_the_others(signed_in: SignedIn) -> None:
    """Keys of another kind beside ours are left out, each for itself (RFC 7517, 5)."""
    good = signed_in.provider.keys[-1].published()
    others: list[Any] = [{}, {"kty": "new"}, {"kty": "EC", "crv": "P-256"}, {"kty": "oct", "k": "AA"}, good | {"x": 7}]
    signed_in.provider.reply_with(200, json.dumps({"keys": [*others, good]}).encode())
    assert signed_in.by(signed_in.provider.token(WHO)) == WHO


def test_the_only_key_needs_no_name(signed_in: SignedIn) -> None:
    """A token without kid is checked with the only key, after its rotation with the new one; not with one of two."""

    def token() -> str:
        return forged({"alg": "ES256"}, signed_in.provider.claims(WHO), es256(signed_in.provider.keys[-1]))

    assert signed_in.by(token()) == WHO
    signed_in.provider.rotate()
    signed_in.provider.withdraw()
    assert signed_in.refusal(token()) == "signature"
    signed_in.clock.now += 60
    assert signed_in.by(token()) == WHO
    signed_in.provider.rotate()
    signed_in.clock.now += 60
    assert signed_in.refusal(token()) == "unknown_key"


def test_a_clock_that_is_put_back_locks_nobody_out(signed_in: SignedIn) -> None:
    """The wall clock may be corrected: keys stay known, and keys are asked for again."""
    token = signed_in.provider.token(WHO, iat=None)
    assert signed_in.by(token) == WHO
    signed_in.provider.refuse_connections()
    signed_in.clock.now -= 5
    assert signed_in.by(token) == WHO
    signed_in.provider.start()
    signed_in.provider.rotate()
    signed_in.clock.now -= 3600
    assert signed_in.by(signed_in.provider.token(WHO)) == WHO


def test_a_reply_that_trickles_ends_in_time() -> None:
    """I18: two seconds for the whole request, whatever the provider does; less when the function's time ends."""
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"
    with Trickler(repeat(b" "), first=head) as slow:
        began = time.monotonic()
        with pytest.raises(KeysUnavailableError, match="reply_cut_off"):
            fetch_keys(slow.url)
        assert 1.5 < time.monotonic() - began < 3
        began = time.monotonic()
        with function_ends_in(1.2), pytest.raises(KeysUnavailableError):
            fetch_keys(slow.url)
        assert time.monotonic() - began < 1


def test_no_proxy_and_no_redirect_is_used(signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys come from the configured address, whatever the environment or a reply says."""
    with LocalIdentity() as other:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, other.url)
        fetch._client.cache_clear()
        signed_in.provider.reply_with(302, location=other.keys_url)
        with pytest.raises(KeysUnavailableError, match="http_302"):
            fetch_keys(signed_in.provider.keys_url)
        assert other.key_fetches == 0
        assert signed_in.provider.key_fetches == 1
        fetch._client.cache_clear()


class Secret:
    """The secret of HS256, as Secrets Manager would return it, and whether it can be read."""

    def __init__(self) -> None:
        self.value: dict[str, str] = {"current": "a" * 32}
        self.away = False

    def __call__(self) -> dict[str, str]:
        if self.away:
            raise ConnectionLostError("secret_cannot_be_read")
        return self.value


@pytest.fixture
def secret() -> Secret:
    return Secret()


@pytest.fixture
def by_secret(secret: Secret) -> Iterator[SignedIn]:
    """A check that takes the shared secret only; the provider publishes keys that nobody asks for."""
    with SignedIn(("HS256",), secret) as here:
        yield here
        assert here.provider.key_fetches == 0


def signed_by(here: SignedIn, secret: str) -> str:
    return forged({"alg": "HS256", "kid": "legacy"}, here.provider.claims(WHO), hs256(secret.encode()))


def test_a_rotated_secret_is_read_again(by_secret: SignedIn, secret: Secret) -> None:
    """HS256: a signature that fails reads the secret again, at most once a minute; both are good while rotated."""
    assert by_secret.by(signed_by(by_secret, "a" * 32)) == WHO
    secret.value = {"current": "b" * 32, "previous": "a" * 32}
    assert by_secret.refusal(signed_by(by_secret, "b" * 32)) == "signature"
    for _ in range(120):
        by_secret.clock.now += 1
        assert by_secret.refusal(signed_by(by_secret, "c" * 32)) == "signature"
    assert by_secret.secret_reads == 3
    assert by_secret.by(signed_by(by_secret, "b" * 32)) == by_secret.by(signed_by(by_secret, "a" * 32)) == WHO


def test_a_secret_that_cannot_be_read_stays_known(by_secret: SignedIn, secret: Secret) -> None:
    """Secrets Manager may be away: what is known stays; what is not is asked for once a minute."""
    secret.away = True
    for _ in range(60):
        assert by_secret.refusal(signed_by(by_secret, "a" * 32)) == "keys_unavailable"
        by_secret.clock.now += 1
    assert by_secret.secret_reads == 1
    secret.away = False
    assert by_secret.by(signed_by(by_secret, "a" * 32)) == WHO
    secret.away = True
    by_secret.clock.now += 3600
    assert by_secret.by(signed_by(by_secret, "a" * 32)) == WHO


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"current": ""},
        {"current": 7},
        {"current": "a" * 31},
        {"current": "a" * 32, "previous": "b"},
        {"current": f"-----BEGIN PUBLIC KEY-----\n{'a' * 64}\n-----END PUBLIC KEY-----"},
    ],
)
def test_a_weak_secret_is_a_settings_error(by_secret: SignedIn, secret: Secret, value: dict[str, Any]) -> None:
    """Fewer than 32 octets, or a public key: it names the variable, never the value, and is asked for once a minute."""
    secret.value = value
    for _ in range(3):
        with pytest.raises(SettingsError, match="TOKEN_SECRET_ARN") as raised:
            by_secret.by(signed_by(by_secret, "a" * 32))
        assert "aaa" not in str(raised.value)
    assert by_secret.secret_reads == 1
    secret.value = {"current": "a" * 32}
    by_secret.clock.now += 60
    assert by_secret.by(signed_by(by_secret, "a" * 32)) == WHO
    secret.value = value
    by_secret.clock.now += 600
    assert by_secret.by(signed_by(by_secret, "a" * 32)) == WHO
