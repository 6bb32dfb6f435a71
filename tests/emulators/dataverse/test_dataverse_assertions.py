"""The emulator's check of client assertions: signature, issuer, subject, audience and times, as Entra does.

Statuses and numbers that are not known stand in choices.py; each refusal is told apart by its number.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from emulators.dataverse.access.tokens import FederatedCredential
from emulators.dataverse.model import choices, defaults
from emulators.sts.server import LocalSts
from emulators.sts.signing import SigningKey
from shared.adapters.dataverse.sign_in.certificate import signed_assertion
from shared.domain.credentials.forms import Certificate
from tests.support.federation import AUDIENCE, ROLE, OwnCertificate, assertion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.dataverse_service import RunningEmulator

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def sts() -> Iterator[LocalSts]:
    with LocalSts() as sts:
        yield sts


@pytest.fixture
def trusting(service: RunningEmulator, sts: LocalSts) -> RunningEmulator:
    """An application that trusts one role of the issuer."""
    sts.heal()
    service.environment.tokens.trust(defaults.CLIENT_ID, FederatedCredential(sts.issuer, ROLE, AUDIENCE))
    return service


def grant(service: RunningEmulator, token: str | None, **changed: str | None) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": defaults.CLIENT_ID,
        "client_assertion_type": TYPE,
        "client_assertion": token,
        "scope": f"{service.environment.url}/.default",
    } | changed
    return httpx.post(
        f"{service.environment.url}/{defaults.TENANT_ID}/oauth2/v2.0/token",
        data={name: value for name, value in form.items() if value is not None},
    )


def number(response: httpx.Response) -> int:
    """The refusal's AADSTS number, which its whole body has."""
    body = response.json()
    assert response.status_code in {400, 401}, response.text
    (found,) = body["error_codes"]
    assert body["error_description"].startswith(f"AADSTS{found}: ")
    return int(found)


def test_an_assertion_that_matches_is_granted_a_token(trusting: RunningEmulator, sts: LocalSts) -> None:
    token = grant(trusting, assertion(sts)).json()["access_token"]
    assert trusting.get("WhoAmI", Authorization=f"Bearer {token}").status_code == 200


def test_the_audience_may_be_one_of_several(trusting: RunningEmulator, sts: LocalSts) -> None:
    assert grant(trusting, assertion(sts, aud=["other", AUDIENCE])).status_code == 200


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"iss": "https://other.example"}, 700211),
        ({"iss": None}, 700211),
        ({"sub": ROLE + "2"}, 700213),
        ({"sub": ROLE.upper()}, 700213),
        ({"sub": None}, 700213),
        ({"aud": "api://azureadtokenexchange"}, 700212),
        ({"aud": []}, 700212),
        ({"aud": None}, 700212),
    ],
)
def test_each_claim_is_compared_letter_by_letter(
    trusting: RunningEmulator, sts: LocalSts, changed: Any, expected: int
) -> None:
    """Entra's breaking change "Federated Identity Credentials now use case-sensitive matching"."""
    refused = grant(trusting, assertion(sts, **changed))
    assert number(refused) == expected
    assert refused.json()["error"] == "invalid_client"


def test_an_issuer_with_a_slash_more_is_another_issuer(trusting: RunningEmulator, sts: LocalSts) -> None:
    assert number(grant(trusting, assertion(sts, iss=f"{sts.issuer}/"))) == 700211


@pytest.mark.parametrize(("begins", "ends"), [(-7200, -3600), (3600, 7200), (0, None)])
def test_an_assertion_outside_its_times_is_refused(
    trusting: RunningEmulator, sts: LocalSts, begins: int, ends: int | None
) -> None:
    now = int(time.time())
    refused = grant(trusting, assertion(sts, iat=now + begins, exp=None if ends is None else now + ends))
    assert number(refused) == 700024


def test_a_key_that_the_issuer_does_not_publish_is_refused(trusting: RunningEmulator, sts: LocalSts) -> None:
    """Also one that the issuer has withdrawn; its tokens lived for minutes anyway."""
    assert number(grant(trusting, assertion(sts, key=SigningKey.new()))) == 7000272
    old = sts.rotate()
    assert grant(trusting, assertion(sts, key=old)).status_code == 200
    sts.withdraw()
    assert number(grant(trusting, assertion(sts, key=old))) == 7000272


def test_a_signature_by_another_key_is_refused(trusting: RunningEmulator, sts: LocalSts) -> None:
    """A forger can name the issuer's key, and not sign by it."""
    forged = SigningKey(sts.account.issuer.keys[-1].kid, SigningKey.new().private)
    assert number(grant(trusting, assertion(sts, key=forged))) == choices.FEDERATED_SIGNATURE_CODE


