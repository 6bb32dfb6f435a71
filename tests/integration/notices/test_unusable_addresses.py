"""The addresses that no mail goes to any more, and what becomes of what was to go there (I17)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.foundation import DAY, days
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.mails import Mails
    from tests.support.nightly_checks import Functions

KARI = "0@example.no"


def thresholds(foundation: Foundation, functions: Functions, mails: Mails, *arrivals: str | None) -> tuple[UUID, UUID]:
    """A mentor who is reminded once for each arrival, before the last of which nothing else is due."""
    organisation = foundation.organisation(thresholds=[30, 25, 20, 15, 10, 5][: len(arrivals) + 1])
    turid = foundation.coordinator(organisation)
    mentor = foundation.mentor(organisation, DAY + days(30), coordinator=turid, email=KARI)
    for number, arrival in enumerate(arrivals):
        day = DAY + days(5 * number)
        functions.nightly_check(day)
        mails.new_run()
        for notice in mails.send(organisation, day=day):
            match arrival:
                case None:
                    pass
                case "delivered":
                    mails.says(notice.id, "delivery")
                case "rejected":
                    mails.says(notice.id, "reject")
                case "replied":
                    mails.says(notice.id, "bounce", bounce_type="transient")
                    mails.says(notice.id, "delivery")
                case _:
                    mails.says(notice.id, "bounce", bounce_type=arrival)
    return organisation, mentor


@pytest.mark.parametrize(
    ("arrivals", "problem"),
    [
        (["permanent"], "address_bounced"),
        (["transient", "transient"], None),
        (["transient", "transient", "transient"], "address_bounces_repeatedly"),
        (["transient", "transient", "delivered", "transient"], None),
        (["transient", None, "transient", "transient"], "address_bounces_repeatedly"),
        (["transient", "undetermined", "transient", "transient"], "address_bounces_repeatedly"),
        (["transient", "rejected", "transient", "transient"], "address_bounces_repeatedly"),
        (["transient", "replied", "transient", "transient"], "address_bounces_repeatedly"),
        (["rejected", "rejected", "rejected"], None),
        (["undetermined", "undetermined", "undetermined"], None),
        (["replied", "replied", "replied"], None),
        (["transient", "undetermined", "replied", "transient"], None),
        (["transient", "undetermined", "delivered", "transient", "transient"], None),
        (["delivered", "transient", "transient", "transient"], "address_bounces_repeatedly"),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, list) else str(value),
)
def test_what_makes_an_address_unusable(
    mails: Mails, foundation: Foundation, functions: Functions, arrivals: list[str | None], problem: str | None
) -> None:
    """A permanent bounce, or the third transient one in a row, which a delivery alone breaks.

    A reject, a cause that is undetermined, and what may be an automatic reply neither count nor break the row.
    """
    thresholds(foundation, functions, mails, *arrivals)
    assert mails.problem(KARI) == problem


def test_a_reply_is_a_bounce_until_the_delivery_is_known(
    mails: Mails, foundation: Foundation, functions: Functions
) -> None:
    """SES reports an out-of-office reply as Transient/General. The arrival stays: it may be a bounce after all."""
    thresholds(foundation, functions, mails, "transient", "transient", "transient")
    third = foundation.one("SELECT max(id) FROM certification.notices WHERE kind = 'reminder'")
    assert mails.problem(KARI) == "address_bounces_repeatedly"
    mails.says(third, "delivery")
    assert mails.problem(KARI) is None
    assert mails.state(third)[1:3] == ("bounced", "transient:General:5.1.1")


def test_a_late_delivery_breaks_the_row_too(mails: Mails, foundation: Foundation, functions: Functions) -> None:
    """The events of several mails come in any order as well."""
    thresholds(foundation, functions, mails, "transient", None, "transient", "transient")
    second = foundation.one("SELECT id FROM certification.notices WHERE threshold_day = 25")
    assert mails.problem(KARI) == "address_bounces_repeatedly"
    mails.says(second, "delivery")
    assert mails.problem(KARI) is None


def test_a_threshold_that_is_missed_stands_in_the_digest(
    mails: Mails, foundation: Foundation, functions: Functions
) -> None:
    """I17: the mentor is to be contacted; no mail is sent there, each threshold says so, and a change cures it."""
    organisation, mentor = thresholds(foundation, functions, mails, "permanent")
    functions.nightly_check(DAY + days(5))
    assert foundation.reminders(mentor)[25] == "unreachable"
    day = DAY + days(5)
    (digest,) = mails.send_all(organisation, day)
    assert [line.reason for line in there(digest.digest).unreachable] == ["address_bounced"]
    assert [line.reason for line in there(digest.digest).undeliverable] == ["address_bounced"]
    foundation.do("UPDATE peer_mentors SET email = 'kari@elsewhere.no' WHERE id = %s", mentor)
    foundation.renew(mentor, DAY + days(50))
    functions.nightly_check(DAY + days(20))
    mails.new_run()
    assert [n.recipient_address for n in mails.send(organisation, day=DAY + days(20))] == ["kari@elsewhere.no"]


@pytest.mark.parametrize("what", ["complaint", "bounce"])
def test_what_waits_is_not_sent_there(mails: Mails, reminded: Callable[..., Any], what: str) -> None:
    """I17: a notice that was written before is undeliverable when its turn comes; a complaint stops mail, too."""
    people = reminded(2)
    mails.foundation.do("UPDATE peer_mentors SET email = upper(%s)", f"  {KARI} ")
    first = there(mails.claim(people.organisation)).id
    mails.settle(first)
    mails.says(first, what)
    assert mails.claim(people.organisation) is None
    reason = {"complaint": "address_complained", "bounce": "address_bounced"}[what]
    [second] = mails.foundation.all(
        "SELECT state, reason FROM certification.notices WHERE attempts = 0 AND kind = 'reminder'"
    )
    assert second == ("undeliverable", reason)
    (digest,) = mails.send_all(people.organisation)
    assert [line.reason for line in there(digest.digest).undeliverable] == [reason, reason]


@pytest.mark.parametrize(
    ("kind", "problem", "reason"),
    [
        ("bounce", "address_bounced", "bounced_at_former_address"),
        ("complaint", "address_complained", "complained_at_former_address"),
        ("reject", None, "stopped_by_ses"),
    ],
)
def test_what_comes_back_counts_for_the_address_it_went_to(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any], kind: str, problem: str | None, reason: str
) -> None:
    """The address was changed between sending and bounce: the old one is unusable, the new one is not."""
    people = reminded()
    (notice,) = mails.send(people.organisation)
    foundation.do("UPDATE peer_mentors SET email = 'new@example.no'")
    mails.says(notice.id, kind)
    assert (mails.problem(KARI), mails.problem("new@example.no")) == (problem, None)
    (digest,) = mails.send_all(people.organisation)
    (line,) = there(digest.digest).undeliverable
    assert (line.email, line.reason) == ("new@example.no", reason)


@pytest.mark.parametrize("bounces_again", [False, True])
def test_an_operator_may_allow_mail_again(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any], *, bounces_again: bool
) -> None:
    """Audited. What bounced before counts no more, also if SES says it once more; what bounces after that does."""
    people = reminded()
    (notice,) = mails.send(people.organisation)
    an_hour_ago = {"accepted_at": datetime.now(UTC) - timedelta(minutes=4)}
    mails.says(notice.id, "bounce", **an_hour_ago)
    allow = "SELECT certification.allow_mail(%s, 'turid.vik', 'the mailbox was cleared')"
    assert foundation.one(allow, people.coordinator) == "usable"
    assert foundation.one(allow, uuid4()) == "unknown"
    assert foundation.one(allow, people.mentors[0]) == "allowed"
    assert foundation.one(allow, people.mentors[0]) == "usable"
    assert mails.problem(KARI) is None
    assert foundation.all(
        "SELECT actor, reason, mentor_id, facts FROM certification.audit WHERE action = 'allow_mail'"
    ) == [
        (
            "turid.vik",
            "the mailbox was cleared",
            people.mentors[0],
            {"person_id": str(people.mentors[0]), "before": "address_bounced"},
        )
    ]
    mails.says(notice.id, "bounce", key="said once more", **an_hour_ago)
    assert mails.problem(KARI) is None
    if bounces_again:
        mails.says(notice.id, "bounce", key="a new one", after=timedelta(hours=1))
        assert mails.problem(KARI) == "address_bounced"


def test_a_complaint_is_not_undone(mails: Mails, foundation: Foundation, reminded: Callable[..., Any]) -> None:
    """Who called a mail unwanted is not written to again, whatever an operator wants, and whatever else comes."""
    people = reminded()
    (notice,) = mails.send(people.organisation)
    mails.says(notice.id, "complaint")
    allow = "SELECT certification.allow_mail(%s, 'turid.vik', 'x')"
    assert foundation.one(allow, people.mentors[0]) == "complained"
    mails.says(notice.id, "bounce")
    mails.says(notice.id, "delivery")
    assert mails.problem(KARI) == "address_complained"


def test_a_preview_and_explain_know_it(mails: Mails, foundation: Foundation, functions: Functions) -> None:
    """What is coming for the mentor, and why."""
    organisation, mentor = thresholds(foundation, functions, mails, "permanent")
    coming = foundation.all("SELECT event, problem FROM certification.preview(%s, 6)", DAY + days(1))
    assert ("unreachable", "address_bounced") in coming
    assert foundation.one("SELECT mail_problem FROM certification.mentor_to_explain(%s)", mentor) == "address_bounced"
    reasons = foundation.all("SELECT reason FROM certification.explain(%s, %s)", mentor, DAY + days(6))
    assert "address_bounced" in reasons
    assert organisation is not None


def test_who_expires_at_such_an_address_is_in_the_digest(
    mails: Mails, foundation: Foundation, functions: Functions
) -> None:
    """No notice is written that could not be sent; the coordinator reads why."""
    organisation, mentor = thresholds(foundation, functions, mails, "permanent")
    day = DAY + days(31)
    functions.nightly_check(day)
    assert foundation.status(mentor) == "certification_expired"
    assert "expired" not in [kind for kind, _, _ in foundation.notices(mentor)]
    digests = mails.send_all(organisation, day)
    assert [line.reason for one in digests for line in there(one.digest).expired] == ["address_bounced"]


@pytest.mark.parametrize(
    ("said", "reason"), [(None, None), ("complaint", None), ("bounce", "address_bounced"), ("reject", None)]
)
def test_a_line_says_whether_the_mentor_heard_of_it(
    mails: Mails, foundation: Foundation, said: str | None, reason: str | None, functions: Functions
) -> None:
    """An expired mentor who got our mail, and then called it unwanted, has heard from us."""
    organisation = foundation.organisation()
    foundation.mentor(organisation, DAY - days(1), coordinator=foundation.coordinator(organisation), email=KARI)
    functions.nightly_check(DAY)
    mails.new_run()
    for notice in mails.send(organisation):
        if said:
            mails.says(notice.id, said)
    (digest,) = mails.send_all(organisation)
    assert [line.reason for line in there(digest.digest).expired] == [reason]


def test_an_address_of_nobody_is_deleted_in_time(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any]
) -> None:
    """As long as the app has it, the address stays unusable; then its digest is kept as long as a notice."""
    people = reminded()
    (notice,) = mails.send(people.organisation)
    mails.says(notice.id, "bounce")
    foundation.do("UPDATE certification.unusable_addresses SET since = now() - interval '401 days'")
    goes = "SELECT goes FROM certification.retention() WHERE name = 'unusable_addresses'"
    assert foundation.one(goes) == 0
    foundation.do("UPDATE peer_mentors SET email = 'new@example.no'")
    assert foundation.one(goes) == 1
    foundation.do("UPDATE coordinators SET email = %s", KARI)
    assert foundation.one(goes) == 0
    foundation.do("UPDATE coordinators SET email = NULL")
    foundation.do("UPDATE certification.unusable_addresses SET since = now() - interval '399 days'")
    assert foundation.one(goes) == 0
