"""Claim, then send, then settle (I4): what becomes of a notice, by what SES answers over HTTP."""

from __future__ import annotations

import threading
from datetime import timedelta
from http import HTTPStatus
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.errors import UnusableAddressError
from shared.domain.mail.addresses import deliverable_address
from shared.domain.runs import RunFailedError, RunState
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import Functions, at_night, at_nine
from tests.support.there import there

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

THROTTLED = ("TooManyRequestsException", HTTPStatus.TOO_MANY_REQUESTS)


@pytest.fixture
def due(foundation: Foundation, functions: Functions) -> Any:
    """Makes mentors who are due, each with the address `N@example.no`, and runs the nightly check.
    Return them in order.
    """

    def make(count=1, organisation=None):
        organisation = organisation or foundation.organisation()
        turid = foundation.coordinator(organisation)
        mentors = [
            foundation.mentor(organisation, DAY + days(7), coordinator=turid, email=f"{number}@example.no")
            for number in range(count)
        ]
        functions.nightly_check(DAY)
        return turid, mentors

    return make


def recipients(ses):
    return [mail.recipient for mail in ses.messages]


def states(foundation):
    return [state for _, state in foundation.all("SELECT id, state FROM certification.notices ORDER BY id")]


def test_each_mentor_gets_a_mail_and_each_coordinator_a_digest(
    foundation: Foundation, functions: Functions, ses: LocalSes, due: Any
) -> None:
    """I4: claimed, sent and settled with SES's message id; the next sending finds nothing."""
    due(3)
    result = functions.send(DAY)
    assert sorted(recipients(ses)) == ["0@example.no", "1@example.no", "2@example.no", "turid.vik@example.no"]
    assert recipients(ses)[-1] == "turid.vik@example.no"
    assert ses.violations == []
    assert states(foundation) == ["sent"] * 4
    assert set(foundation.all("SELECT message_id FROM certification.notices")) == {m.message_id for m in ses.messages}
    assert foundation.counts(result.run_id, "notices_sent")["reminder:nb"] == 3
    functions.send(DAY)
    assert len(ses.messages) == 4


def test_a_lost_reply_leaves_the_notice_claimed_and_unresent(
    foundation: Foundation, functions: Functions, ses: LocalSes, due: Any
) -> None:
    """I4: of unknown outcome now, stuck once the limit has passed, reported by every run, resent by none."""
    _, mentors = due(2)
    ses.drop_reply_next(1)
    first = functions.send(DAY)
    assert (first.verdict.state, first.verdict.reason) == (RunState.DEGRADED, "notices_outcome_unknown")
    assert sorted(state for mentor in mentors for *_, state in foundation.notices(mentor)) == ["claimed", "sent"]
    assert functions.send(DAY).verdict.state is RunState.SUCCEEDED
    late = functions.send(DAY, stuck_after=timedelta(0))
    assert late.verdict.reason == "notices_stuck"
    assert foundation.counts(late.run_id, "notices_stuck") == {"": 1}
    assert sorted(recipients(ses)) == ["0@example.no", "1@example.no", "turid.vik@example.no"]


def test_three_lost_replies_in_a_row_end_the_sending(
    foundation: Foundation, functions: Functions, ses: LocalSes, due: Any
) -> None:
    """I4: a service that never answers leaves three notices of unknown outcome, not all of them."""
    due(6)
    ses.drop_reply_next(99)
    functions.send(DAY)
    assert states(foundation).count("claimed") == 3
    assert states(foundation).count("pending") == 4


def test_what_is_throttled_goes_with_the_next_run(
    foundation: Foundation, functions: Functions, ses: LocalSes, due: Any
) -> None:
    """I4: it was certainly not accepted."""
    due(2)
    ses.fail_next(1, *THROTTLED)
    result = functions.send(DAY)
    assert result.verdict.reason == "notices_given_back"
    assert ses.messages == []
    functions.send(DAY)
    assert sorted(recipients(ses)) == ["0@example.no", "1@example.no", "turid.vik@example.no"]
    assert states(foundation) == ["sent"] * 3


def test_a_rejected_message_is_in_the_digest_of_the_same_run(
    foundation: Foundation, functions: Functions, ses: LocalSes, due: Any
) -> None:
    """I13: settled with SES's code, told at once, and not told as reminded."""
    turid, (_, mentor) = due(2)
    ses.fail_for("1@example.no", "MessageRejected")
    result = functions.send(DAY)
    assert foundation.notices(mentor) == [("reminder", 7, "undeliverable")]
    assert result.verdict.reason == "notices_undeliverable"
    assert sorted(section for section, _ in foundation.digest(turid)) == ["reminded", "undeliverable"]
    assert recipients(ses) == ["0@example.no", "turid.vik@example.no"]
    functions.send(DAY)
    assert len(ses.messages) == 2


