"""The coordinator hears of every mail that did not arrive, and somebody does when the digest itself bounces (I17)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.mail.notices import ServiceRefused, Undeliverable
from tests.support.foundation import DAY, days
from tests.support.mails import an_event, message_id
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.foundation import Foundation
    from tests.support.mails import Mails
    from tests.support.nightly_checks import Functions

POST = "post@hlf.no"
BOUNCED = [("undeliverable", "address_bounced")]


def lines(digest: Any) -> list[tuple[str, str | None]]:
    """(section, reason) of every line."""
    sections = ("expired", "unreachable", "undeliverable", "needs_decision", "reminded", "reactivated")
    return [(name, line.reason) for name in sections for line in getattr(there(digest.digest), name)]


@pytest.mark.parametrize(
    ("kind", "bounce_type", "reason"),
    [
        ("bounce", "permanent", "address_bounced"),
        ("bounce", "transient", "bounced_transiently"),
        ("bounce", "undetermined", "bounced_undetermined"),
        ("reject", None, "stopped_by_ses"),
        ("complaint", None, "address_complained"),
    ],
)
def test_each_is_reported_once(
    mails: Mails, reminded: Callable[..., Any], kind: str, bounce_type: str | None, reason: str
) -> None:
    """I17: in the next digest, with what to do, and not as reminded; after that in none."""
    people = reminded()
    (notice,) = (one.id for one in mails.send(people.organisation))
    mails.says(notice, kind, bounce_type=bounce_type)
    (digest,) = mails.send_all(people.organisation)
    assert lines(digest) == [("undeliverable", reason)]
    assert mails.send_all(people.organisation) == []
    mails.says(notice, kind, bounce_type=bounce_type)
    assert mails.send_all(people.organisation) == []


def test_a_bounce_after_the_digest_gets_one_of_its_own(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I17: the digest said that a reminder was sent; the next sending says that it did not arrive."""
    people = reminded()
    mails.send(people.organisation)
    (first,) = mails.send_all(people.organisation)
    assert lines(first) == [("reminded", None)]
    mails.says(mails.foundation.one("SELECT min(id) FROM certification.notices WHERE kind = 'reminder'"), "bounce")
    (second,) = mails.send_all(people.organisation)
    assert lines(second) == [("undeliverable", "address_bounced")]


