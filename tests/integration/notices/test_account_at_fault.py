"""SES refuses in the same words whether the recipient is at fault or our account: nothing may be written off for the
latter (I4, I13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.runs import RunFailedError, RunState
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions


@pytest.fixture
def mentors(foundation: Foundation, functions: Functions) -> Any:
    """Makes organisations with so many mentors each who are due, and runs the nightly check."""

    def make(*counts):
        for index, count in enumerate(counts):
            organisation = foundation.organisation()
            for number in range(count):
                foundation.mentor(organisation, DAY + days(7), email=f"{index}.{number}@example.no")
        functions.nightly_check(DAY)

    return make


def states(foundation):
    return foundation.all("SELECT DISTINCT state FROM certification.notices ORDER BY 1")


@pytest.mark.parametrize("counts", [(3, 3, 3), (1,), (4,), (12,)])
def test_an_account_that_is_refused_everything_loses_nothing(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentors: Any, counts: Any
) -> None:
    """Every notice waits; the next run, the account being well, sends each once."""
    mentors(*counts)
    ses.fail_for(lambda _: True, "MessageRejected")
    if sum(counts) >= 5:
        with pytest.raises(RunFailedError, match="MessageRejected"):
            functions.send(DAY)
    else:
        assert functions.send(DAY).verdict.reason == "notices_given_back"
    assert states(foundation) == ["pending"]
    assert ses.messages == []
    ses.heal()
    functions.send(DAY)
    assert states(foundation) == ["sent"]
    assert len(ses.messages) == sum(counts)


def test_one_refused_recipient_among_accepted_is_written_off(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentors: Any
) -> None:
    """First, in the middle or last: once SES has accepted something, the refusal is the recipient's."""
    mentors(3)
    ses.fail_for("0.0@example.no", "MessageRejected")
    result = functions.send(DAY)
    assert result.verdict.state is RunState.DEGRADED
    assert sorted(foundation.all("SELECT state FROM certification.notices")) == ["sent", "sent", "undeliverable"]


def test_refused_ones_do_not_stand_in_the_way_of_the_others(
    foundation: Foundation, functions: Functions, ses: LocalSes, mentors: Any
) -> None:
    """The run after one that stopped takes first what has not been tried."""
    mentors(8)
    first = foundation.all(
        "SELECT m.email FROM certification.notices AS n JOIN peer_mentors AS m ON m.id = n.mentor_id"
        " ORDER BY n.id LIMIT 5"
    )
    for address in first:
        ses.fail_for(address, "MessageRejected")
    with pytest.raises(RunFailedError):
        functions.send(DAY)
    functions.send(DAY)
    assert sorted(foundation.all("SELECT state FROM certification.notices")) == ["sent"] * 3 + ["undeliverable"] * 5
