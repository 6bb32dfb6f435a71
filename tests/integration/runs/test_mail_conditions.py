"""The conditions of mail: at which figure each opens, that news is sent at once, and when each is over (I17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.runs.test_alerts import alerts, hours_pass, operations, publish  # noqa: F401 - fixtures
from tests.support.foundation import DAY, days
from tests.support.mail_outbox import MailOutbox

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.fakes.alerts import FakeAlertPublisher
    from tests.support.foundation import Foundation


@pytest.fixture
def outbox(foundation: Foundation) -> MailOutbox:
    return MailOutbox(foundation)


def found(foundation: Foundation) -> dict[str, int]:
    """The conditions of mail that are true now, with their figures."""
    return dict(
        foundation.all(
            "SELECT condition, n FROM certification.current_conditions()"
            " WHERE condition LIKE 'mail\\_%' OR condition LIKE '%\\_rate\\_high' OR condition LIKE 'coordinator%'"
            " OR condition LIKE 'fallback%'"
        )
    )


@pytest.mark.parametrize(
    ("sent", "arrival", "n", "opens"),
    [
        (1000, "bounced", 25, False),  # exactly 2.5 %
        (1000, "bounced", 26, True),
        (500, "bounced", 500, False),  # not more than 500 were sent
        (501, "bounced", 12, False),
        (501, "bounced", 13, True),
        (2000, "complained", 1, False),  # exactly 0.05 %
        (2000, "complained", 2, True),
        (500, "complained", 500, False),
        (501, "complained", 1, True),
        (600, "unknown", 600, False),
    ],
)
def test_a_rate_opens_above_its_limit(
    foundation: Foundation, outbox: MailOutbox, sent: int, arrival: str, n: int, opens: bool
) -> None:
    """Point 5: above 2.5 % and 0.05 %, of more than 500 mails."""
    condition = {"bounced": "bounce_rate_high", "complained": "complaint_rate_high"}.get(arrival, "")
    outbox.sent(arrival="delivered", n=sent - n) if sent > n else None
    outbox.sent(arrival=arrival, n=n)
    rates = {name: n for name, n in found(foundation).items() if name.endswith("_rate_high")}
    assert rates == ({condition: n} if opens else {})


def test_an_automatic_reply_is_no_bounce_of_the_rate(foundation: Foundation, outbox: MailOutbox) -> None:
    """SES reports an out-of-office reply as a transient bounce after the delivery; a whole July of them is none."""
    outbox.sent(arrival="delivered", n=480)
    replied = [outbox.sent(arrival="bounced") for _ in range(40)]
    foundation.do("UPDATE certification.notices SET arrival_code = 'transient:General' WHERE arrival = 'bounced'")
    assert found(foundation) == {"bounce_rate_high": 40}
    for notice in replied:
        outbox.event(notice, "delivery")
    assert found(foundation) == {}
    assert foundation.all("SELECT sent, delivered, bounced FROM certification.mail_outcomes('-infinity')") == [
        (520, 520, 0)
    ]
    foundation.do("UPDATE certification.notices SET arrival_code = 'transient:MailboxFull' WHERE arrival = 'bounced'")
    assert found(foundation) == {"bounce_rate_high": 40}


def test_a_rate_is_of_the_last_30_days(foundation: Foundation, outbox: MailOutbox) -> None:
    """What bounced before is over, and the alert says how many were sent and the percentage."""
    outbox.sent(24 * 30 + 1, "bounced", n=600)
    outbox.sent(24 * 30 - 1, "bounced", n=30)
    outbox.sent(arrival="delivered", n=570)
    facts = foundation.one("SELECT facts FROM certification.current_conditions() WHERE condition = 'bounce_rate_high'")
    assert facts == {"sent": 600, "percent": "5.00"}
    outbox.sent(arrival="delivered", n=600)
    assert "bounce_rate_high" not in found(foundation)


def test_a_rate_is_since_it_was_first_seen(foundation: Foundation, outbox: MailOutbox, publish: Any) -> None:  # noqa: F811
    outbox.sent(arrival="bounced", n=501)
    publish()
    since = foundation.one("SELECT since FROM certification.alerts WHERE condition = 'bounce_rate_high'")
    outbox.sent(arrival="bounced", n=10)
    publish()
    assert foundation.all(
        "SELECT since, n FROM certification.current_conditions() WHERE condition = 'bounce_rate_high'"
    ) == [(since, 511)]


def test_every_complaint_is_sent_once(
    foundation: Foundation,
    outbox: MailOutbox,
    publish: Any,  # noqa: F811
    operations: FakeAlertPublisher,  # noqa: F811
) -> None:
    """Point 5: the second one too, though the alert of the first is open; and none daily."""
    notice = outbox.sent(arrival="complained")
    outbox.event(notice, "complaint")
    publish()
    assert operations.subjects() == ["A recipient complained about a mail from us"]
    hours_pass(foundation, 30)
    publish()
    assert operations.subjects() == []
    for _ in range(2):  # the same recipient too
        outbox.event(notice, "complaint")
        publish()
        assert operations.subjects() == ["Still, for 1 day: A recipient complained about a mail from us"]
    foundation.do("UPDATE certification.mail_events SET received_at = received_at - interval '7 days'")
    publish()
    assert operations.subjects() == ["Over: A recipient complained about a mail from us"]


def test_a_complaint_about_a_digest_has_words_of_its_own(foundation: Foundation, outbox: MailOutbox) -> None:
    """What is done about a coordinator is something else: `explain` knows mentors only (point 5)."""

    def form() -> object:
        facts = foundation.one(
            "SELECT facts FROM certification.current_conditions() WHERE condition = 'mail_complained'"
        )
        return facts.get("form")

    coordinator = foundation.coordinator(foundation.organisation())
    outbox.event(outbox.sent(arrival="complained", kind="digest", coordinator_id=coordinator), "complaint")
    assert form() == "digest"
    outbox.event(outbox.sent(arrival="complained"), "complaint")
    assert form() == "mixed"
    foundation.do(
        "UPDATE certification.mail_events SET received_at = received_at - interval '8 days' WHERE notice_id IN"
        " (SELECT n.id FROM certification.notices AS n WHERE n.kind = 'digest')"
    )
    assert form() is None


def test_a_complaint_of_last_week_does_not_repeat_one(foundation: Foundation, outbox: MailOutbox, publish: Any) -> None:  # noqa: F811
    """One that leaves the seven days is no news of the one that stays."""
    first, second = outbox.sent(arrival="complained"), outbox.sent(arrival="complained")
    outbox.event(first, "complaint", hours_ago=24 * 7 - 1)
    outbox.event(second, "complaint")
    publish()
    foundation.do(
        "UPDATE certification.mail_events SET received_at = received_at - interval '2 hours' WHERE notice_id = %s",
        first,
    )
    assert (publish()["alerts_sent"], found(foundation)) == (0, {"mail_complained": 1})


def test_a_complaint_that_is_forgotten_is_no_news(foundation: Foundation, outbox: MailOutbox, publish: Any) -> None:  # noqa: F811
    """The newest goes with its recipient; the next one is news again."""
    first, second = outbox.sent(arrival="complained"), outbox.sent(arrival="complained")
    outbox.event(first, "complaint")
    outbox.event(second, "complaint")
    publish()
    foundation.do("DELETE FROM certification.notices WHERE id = %s", second)
    assert (publish()["alerts_sent"], found(foundation)) == (0, {"mail_complained": 1})
    outbox.event(first, "complaint")
    assert publish()["alerts_sent"] == 1


# --- a digest that bounced


@pytest.fixture
def coordinator(foundation: Foundation) -> tuple[UUID, UUID]:
    organisation = foundation.organisation()
    return organisation, foundation.coordinator(organisation)


def digest(
    outbox: MailOutbox, coordinator: tuple[UUID, UUID], address: str = "turid.vik@example.no", **more: Any
) -> int:
    organisation, person = coordinator
    known = {"address_digest": outbox.foundation.one("SELECT certification.address_digest(%s)", address)} | more
    return outbox.sent(
        more.pop("hours_ago", 1.0), organisation_id=organisation, coordinator_id=person, kind="digest", **known
    )


def unusable(foundation: Foundation, address: str, reason: str | None = "address_bounced") -> None:
    """Long ago, and for good; or an operator has just allowed mail again."""
    foundation.do(
        "INSERT INTO certification.unusable_addresses (address_digest, person_id, notice_id, reason, since, allowed_at)"
        " VALUES (certification.address_digest(%s), gen_random_uuid(), 1, %s, now() - interval '400 days',"
        " CASE WHEN %s::text IS NULL THEN now() END)",
        address,
        reason,
        reason,
    )


@pytest.mark.usefixtures("coordinator")
@pytest.mark.parametrize("reason", ["address_bounced", "address_bounces_repeatedly", "address_complained"])
@pytest.mark.parametrize("cure", ["changed", "allowed", "deleted"])
def test_an_unusable_coordinator_is_open_for_as_long_as_that(foundation: Foundation, reason: str, cure: str) -> None:
    """I17: no period ends it, and every digest goes elsewhere or nowhere."""
    unusable(foundation, "Turid.Vik@example.no", reason)
    assert found(foundation) == {"coordinator_mail_bounced": 1}
    match cure:
        case "changed":
            foundation.do("UPDATE coordinators SET email = 'turid@example.no'")
        case "allowed":
            foundation.do("UPDATE certification.unusable_addresses SET reason = NULL, allowed_at = now()")
        case _:
            foundation.do("DELETE FROM coordinators")
    assert found(foundation) == {}


@pytest.mark.parametrize("cure", ["address", "fallback", "a month"])
def test_a_digest_without_an_address_is_open(
    foundation: Foundation, outbox: MailOutbox, coordinator: tuple[UUID, UUID], cure: str
) -> None:
    """I17: nobody has it. Until there is an address for the next one."""
    foundation.do("UPDATE coordinators SET email = NULL")
    notice = digest(outbox, coordinator)
    foundation.do(
        "UPDATE certification.notices SET state = 'undeliverable', reason = 'no_email', message_id = NULL,"
        " address_digest = NULL WHERE id = %s",
        notice,
    )
    assert found(foundation) == {"coordinator_mail_bounced": 1}
    match cure:
        case "address":
            foundation.do("UPDATE coordinators SET email = 'turid@example.no'")
        case "fallback":
            foundation.do("UPDATE certification.standard SET fallback_address = 'post@example.no'")
        case _:
            foundation.do("UPDATE certification.notices SET settled_at = settled_at - interval '30 days'")
    assert found(foundation) == {}


def test_an_unusable_fallback_is_a_condition(foundation: Foundation, coordinator: tuple[UUID, UUID]) -> None:
    """I17: of each organisation whose own or whose standard mailbox it is, until another is set or it is allowed."""
    own = foundation.organisation()
    foundation.do("UPDATE certification.standard SET fallback_address = 'post@example.no'")
    unusable(foundation, "post@example.no")
    assert found(foundation) == {"fallback_unusable": 2}
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, fallback_address)"
        " VALUES (%s, 'own@example.no')",
        own,
    )
    ids = foundation.one("SELECT ids FROM certification.current_conditions() WHERE condition = 'fallback_unusable'")
    assert ids == [coordinator[0]]
    assert foundation.one("SELECT certification.allow_mail(%s, 'turid', 'it works')", coordinator[0]) == "allowed"
    assert found(foundation) == {}


@pytest.mark.parametrize("cure", ["changed", "delivered", "copy", "allowed", "deleted", "a month"])
def test_a_digest_that_bounced_is_open_until_it_is_over(
    foundation: Foundation, outbox: MailOutbox, coordinator: tuple[UUID, UUID], cure: str
) -> None:
    """Point 2: until the address is another, a later digest or the copy arrives, or the coordinator is gone."""
    notice = digest(outbox, coordinator)
    assert found(foundation) == {}
    outbox.arrived(notice, "bounced", hours_ago=24 * 30 - 1)
    assert found(foundation) == {"coordinator_mail_bounced": 1}
    match cure:
        case "changed":
            foundation.do("UPDATE coordinators SET email = 'turid@example.no'")
        case "delivered":
            outbox.arrived(digest(outbox, coordinator), "delivered")
        case "copy":
            outbox.arrived(digest(outbox, coordinator, "post@example.no", fallback_of=notice), "delivered", 800)
        case "allowed":
            unusable(foundation, "turid.vik@example.no", None)
        case "deleted":
            foundation.do("DELETE FROM coordinators")
        case _:
            outbox.arrived(notice, "bounced", hours_ago=24 * 30 + 1)
    assert found(foundation) == {}


@pytest.mark.parametrize(("code", "opens"), [("OnAccountSuppressionList", True), ("abuse", False)])
def test_a_complaint_of_before_keeps_the_digest_back(
    foundation: Foundation, outbox: MailOutbox, coordinator: tuple[UUID, UUID], code: str, *, opens: bool
) -> None:
    """SES sent nothing, because the address had complained; who complains of a digest has it."""
    outbox.arrived(digest(outbox, coordinator), "complained")
    foundation.do("UPDATE certification.notices SET arrival_code = %s", code)
    assert found(foundation) == ({"coordinator_mail_bounced": 1} if opens else {})


def test_a_delivery_before_the_bounce_cures_nothing(
    foundation: Foundation, outbox: MailOutbox, coordinator: tuple[UUID, UUID]
) -> None:
    outbox.arrived(digest(outbox, coordinator), "delivered", hours_ago=5)
    outbox.arrived(digest(outbox, coordinator), "bounced", hours_ago=1)
    assert found(foundation) == {"coordinator_mail_bounced": 1}


def test_a_fallback_mailbox_that_bounces_is_published(
    foundation: Foundation, outbox: MailOutbox, coordinator: tuple[UUID, UUID]
) -> None:
    """The copy did not arrive either: nobody has the digest. Over once the setting names another mailbox."""
    foundation.do("UPDATE certification.standard SET fallback_address = 'post@example.no'")
    first = digest(outbox, coordinator)
    outbox.arrived(first, "bounced")
    foundation.do("UPDATE coordinators SET email = 'turid@example.no'")
    outbox.arrived(digest(outbox, coordinator, "post@example.no", fallback_of=first), "bounced")
    assert found(foundation) == {"coordinator_mail_bounced": 1}
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, fallback_address) VALUES (%s, %s)",
        coordinator[0],
        "vestland@example.no",
    )
    assert found(foundation) == {}


def test_another_digest_that_bounces_is_sent_at_once(
    foundation: Foundation,
    outbox: MailOutbox,
    coordinator: tuple[UUID, UUID],
    publish: Any,  # noqa: F811
    operations: FakeAlertPublisher,  # noqa: F811
) -> None:
    """And one that is cured is no news."""
    organisation, _ = coordinator
    other = organisation, foundation.coordinator(organisation, email="ola.li@example.no")
    outbox.arrived(digest(outbox, coordinator), "bounced")
    publish()
    outbox.arrived(digest(outbox, other, "ola.li@example.no"), "bounced")
    publish()
    assert operations.subjects() == [
        "A coordinator does not get our mail",
        "Still, for less than a minute: A coordinator does not get our mail",
    ]
    foundation.do("UPDATE coordinators SET email = 'x@example.no' WHERE id = %s", other[1])
    assert (publish()["alerts_sent"], found(foundation)) == (0, {"coordinator_mail_bounced": 1})


# --- what no coordinator hears of


@pytest.mark.parametrize("arrival", ["bounced", "complained"])
@pytest.mark.parametrize("cure", ["coordinator", "reported", "renewed", "gone"])
def test_mail_of_which_nobody_hears_opens(foundation: Foundation, outbox: MailOutbox, arrival: str, cure: str) -> None:
    """I17: a mentor without a coordinator is in no digest."""
    organisation = foundation.organisation()
    mentor = foundation.mentor(organisation, DAY)
    notice = outbox.sent(arrival=arrival, mentor_id=mentor, certification_expiry_date=DAY, kind="reminder")
    others = foundation.mentor(organisation, DAY, coordinator=foundation.coordinator(organisation))
    outbox.sent(arrival=arrival, mentor_id=others, certification_expiry_date=DAY, kind="reminder")
    outbox.arrived(notice, arrival, hours_ago=24 * 400)
    assert found(foundation) == {"mail_not_reported": 1}  # however long ago
    match cure:
        case "coordinator":
            foundation.do("UPDATE peer_mentors SET coordinator_id = (SELECT id FROM coordinators)")
        case "reported":
            digest = outbox.sent(kind="digest", coordinator_id=foundation.one("SELECT id FROM coordinators"))
            foundation.do("UPDATE certification.notices SET reported_in = %s WHERE id = %s", digest, notice)
        case "renewed":
            foundation.renew(mentor, DAY + days(900))
        case _:
            foundation.do("DELETE FROM certifications WHERE mentor_id = %s", mentor)
            foundation.do("DELETE FROM peer_mentors WHERE id = %s", mentor)
    assert found(foundation) == {}


def test_tables_of_the_app_that_do_not_fit_stop_no_alert(foundation: Foundation, outbox: MailOutbox) -> None:
    """I13: the other conditions are still found."""
    outbox.event(outbox.sent(arrival="complained"), "complaint")
    outbox.arrived(outbox.sent(), "bounced")
    foundation.do("ALTER TABLE peer_mentors RENAME COLUMN coordinator_id TO coordinator")
    assert found(foundation) == {"mail_complained": 1}


def test_what_cannot_be_judged_stays_open(
    foundation: Foundation,
    outbox: MailOutbox,
    coordinator: tuple[UUID, UUID],
    publish: Any,  # noqa: F811
) -> None:
    """An alert is not over because the app's tables cannot be read."""
    mentor = foundation.mentor(coordinator[0], DAY)
    outbox.sent(arrival="bounced", mentor_id=mentor, certification_expiry_date=DAY, kind="reminder")
    outbox.arrived(digest(outbox, coordinator), "bounced")
    foundation.do("UPDATE certification.standard SET fallback_address = 'post@example.no'")
    unusable(foundation, "post@example.no")
    publish()
    open_ones = {"coordinator_mail_bounced", "mail_not_reported", "fallback_unusable"}
    kept = "SELECT condition, subject, n, ids, mark FROM certification.alerts WHERE condition = ANY (%s) ORDER BY 1"
    before = foundation.all(kept, list(open_ones))
    assert {one[0] for one in before} == open_ones
    for table in ("organisations", "coordinators"):
        foundation.do(f"ALTER TABLE {table} RENAME TO {table}_gone")
    publish()
    assert set(found(foundation)) == open_ones
    assert foundation.all(kept, list(open_ones)) == before
    assert foundation.one("SELECT count(*) FROM certification.alerts WHERE closed_at IS NOT NULL") == 0


