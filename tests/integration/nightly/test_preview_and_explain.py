"""What the preview says will happen is what happens, and every threshold of a mentor is explained."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local.mentors_file.load import load
from local.mentors_file.mentors import read_mentors, read_organisations
from local.stack.database import store_settings
from operations.commands.explain import read_explanation
from operations.commands.preview import read_preview
from operations.commands.status import read_status
from operations.screens import mentor_view, status_view
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    import psycopg

    from emulators.ses.server import LocalSes
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

DATA = Path(__file__).parents[3] / "data"
NIGHTLY_CHECKS = 120


@pytest.mark.slow
def test_the_preview_is_what_the_nightly_checks_then_do(
    database: TestDatabase, connection: psycopg.Connection, foundation: Foundation, functions: Functions
) -> None:
    """Four months over all of the synthetic mentors: every reminder, expiry and return, on its day."""
    organisations = read_organisations(DATA / "organisations.csv")
    load(connection, read_mentors(DATA / "mentors.csv"), organisations)
    store_settings(database.dsn, organisations)
    expected = foundation.all(
        "SELECT due_on, mentor_id, event, threshold_day, expires_on FROM certification.preview(%s, %s)",
        DAY,
        NIGHTLY_CHECKS,
    )
    for offset in range(NIGHTLY_CHECKS):
        functions.nightly_check(DAY + days(offset))
    happened = foundation.all(
        "SELECT as_of, mentor_id, CASE state WHEN 'claimed' THEN 'reminder' ELSE state END, threshold_day,"
        " certification_expiry_date FROM certification.cert_expiry_reminders"
        " UNION ALL SELECT as_of, mentor_id, CASE to_status WHEN 'active' THEN 'reactivation' ELSE 'expiry' END, NULL,"
        " certification_expiry_date FROM certification.transitions"
    )
    assert Counter(expected) == Counter(happened)
    assert len(expected) > 150
    assert foundation.all("SELECT event FROM certification.preview(%s, 1)", DAY + days(NIGHTLY_CHECKS - 1)) == []


def test_the_preview_changes_nothing(connection: psycopg.Connection, foundation: Foundation) -> None:
    """It reads only, in a transaction that may do nothing else."""
    foundation.mentor(foundation.organisation(), DAY + days(7))
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        assert len(foundation.all("SELECT * FROM certification.preview(%s, 30)", DAY)) == 4
    assert foundation.everything()["reminders"] == []


def test_the_preview_after_an_outage_shows_one_catching_up(foundation: Foundation, functions: Functions) -> None:
    """I2: what was reached meanwhile is due on the first nightly check, the nearest as a reminder."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(12))
    found = foundation.all("SELECT due_on - %s, event, threshold_day FROM certification.preview(%s, 10)", DAY, DAY)
    assert sorted(found) == [(0, "collapsed", 30), (0, "reminder", 14), (5, "reminder", 7)]
    functions.nightly_check(DAY)
    assert foundation.reminders(mentor) == {30: "collapsed", 14: "claimed"}
    assert foundation.all("SELECT threshold_day FROM certification.preview(%s, 10)", DAY) == [7]


@pytest.mark.parametrize("ends", ["-infinity", "infinity", "0001-01-01"])
def test_a_date_that_is_none_does_not_break_the_preview(foundation: Foundation, ends: str) -> None:
    """I13: what is shown of the others can be read by any program."""
    organisation = foundation.organisation()
    foundation.mentor(organisation, ends)
    mentor = foundation.mentor(organisation, DAY + days(7))
    found = foundation.all("SELECT * FROM certification.preview(%s, 5)", DAY)
    assert {row[2] for row in found} == {mentor}


