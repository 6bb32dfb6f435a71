"""Signing in to Dataverse without a client secret: what refuses us is named, and what moves is not lost (I10)."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from emulators.dataverse.model import defaults
from emulators.lambda_host.template.provision import Stack
from emulators.sts.server import LocalSts
from local.stack.aws import CREDENTIALS, REGION
from local.stack.federation import ROLE, policy_of
from local.stack.parameters import local_template
from shared.adapters.aws.identity_tokens import AwsIdentityTokens
from shared.adapters.dataverse.examining import DataverseExaminer
from shared.adapters.dataverse.service import Service
from shared.adapters.dataverse.sign_in.certificate import signed_assertion
from shared.domain.alerts import Language
from shared.domain.credentials.examination import CredentialFault, Examination
from shared.domain.errors import WebsiteAuthError
from shared.domain.listings import ListingTable
from shared.domain.wording.credential_faults import in_words
from shared.domain.wording.languages import TEXTS
from shared.use_cases.examine_credential import examine_credential
from tests.support.federation import OwnCertificate
from tests.support.syncs import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.syncs import EmulatedWebsite

STACK = Stack(local_template(region=REGION))
ARN = STACK.attribute(ROLE, "Arn")
FEDERATION = {"tenant_id": defaults.TENANT_ID, "client_id": defaults.CLIENT_ID, "federation": "aws"}


class NoBackoff:
    """No other worker has been asked to wait."""

    def seconds_left(self) -> float:
        return 0.0

    def block_for(self, seconds: float, reason: str) -> None:
        """Nothing else asks."""


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch, site: EmulatedWebsite) -> Iterator[LocalSts]:
    """An STS whose tokens the application trusts."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with LocalSts({ARN: policy_of(STACK)}) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        site.trust(sts.issuer, ARN)
        yield sts


def examined(site: EmulatedWebsite, secret: Any) -> Examination:
    identity = AwsIdentityTokens(ARN, REGION)
    with closing(Service(site.url, site.url, lambda _: secret, identity, signed_assertion)) as service:
        examiner = DataverseExaminer(service, NoBackoff(), time_left=lambda: 20.0)
        return examine_credential(secret, [ListingTable(TABLE, "hlf_mentorid")], examiner=examiner)


def test_a_trusted_role_signs_in_without_a_secret(site: EmulatedWebsite, sts: LocalSts) -> None:
    assert examined(site, FEDERATION) == Examination()


def moved(site: EmulatedWebsite, sts: LocalSts, *, issuer: str = "", subject: str = ARN, audience: str = "") -> None:
    """Trust something else instead."""
    site.distrust(sts.issuer, ARN)
    site.trust(issuer or sts.issuer, subject, audience or "api://AzureADTokenExchange")


REFUSED = {
    "another issuer": (
        lambda site, sts: moved(site, sts, issuer=f"{sts.issuer}/"),
        CredentialFault.UNTRUSTED_ISSUER,
        "entra_700211",
    ),
    "another role": (
        lambda site, sts: moved(site, sts, subject=ARN.lower()),
        CredentialFault.UNTRUSTED_SUBJECT,
        "entra_700213",
    ),
    "another audience": (
        lambda site, sts: moved(site, sts, audience="api://other"),
        CredentialFault.UNTRUSTED_AUDIENCE,
        "entra_700212",
    ),
    "a clock that is ahead": (lambda _, sts: sts.skew(3600), CredentialFault.ASSERTION_INVALID, "entra_700024"),
    "keys that cannot be read": (
        lambda _, sts: sts.hide_metadata(),
        CredentialFault.ASSERTION_INVALID,
        "entra_501661",
    ),
    "federation is off": (
        lambda _, sts: sts.enable_federation(enabled=False),
        CredentialFault.IDENTITY_DISABLED,
        "sts_OutboundWebIdentityFederationDisabled",
    ),
    "the role is not ours": (
        lambda _, sts: sts.deny(ARN),
        CredentialFault.IDENTITY_REFUSED,
        "sts_AccessDenied",
    ),
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_refused_assertion_is_named_and_can_be_cured(site: EmulatedWebsite, sts: LocalSts, how: str) -> None:
    """I10: in words that say where to look, in both languages, for the person and for the alert."""
    cause, fault, code = REFUSED[how]
    cause(site, sts)
    (finding,) = examined(site, FEDERATION).findings
    assert (finding.fault, finding.code) == (fault, code)
    for language in Language:
        text = in_words(finding, language)
        assert code in text.what
        assert text.to_do
        assert TEXTS[language].codes.whole[code].meaning
        assert TEXTS[language].codes.whole[code].step


def test_a_certificate_signs_in(site: EmulatedWebsite, sts: LocalSts) -> None:
    """A certificate signs in once it is registered, and one that cannot be read is told apart from one unknown."""
    made = OwnCertificate.new()
    ids = {"tenant_id": defaults.TENANT_ID, "client_id": defaults.CLIENT_ID}
    secret = {**ids, "certificate": made.certificate, "private_key": made.private_key}
    (finding,) = examined(site, secret).findings
    assert (finding.fault, finding.code) == (CredentialFault.ASSERTION_INVALID, "entra_700027")
    site.add_certificate(made.certificate)
    assert examined(site, secret) == Examination()
    with closing(Service(site.url, site.url, lambda _: secret)) as elsewhere, pytest.raises(WebsiteAuthError) as raised:
        elsewhere.tokens.token(5.0)
    assert raised.value.code == "secret_certificate_unusable", "as in break-glass, which has no library for it"
    broken = {**secret, "private_key": made.certificate}
    (finding,) = examined(site, broken).findings
    assert (finding.fault, finding.code) == (CredentialFault.INCOMPLETE, "secret_certificate_unusable")
    assert sts.calls == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"federation": "gcp"}, "secret_federation_unknown"),
        ({"client_secret": "x"}, "secret_has_two_forms"),
        ({"tenant_id": ""}, "secret_has_no_tenant_id"),
    ],
)
def test_a_secret_of_no_form_is_refused_unsent(site: EmulatedWebsite, sts: LocalSts, wrong: Any, code: str) -> None:
    (finding,) = examined(site, FEDERATION | wrong).findings
    assert (finding.fault, finding.code) == (CredentialFault.INCOMPLETE, code)
    assert sts.calls == []