# --- nothing is heard of any mail


def test_mail_that_nothing_is_heard_of_opens_after_a_day(foundation: Foundation, outbox: MailOutbox) -> None:
    """Point 5: accepted more than 24 hours ago, and no event of any kind since."""
    outbox.sent(23.9)
    assert found(foundation) == {}
    outbox.sent(24.1, n=3)
    outbox.sent(26, "unknown")
    assert found(foundation) == {"mail_events_missing": 4}


@pytest.mark.parametrize("kind", ["delivery", "bounce", "delay", "reject", "complaint"])
def test_any_event_since_shows_that_events_come(foundation: Foundation, outbox: MailOutbox, kind: str) -> None:
    """Of another mail too: delivery of events is best effort, and one that is lost is no lost configuration set."""
    outbox.sent(72, "unknown", n=5)
    outbox.event(outbox.sent(80), kind, hours_ago=70)
    assert "mail_events_missing" not in found(foundation)


def test_events_that_came_before_do_not_count(foundation: Foundation, outbox: MailOutbox) -> None:
    """The set was lost in between."""
    outbox.event(outbox.sent(100, "delivered"), "delivery", hours_ago=99)
    outbox.sent(72)
    assert found(foundation) == {"mail_events_missing": 1}


def test_a_weekend_without_mail_is_none(foundation: Foundation, outbox: MailOutbox) -> None:
    """Nothing was accepted since the last event."""
    outbox.event(outbox.sent(72.1, "delivered"), "delivery", hours_ago=72)
    assert found(foundation) == {}


