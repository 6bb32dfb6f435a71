"""DKIM, MAIL FROM, DMARC and the configuration set, on a local SES and a local name server (point 3)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from emulators.dns.server import LocalDns
from emulators.ses.account import ConfigurationSet, EventDestination, Identity
from emulators.ses.server import LocalSes
from local.stack.aws import CREDENTIALS, REGION
from shared.adapters.aws.deliverability import EVENT_TYPES, POINTS, deliverability_findings
from shared.adapters.aws.people import people_findings
from shared.domain.integration.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.domain.integration.findings import Finding

SET = "hlf-mail"
SENDER = "ikke-svar@post.hlf.no"
DKIM, MAIL_FROM, DMARC, CONFIGURATION_SET = (
    f"dependencies.mail.{name}" for name in ("dkim", "mail_from", "dmarc", "configuration_set")
)


@dataclass
class Surroundings:
    """The account in SES, and the name servers."""

    ses: LocalSes
    dns: LocalDns

    def found(self, sender: str = SENDER, name: str = SET) -> dict[str, Finding]:
        findings = deliverability_findings(REGION, sender, name, self.dns.address)
        return {finding.point: finding for finding in findings}

    def of(self, point: str) -> tuple[Verdict, str]:
        finding = self.found()[point]
        return finding.verdict, finding.found


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    """Everything in good order: the domain above the sender's is the identity."""
    with LocalSes() as ses, LocalDns({"_dmarc.hlf.no": ["v=DMARC1; p=quarantine"]}) as dns:
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.url)
        ses.create_configuration_set(ConfigurationSet(SET, (EventDestination("eventbridge"),)))
        yield Surroundings(ses, dns)


def test_everything_in_order_holds(there: Surroundings) -> None:
    """Each point says what it found, and none names the sender's address (I11)."""
    findings = there.found()
    assert {point: (one.verdict, one.found) for point, one in findings.items()} == {
        DKIM: (Verdict.HOLDS, "signed as post.hlf.no"),
        MAIL_FROM: (Verdict.HOLDS, "mail.post.hlf.no"),
        DMARC: (Verdict.HOLDS, "_dmarc.hlf.no: p=quarantine"),
        CONFIGURATION_SET: (Verdict.HOLDS, "hlf-mail, with 5 types of events"),
    }
    assert set(findings) == set(POINTS)
    assert "ikke-svar" not in str(findings)


@pytest.mark.parametrize(
    ("identity", "dkim", "mail_from"),
    [
        (
            Identity(dkim_status="PENDING"),
            "the DKIM records of post.hlf.no are PENDING",
            "post.hlf.no has none: SES uses",
        ),
        (Identity(dkim_signing=False), "signing is switched off for post.hlf.no", "post.hlf.no has none: SES uses"),
        (
            Identity(dkim_status="FAILED", mail_from_domain="retur.hlf.no", mail_from_status="TEMPORARY_FAILURE"),
            "the DKIM records of post.hlf.no are FAILED",
            "the records of retur.hlf.no are TEMPORARY_FAILURE",
        ),
    ],
)
def test_an_identity_that_is_not_ready_is_said(
    there: Surroundings, identity: Identity, dkim: str, mail_from: str
) -> None:
    """With the status that SES has, and what to do."""
    there.ses.identities["post.hlf.no"] = identity
    findings = there.found()
    assert findings[DKIM].verdict is findings[MAIL_FROM].verdict is Verdict.DOES_NOT_HOLD
    assert findings[DKIM].found == dkim
    assert findings[MAIL_FROM].found.startswith(mail_from)
    assert "DNS" in findings[MAIL_FROM].advice


def test_the_verified_domain_above_is_the_identity(there: Surroundings) -> None:
    """SES sends with the nearest that is verified; `sender` reads the same identities."""
    there.ses.unverified.add("post.hlf.no")
    assert there.of(DKIM) == (Verdict.HOLDS, "signed as hlf.no")
    sender = next(iter(people_findings(REGION, SENDER, "arn:aws:sns:eu-north-1:000000000000:x")))
    assert (sender.verdict, sender.found) == (Verdict.HOLDS, "its domain is verified")


