"""Every algorithm that the settings may name, as an OpenID provider publishes its keys and signs with them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared.domain.sign_in import PUBLISHED_KEY_ALGORITHMS
from tests.support.sign_in import SignedIn

WHO = UUID("5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11")


@pytest.fixture(scope="module")
def keys() -> dict[str, Any]:
    """A key for each algorithm; those of RSA share one."""
    shared = rsa.generate_private_key(65537, 2048)
    curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    return {
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        **{name: ec.generate_private_key(curve) for name, curve in curves.items()},
        **{f"{kind}{bits}": shared for kind in ("RS", "PS") for bits in (256, 384, 512)},
    }


def published(key: Any) -> dict[str, Any]:
    """The public part as a member of a JWK Set, without saying what it is for."""
    public = key.public_key()
    kinds = {rsa.RSAPublicKey: RSAAlgorithm, ec.EllipticCurvePublicKey: ECAlgorithm}
    kind: Any = next((kind for of, kind in kinds.items() if isinstance(public, of)), OKPAlgorithm)
    return {**kind.to_jwk(public, as_dict=True), "kid": "k"}


@pytest.mark.parametrize("algorithm", sorted(PUBLISHED_KEY_ALGORITHMS))
def test_each_algorithm_signs_in(keys: dict[str, Any], algorithm: str) -> None:
    """Any OpenID provider by settings: its algorithm is accepted where it is configured, and not elsewhere."""
    for configured, accepted in (([algorithm], True), (["HS256", *PUBLISHED_KEY_ALGORITHMS - {algorithm}], False)):
        with SignedIn(configured) as here:
            here.provider.reply_with(200, json.dumps({"keys": [published(keys[algorithm])]}).encode())
            token = jwt.encode(here.provider.claims(WHO), keys[algorithm], algorithm, headers={"kid": "k"})
            if accepted:
                assert here.by(token) == WHO
            else:
                assert here.refusal(token) == "algorithm"
                assert here.provider.key_fetches == 0


def test_another_curve_is_not_used() -> None:
    """A key's curve must fit: Ed448 is none of EdDSA as it is used here."""
    key = ed448.Ed448PrivateKey.generate()
    with SignedIn(["EdDSA"]) as here:
        here.provider.reply_with(200, json.dumps({"keys": [published(key)]}).encode())
        token = jwt.encode(here.provider.claims(WHO), key, "EdDSA", headers={"kid": "k"})
        assert here.refusal(token) == "unknown_key"