def test_a_complaint_after_a_bounce_is_reported_again(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I17: it asks something else of the coordinator."""
    people = reminded()
    (notice,) = (one.id for one in mails.send(people.organisation))
    mails.says(notice, "bounce", bounce_type="transient")
    assert [lines(one) for one in mails.send_all(people.organisation)] == [[("undeliverable", "bounced_transiently")]]
    mails.says(notice, "complaint")
    assert [lines(one) for one in mails.send_all(people.organisation)] == [[("undeliverable", "address_complained")]]
    assert mails.send_all(people.organisation) == []


def test_refused_then_sent_then_bounced_is_reported(
    mails: Mails, reminded: Callable[..., Any], foundation: Foundation
) -> None:
    """I17: an outage of SES left it in a digest that, by the time it went, had nothing to say of it."""
    people = reminded()
    notice = there(mails.claim(people.organisation))
    mails.settle(notice.id, ServiceRefused("AccountSuspendedException"))
    mails.outbox.complete_digests(mails.run_id, people.organisation)
    assert foundation.one("SELECT reported_in IS NOT NULL FROM certification.notices WHERE id = %s", notice.id)
    (digest,) = mails.send_all(people.organisation)
    assert lines(digest) == [("reminded", None)]
    mails.says(notice.id, "bounce")
    (second,) = mails.send_all(people.organisation)
    assert lines(second) == BOUNCED


def test_what_was_to_be_reported_as_refused_is_not_lost(mails: Mails, reminded: Callable[..., Any]) -> None:
    """I17: SES refused and sent it all the same; the digest says nothing of it, and the bounce is reported later."""
    people = reminded()
    notice = there(mails.claim(people.organisation)).id
    mails.settle(notice, ServiceRefused("MessageRejected"))
    mails.outbox.complete_digests(mails.run_id, people.organisation)
    mails.says(notice, "delivery")
    (first,) = mails.send(people.organisation, digests=True)
    assert lines(first) == [("reminded", None)]
    mails.says(notice, "bounce")
    assert [lines(one) for one in mails.send_all(people.organisation)] == [[("undeliverable", "address_bounced")]]


def test_the_third_in_a_row_says_so(mails: Mails, foundation: Foundation, functions: Functions) -> None:
    organisation = foundation.organisation(thresholds=[30, 20, 10])
    turid = foundation.coordinator(organisation)
    foundation.mentor(organisation, DAY + days(30), coordinator=turid)
    reasons = []
    for day in (DAY, DAY + days(10), DAY + days(20)):
        functions.nightly_check(day)
        mails.new_run()
        for notice in mails.send(organisation, day=day):
            mails.says(notice.id, "bounce", bounce_type="transient")
        reasons += [reason for one in mails.send_all(organisation, day) for _, reason in lines(one)]
    assert reasons == ["bounced_transiently", "bounced_transiently", "address_bounces_repeatedly"]


def test_a_bounce_reaches_the_coordinator_of_now(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any]
) -> None:
    """I17: also one that was attached to a digest that has not been sent when the mentor is handed over."""
    people = reminded()
    (notice,) = (one.id for one in mails.send(people.organisation))
    mails.says(notice, "bounce")
    mails.new_run()
    mails.outbox.complete_digests(mails.run_id, people.organisation)
    siri = foundation.coordinator(people.organisation, email="siri.lie@example.no", name="Siri Lie")
    foundation.do("UPDATE peer_mentors SET coordinator_id = %s", siri)
    digests = mails.send_all(people.organisation)
    assert [(one.recipient_address, lines(one)) for one in digests] == [
        ("siri.lie@example.no", [("undeliverable", "address_bounced")])
    ]


def test_a_report_survives_a_digest_without_recipient(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any]
) -> None:
    """I17: the coordinator was deleted in the app after the digest was completed and before it left."""
    people = reminded()
    (notice,) = (one.id for one in mails.send(people.organisation))
    mails.says(notice, "bounce")
    mails.new_run()
    mails.outbox.complete_digests(mails.run_id, people.organisation)
    foundation.do("UPDATE peer_mentors SET coordinator_id = NULL")
    foundation.do("DELETE FROM coordinators")
    assert mails.send(people.organisation, digests=True) == []
    siri = foundation.coordinator(people.organisation, email="siri.lie@example.no", name="Siri Lie")
    foundation.do("UPDATE peer_mentors SET coordinator_id = %s", siri)
    assert [lines(one) for one in mails.send_all(people.organisation)] == [[("undeliverable", "address_bounced")]]


# --- the coordinator cannot be reached


def with_a_fallback(foundation: Foundation, organisation: Any) -> None:
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, fallback_address) VALUES (%s, %s)"
        " ON CONFLICT (organisation_id) DO UPDATE SET fallback_address = excluded.fallback_address",
        organisation,
        POST,
    )


def test_a_digest_that_bounced_goes_to_the_fallback_once(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any]
) -> None:
    """I17: with the same lines, and with whose it was; SES may say it as often as it likes."""
    people = reminded(2)
    with_a_fallback(foundation, people.organisation)
    mails.says(mails.send(people.organisation)[0].id, "bounce")
    (digest,) = mails.send_all(people.organisation)
    for _ in range(2):
        mails.says(digest.id, "bounce", bounce_type="transient")
        mails.says(digest.id, "delivery")
    (copy,) = mails.send_all(people.organisation)
    assert (copy.recipient_address, copy.recipient_name, copy.instead_of) == (POST, "HLF Moss", "Turid Vik")
    assert lines(copy) == lines(digest) == [("undeliverable", "address_bounced"), ("reminded", None)]
    assert mails.send_all(people.organisation) == []
    foundation.do("UPDATE certification.organisation_settings SET fallback_address = 'other@hlf.no'")
    mails.says(copy.id, "bounce")  # and a copy has none of its own, so its report goes out anew
    assert [lines(one) for one in mails.send_all(people.organisation)] == [BOUNCED]
    assert foundation.one("SELECT count(*) FROM certification.notices WHERE fallback_of IS NOT NULL") == 1
    assert mails.foundation.one("SELECT sum(n) FROM certification.find_duplicates(%s)", mails.run_id) in {0, None}


@pytest.mark.parametrize(
    ("kind", "code", "is_copied"),
    [
        ("complaint", "OnAccountSuppressionList", True),
        ("reject", "reject", True),
        ("complaint", "abuse", False),
        ("delivery", None, False),
        ("delay", "MailboxFull", False),
    ],
)
def test_a_digest_that_ses_kept_back_is_copied_too(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any], kind: str, code: str | None, *, is_copied: bool
) -> None:
    """I17: nobody has it. A digest that its reader calls unwanted was delivered; the next goes to the fall-back."""
    people = reminded()
    with_a_fallback(foundation, people.organisation)
    mails.send(people.organisation)
    (digest,) = mails.send_all(people.organisation)
    for _ in range(2):
        mails.record(replace(an_event(digest.id, kind), code=code))
    copies = mails.send_all(people.organisation)
    assert [(one.recipient_address, lines(one)) for one in copies] == ([(POST, lines(digest))] if is_copied else [])
    address = "turid.vik@example.no"
    assert mails.problem(address) == ("address_complained" if kind == "complaint" else None)


def test_an_unusable_coordinator_is_not_mailed_again(
    mails: Mails, foundation: Foundation, functions: Functions, reminded: Callable[..., Any]
) -> None:
    """I17: the next digest goes to the fall-back address at once, and a bounce of that makes no copy."""
    people = reminded()
    with_a_fallback(foundation, people.organisation)
    mails.send(people.organisation)
    (digest,) = mails.send_all(people.organisation)
    mails.says(digest.id, "bounce")
    assert [one.instead_of for one in mails.send_all(people.organisation)] == ["Turid Vik"]
    foundation.mentor(people.organisation, DAY + days(8), coordinator=people.coordinator)
    functions.nightly_check(DAY + days(1))
    (following,) = mails.send_all(people.organisation, DAY + days(1))
    assert (following.recipient_address, following.instead_of) == (POST, "Turid Vik")
    mails.says(following.id, "bounce")
    assert mails.send_all(people.organisation, DAY + days(1)) == []


@pytest.mark.parametrize("complained", [True, False])
def test_without_a_fallback_it_is_undeliverable(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any], *, complained: bool
) -> None:
    """I17: which degrades the run, so that operations hears of it. A digest that was complained of has arrived."""
    people = reminded()
    mails.send(people.organisation)
    (digest,) = mails.send_all(people.organisation)
    mails.says(digest.id, "complaint" if complained else "bounce")
    assert mails.send_all(people.organisation) == []
    ended = foundation.all("SELECT state, reason FROM certification.notices WHERE fallback_of = %s", digest.id)
    assert ended == ([] if complained else [("undeliverable", "address_bounced")])


def test_a_coordinator_without_address_has_the_fallback_too(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any]
) -> None:
    """It is a mailbox for a coordinator who cannot be reached, for whatever reason."""
    people = reminded()
    with_a_fallback(foundation, people.organisation)
    foundation.do("UPDATE coordinators SET email = NULL")
    mails.send(people.organisation)
    assert [(one.recipient_address, one.instead_of) for one in mails.send_all(people.organisation)] == [
        (POST, "Turid Vik")
    ]


def test_the_contact_is_one_that_can_be_written_to(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any]
) -> None:
    """A reply to a coordinator whose address bounced would get lost; who complained still reads what mentors write."""
    people = reminded()
    set_reason = (
        "INSERT INTO certification.unusable_addresses (address_digest, person_id, notice_id, reason, since)"
        " SELECT certification.address_digest(k.email), k.id, 1, %s, now() FROM coordinators AS k"
        " ON CONFLICT (address_digest) DO UPDATE SET reason = excluded.reason"
    )
    foundation.do(set_reason, "address_bounced")
    notice = there(mails.claim(people.organisation))
    assert notice.contact_email is None
    mails.settle(notice.id)
    foundation.do("UPDATE certification.notices SET state = 'pending', settled_at = NULL, message_id = NULL")
    foundation.do(set_reason, "address_complained")
    mails.new_run()
    assert there(mails.claim(people.organisation)).contact_email == "turid.vik@example.no"
    assert message_id(notice.id)


# --- the digest that was to say it is lost


def reported_at(foundation: Foundation, mentor: Any) -> bool:
    """Return whether explain says that a coordinator heard of the mail that did not arrive."""
    life = foundation.all(
        "SELECT reported_at IS NOT NULL FROM certification.mail_history(%s) WHERE arrival IS NOT NULL", mentor
    )
    return life == [True]


def not_reported(foundation: Foundation) -> bool:
    """Return whether operations hears of a mail that no coordinator hears of."""
    return "mail_not_reported" in foundation.all("SELECT condition FROM certification.current_conditions()")


@pytest.fixture
def bounced(mails: Mails, reminded: Callable[..., Any]) -> Any:
    """People whose mentor's reminder bounced, which no digest has said."""
    people = reminded()
    (notice,) = (one.id for one in mails.send(people.organisation))
    mails.says(notice, "bounce")
    return people


@pytest.mark.parametrize("cure", ["address", "coordinator", "fallback", "handed over"])
@pytest.mark.parametrize("lost", ["no address", "bounced", "complained before"])
def test_what_a_lost_digest_was_to_say_is_said_later(
    mails: Mails, foundation: Foundation, bounced: Any, lost: str, cure: str
) -> None:
    """I17: once somebody can be told, and only then; until then operations hears of it, and nobody is mailed."""
    organisation, (mentor,) = bounced.organisation, bounced.mentors
    if lost == "no address":
        foundation.do("UPDATE coordinators SET email = NULL")
        assert mails.send_all(organisation) == []
    else:
        (digest,) = mails.send_all(organisation)
        assert (reported_at(foundation, mentor), not_reported(foundation)) == (True, False)
        kind, code = {"bounced": ("bounce", "General"), "complained before": ("complaint", "OnAccountSuppressionList")}[
            lost
        ]
        mails.record(replace(an_event(digest.id, kind), code=code))
        assert not reported_at(foundation, mentor)
    for _ in range(2):
        assert mails.send_all(organisation) == []
        assert (reported_at(foundation, mentor), not_reported(foundation)) == (False, True)
    digests = foundation.one("SELECT count(*) FROM certification.notices WHERE kind = 'digest'")
    address = "turid@example.no"
    match cure:
        case "address":
            foundation.do("UPDATE coordinators SET email = %s", address)
        case "coordinator":
            siri = foundation.coordinator(organisation, email=address, name="Siri Lie")
            foundation.do("UPDATE peer_mentors SET coordinator_id = %s", siri)
        case "handed over":
            siri = foundation.coordinator(organisation, email=address, name="Siri Lie")
            foundation.do("UPDATE peer_mentors SET coordinator_id = %s", siri)
            foundation.do("DELETE FROM coordinators WHERE id = %s", bounced.coordinator)
        case _:
            address = POST
            with_a_fallback(foundation, organisation)
    after = mails.send_all(organisation)
    assert [(one.recipient_address, lines(one)) for one in after] == [(address, BOUNCED)]
    assert (reported_at(foundation, mentor), not_reported(foundation)) == (True, False)
    assert mails.send_all(organisation) == []
    # No digest was written to an address that nobody reads.
    assert digests <= foundation.one("SELECT count(*) FROM certification.notices WHERE kind = 'digest'") <= digests + 1


def test_a_copy_that_arrives_has_reported_it(mails: Mails, foundation: Foundation, bounced: Any) -> None:
    """And one that bounces has not."""
    with_a_fallback(foundation, bounced.organisation)
    (digest,) = mails.send_all(bounced.organisation)
    mails.says(digest.id, "bounce")
    assert not not_reported(foundation)
    (copy,) = mails.send_all(bounced.organisation)
    mails.says(copy.id, "delivery")
    assert (reported_at(foundation, bounced.mentors[0]), not_reported(foundation)) == (True, False)
    mails.says(copy.id, "bounce")
    assert (reported_at(foundation, bounced.mentors[0]), not_reported(foundation)) == (False, True)
    assert mails.send_all(bounced.organisation) == []
    foundation.do("UPDATE coordinators SET email = 'turid@example.no'")
    assert [lines(one) for one in mails.send_all(bounced.organisation)] == [BOUNCED]


def test_a_copy_follows_the_mentor_too(mails: Mails, foundation: Foundation, bounced: Any) -> None:
    """I17: the mentor is handed over after the digest bounced and before its copy leaves, which has no such line."""
    with_a_fallback(foundation, bounced.organisation)
    (digest,) = mails.send_all(bounced.organisation)
    mails.says(digest.id, "bounce")
    siri = foundation.coordinator(bounced.organisation, email="siri.lie@example.no", name="Siri Lie")
    foundation.do("UPDATE peer_mentors SET coordinator_id = %s", siri)
    assert [(one.recipient_address, lines(one)) for one in mails.send_all(bounced.organisation)] == [
        ("siri.lie@example.no", BOUNCED)
    ]


@pytest.mark.parametrize("fate", ["refused", "undetermined", "reject"])
def test_a_digest_that_keeps_being_lost_is_given_up(
    mails: Mails, foundation: Foundation, bounced: Any, fate: str
) -> None:
    """Nothing is against the address, so the next sending tries again: three times, and then operations has it."""
    tries = 0
    for _ in range(6):
        mails.new_run()
        mails.outbox.complete_digests(mails.run_id, bounced.organisation)
        if digest := mails.claim(bounced.organisation, digests=True):
            assert lines(digest) == BOUNCED
            tries += 1
            if fate == "refused":
                mails.settle(digest.id, Undeliverable("MessageRejected"))
            else:
                mails.settle(digest.id)
                mails.says(digest.id, "reject" if fate == "reject" else "bounce", bounce_type="undetermined")
            mails.claim(bounced.organisation, digests=True)  # its copy, for which there is no mailbox
        assert not_reported(foundation)
    assert tries == 3
    foundation.do("UPDATE coordinators SET email = 'turid@example.no'")
    assert [lines(one) for one in mails.send_all(bounced.organisation)] == [BOUNCED]
    assert not not_reported(foundation)


def test_what_was_not_sent_at_all_is_told_of_too(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any]
) -> None:
    """I17: a reminder that SES refused, of a mentor whose coordinator has no address."""
    people = reminded()
    foundation.do("UPDATE coordinators SET email = NULL")
    mails.settle(there(mails.claim(people.organisation)).id, Undeliverable("MessageRejected"))
    assert mails.send_all(people.organisation) == []
    assert not_reported(foundation)
    foundation.do("UPDATE coordinators SET email = 'turid@example.no'")
    (digest,) = mails.send_all(people.organisation)
    assert lines(digest) == [("undeliverable", "MessageRejected")]
    assert not not_reported(foundation)


