"""What a coordinator reads after a bounce, from SES's event to the mail's own words (I17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.foundation import DAY, days
from tests.support.there import there

if TYPE_CHECKING:
    from uuid import UUID

    from emulators.ses.server import LocalSes
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions


@pytest.fixture
def reminded(foundation: Foundation, ses: LocalSes, functions: Functions) -> UUID:
    """Return a mentor to whom a reminder was sent, and whose coordinator was told so."""
    organisation = foundation.organisation()
    coordinator = foundation.coordinator(organisation)
    mentor = foundation.mentor(
        organisation, DAY + days(7), coordinator=coordinator, email="kari@example.no", phone="900 00 000"
    )
    functions.nightly_check(DAY)
    functions.send(DAY)
    return mentor


def happened(foundation: Foundation, recipient: str, kind: str, bounce_type: str | None = None) -> None:
    """Let SES say this of the last mail to the mentor, or to the coordinator."""
    said = foundation.one(
        "SELECT certification.record_mail_event(n.id::text || %s, n.id, %s, n.message_id, n.claimed_at,"
        " clock_timestamp(), %s, 'general', NULL) FROM certification.notices AS n"
        f" WHERE {recipient} IS NOT NULL AND n.state = 'sent' ORDER BY n.id DESC LIMIT 1",
        kind,
        kind,
        bounce_type,
    )
    assert said == "recorded"


def text_of_the_last(ses: LocalSes) -> str:
    return str(there(ses.messages[-1].parsed().get_body(("plain",))).get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("kind", "bounce_type", "said"),
    [
        ("bounce", "permanent", "e-postadressen virker ikke, og vi sender ikke mer dit."),
        ("bounce", "transient", "Du trenger ikke å endre noe i appen"),
        ("bounce", "undetermined", "e-posten kom i retur, og vi vet ikke hvorfor."),
        ("complaint", None, "har markert e-posten som søppelpost"),
    ],
)
def test_a_coordinator_reads_why_and_what_to_do(
    kind: str,
    bounce_type: str | None,
    said: str,
    reminded: UUID,
    foundation: Foundation,
    functions: Functions,
    ses: LocalSes,
) -> None:
    """The first digest says that the reminder is sent; the next that it did not arrive, why, and to send an SMS."""
    assert "Påminnelse er sendt (1)" in text_of_the_last(ses)
    happened(foundation, "n.mentor_id", kind, bounce_type)
    functions.nightly_check(DAY + days(1))
    functions.send(DAY + days(1))
    text = text_of_the_last(ses)
    assert ses.messages[-1].recipient == "turid.vik@example.no"
    assert "E-posten kom ikke fram (1)" in text
    (entry,) = (line for line in text.splitlines() if line.startswith("- "))
    assert said in entry
    assert "SMS til 900 00 000 (eller ring), e-post: kari@example.no" in entry


def test_the_fall_back_reads_whose_digest_it_is(
    reminded: UUID, foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """A coordinator whose own address bounced: the digest's copy says in its first line why it came."""
    foundation.do("UPDATE certification.standard SET fallback_address = 'post@hlf.example.no'")
    happened(foundation, "n.coordinator_id", "bounce", "permanent")
    functions.nightly_check(DAY + days(1))
    functions.send(DAY + days(1))
    mail = ses.messages[-1]
    assert mail.recipient == "post@hlf.example.no"
    greeting, first, *_ = text_of_the_last(ses).split("\n\n")
    assert greeting == "Hei!"
    assert first.startswith("Denne oppsummeringen gjelder likepersonene til Turid Vik, som vi ikke når på e-post.")
    assert "Turid" not in str(mail.parsed()["To"])
