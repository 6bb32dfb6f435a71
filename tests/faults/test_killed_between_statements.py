"""A function killed at any statement, and run again: the same end as if nothing had happened (I1, I3, I4)."""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from local.stack.stack import endpoints
from tests.faults import victim
from tests.support.foundation import DAY, days
from tests.support.wire import KillingProxy

if TYPE_CHECKING:
    from emulators.ses.server import LocalSes
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

pytestmark = pytest.mark.slow

FUNCTION = {"nightly_check": "ExpiryCheck", "send": "SendNotices"}


def fill(foundation, organisations=2):
    """Organisations with something for every step, under ids that are the same every time."""
    foundation.empty()
    for number in range(1, organisations + 1):
        organisation, turid = UUID(int=number), UUID(int=100 + number)
        foundation.do("INSERT INTO organisations (id, name) VALUES (%s, 'HLF Moss')", organisation)
        foundation.do(
            "INSERT INTO coordinators (id, organisation_id, full_name, email) VALUES (%s, %s, 'Turid Vik', %s)",
            turid,
            organisation,
            f"coordinator.{number}@example.no",
        )
        people = {0: (7, "active"), 1: (-1, "active"), 2: (300, "certification_expired")}
        for place, (left, status) in people.items():
            mentor = UUID(int=1000 * number + place)
            foundation.do(
                "INSERT INTO peer_mentors (id, organisation_id, coordinator_id, first_name, last_name, email, status)"
                " VALUES (%s, %s, %s, 'Kari', 'Sæther', %s, %s)",
                mentor,
                organisation,
                turid,
                f"mentor.{mentor.int}@example.no",
                status,
            )
            foundation.do("INSERT INTO certifications VALUES (%s, '2023-01-01', %s)", mentor, DAY + days(left))


def killed(database, work, environment, at, moment):
    """Run `work` and kill it at its n-th statement. Return whether it got that far."""
    secret = database.login(FUNCTION[work])
    started: list[Any] = []
    kill = lambda: os.kill(started[0].pid, signal.SIGKILL)  # noqa: E731
    with KillingProxy(database.postgres.port, at, moment, kill) as proxy:
        started.append(victim.start(work, DAY, {**secret, "port": proxy.port}, environment))
        started[0].join()
    assert started[0].exitcode == (-signal.SIGKILL if proxy.statements >= at else 0)
    return proxy.statements >= at


@pytest.mark.parametrize("moment", ["during", "after"])
def test_a_check_killed_at_any_statement_ends_as_an_undisturbed(
    database: TestDatabase, foundation: Foundation, functions: Functions, moment: str
) -> None:
    """A nightly check killed at any statement and run again ends as an undisturbed one.

    I1, I3, I7: reminders, transitions, log rows and notices are the same, whichever statement was the last.
    """
    fill(foundation)
    functions.nightly_check(DAY)
    undisturbed = foundation.everything()
    assert len(undisturbed["log"]) == 4
    at = 1
    while True:
        fill(foundation)
        disturbed = killed(database, "nightly_check", {}, at, moment)
        if disturbed:
            functions.nightly_check(DAY)
        assert foundation.everything() == undisturbed, f"killed {moment} statement {at}"
        reported = foundation.all("SELECT coordinator_id FROM certification.notices WHERE kind = 'digest'")
        assert {*reported} == {UUID(int=101), UUID(int=102)}
        if not disturbed:
            break
        at += 1
    assert at > 12


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_sending_killed_at_any_statement_sends_nothing_twice(
    database: TestDatabase, foundation: Foundation, functions: Functions, ses: LocalSes, moment: str
) -> None:
    """A sending killed at any statement sends nothing twice and leaves one notice of unknown outcome.

    I4: run again, everybody but at most one has their mail, and that one is claimed, not pending.
    """
    environment = endpoints(ses.url, ses.url)
    at = 1
    while True:
        fill(foundation, organisations=1)
        functions.nightly_check(DAY)
        ses.messages.clear()
        disturbed = killed(database, "send", environment, at, moment)
        functions.send(DAY)
        mails = Counter(mail.recipient for mail in ses.messages)
        states = Counter(foundation.all("SELECT state FROM certification.notices"))
        place = f"killed {moment} statement {at}"
        assert max(mails.values()) == 1, place
        assert states["claimed"] <= 1, place
        assert states["sent"] + states["claimed"] == 4, place
        assert states["sent"] <= len(mails) <= 4, place
        if not disturbed:
            break
        at += 1
    assert states["sent"] == 4
    assert at > 15


def test_a_killed_run_is_recorded_as_failed_by_a_later_one(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """I12: after twenty minutes, more than any function may take."""
    fill(foundation)
    assert killed(database, "nightly_check", {}, 4, "after")
    foundation.do("UPDATE certification.runs SET started_at = started_at - interval '21 minutes'")
    functions.nightly_check(DAY)
    assert foundation.all("SELECT state, reason FROM certification.runs ORDER BY started_at") == [
        ("failed", "never_ended"),
        ("succeeded", None),
    ]
