"""A local identity provider that signs ES256 tokens as Supabase Auth does, rotates its key, and fails on request.

Its users are given to it. They sign in without a password, so it serves this machine only.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self, override
from urllib.parse import urlencode
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from emulators.identity.http import KEYS_PATH, SIGN_IN_PATH, IdentityServer, Reply
from emulators.identity.page import may_return_to, sign_in_page
from emulators.local_server import LocalServer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

AUDIENCE = "authenticated"
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of the provider, and its name in tokens."""

    kid: str
    private: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls) -> Self:
        """Return a new key with a name of its own."""
        return cls(str(uuid4()), ec.generate_private_key(ec.SECP256R1()))

    def published(self) -> dict[str, Any]:
        """Return the public part as a member of a JWK Set, as Supabase Auth writes it."""
        public = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "alg": "ES256", "kid": self.kid, "use": "sig", "key_ops": ["verify"], "ext": True}


class LocalIdentity(LocalServer):
    """The server: a context manager, or start() and stop(). Listens on 127.0.0.1, on a free port.

    `users` returns the id and the name of each user, and is called whenever somebody signs in. `return_to` are further
    addresses, apart from those of this machine, to which the sign-in page may lead back.
    `key_fetches` counts the requests for the keys, also those that got a fault.
    """

    def __init__(
        self,
        users: Callable[[], Iterable[tuple[UUID, str]]] = tuple,
        *,
        return_to: Collection[str] = (),
        lifetime_seconds: int = 3600,
        clock: Callable[[], float] = time.time,
        port: int = 0,
    ) -> None:
        super().__init__(port)
        self.key_fetches = 0
        self.keys = [SigningKey.new()]
        """The published keys; the last one signs."""
        self._users = users
        self._return_to = frozenset(return_to)
        self._lifetime_seconds = lifetime_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._fault: Reply | None = None
        self._hang_seconds = 0.0

    @property
    def issuer(self) -> str:
        """Return who issues the tokens, as they say it themselves."""
        return f"{self.url}/auth/v1"

    @property
    def keys_url(self) -> str:
        """Return where the keys are published."""
        return f"{self.url}{KEYS_PATH}"

    @property
    def sign_in_url(self) -> str:
        """Return the address of the sign-in page; `return_to` is to be added."""
        return f"{self.url}{SIGN_IN_PATH}"

    @override
    def _listen(self, address: tuple[str, int]) -> IdentityServer:
        return IdentityServer(address, self)

    def claims(self, subject: UUID | str, **changed: object) -> dict[str, Any]:
        """Return the claims of a token for a user. A claim that is changed to None is left out."""
        now = int(self._clock())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": str(subject),
            "iat": now,
            "exp": now + self._lifetime_seconds,
            "role": "authenticated",
            "aal": "aal1",
            "session_id": str(uuid4()),
            "is_anonymous": False,
        } | changed
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, subject: UUID | str, *, key: SigningKey | None = None, **changed: object) -> str:
        """Return a token, signed by the present key or by another one. For `changed` see claims()."""
        key = key or self.keys[-1]
        return jwt.encode(self.claims(subject, **changed), key.private, "ES256", headers={"kid": key.kid})

    def rotate(self) -> SigningKey:
        """Sign with a new key from now on. The old one stays published until it is withdrawn. Return the old one."""
        old = self.keys[-1]
        self.keys = [*self.keys, SigningKey.new()]
        return old

    def withdraw(self) -> None:
        """Publish only the key that signs."""
        self.keys = self.keys[-1:]

    def refuse_connections(self) -> None:
        """Stop listening, so that the operating system refuses; start() undoes it."""
        self.stop()

    def reply_with(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send this to everybody who asks for the keys, such as a 503, or a body that is no JWK Set."""
        self._fault = Reply(status, body, **headers)

    def hang(self, seconds: float = 30.0) -> None:
        """Let everybody who asks for the keys wait, and then close the connection without a reply."""
        self._fault, self._hang_seconds = Reply(None), seconds

    def heal(self) -> None:
        """Forget the requested fault, and let go who waits. Keys and counts stay."""
        self._fault, self._hang_seconds = None, 0.0
        self._released.set()
        self._released = threading.Event()

    def published_keys(self) -> Reply:
        """Return the reply to a request for the keys; wait first if the provider is to hang."""
        with self._lock:
            self.key_fetches += 1
        if self._hang_seconds:
            self._released.wait(self._hang_seconds)
        if self._fault:
            return self._fault
        body = json.dumps({"keys": [key.published() for key in self.keys]}).encode()
        return Reply(HTTPStatus.OK, body, content_type="application/json", cache_control="public, max-age=600")

    def sign_in(self, return_to: str, user: str | None) -> Reply:
        """Return the page with all users, or with a user the redirect back with a token in the fragment."""
        if not may_return_to(return_to, self._return_to):
            return Reply(HTTPStatus.BAD_REQUEST, b"return_to is no address of this machine", content_type="text/plain")
        users = [(str(known), name) for known, name in self._users()]
        if user is None:
            page = sign_in_page(users, SIGN_IN_PATH, return_to)
            return Reply(HTTPStatus.OK, page, content_type=_HTML, cache_control="no-store")
        if user not in dict(users):
            return Reply(HTTPStatus.NOT_FOUND, b"there is no such user", content_type="text/plain")
        fragment = urlencode(
            {"access_token": self.token(user), "expires_in": self._lifetime_seconds, "token_type": "bearer"}
        )
        return Reply(HTTPStatus.SEE_OTHER, location=f"{return_to}#{fragment}", cache_control="no-store")
