"""The keys that may have signed a token: which of a provider's keys are used, and for which algorithm.

Only the settings say where keys come from. A token's `jku`, `x5u`, `x5c` and `jwk` are never read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError, get_algorithm_by_name

from shared.adapters.http.json_body import read_json
from shared.domain.errors import KeysUnavailableError
from shared.domain.sign_in import PUBLISHED_KEY_ALGORITHMS, SHARED_SECRET_ALGORITHM, SHORTEST_SECRET
from shared.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jwt.algorithms import Algorithm

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
_TYPES = {"ES": "EC", "RS": "RSA", "PS": "RSA", "Ed": "OKP"}
# RFC 7518, 3.3; a much larger one would make each forged token expensive.
_RSA_BITS = range(2048, 8193)


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A key for one algorithm. `kid` is the provider's name of it, if it has one."""

    algorithm: str
    kid: str | None
    key: Any

    def has_signed(self, signed: bytes, signature: bytes) -> bool:
        """Return whether this key made the signature."""
        return _algorithm(self.algorithm).verify(signed, self.key, signature)


def published_keys(body: bytes, algorithms: Collection[str]) -> Sequence[VerifyingKey]:
    """Return the usable keys of a JWK Set (RFC 7517). A key of another kind is left out.

    An empty set is valid and withdraws every key. Raises KeysUnavailableError for anything that is no JWK Set.
    """
    try:
        found = read_json(body)
    except ValueError:
        raise KeysUnavailableError("reply_is_not_json") from None
    entries = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise KeysUnavailableError("reply_is_no_key_set")
    usable = sorted(PUBLISHED_KEY_ALGORITHMS & set(algorithms))
    return [key for entry in entries for algorithm in usable if (key := _published_key(entry, algorithm))]


def secret_keys(secret: Mapping[str, Any]) -> Sequence[VerifyingKey]:
    """Return the keys in the secret of HS256: `current`, and `previous` while it is rotated.

    Raises SettingsError for a key that is too short or is somebody's public key.
    """
    texts = [secret[name] for name in ("current", "previous") if secret.get(name)]
    if not texts:
        raise SettingsError("TOKEN_SECRET_ARN: the secret has no member current")
    return [VerifyingKey(SHARED_SECRET_ALGORITHM, None, _secret_key(text)) for text in texts]


def _secret_key(text: object) -> bytes:
    key = text.encode() if isinstance(text, str) else b""
    if len(key) < SHORTEST_SECRET:
        raise SettingsError(f"TOKEN_SECRET_ARN: a key in the secret has fewer than {SHORTEST_SECRET} octets")
    try:
        return bytes(_algorithm(SHARED_SECRET_ALGORITHM).prepare_key(key))
    except PyJWTError:
        raise SettingsError("TOKEN_SECRET_ARN: a key in the secret is a key pair's, no shared secret") from None


def _published_key(entry: Mapping[str, Any], algorithm: str) -> VerifyingKey | None:
    """Return the key if it is meant for this algorithm. A key that was published with its private part is not used."""
    kid = entry.get("kid")
    fits = (
        entry.get("kty") == _TYPES[algorithm[:2]]
        and entry.get("crv") == _CURVES.get(algorithm)
        and entry.get("alg", algorithm) == algorithm
        and entry.get("use", "sig") == "sig"
        and _may_verify(entry.get("key_ops", ["verify"]))
        and (kid is None or isinstance(kid, str))
        and "d" not in entry
    )
    if not fits:
        return None
    try:
        key = PyJWK(dict(entry), algorithm).key
    except (PyJWTError, ValueError, TypeError, LookupError, ArithmeticError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size not in _RSA_BITS:
        return None
    return VerifyingKey(algorithm, kid, key)


def _may_verify(operations: object) -> bool:
    return isinstance(operations, list) and "verify" in operations


@cache
def _algorithm(name: str) -> Algorithm:
    return get_algorithm_by_name(name)