@pytest.mark.parametrize(
    ("records", "verdict", "said"),
    [
        ({}, Verdict.DOES_NOT_HOLD, "there is no record at _dmarc.post.hlf.no or _dmarc.hlf.no"),
        ({"_dmarc.post.hlf.no": ["v=DMARC1; p=none"]}, Verdict.HOLDS, "_dmarc.post.hlf.no: p=none"),
        (
            {"_dmarc.hlf.no": ["v=DMARC1; p=reject", "v=DMARC1; p=none"]},
            Verdict.DOES_NOT_HOLD,
            "_dmarc.hlf.no has 2 records",
        ),
    ],
)
def test_dmarc_is_looked_up(there: Surroundings, records: dict[str, list[str]], verdict: Verdict, said: str) -> None:
    """At the sender's domain and the one above it."""
    there.dns.texts = records
    found, why = there.of(DMARC)
    assert (found, why.startswith(said)) == (verdict, True)


@pytest.mark.parametrize(("fault", "code"), [("fails", "dns_NoNameservers"), ("is_silent", "dns_LifetimeTimeout")])
def test_dmarc_that_cannot_be_looked_up_is_not_checked(there: Surroundings, fault: str, code: str) -> None:
    """No success and no missing record, with why; the other points are checked (I13), within seconds (I18)."""
    setattr(there.dns, fault, True)
    begun = time.monotonic()
    findings = there.found()
    assert (findings[DMARC].verdict, findings[DMARC].found) == (Verdict.NOT_CHECKED, code)
    assert {findings[point].verdict for point in (DKIM, MAIL_FROM, CONFIGURATION_SET)} == {Verdict.HOLDS}
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (None, "hlf-mail is missing"),
        (ConfigurationSet(SET), "it has no destination in EventBridge"),
        (
            ConfigurationSet(SET, (EventDestination("e", enabled=False),)),
            "its destination in EventBridge is switched off",
        ),
        (
            ConfigurationSet(SET, (EventDestination("e", ("BOUNCE", "COMPLAINT")),)),
            "it does not publish DELIVERY, DELIVERY_DELAY, REJECT",
        ),
        (
            ConfigurationSet(SET, (EventDestination("e", (*EVENT_TYPES, "OPEN", "CLICK")),)),
            "it tracks readers (CLICK, OPEN)",
        ),
        (ConfigurationSet(SET, (EventDestination("e"),), sending=False), "sending is switched off for it"),
        (
            ConfigurationSet(SET, (EventDestination("e"),), tracking_domain="klikk.hlf.no"),
            "links lead over klikk.hlf.no",
        ),
    ],
)
def test_a_set_that_says_nothing_or_too_much_is_found(
    there: Surroundings, made: ConfigurationSet | None, said: str
) -> None:
    """Every type of event is needed, and no reader is tracked."""
    del there.ses.configuration_sets[SET]
    if made is not None:
        there.ses.create_configuration_set(made)
    assert there.of(CONFIGURATION_SET) == (Verdict.DOES_NOT_HOLD, said)


def test_two_destinations_may_share_the_types(there: Surroundings) -> None:
    there.ses.create_configuration_set(
        ConfigurationSet(SET, (EventDestination("a", EVENT_TYPES[:2]), EventDestination("b", EVENT_TYPES[2:])))
    )
    assert there.of(CONFIGURATION_SET)[0] is Verdict.HOLDS


def test_mail_without_a_set_is_said(there: Surroundings) -> None:
    assert there.found(name="")[CONFIGURATION_SET].found == "mails are sent with no configuration set"


def test_a_service_that_is_away_is_not_checked(there: Surroundings) -> None:
    """And DMARC, which is asked of others, is checked."""
    there.ses.refuse_connections()
    findings = there.found()
    assert {findings[point].verdict for point in (DKIM, MAIL_FROM, CONFIGURATION_SET)} == {Verdict.NOT_CHECKED}
    assert findings[DMARC].verdict is Verdict.HOLDS
    assert findings[DKIM].found.startswith("aws_")
