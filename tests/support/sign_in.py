"""The check of tokens against a local identity provider, at a time that a test sets, and forged tokens."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from emulators.identity.server import AUDIENCE, LocalIdentity
from shared.adapters.identity.fetch import fetch_keys
from shared.adapters.identity.kept_keys import KeptKeys
from shared.adapters.identity.keys import published_keys, secret_keys
from shared.adapters.identity.tokens import Expected, TokenSignIn
from shared.domain.errors import NotSignedInError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from emulators.identity.server import SigningKey

NOW = 1_796_000_000.0


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class SignedIn:
    """A container's check of tokens, its identity provider, and what it would have logged."""

    def __init__(
        self,
        algorithms: Sequence[str] = ("ES256", "RS256"),
        read_secret: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        self.clock = Clock()
        self.provider = LocalIdentity(clock=self.clock)
        self.reports: list[str] = []
        self.secret_reads = 0
        self._algorithms = algorithms
        self._read_secret = read_secret

    def __enter__(self) -> Self:
        """Start the provider, and a container that has no keys yet."""
        self.provider.start()
        self.new_container()
        return self

    def __exit__(self, *_: object) -> None:
        self.provider.stop()

    def new_container(self) -> None:
        """Forget all keys."""
        kept = partial(KeptKeys, report=self.reports.append, clock=self.clock)
        self._tokens = TokenSignIn(
            Expected(self.provider.issuer, AUDIENCE, self._algorithms),
            kept(lambda: published_keys(fetch_keys(self.provider.keys_url), self._algorithms)),
            kept(self._secrets) if self._read_secret else None,
            clock=self.clock,
        )

    def by(self, token: str) -> UUID:
        """Return who is signed in by a token."""
        return self._tokens.subject(f"Bearer {token}")

    def by_header(self, value: str | None) -> UUID:
        """Return who is signed in by this header."""
        return self._tokens.subject(value)

    def refusal(self, token: str) -> str:
        """Return why the token is refused."""
        return self.header_refusal(f"Bearer {token}")

    def header_refusal(self, value: str | None) -> str:
        """Return why the header is refused."""
        with pytest.raises(NotSignedInError) as raised:
            self._tokens.subject(value)
        return str(raised.value)

    def _secrets(self) -> Any:
        assert self._read_secret
        self.secret_reads += 1
        return secret_keys(self._read_secret())


def segment(content: object) -> str:
    """Write a part of a token: JSON, or octets as they are."""
    octets = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def forged(header: object, claims: object, sign: Callable[[bytes], bytes]) -> str:
    """Return a token with any header and claims; `sign` returns its signature."""
    signed = f"{segment(header)}.{segment(claims)}"
    return f"{signed}.{segment(sign(signed.encode()))}"


def es256(key: SigningKey) -> Callable[[bytes], bytes]:
    """Sign as ES256 does (RFC 7518, 3.4)."""

    def sign(signed: bytes) -> bytes:
        r, s = decode_dss_signature(key.private.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    return sign


def hs256(secret: bytes) -> Callable[[bytes], bytes]:
    """Sign as HS256 does."""
    return lambda signed: hmac.digest(secret, signed, hashlib.sha256)
