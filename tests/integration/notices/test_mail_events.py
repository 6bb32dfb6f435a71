"""What became of each mail, whatever SES says in whatever order, and whenever the sender knows (I4, I17)."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from shared.domain.mail.notices import Sent, ServiceRefused, Throttled, Undeliverable, Unknown
from tests.support.foundation import DAY, days
from tests.support.mails import message_id
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.mails import Mails

LOST = Unknown("lost_reply")
# What may happen to one mail. The sender knows one of the first two; a test does both, as after a lost connection.
WHAT = ("settle", "lost", "bounce", "delivery", "complaint")
ORDERS = list(itertools.permutations(WHAT))


def happens(mails: Mails, notice: int, what: str) -> None:
    match what:
        case "settle":
            mails.settle(notice)
        case "lost":
            mails.settle(notice, LOST)
        case _:
            mails.says(notice, what, accepted_at=datetime(2026, 12, 1, 9, tzinfo=UTC) + days(3650))


@pytest.mark.parametrize("first", WHAT)
@pytest.mark.parametrize("twice", ["each", "all"])
def test_every_order_ends_the_same(mails: Mails, reminded: Callable[..., Any], first: str, twice: str) -> None:
    """I4, I17: complained wins over bounced over delivered, however often and in whatever order it is said."""
    orders = [order for order in ORDERS if order[0] == first]
    organisation = reminded(len(orders)).organisation
    for order in orders:
        notice = there(mails.claim(organisation)).id
        whole = [one for one in order for _ in range(2)] if twice == "each" else [*order, *order]
        for what in whole:
            happens(mails, notice, what)
        assert mails.state(notice) == ("sent", "complained", "abuse", message_id(notice)), whole
        assert mails.kinds(notice) == ["bounce", "complaint", "delivery"], whole
    assert mails.claim(organisation) is None  # and nothing is sent again
    reasons = mails.foundation.all("SELECT reason FROM certification.unusable_addresses")
    assert reasons == ["address_complained"] * len(orders)
    assert mails.foundation.one("SELECT count(*) FROM certification.mail_events WHERE waits_until IS NOT NULL") == 0


@pytest.mark.parametrize("order", list(itertools.permutations(("settle", "bounce", "delivery"))))
def test_a_bounce_wins_over_a_delivery(mails: Mails, reminded: Callable[..., Any], order: tuple[str, ...]) -> None:
    """I17: a server may take a mail and bounce it later, and the events come in any order."""
    notice = there(mails.claim(reminded().organisation)).id
    for what in order:
        happens(mails, notice, what)
    assert mails.state(notice) == ("sent", "bounced", "permanent:General:5.1.1", message_id(notice))
    assert mails.problem("0@example.no") == "address_bounced"


def test_an_event_waits_for_the_sender(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I4: a row that waits, with a lease; the settling applies it."""
    notice = there(mails.claim(reminded().organisation)).id
    assert mails.says(notice, "bounce") == "waiting"
    assert mails.says(notice, "bounce") == "repeated"
    assert mails.state(notice) == ("claimed", None, None, None)
    assert mails.problem("0@example.no") is None
    assert mails.sweep() == {"mail_events_taken_up": 0, "arrivals_unknown": 0}
    mails.settle(notice)
    assert mails.state(notice)[:2] == ("sent", "bounced")
    assert mails.problem("0@example.no") == "address_bounced"


