"""Who is signed in: every kind of token that must be refused, sent to the check beside a real identity provider."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.identity.server import SigningKey
from tests.support.examples import examples
from tests.support.sign_in import NOW, SignedIn, es256, forged, hs256, segment

if TYPE_CHECKING:
    from collections.abc import Iterator

WHO = UUID("5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11")
STRANGER = SigningKey("stranger", ec.generate_private_key(ec.SECP256R1()))


def header(signed_in: SignedIn, **changed: object) -> dict[str, object]:
    """The header of a genuine token, with changes."""
    return {"alg": "ES256", "typ": "JWT", "kid": signed_in.provider.keys[-1].kid} | changed


def own(signed_in: SignedIn, head: object, **changed: object) -> str:
    """A token with any header, signed by the provider's own key."""
    return forged(head, signed_in.provider.claims(WHO, **changed), es256(signed_in.provider.keys[-1]))


def test_a_token_of_the_app_signs_in(signed_in: SignedIn) -> None:
    """Who: the sub of a token as Supabase Auth issues it; the scheme in any case (RFC 9110, 11.1)."""
    token = signed_in.provider.token(WHO)
    assert signed_in.by(token) == WHO
    assert signed_in.by_header(f"bearer {token}") == signed_in.by_header(f"BEARER  {token}") == WHO
    assert signed_in.by(signed_in.provider.token(WHO, aud=["other", "authenticated"])) == WHO
    assert signed_in.by(own(signed_in, header(signed_in))) == WHO


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": None}, "issuer"),
        ({"iss": "https://evil.example/auth/v1"}, "issuer"),
        ({"iss": ["http://127.0.0.1"]}, "issuer"),
        ({"aud": None}, "audience"),
        ({"aud": "authenticated "}, "audience"),
        ({"aud": ["anon"]}, "audience"),
        ({"aud": {"authenticated": 1}}, "audience"),
        ({"exp": None}, "malformed"),
        ({"exp": str(int(NOW) + 60)}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": float("nan")}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"exp": 10**400}, "malformed"),
        ({"exp": NOW - 30}, "expired"),
        ({"nbf": NOW + 31}, "not_yet_valid"),
        ({"nbf": "soon"}, "malformed"),
        ({"iat": NOW + 31}, "not_yet_valid"),
        ({"iat": [1]}, "malformed"),
        ({"sub": None}, "subject"),
        ({"sub": "coordinator"}, "subject"),
        ({"sub": 7}, "subject"),
        ({"sub": f"urn:uuid:{WHO}"}, "subject"),
        ({"sub": WHO.hex}, "subject"),
    ],
)
def test_wrong_claims_are_refused(signed_in: SignedIn, changed: dict[str, object], why: str) -> None:
    """Issuer and audience of the settings, exp, nbf and iat, and a sub: with a genuine signature."""
    assert signed_in.refusal(own(signed_in, header(signed_in), **changed)) == why


def test_the_leeway_is_thirty_seconds(signed_in: SignedIn) -> None:
    """Expiry, nbf and iat with 30 s leeway."""
    for changed in ({"exp": NOW - 29}, {"nbf": NOW + 30}, {"iat": NOW + 30}):
        assert signed_in.by(own(signed_in, header(signed_in), **changed)) == WHO


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 7, ["ES256"], "es256", "ES384", "HS256"])
def test_another_algorithm_is_refused(signed_in: SignedIn, name: object) -> None:
    """`none` in any spelling, and whatever is not in the settings, with and without a signature."""
    head = header(signed_in, alg=name)
    assert signed_in.refusal(own(signed_in, head)) == "algorithm"
    assert signed_in.refusal(forged(head, signed_in.provider.claims(WHO), lambda _: b"")) == "malformed"


@pytest.mark.parametrize("alg", ["none", "ES256"])
def test_a_token_without_signature_is_refused(signed_in: SignedIn, alg: str) -> None:
    """Neither an empty signature nor zeros, which some libraries took (CVE-2022-21449)."""
    claims = signed_in.provider.claims(WHO)
    for signature in (b"\0", b"\0" * 64, b"\xff" * 64, b"\0" * 63):
        token = f"{segment(header(signed_in, alg=alg))}.{segment(claims)}.{segment(signature)}"
        assert signed_in.refusal(token) in {"algorithm", "signature"}


@pytest.fixture
def with_both() -> Iterator[SignedIn]:
    """A check that takes the keys of the provider and a shared secret."""
    with SignedIn(("ES256", "HS256"), lambda: {"current": "s" * 32}) as here:
        yield here