def test_an_event_before_the_settling_is_an_event(foundation: Foundation, outbox: MailOutbox) -> None:
    """The recipient's server was quicker than the sender's transaction."""
    outbox.event(outbox.sent(50, "unknown"), "delay", hours_ago=50.01)
    assert found(foundation) == {}


def test_mail_of_an_earlier_version_is_not_waited_for(foundation: Foundation, outbox: MailOutbox) -> None:
    """Mails without tags never raise it, also if the database was migrated long before the functions."""
    outbox.sent(201, "unknown", n=40, address_digest=None)
    outbox.sent(48, n=40, address_digest=None)
    assert found(foundation) == {}
    outbox.sent(47)
    assert found(foundation) == {"mail_events_missing": 1}


@pytest.mark.parametrize(
    ("delivered", "lost", "opens"), [(9, 11, False), (10, 11, True), (11, 11, False), (0, 21, True), (0, 20, False)]
)
def test_more_than_half_of_the_mails_unheard_of_opens(
    foundation: Foundation, outbox: MailOutbox, delivered: int, lost: int, opens: bool
) -> None:
    """Of more than 20 in seven days, while events of others come: those of deliveries are switched off."""
    outbox.event(outbox.sent(200, "bounced"), "bounce", hours_ago=29)
    outbox.sent(30, "delivered", n=delivered) if delivered else None
    outbox.sent(30, "unknown", n=lost)
    outbox.sent(200, "unknown", n=90)
    outbox.sent(20, n=90)
    seen = "SELECT subject, n, facts FROM certification.current_conditions() WHERE condition = 'mail_events_missing'"
    assert foundation.all(seen) == ([("partly", lost, {"sent": delivered + lost})] if opens else [])


def test_an_outage_that_is_over_is_not_partial(foundation: Foundation, outbox: MailOutbox) -> None:
    """No event of any mail came in the day after those."""
    outbox.sent(80, "unknown", n=40)
    outbox.event(outbox.sent(50, "delivered"), "delivery", hours_ago=49)
    assert found(foundation) == {}


def test_a_drill_that_is_heard_of_cures_it(foundation: Foundation, outbox: MailOutbox) -> None:
    """A person need not wait for the next mail to know that events come again."""
    outbox.sent(72)
    foundation.do(
        "INSERT INTO certification.mail_drills (id, drill, mailbox, arrival, arrival_at, received_at)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 'success', 'delivered', now(), clock_timestamp())"
    )
    assert found(foundation) == {}
