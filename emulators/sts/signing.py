"""The account's issuer: its RSA keys, and the tokens that it signs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ALGORITHM = "RS256"
_NAMESPACE = "https://sts.amazonaws.com/"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of the issuer, and its name in tokens."""

    kid: str
    private: rsa.RSAPrivateKey

    @classmethod
    def new(cls) -> Self:
        """Return a new key with a name of its own."""
        return cls(str(uuid4()), rsa.generate_private_key(65537, 2048))

    def published(self) -> dict[str, Any]:
        """Return the public part as a member of a JWK Set."""
        public = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "alg": ALGORITHM, "kid": self.kid, "use": "sig"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a caller asks a token for."""

    audience: tuple[str, ...]
    algorithm: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Issuer:
    """The issuer of one account."""

    url: str
    account: str
    keys: list[SigningKey] = field(default_factory=lambda: [SigningKey.new()])
    """The published keys; the last one signs."""

    def claims(self, subject: str, asked: Request, now: float) -> dict[str, Any]:
        """Return the claims of a token.

        Source: "Understanding token claims" in the IAM User Guide. An audience alone is a text.
        """
        return {
            "iss": self.url,
            "aud": asked.audience[0] if len(asked.audience) == 1 else list(asked.audience),
            "sub": subject,
            "iat": int(now),
            "exp": int(now) + asked.seconds,
            "jti": str(uuid4()),
            _NAMESPACE: {"aws_account": self.account, "source_region": "local", "principal_id": subject},
        }

    def sign(self, claims: dict[str, Any], key: SigningKey | None = None) -> str:
        """Return the token, signed by the present key or by another one."""
        key = key or self.keys[-1]
        return jwt.encode(claims, key.private, ALGORITHM, headers={"kid": key.kid})