@pytest.mark.parametrize("ends", ["-infinity", "infinity", "0001-01-01"])
def test_a_date_that_is_none_is_explained_as_that(foundation: Foundation, ends: str) -> None:
    """I13: not as due in the year nought."""
    mentor = foundation.mentor(foundation.organisation(), ends)
    assert {state for state, *_ in explained(foundation, mentor).values()} == {"impossible_date"}


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ("infinity", "infinity, which cannot be meant"),
        ("-infinity", "-infinity, which cannot be meant"),
        ("0206-12-01", "0206-12-01, which cannot be meant"),
        ("0044-03-15 BC", "0044-03-15 BC, which cannot be meant"),
        ("4714-11-24 BC", "4714-11-24 BC, which cannot be meant"),
        ("5874897-12-31", "5874897-12-31, which cannot be meant"),
        ("9999-12-31", "9999-12-31, which cannot be meant"),
        ("2206-12-01", "01.12.2206"),
    ],
)
def test_no_date_ends_a_command_in_a_traceback(
    foundation: Foundation, functions: Functions, capsys: pytest.CaptureFixture[str], ends: str, shown: str
) -> None:
    """Issue 8 B, I13: explain, preview and status, before a nightly check and after it, with the website's sync."""
    organisation = foundation.organisation()
    mentor = foundation.mentor(organisation, ends, consent=True)
    foundation.mentor(organisation, ends, status="certification_expired", consent=True)
    other = foundation.mentor(organisation, DAY + days(7))
    for _ in range(2):
        mentor_view.preview(read_preview(foundation.connection, DAY, 3660), {}, first=DAY, days=3660)
        mentor_view.explanation(read_explanation(foundation.connection, mentor, DAY), None)
        assert shown in " ".join(capsys.readouterr().out.split())
        status_view.show(read_status(foundation.connection))
        functions.nightly_check(DAY)
    assert foundation.reminders(other)[7] == "claimed"
    foundation.all("SELECT * FROM certification.current_conditions()")


def explained(foundation, mentor, day=DAY):
    rows = foundation.all(
        "SELECT threshold_day, state, reason, run_id IS NOT NULL, notice_state FROM certification.explain(%s, %s)",
        mentor,
        day,
    )
    return {threshold: tuple(rest) for threshold, *rest in rows}


def test_every_threshold_is_explained_before_and_after(
    foundation: Foundation, functions: Functions, ses: LocalSes
) -> None:
    """I2: "why was this person (not) reminded?": state, reason, run, and what became of the notice."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(12))
    assert explained(foundation, mentor) == {
        30: ("due_next_run", None, False, None),
        14: ("due_next_run", None, False, None),
        7: ("not_yet_due", None, False, None),
    }
    functions.nightly_check(DAY)
    functions.send(DAY)
    assert explained(foundation, mentor) == {
        30: ("collapsed", "nearer_threshold", True, None),
        14: ("claimed", None, True, "sent"),
        7: ("not_yet_due", None, False, None),
    }


@pytest.mark.parametrize("status", ["paused", "inactive", "certification_expired"])
def test_one_who_is_not_active_is_explained_by_that(foundation: Foundation, status: str) -> None:
    """I2: reminders concern active mentors."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(12), status=status)
    assert explained(foundation, mentor)[14] == ("not_reminded", f"status_{status}", False, None)


def test_one_who_cannot_be_mailed_is_explained_by_that(foundation: Foundation, functions: Functions) -> None:
    """I13: before the nightly check and after it."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(5), email="kari")
    assert explained(foundation, mentor)[7] == ("due_next_run", "malformed_email", False, None)
    functions.nightly_check(DAY)
    assert explained(foundation, mentor)[7] == ("unreachable", "malformed_email", True, None)


def test_the_unknown_and_the_uncertified_are_explained(foundation: Foundation) -> None:
    """No rows for nobody, and a reason for somebody with nothing to remind of."""
    mentor = foundation.mentor(foundation.organisation(), DAY)
    foundation.do("DELETE FROM certifications")
    assert {state for state, *_ in explained(foundation, mentor).values()} == {"no_certification"}
    foundation.do("DELETE FROM peer_mentors")
    assert explained(foundation, mentor) == {}


def test_earlier_certifications_stay_explained_after_a_renewal(foundation: Foundation, functions: Functions) -> None:
    """I2: the old date's reminders and the new date's, apart."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(7))
    functions.nightly_check(DAY)
    foundation.renew(mentor, DAY + days(400))
    rows = foundation.all(
        "SELECT certification_expiry_date - %s, threshold_day, state FROM certification.explain(%s, %s)",
        DAY,
        mentor,
        DAY,
    )
    assert rows == [
        (7, 30, "collapsed"),
        (7, 14, "collapsed"),
        (7, 7, "claimed"),
        *((400, day, "not_yet_due") for day in (30, 14, 7)),
    ]