def test_an_issuer_that_cannot_be_read_is_refused(trusting: RunningEmulator, sts: LocalSts) -> None:
    sts.hide_metadata()
    assert number(grant(trusting, assertion(sts))) == 501661
    sts.heal()
    assert grant(trusting, assertion(sts)).status_code == 200


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_another_algorithm_is_refused(trusting: RunningEmulator, sts: LocalSts, algorithm: str) -> None:
    claims = jwt.decode(assertion(sts), options={"verify_signature": False})
    forged = jwt.encode(claims, "" if algorithm == "none" else "k" * 32, algorithm)
    assert number(grant(trusting, forged)) == choices.OTHER_ALGORITHM_CODE


@pytest.mark.parametrize("text", ["x", "a.b.c", "e30.e30", "bnVsbA.e30.x", "é.é.é"])
def test_what_is_no_jwt_is_refused(trusting: RunningEmulator, text: str) -> None:
    assert number(grant(trusting, text)) in {choices.MALFORMED_ASSERTION_CODE, 700211}


@pytest.mark.parametrize("kind", [None, "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
def test_an_assertion_of_another_type_counts_as_none(
    trusting: RunningEmulator, sts: LocalSts, kind: str | None
) -> None:
    assert number(grant(trusting, assertion(sts), client_assertion_type=kind)) == 7000216


def test_an_application_that_trusts_nobody_refuses_everybody(service: RunningEmulator, sts: LocalSts) -> None:
    assert number(grant(service, assertion(sts))) == 700211


def test_a_trust_that_was_removed_refuses_and_tokens_stay_valid(trusting: RunningEmulator, sts: LocalSts) -> None:
    token = grant(trusting, assertion(sts)).json()["access_token"]
    trusting.environment.tokens.distrust(defaults.CLIENT_ID, sts.issuer, ROLE)
    assert number(grant(trusting, assertion(sts))) == 700211
    assert trusting.get("WhoAmI", Authorization=f"Bearer {token}").status_code == 200


def test_a_trust_is_unique_and_an_application_has_twenty(service: RunningEmulator) -> None:
    """ "Important considerations and restrictions for federated identity credentials"."""
    tokens = service.environment.tokens
    for n in range(20):
        tokens.trust(defaults.CLIENT_ID, FederatedCredential("https://issuer.example", f"role-{n}"))
    with pytest.raises(ValueError, match="already"):
        tokens.trust(defaults.CLIENT_ID, FederatedCredential("https://issuer.example", "role-1"))
    with pytest.raises(ValueError, match="at most 20"):
        tokens.trust(defaults.CLIENT_ID, FederatedCredential("https://issuer.example", "role-20"))


# --- the application's own assertion, by certificate


def own(service: RunningEmulator, made: OwnCertificate, *, client_id: str = defaults.CLIENT_ID, url: str = "") -> str:
    """An assertion as the adapter signs it."""
    credential = Certificate(defaults.TENANT_ID, client_id, made.certificate, made.private_key)
    url = url or f"{service.environment.url}/{defaults.TENANT_ID}/oauth2/v2.0/token"
    return signed_assertion(credential, url)


def test_an_assertion_by_certificate_is_granted_a_token(service: RunningEmulator) -> None:
    """ "Certificate credentials": PS256, x5t#S256, issuer and subject are the application."""
    made = OwnCertificate.new()
    service.environment.tokens.add_certificate(defaults.CLIENT_ID, made.certificate)
    token = own(service, made)
    assert grant(service, token).status_code == 200
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"], len(header["x5t#S256"])) == ("PS256", "JWT", 43)


def test_each_fault_of_an_own_assertion_is_refused(service: RunningEmulator) -> None:
    made, ended = OwnCertificate.new(), OwnCertificate.new(days=-1)
    tokens = service.environment.tokens
    assert number(grant(service, own(service, made))) == 700027
    tokens.add_certificate(defaults.CLIENT_ID, made.certificate)
    tokens.add_certificate(defaults.CLIENT_ID, ended.certificate)
    assert number(grant(service, own(service, ended))) == 700027
    forged = OwnCertificate(made.certificate, ended.private_key)
    assert number(grant(service, own(service, forged))) == 700027
    elsewhere = own(service, made, url="https://login.microsoftonline.com/x/oauth2/v2.0/token")
    assert number(grant(service, elsewhere)) == choices.OWN_ASSERTION_AUDIENCE_CODE
    tokens.remove_certificate(defaults.CLIENT_ID, made.certificate)
    assert number(grant(service, own(service, made))) == 700027