# --- a digest that could go nowhere


def put_back(mails: Mails) -> int:
    return mails.foundation.one(
        "SELECT n FROM certification.run_counts WHERE run_id = %s AND measure = 'notices_put_back'", mails.run_id
    )


@pytest.mark.parametrize("cure", ["address", "fallback", "allowed"])
@pytest.mark.parametrize("lost", ["no_email", "address_bounced", "copy"])
def test_a_digest_goes_out_once_somebody_can_be_reached(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any], lost: str, cure: str
) -> None:
    """Its own lines are in no other digest. Counted, once, and never sent twice (I4)."""
    people = reminded()
    organisation = people.organisation
    address = "turid.vik@example.no"
    foundation.do(
        "INSERT INTO certification.unusable_addresses (address_digest, person_id, notice_id, reason, since)"
        " SELECT certification.address_digest(%s), %s, 1, 'address_bounced', now() WHERE %s",
        address,
        people.coordinator,
        lost == "address_bounced",
    )
    if lost == "no_email":
        foundation.do("UPDATE coordinators SET email = ''")
    digests = mails.send_all(organisation)
    if lost == "copy":
        mails.says(digests[0].id, "bounce")
    for _ in range(2):
        assert (mails.send_all(organisation), put_back(mails)) == ([], 0)
    match cure:
        case "address":
            address = "turid@example.no"
            foundation.do("UPDATE coordinators SET email = %s", address)
        case "fallback":
            address = POST
            with_a_fallback(foundation, organisation)
        case _:
            foundation.do("UPDATE coordinators SET email = %s", address)
            foundation.all("SELECT certification.allow_mail(%s, 'turid.vik', 'it works')", people.coordinator)
    sent = [(one.recipient_address, one.instead_of, lines(one)) for one in mails.send_all(organisation)]
    if lost == "copy" and cure == "allowed":
        assert (sent, put_back(mails)) == ([], 0)  # the digest itself went there, and is not sent there again
    else:
        assert sent == [(address, "Turid Vik" if cure == "fallback" else None, [("reminded", None)])]
        assert put_back(mails) == 1
    assert (mails.send_all(organisation), put_back(mails)) == ([], 0)


