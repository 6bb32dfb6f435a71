"""Forgetting one of several people with one address, and while the sweep applies an event of theirs (I11, I17)."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from tests.integration.notices.test_mail_events_at_once import WAITING
from tests.support.foundation import DAY, days
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.foundation import Foundation
    from tests.support.mails import Mails

FORGET = "SELECT certification.forget_person(%s, 'turid.vik', 'asked to be erased')"
KARI = "0@example.no"


def complained(mails: Mails, foundation: Foundation, people: Any) -> UUID:
    """The mentor complains, and the app has them no more."""
    (notice,) = mails.send(people.organisation)
    mails.says(notice.id, "complaint")
    mentor: UUID = people.mentors[0]
    foundation.do("DELETE FROM certifications WHERE mentor_id = %s", mentor)
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", mentor)
    return mentor


@pytest.mark.parametrize("other", ["mentor", "coordinator", "organisation", "standard", "nobody"])
def test_an_address_of_others_stays_unusable(
    mails: Mails, foundation: Foundation, reminded: Callable[..., Any], other: str
) -> None:
    """A complaint is never undone, and the row that says so does not name who is forgotten."""
    people = reminded()
    mentor = complained(mails, foundation, people)
    holder: UUID | None = UUID(int=0)
    match other:
        case "mentor":
            holder = foundation.mentor(people.organisation, DAY + days(100), email=KARI.upper())
        case "coordinator":
            holder = foundation.coordinator(people.organisation, email=KARI)
        case "organisation":
            foundation.do(
                "UPDATE certification.organisation_settings SET fallback_address = %s WHERE organisation_id = %s",
                KARI,
                people.organisation,
            )
        case "standard":
            foundation.do("UPDATE certification.standard SET fallback_address = %s", KARI)
        case _:
            holder = None
    foundation.one(FORGET, mentor)
    assert mails.problem(KARI) == ("address_complained" if holder else None)
    assert foundation.all("SELECT person_id FROM certification.unusable_addresses") == ([holder] if holder else [])
    assert foundation.one("SELECT count(*) FROM certification.mail_events") == 0


def test_the_sweep_and_forgetting_at_once_do_not_lock(
    mails: Mails, foundation: Foundation, connection: psycopg.Connection[Any], reminded: Callable[..., Any]
) -> None:
    """The sweep has the notice and then wants its events; forgetting takes the notices first."""
    people = reminded()
    mentor = complained(mails, foundation, people)
    notice = there(foundation.one("SELECT id FROM certification.notices WHERE mentor_id = %s", mentor))
    failed: list[psycopg.Error] = []
    dsn, password = connection.info.dsn, connection.info.password

    def forget() -> None:
        with psycopg.connect(dsn, password=password, autocommit=True) as other:
            try:
                other.execute(FORGET.encode(), (mentor,))
            except psycopg.Error as error:
                failed.append(error)

    forgetting = threading.Thread(target=forget)
    with connection.transaction():
        connection.execute("SELECT 1 FROM certification.notices WHERE id = %s FOR NO KEY UPDATE", (notice,))
        forgetting.start()
        with psycopg.connect(dsn, password=password, autocommit=True) as watcher:
            deadline = time.monotonic() + 20
            while there(watcher.execute(WAITING).fetchone())[0] < 1:
                assert time.monotonic() < deadline, "nobody waits"
                time.sleep(0.01)
        connection.execute("UPDATE certification.mail_events SET applied_at = clock_timestamp()")
        connection.execute("SELECT certification.apply_mail_events(%s)", (notice,))
    forgetting.join()
    assert failed == []
    assert foundation.one("SELECT count(*) FROM certification.notices WHERE mentor_id = %s", mentor) == 0