def test_a_public_key_is_no_shared_secret(with_both: SignedIn) -> None:
    """An RSA or EC public key as HMAC secret is refused, however it is written, also where HS256 is configured."""
    key = with_both.provider.keys[-1]
    public = key.private.public_key()
    numbers = public.public_numbers()
    written = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        json.dumps(key.published()).encode(),
        key.kid.encode(),
        numbers.x.to_bytes(32),
        b"",
    ]
    for secret in written:
        token = forged({"alg": "HS256", "kid": key.kid}, with_both.provider.claims(WHO), hs256(secret))
        assert with_both.refusal(token) == "signature"
    assert with_both.by(forged({"alg": "HS256"}, with_both.provider.claims(WHO), hs256(b"s" * 32))) == WHO
    assert with_both.by(with_both.provider.token(WHO)) == WHO


def test_the_token_never_says_where_keys_are(signed_in: SignedIn) -> None:
    """`jku`, `x5u`, `x5c` and `jwk` are ignored: nothing is fetched, and the key in the token is not used."""
    with SignedIn() as evil:
        head = {
            "alg": "ES256",
            "jku": evil.provider.keys_url,
            "x5u": evil.provider.keys_url,
            "x5c": ["MIIB"],
            "jwk": STRANGER.published(),
        }
        for kid in (STRANGER.kid, signed_in.provider.keys[-1].kid, None):
            token = forged(head | {"kid": kid}, signed_in.provider.claims(WHO), es256(STRANGER))
            assert signed_in.refusal(token) in {"unknown_key", "signature"}
        assert evil.provider.key_fetches == 0
    assert signed_in.by(own(signed_in, header(signed_in, jku="http://127.0.0.1:1/", jwk=STRANGER.published()))) == WHO


@pytest.mark.parametrize("extra", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}, {"b64": True}])
def test_a_critical_header_is_refused(signed_in: SignedIn, extra: dict[str, object]) -> None:
    """RFC 7515, 4.1.11: an extension that is not understood."""
    assert signed_in.refusal(own(signed_in, header(signed_in, **extra))) == "critical_header"


def test_a_key_that_fits_another_use_is_refused(signed_in: SignedIn) -> None:
    """A key's own type, alg, use, key_ops and curve must fit; private keys, short RSA keys and `oct` are never used."""
    good = SigningKey("good", ec.generate_private_key(ec.SECP256R1()))
    private = number(good.private.private_numbers().private_value)
    bare = {name: good.published()[name] for name in ("kty", "crv", "x", "y", "kid")}
    token = signed_in.provider.token(WHO, key=good)
    octets = {"kty": "oct", "kid": "good", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "alg": "HS256"}
    for published, accepted in [
        (bare, True),
        (bare | {"alg": "ES256", "use": "sig", "key_ops": ["verify"]}, True),
        (bare | {"alg": "RS256"}, False),
        (bare | {"alg": None}, False),
        (bare | {"use": "enc"}, False),
        (bare | {"key_ops": ["sign"]}, False),
        (bare | {"key_ops": "verify"}, False),
        (bare | {"crv": "P-384"}, False),
        (bare | {"kty": "RSA"}, False),
        (bare | {"kid": 7}, False),
        (bare | {"d": private}, False),
        (bare | {"y": bare["x"]}, False),  # no point of the curve
        (octets, False),
    ]:
        signed_in.provider.reply_with(200, json.dumps({"keys": [published]}).encode())
        signed_in.new_container()
        if accepted:
            assert signed_in.by(token) == WHO
        else:
            assert signed_in.refusal(token) == "unknown_key", published


def test_an_oct_key_of_the_provider_is_never_used(with_both: SignedIn) -> None:
    """A key set that publishes a secret lets nobody in, where HS256 is configured too."""
    secret = b"secret-secret-secret-secret-secret"
    entry = {"kty": "oct", "kid": "o", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "alg": "HS256"}
    with_both.provider.reply_with(200, json.dumps({"keys": [entry]}).encode())
    token = forged({"alg": "HS256", "kid": "o"}, with_both.provider.claims(WHO), hs256(secret))
    assert with_both.refusal(token) == "signature"