@pytest.mark.parametrize(("day", "goes"), [(13, True), (15, False)])
def test_an_old_digest_stays_where_it_is(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any], day: int, *, goes: bool
) -> None:
    """After a fortnight it is no news; what it was to report goes out all the same."""
    people = reminded(2)
    mails.says(mails.send(people.organisation)[0].id, "bounce")
    foundation.do("UPDATE coordinators SET email = NULL")
    assert mails.send_all(people.organisation) == []
    foundation.do("UPDATE certification.notices SET settled_at = settled_at - %s WHERE kind = 'digest'", days(day))
    foundation.do("UPDATE coordinators SET email = 'turid@example.no'")
    (digest,) = mails.send_all(people.organisation)
    assert lines(digest) == [*BOUNCED, *([("reminded", None)] if goes else [])]


def test_what_ses_refused_goes_to_another_address(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any]
) -> None:
    """And not to the same one again."""
    people = reminded()
    mails.send(people.organisation)
    mails.settle(there(mails.claim(people.organisation, digests=True)).id, Undeliverable("MessageRejected"))
    assert mails.send_all(people.organisation) == []
    foundation.do("UPDATE coordinators SET email = 'turid@example.no'")
    assert [lines(one) for one in mails.send_all(people.organisation)] == [[("reminded", None)]]
