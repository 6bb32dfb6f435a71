"""Nightly checks that overlap, from connections of their own: everything once (I1, I3)."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.runs import RunState
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import Functions, at_night
from tests.support.there import there
from tests.support.wire import TransactionPooler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.ses.server import LocalSes
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

pytestmark = pytest.mark.slow

NIGHTLY_CHECKS = 10


@pytest.fixture
def at_once(database: TestDatabase) -> Iterator[Any]:
    """Runs the nightly checks of these days at the same moment, each on a connection of its own."""
    with ExitStack() as opened:
        secret = database.login("ExpiryCheck")
        nightly_checks = [opened.enter_context(Functions(lambda _: secret)) for _ in range(NIGHTLY_CHECKS)]

        def run(evaluated):
            start = threading.Barrier(NIGHTLY_CHECKS)

            def one(one_of_them, day):
                one_of_them.connection("ExpiryCheck")
                start.wait()
                return one_of_them.nightly_check(day)

            with ThreadPoolExecutor(NIGHTLY_CHECKS) as pool:
                return list(pool.map(one, nightly_checks, evaluated))

        yield run


def people(foundation):
    for _ in range(2):
        organisation = foundation.organisation()
        turid = foundation.coordinator(organisation)
        for left in (*range(-9, 40), *range(-9, 40)):
            foundation.mentor(organisation, DAY + days(left), coordinator=turid)
        foundation.mentor(organisation, DAY + days(300), status="certification_expired", coordinator=turid)


def test_ten_nightly_checks_at_once_do_what_one_does(
    foundation: Foundation, functions: Functions, at_once: Any
) -> None:
    """I1, I3: one reminder, one transition, one log row, one notice each, and the counts add up to one nightly
    check's.
    """
    people(foundation)
    results = at_once([DAY] * NIGHTLY_CHECKS)
    assert {result.verdict.state for result in results} == {RunState.SUCCEEDED}
    found = foundation.everything()
    assert len(found["log"]) == len(found["transitions"]) == 2 * (18 + 1)
    assert max(Counter(row[0] for row in found["log"]).values()) == 1
    total = sum(sum(foundation.counts(result.run_id, "reminders_due").values()) for result in results)
    assert total == len(found["reminders"])
    functions.nightly_check(DAY)
    assert foundation.everything() == found


def test_ten_days_at_once_end_as_they_would_one_by_one(foundation: Foundation, at_once: Any) -> None:
    """I1, I2, I3: whichever comes first, every threshold reached by the last day is claimed once."""
    people(foundation)
    last = DAY + days(NIGHTLY_CHECKS - 1)
    foundation.present(at_night(last))
    at_once([DAY + days(offset) for offset in range(NIGHTLY_CHECKS)])
    expected = foundation.all(
        "SELECT m.id, t.day, c.expires_on FROM peer_mentors AS m JOIN certifications AS c ON c.mentor_id = m.id"
        " CROSS JOIN (VALUES (30), (14), (7)) AS t (day) WHERE c.expires_on - t.day <= %s ORDER BY 1, 2, 3",
        last,
    )
    found = foundation.everything()
    assert [row[:3] for row in found["reminders"]] == expected
    ended = foundation.all("SELECT mentor_id FROM certifications WHERE expires_on < %s ORDER BY 1", last)
    assert [row[0] for row in found["transitions"] if row[1] == "certification_expired"] == ended
    assert [row[0] for row in found["log"] if row[2] == "certification_expired"] == ended
    notices = Counter(row[1] for row in found["notices"] if row[0] == "expired")
    assert notices == Counter(ended)


def test_people_who_edit_are_never_held_up_nor_overruled(
    database: TestDatabase, foundation: Foundation, at_once: Any
) -> None:
    """I3: hundreds of pauses during ten nights; each mentor is paused or expired, and the log tells one story."""
    people(foundation)
    mentors = foundation.all("SELECT mentor_id FROM certifications WHERE expires_on < %s", DAY)
    outcomes = {}

    def pause_all():
        with database.connect() as person:
            person.execute("SET lock_timeout = '2s'")
            for mentor in mentors:
                query = "SELECT pause_mentor(%s, 'turid', 'ill')"
                outcomes[mentor] = there(person.execute(query, (mentor,)).fetchone())[0]

    person = threading.Thread(target=pause_all)
    person.start()
    at_once([DAY] * NIGHTLY_CHECKS)
    person.join()
    assert len(outcomes) == len(mentors)
    for mentor, outcome in outcomes.items():
        status = "paused" if outcome == "changed" else "certification_expired"
        assert foundation.status(mentor) == status
        assert [row[1] for row in foundation.log(mentor)] == [status]


def test_a_check_and_a_sending_work_through_a_pooler(
    database: TestDatabase, foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """Design, section 4: every transaction on a server connection that has never been used, and the same end."""
    people(foundation)
    with TransactionPooler(database.dsn) as pooler:
        secret = {**database.login("ExpiryCheck"), "port": pooler.port}
        with Functions(lambda _: secret) as pooled:
            assert pooled.nightly_check(DAY).verdict.state is RunState.SUCCEEDED
            before = foundation.everything()
            functions.nightly_check(DAY)
            assert foundation.everything() == before
            foundation.do("DELETE FROM certification.notices WHERE id > 5 AND mentor_id IS NOT NULL")
            assert pooled.send(DAY).verdict.state is RunState.SUCCEEDED
    assert pooler.sessions > 25
    assert {*foundation.all("SELECT state FROM certification.notices")} == {"sent"}