def test_a_rejection_reaches_the_coordinator_of_now(
    foundation: Foundation, functions: Functions, ses: LocalSes, due: Any
) -> None:
    """I13: and not the one of the nightly check before, who has nobody left to hear of."""
    due(2)
    siri = foundation.coordinator(
        foundation.one("SELECT id FROM organisations"), email="siri.lie@example.no", name="Siri Lie"
    )
    foundation.do("UPDATE peer_mentors SET coordinator_id = %s", siri)
    ses.fail_for("0@example.no", "MessageRejected")
    functions.send(DAY)
    assert recipients(ses) == ["1@example.no", "siri.lie@example.no"]
    assert "undeliverable" in {section for section, _ in foundation.digest(siri)}


def test_an_address_that_only_looks_right_is_undeliverable(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """I13: SES cannot send to a local part with æøå."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    mentor = foundation.mentor(organisation, DAY + days(7), coordinator=turid, email="kari.sæther@example.no")
    functions.nightly_check(DAY)
    functions.send(DAY)
    assert foundation.notices(mentor) == [("reminder", 7, "undeliverable")]
    assert foundation.digest(turid) == [("undeliverable", "unusable_address")]


RESERVED = [
    "a@anonymised.invalid",
    "a@X.INVALID",
    "a@b.test",
    "a@b.example",
    "a@b.localhost",
    "a@b.local",
    "a@b.onion",
    "a@b.internal",
    "a@b.alt",
    "a@home.arpa",
]
ELSEWHERE = ["a@example.no", "a@example.com", "a@invalid.no", "a@contest.no", "a@b.tests", "invalid.test@example.no"]


@pytest.mark.parametrize("address", RESERVED + ELSEWHERE)
def test_the_check_and_the_mail_know_the_same_reserved_domains(foundation: Foundation, address: Any) -> None:
    """Else somebody is "reminded" whom nobody can write to, or is not although somebody could."""
    problem = foundation.one("SELECT certification.mail_problem(%s)", address)
    assert problem == ("reserved_domain" if address in RESERVED else None)
    if problem is None:
        assert deliverable_address(address) == address
    else:
        with pytest.raises(UnusableAddressError, match=problem):
            deliverable_address(address)


def test_who_is_at_a_reserved_domain_was_not_reminded(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """The app anonymises by such an address. The coordinator hears why, and how else to reach the mentor."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    mentor = foundation.mentor(organisation, DAY + days(7), coordinator=turid, email="m17@anonymised.invalid")
    foundation.do("UPDATE peer_mentors SET phone = '900 00 000' WHERE id = %s", mentor)
    functions.nightly_check(DAY)
    functions.send(DAY)
    assert foundation.reminders(mentor)[7] == "unreachable"
    assert foundation.digest(turid) == [("unreachable", "reserved_domain")]
    assert recipients(ses) == ["turid.vik@example.no"]
    text = there(ses.messages[0].parsed().get_body(("plain",))).get_content()
    assert "SMS til 900 00 000 (eller ring), e-post: m17@anonymised.invalid (virker ikke)." in text


def test_a_coordinator_at_a_reserved_domain_is_not_named(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """The mentor is told another way."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation, email="turid@anonymised.invalid")
    foundation.mentor(organisation, DAY + days(7), coordinator=turid)
    functions.nightly_check(DAY)
    functions.send(DAY)
    (mail,) = ses.messages
    assert mail.parsed()["Reply-To"] is None
    assert "(se www.hlf.no)" in there(mail.parsed().get_body(("plain",))).get_content()
    assert foundation.notices(turid) == [("digest", None, "undeliverable")]


@pytest.mark.parametrize(
    "name", ["Nordmann, " + "x" * 83, "=?utf-8?q?a=2C_b=40c=2Eno?=", "Å" * 5000, "a\r\nBcc: b@c.no"]
)
def test_whatever_people_are_called_everybody_is_notified(
    foundation: Foundation, functions: Functions, ses: LocalSes, name: str
) -> None:
    """I13: the mentor, the coordinator and the organisation have the name."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation, name=name)
    mentor = foundation.mentor(organisation, DAY + days(7), coordinator=turid, email="kari@example.no")
    foundation.do("UPDATE peer_mentors SET last_name = %s WHERE id = %s", name, mentor)
    foundation.do("UPDATE organisations SET name = %s WHERE id = %s", name, organisation)
    functions.nightly_check(DAY)
    functions.send(DAY)
    assert recipients(ses) == ["kari@example.no", "turid.vik@example.no"]
    for mail in ses.messages:
        assert [one.addr_spec for one in mail.parsed()["To"].addresses] == [mail.recipient]
        assert len(mail.parsed()["From"].addresses) == 1


def test_a_service_that_refuses_us_loses_nothing(
    foundation: Foundation, functions: Functions, ses: LocalSes, due: Any
) -> None:
    """I4: the notice in hand is given back, the rest is untouched, in every organisation; the next run sends all."""
    due(2)
    due(2)
    ses.fail_next(1, "SendingPausedException", HTTPStatus.BAD_REQUEST)
    with pytest.raises(RunFailedError):
        functions.send(DAY)
    assert ses.counts.requests == 1
    assert set(states(foundation)) == {"pending"}
    assert foundation.one("SELECT state FROM certification.runs ORDER BY started_at DESC LIMIT 1") == "failed"
    functions.send(DAY)
    assert len(ses.messages) == 6


def test_refusals_before_any_acceptance_are_the_accounts(
    foundation: Foundation, functions: Functions, ses: LocalSes, due: Any
) -> None:
    """Refusals before anything was accepted are the account's and given back.

    I4: the sandbox refuses everybody in the words of a bad address; nobody is written off for it.
    """
    due(8)
    ses.fail_for(lambda _: True, "MessageRejected")
    with pytest.raises(RunFailedError, match="MessageRejected"):
        functions.send(DAY)
    assert set(states(foundation)) == {"pending"}
    ses.heal()
    functions.send(DAY)
    assert states(foundation) == ["sent"] * 9


def test_nobody_is_mailed_at_night(foundation: Foundation, functions: Functions, ses: LocalSes) -> None:
    """08:00 up to 20:00 on the organisation's own clocks; the run says how many wait."""
    for zone in ("Europe/Oslo", "America/Los_Angeles"):
        foundation.mentor(foundation.organisation(timezone=zone), DAY + days(7), email=f"{zone[:2]}@example.no")
    functions.nightly_check(DAY)
    result = functions.send(at_night(DAY))
    assert recipients(ses) == ["Am@example.no"]
    assert foundation.counts(result.run_id, "notices_waiting") == {"": 1}
    functions.send(at_nine(DAY))
    assert recipients(ses) == ["Am@example.no", "Eu@example.no"]


def test_when_time_runs_out_the_rest_stays_pending(
    foundation: Foundation, functions: Functions, ses: LocalSes, due: Any
) -> None:
    """I4: no notice is claimed that could not be settled."""
    due(5)
    outcomes = chain([True, True], repeat(False))
    result = functions.send(DAY, may_go_on=lambda: next(outcomes))
    assert sorted(states(foundation)) == ["pending"] * 4 + ["sent"] * 2
    assert len(ses.messages) == 2
    assert foundation.counts(result.run_id, "notices_waiting") == {"": 4}
    functions.send(DAY)
    assert len(ses.messages) == 6


def test_two_senders_at_once_never_send_one_notice_twice(
    database: TestDatabase, foundation: Foundation, ses: LocalSes, due: Any
) -> None:
    """I4: by the row lock of the claim."""
    due(30)
    with Functions(database.login) as one:
        one.connection("SendNotices")
        with Functions(lambda _: one_login) as other:
            one_login = database.login("SendNotices")
            senders = [threading.Thread(target=sender.send, args=(DAY,)) for sender in (one, other)]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
    assert sorted(recipients(ses)) == sorted({*recipients(ses)})
    assert len(ses.messages) == 31
    assert states(foundation) == ["sent"] * 31


def test_only_the_run_that_claimed_a_notice_settles_it(foundation: Foundation, functions: Functions, due: Any) -> None:
    """I4: a sender that comes back from the dead changes nothing."""
    due()
    foundation.do("UPDATE certification.notices SET state = 'claimed', sender_run_id = gen_random_uuid()")
    settle = (
        "SELECT certification.settle_notice(id, gen_random_uuid(), 'pending', NULL, NULL) FROM certification.notices"
    )
    assert set(foundation.all(settle)) == {"skipped_not_claimed_by_this_run"}
    assert set(states(foundation)) == {"claimed"}


def test_a_coordinator_without_an_address_degrades_the_sending(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """I13: the digest is settled as undeliverable; the mentor's own mail goes out."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation, email=None)
    foundation.mentor(organisation, DAY + days(7), coordinator=turid)
    functions.nightly_check(DAY)
    assert functions.send(DAY).verdict.reason == "notices_undeliverable"
    assert foundation.notices(turid) == [("digest", None, "undeliverable")]
    assert recipients(ses) == ["kari.saether@example.no"]