def test_the_sweep_applies_what_a_dead_sender_left(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I4: the event settles the stuck claim, and the mail is never sent again."""
    organisation = reminded().organisation
    notice = there(mails.claim(organisation)).id
    assert mails.says(notice, "delivery") == "waiting"
    mails.time_passes(timedelta(minutes=19))
    assert mails.sweep()["mail_events_taken_up"] == 0
    mails.time_passes(timedelta(minutes=2))
    assert mails.sweep() == {"mail_events_taken_up": 1, "arrivals_unknown": 0}
    assert mails.state(notice) == ("sent", "delivered", "2.0.0", message_id(notice))
    assert mails.claim(organisation) is None


@pytest.mark.parametrize("kind", ["bounce", "complaint", "delivery", "delay", "reject"])
def test_an_event_settles_a_stuck_claim(mails: Mails, reminded: Callable[..., Any], kind: str) -> None:
    """I4: every kind proves that SES accepted the mail. The next one of that notice takes along those that waited."""
    organisation = reminded().organisation
    notice = there(mails.claim(organisation)).id
    assert mails.says(notice, "delay") == "waiting"
    mails.time_passes(timedelta(minutes=21))
    assert mails.says(notice, kind, accepted_at=datetime.now(UTC) - timedelta(minutes=20)) in {"recorded", "repeated"}
    assert (mails.state(notice)[0], mails.state(notice)[3]) == ("sent", message_id(notice))
    mails.settle(notice, Sent(message_id(notice, 2)))  # the sender was only slow
    assert mails.state(notice)[3] == message_id(notice)
    assert mails.foundation.one("SELECT count(*) FROM certification.mail_events WHERE waits_until IS NOT NULL") == 0


def test_a_lost_reply_waits_for_nothing(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I4: the sender has said that it does not know."""
    notice = there(mails.claim(reminded().organisation)).id
    mails.settle(notice, LOST)
    assert mails.says(notice, "delivery") == "recorded"
    assert mails.state(notice)[:2] == ("sent", "delivered")


@pytest.mark.parametrize("outcome", [Throttled(), ServiceRefused("x"), Undeliverable("x"), LOST])
@pytest.mark.parametrize("event_first", [True, False])
def test_what_ses_has_sent_is_never_sent_again(
    mails: Mails, reminded: Callable[..., Any], outcome: Any, *, event_first: bool
) -> None:
    """I4: whatever the sender understood, an event proves that the mail went out."""
    organisation = reminded().organisation
    notice = there(mails.claim(organisation)).id
    if event_first:
        mails.says(notice, "delivery")
    mails.settle(notice, outcome)
    if not event_first:
        mails.says(notice, "delivery")
    assert mails.state(notice)[:2] == ("sent", "delivered")
    mails.new_run()
    assert mails.claim(organisation) is None


def test_after_a_day_it_is_unknown_and_a_bounce_still_wins(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I17: accepted, and neither delivered nor bounced nor complained of. A delay is none of them."""
    people = reminded()
    (notice,) = (one.id for one in mails.send(people.organisation))
    mails.says(notice, "delay")
    mails.time_passes(timedelta(hours=23, minutes=59))
    assert mails.sweep()["arrivals_unknown"] == 0
    mails.time_passes(timedelta(minutes=2))
    assert mails.sweep() == {"mail_events_taken_up": 0, "arrivals_unknown": 1}
    assert mails.state(notice)[:3] == ("sent", "unknown", None)
    assert mails.sweep()["arrivals_unknown"] == 0
    yesterday = datetime.now(UTC) - days(1)
    assert mails.says(notice, "delay", accepted_at=yesterday, key="another") == "recorded"
    assert mails.state(notice)[1] == "unknown"
    assert mails.says(notice, "bounce", accepted_at=yesterday) == "recorded"
    assert mails.state(notice)[1] == "bounced"


def test_a_rejected_mail_says_nothing_of_the_address(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I17: SES would not send what it says; it did not arrive."""
    (notice,) = (one.id for one in mails.send(reminded().organisation))
    mails.says(notice, "reject")
    assert mails.state(notice)[:3] == ("sent", "bounced", "reject")
    assert mails.problem("0@example.no") is None


def test_events_of_a_restored_database_change_nothing(mails: Mails, reminded: Callable[..., Any]) -> None:
    """The notice of that id was never claimed here, was claimed only later, or was sent with another message id."""
    organisation = reminded(2).organisation
    assert mails.says(999_999) == "unknown_notice"
    [never, _] = mails.foundation.all("SELECT id FROM certification.notices WHERE kind = 'reminder' ORDER BY id")
    assert mails.says(never, "bounce") == "another_message"
    claimed = there(mails.claim(organisation)).id
    before = datetime.now(UTC) - timedelta(minutes=6)
    assert mails.says(claimed, "bounce", accepted_at=before) == "another_message"
    mails.settle(claimed)
    assert mails.says(claimed, "bounce", accepted_at=before) == "another_message"
    assert mails.says(claimed, "bounce", message=message_id(claimed, 2)) == "another_message"
    assert mails.state(claimed) == ("sent", None, None, message_id(claimed))
    assert mails.foundation.one("SELECT count(*) FROM certification.mail_events") == 0


def test_an_event_of_another_sending_that_waited_is_dropped(mails: Mails, reminded: Callable[..., Any]) -> None:
    """The sender's own message id decides."""
    notice = there(mails.claim(reminded().organisation)).id
    assert mails.says(notice, "bounce", message=message_id(notice, 2)) == "waiting"
    mails.settle(notice)
    assert mails.state(notice) == ("sent", None, None, message_id(notice))
    assert mails.kinds(notice) == []


def test_a_word_of_an_operator_is_no_message_id(mails: Mails, reminded: Callable[..., Any]) -> None:
    """The runbook has a stuck notice settled by hand; SES may still say that it bounced."""
    notice = there(mails.claim(reminded().organisation)).id
    mails.settle(notice, Sent("seen-by-the-recipient"))
    assert mails.says(notice, "bounce") == "recorded"
    assert mails.state(notice)[1:] == ("bounced", "permanent:General:5.1.1", message_id(notice))


def test_a_bounce_after_renewal_is_recorded(mails: Mails, foundation: Foundation, reminded: Callable[..., Any]) -> None:
    """I17: the mentor has renewed meanwhile; the mail has not arrived all the same, and the next may not."""
    people = reminded()
    (notice,) = (one.id for one in mails.send(people.organisation))
    foundation.renew(people.mentors[0], DAY + days(700))
    mails.says(notice, "bounce")
    assert mails.state(notice)[1] == "bounced"
    (digest,) = mails.send_all(people.organisation)
    assert [line.reason for line in there(digest.digest).undeliverable] == ["address_bounced"]


def test_only_mail_events_may_record(database: TestDatabase) -> None:
    """No other login says what became of a mail."""
    for function in ("SendNotices", "Reconciliation", "ForceSync", "Operations"):
        login = database.login(function)
        with (
            psycopg.connect(
                host=login["host"],
                port=login["port"],
                dbname=login["dbname"],
                user=login["username"],
                password=login["password"],
            ) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(
                "SELECT certification.record_mail_event('k', 1, 'delivery', 'm', now(), now(), NULL, NULL, NULL)"
            )


def test_what_is_stored_is_bounded(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I11: whatever the login says, no address gets into the tables."""
    (notice,) = (one.id for one in mails.send(reminded().organisation))
    mails.connection("MailEvents").execute(
        "SELECT certification.record_mail_event(%s, %s, 'bounce', %s, now(), 'infinity', 'permanent', %s, %s)",
        ("å" * 900, notice, message_id(notice), "550 <kåre@example.no>" * 9, "5.1.1 kåre"),
    )
    [(key, at, code, status)] = mails.foundation.all(
        "SELECT event_key, occurred_at < 'infinity', code, status FROM certification.mail_events"
    )
    assert (len(key), at, len(code), status) == (400, True, 60, "5.1.1 k?re")
    assert "å" not in key + code


def test_explain_has_the_whole_life_of_each_mail(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I17: claimed, accepted, what became of it, and when the coordinator was told, in times and codes."""
    people = reminded()
    mails.send(people.organisation)
    notice = mails.foundation.one("SELECT id FROM certification.notices WHERE kind = 'reminder'")
    mails.says(notice, "delay")
    mails.says(notice, "bounce", after=timedelta(minutes=9))
    mails.send_all(people.organisation)
    cursor = mails.connection("Operations").execute(
        "SELECT * FROM certification.mail_history(%s)", (people.mentors[0],)
    )
    [life] = cursor.fetchall()
    assert (life["kind"], life["threshold_day"], life["attempts"], life["state"]) == ("reminder", 7, 1, "sent")
    assert life["claimed_at"] < life["accepted_at"] < life["reported_at"]
    assert (life["arrival"], life["arrival_code"], life["delays"]) == ("bounced", "permanent:General:5.1.1", 1)
    assert [(one["kind"], one["code"], one["status"]) for one in life["events"]] == [
        ("delay", "MailboxFull", "4.2.2"),
        ("bounce", "General", "5.1.1"),
    ]