@pytest.mark.parametrize(("bits", "accepted"), [(2048, True), (1024, False)])
def test_rs256_needs_a_key_of_2048_bits(signed_in: SignedIn, bits: int, accepted: bool) -> None:
    """RS256 as Supabase and OpenID providers use it (RFC 7518, 3.3)."""
    private = rsa.generate_private_key(65537, bits)
    numbers = private.public_key().public_numbers()
    entry = {"kty": "RSA", "kid": "r", "n": number(numbers.n), "e": number(numbers.e)}
    signed_in.provider.reply_with(200, json.dumps({"keys": [entry]}).encode())
    token = forged(
        {"alg": "RS256", "kid": "r"},
        signed_in.provider.claims(WHO),
        lambda signed: private.sign(signed, padding.PKCS1v15(), SHA256()),
    )
    if accepted:
        assert signed_in.by(token) == WHO
    else:
        assert signed_in.refusal(token) == "unknown_key"


def number(value: int) -> str:
    """A number as a JWK has it."""
    return segment(value.to_bytes((value.bit_length() + 7) // 8))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "missing"),
        ("", "missing"),
        ("Bearer", "missing"),
        ("Bearer ", "missing"),
        ("Basic {}", "missing"),
        ("{}", "missing"),
        ("Bearer\t{}", "missing"),
        ("Bearer {} ", "missing"),
        ("Bearer {}, Bearer {}", "missing"),
        ("Bearer {},{}", "malformed"),
        ("Bearer {}=", "malformed"),
        ("Bearer {}.e30", "malformed"),
        ("Bearer a.b", "malformed"),
        ("Bearer ..", "malformed"),
        ("Bearer \N{CYRILLIC SMALL LETTER A}.b.c", "malformed"),
        ("Bearer \ud800.b.c", "malformed"),
        ("Bearer " + "a" * 8192, "too_long"),
    ],
)
def test_an_odd_header_is_refused(signed_in: SignedIn, value: str | None, why: str) -> None:
    """One bearer token and nothing else; more than 8 KB is refused before it is read."""
    token = signed_in.provider.token(WHO)
    assert signed_in.header_refusal(value and value.replace("{}", token)) == why
    assert signed_in.provider.key_fetches == 0


@pytest.mark.parametrize(
    "octets", [b"", b"7", b"[]", b"null", b"{", b"\xff\xfe", "{}".encode("utf-16"), b"\xef\xbb\xbf{}", b"[" * 3000]
)
def test_parts_that_are_no_json_object_are_refused(signed_in: SignedIn, octets: bytes) -> None:
    """Rubbish in the header or in the claims is a refused token and no other error."""
    sign = es256(signed_in.provider.keys[-1])
    assert signed_in.refusal(forged(octets, signed_in.provider.claims(WHO), sign)) == "malformed"
    assert signed_in.refusal(forged(header(signed_in), octets, sign)) == "malformed"
    assert signed_in.refusal(own(signed_in, header(signed_in, kid=7))) == "malformed"


def test_a_forged_signature_is_refused(signed_in: SignedIn) -> None:
    """Another's key under the name of the provider's, and one character of the claims changed."""
    kid = signed_in.provider.keys[-1].kid
    assert signed_in.refusal(signed_in.provider.token(WHO, key=SigningKey(kid, STRANGER.private))) == "signature"
    head, _, signature = signed_in.provider.token(WHO).split(".")
    _, claims, _ = signed_in.provider.token(UUID(int=WHO.int + 1)).split(".")
    assert signed_in.refusal(f"{head}.{claims}.{signature}") == "signature"


@pytest.fixture(scope="module")
def genuine() -> tuple[SignedIn, str]:
    """A check that has its keys, and a token that it accepts."""
    with SignedIn() as here:
        token = here.provider.token(WHO)
        assert here.by(token) == WHO
    return here, token


@settings(max_examples=examples(500))
@given(place=st.integers(0, 2000), octet=st.characters(codec="latin-1"), how=st.sampled_from(["change", "add", "drop"]))
def test_no_mutation_of_a_token_is_accepted(genuine: tuple[SignedIn, str], place: int, octet: str, how: str) -> None:
    """A token with one octet changed, added or left out lets nobody in, and raises nothing else."""
    here, token = genuine
    place %= len(token)
    middle = {"change": octet, "add": octet + token[place], "drop": ""}[how]
    mutant = token[:place] + middle + token[place + 1 :]
    if mutant != token:
        here.refusal(mutant)


def test_every_single_bit_counts(genuine: tuple[SignedIn, str]) -> None:
    """Each character of a genuine token, replaced by its neighbour in the alphabet: the last ones have unused bits."""
    here, token = genuine
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place, character in enumerate(token):
        if character != ".":
            here.refusal(token[:place] + alphabet[alphabet.index(character) ^ 1] + token[place + 1 :])
