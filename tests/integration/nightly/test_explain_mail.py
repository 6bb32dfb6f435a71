"""explain shows the whole life of each mail: claimed, accepted, and what became of it, in times and codes (point 2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from operations.commands.explain import read_explanation
from operations.screens import mentor_view
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from uuid import UUID

    from emulators.ses.server import LocalSes
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

AT = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
ADDRESS = "kari.saether@example.no"


@pytest.fixture
def mentor(foundation: Foundation, functions: Functions, ses: LocalSes) -> UUID:
    """A mentor whose reminder SES has accepted."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(12))
    functions.nightly_check(DAY)
    functions.send(DAY)
    assert len(ses.messages) == 1
    return mentor


def said_by_ses(foundation: Foundation, kind: str, after: timedelta, **more: str) -> str:
    """Record an event about the reminder, as SES publishes it."""
    (notice, message) = foundation.all("SELECT id, message_id FROM certification.notices WHERE kind = 'reminder'")[0]
    return str(
        foundation.one(
            "SELECT certification.record_mail_event(%s, %s, %s, %s, n.claimed_at, n.claimed_at + %s, %s, %s, %s)"
            " FROM certification.notices AS n WHERE n.id = %s",
            f"{kind}:{after}",
            notice,
            kind,
            message,
            after,
            more.get("bounce_type"),
            more.get("code"),
            more.get("status"),
            notice,
        )
    )


def screen(foundation: Foundation, capsys: pytest.CaptureFixture[str], mentor: UUID) -> str:
    """What a person reads, in one line."""
    capsys.readouterr()
    mentor_view.explanation(read_explanation(foundation.connection, mentor, DAY), None)
    said = capsys.readouterr().out
    assert ADDRESS not in said
    return " ".join(said.split())


def test_a_mail_that_was_accepted_is_not_known_yet(
    foundation: Foundation, mentor: UUID, ses: LocalSes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sent is not arrived (I17)."""
    said = screen(foundation, capsys, mentor)
    assert "claimed" in said
    assert "accepted by SES" in said
    assert f"Notice 1 is in SES: {ses.messages[0].message_id}" in said
    assert "not known yet whether it arrived" in said


def test_each_event_has_its_time_and_codes(
    foundation: Foundation, mentor: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    """Delayed, bounced, and the address that is unusable since then; in Oslo's time."""
    assert said_by_ses(foundation, "delay", timedelta(hours=1), code="MailboxFull", status="4.2.2") == "recorded"
    assert said_by_ses(
        foundation, "bounce", timedelta(hours=2), bounce_type="permanent", code="General", status="5.1.1"
    )
    found = read_explanation(foundation.connection, mentor, DAY)
    (mail,) = found.mails
    assert [(event.kind, event.bounce_type, event.code, event.status) for event in mail.events] == [
        ("delay", None, "MailboxFull", "4.2.2"),
        ("bounce", "permanent", "General", "5.1.1"),
    ]
    assert (mail.arrival, mail.delays) == ("bounced", 1)
    assert found.mentor.mail_problem == "address_bounced"
    said = screen(foundation, capsys, mentor)
    assert "delayed, SES tries again (MailboxFull, 4.2.2)" in said
    assert "bounced (permanent, General, 5.1.1)" in said
    assert found.address is not None
    assert "Cannot be mailed: since" in said
    assert "not known yet" not in said


def test_an_address_that_was_allowed_again_is_said(
    foundation: Foundation, mentor: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    said_by_ses(foundation, "bounce", timedelta(hours=2), bounce_type="permanent", code="General")
    assert foundation.one("SELECT certification.allow_mail(%s, 'turid', 'their mailbox is back')", mentor) == "allowed"
    said = screen(foundation, capsys, mentor)
    assert "Mail was allowed again" in said
    assert "Cannot be mailed" not in said


def test_a_changed_address_has_nothing_against_it(foundation: Foundation, mentor: UUID) -> None:
    """The bounce stays with the mail, and the address in the app is another."""
    said_by_ses(foundation, "bounce", timedelta(hours=2), bounce_type="permanent", code="General")
    foundation.do("UPDATE peer_mentors SET email = 'kari@example.no' WHERE id = %s", mentor)
    found = read_explanation(foundation.connection, mentor, DAY)
    assert (found.address, found.mentor.mail_problem, found.mails[0].arrival) == (None, None, "bounced")


def test_a_late_complaint_stands_after_the_delivery(
    foundation: Foundation, mentor: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order in which it happened, whatever the order of the events."""
    said_by_ses(foundation, "complaint", timedelta(days=3), code="abuse")
    said_by_ses(foundation, "delivery", timedelta(seconds=4), status="2.0.0")
    said = screen(foundation, capsys, mentor)
    assert said.index("delivered to the recipient's server (2.0.0)") < said.index("complained of (abuse)")


def test_a_mail_that_was_never_accepted_says_its_state(
    foundation: Foundation, functions: Functions, ses: LocalSes, capsys: pytest.CaptureFixture[str]
) -> None:
    mentor = foundation.mentor(foundation.organisation(), DAY + days(12))
    ses.fail_for(ADDRESS, "MessageRejected")
    functions.nightly_check(DAY)
    functions.send(DAY)
    assert "MessageRejected" in screen(foundation, capsys, mentor)


def test_a_mentor_without_mails_has_no_such_table(foundation: Foundation, capsys: pytest.CaptureFixture[str]) -> None:
    mentor = foundation.mentor(foundation.organisation(), DAY + days(100))
    assert "What became of it" not in screen(foundation, capsys, mentor)
