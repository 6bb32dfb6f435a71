"""Thresholds per organisation: which lists can be stored, and what a change means for the nightly checks after
it (I2).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from local.mentors_file.mentors import OrganisationRow
from local.stack.database import store_settings
from operations.wording.settings import refusal
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

INVALID = {
    "empty": ([], "thresholds_not_empty", "is empty"),
    "negative": ([30, -1], "thresholds_in_range", "from 0 to 365"),
    "too large": ([366, 30], "thresholds_in_range", "from 0 to 365"),
    "a duplicate": ([30, 30, 7], "thresholds_descending", "one stands twice"),
    "unsorted": ([7, 14, 30], "thresholds_descending", "largest first, each once, such as 30 14 7"),
}


@pytest.mark.parametrize("name", INVALID)
def test_a_list_that_makes_no_sense_is_refused_and_explained(foundation: Foundation, name: Any) -> None:
    """The configuration refuses it whoever writes it, and the rule says in words what is wrong."""
    thresholds, constraint, words = INVALID[name]
    organisation = foundation.organisation()
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        foundation.settings(organisation, thresholds=thresholds)
    assert refused.value.diag.constraint_name == constraint
    with pytest.raises(psycopg.errors.CheckViolation):
        foundation.do("UPDATE certification.standard SET thresholds = %s", thresholds)
    assert words in refusal(constraint, "thresholds", "")


def test_one_bad_list_stores_nobodys_settings(database: TestDatabase, foundation: Foundation) -> None:
    """All of a file or nothing."""
    rows = [
        OrganisationRow(
            id=foundation.organisation(),
            name="HLF Moss",
            timezone="Europe/Oslo",
            org_thresholds=True,
            thresholds=thresholds,
            reactivate_renewed=True,
        )
        for thresholds in ((60, 30), (30, 60))
    ]
    with pytest.raises(psycopg.errors.CheckViolation):
        store_settings(database.dsn, rows)
    assert foundation.all("SELECT 1 FROM certification.organisation_settings") == []


@pytest.mark.parametrize(
    ("literal", "constraint"),
    [("{30,NULL,7}", "thresholds_without_null"), ("{{30,14},{7,1}}", "thresholds_not_empty")],
)
def test_a_list_with_a_hole_or_a_second_dimension_is_refused(
    foundation: Foundation, literal: str, constraint: str
) -> None:
    """Only SQL can write such a list, and it is refused too."""
    organisation = foundation.organisation(thresholds=(30,))
    for statement in (
        "UPDATE certification.organisation_settings SET thresholds = %s WHERE organisation_id = organisation_id",
        "UPDATE certification.standard SET thresholds = %s",
    ):
        with pytest.raises(psycopg.errors.CheckViolation) as refused:
            foundation.do(statement, literal)
        assert refused.value.diag.constraint_name == constraint
    assert foundation.one("SELECT certification.effective_thresholds(%s)", organisation) == [30]


@pytest.mark.parametrize("thresholds", [[0], [365], [365, 0], [30, 14, 7], list(range(365, -1, -1))])
def test_every_descending_list_from_0_to_365_can_be_stored(foundation: Foundation, thresholds: Any) -> None:
    """The constraints refuse nothing else."""
    organisation = foundation.organisation(thresholds=thresholds)
    assert foundation.one("SELECT certification.effective_thresholds(%s)", organisation) == thresholds


def test_settings_of_an_unknown_organisation_cannot_be_stored(foundation: Foundation) -> None:
    """A foreign key: a misspelt organisation is an error, not a row that nobody reads."""
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        foundation.settings(uuid4(), thresholds=(30,))


def test_with_the_flag_off_the_hlf_standard_applies(foundation: Foundation, functions: Functions) -> None:
    """org_thresholds off: the organisation's own list is stored and silent; and the run says which list it used."""
    organisation = foundation.organisation(thresholds=(60, 3))
    foundation.do("UPDATE certification.organisation_settings SET org_thresholds = false")
    mentors = {left: foundation.mentor(organisation, DAY + days(left)) for left in (60, 30, 14, 7, 3)}
    functions.nightly_check(DAY)
    assert {left for left in mentors if left in foundation.reminders(mentors[left])} == {30, 14, 7}
    entry = functions.reported.organisations[-1][1]
    assert (entry.thresholds, entry.org_thresholds) == ((30, 14, 7), False)


def test_the_flag_applies_from_the_next_nightly_check(foundation: Foundation, functions: Functions) -> None:
    """I2: whoever is inside the new window is caught up; nothing is claimed again when the flag goes back."""
    organisation = foundation.organisation(thresholds=(60,))
    foundation.do("UPDATE certification.organisation_settings SET org_thresholds = false")
    mentor = foundation.mentor(organisation, DAY + days(50))
    functions.nightly_check(DAY)
    assert foundation.reminders(mentor) == {}
    foundation.do("UPDATE certification.organisation_settings SET org_thresholds = true")
    functions.nightly_check(DAY + days(1))
    assert foundation.reminders(mentor) == {60: "claimed"}
    foundation.do("UPDATE certification.organisation_settings SET org_thresholds = false")
    functions.nightly_check(DAY + days(20))
    assert foundation.reminders(mentor) == {60: "claimed", 30: "claimed"}


def test_a_larger_threshold_catches_up_inside_its_window(foundation: Foundation, functions: Functions) -> None:
    """I2: the nightly check after the change, though those dates had been looked at for the other thresholds."""
    organisation = foundation.organisation(thresholds=(30,))
    near, far = foundation.mentor(organisation, DAY + days(20)), foundation.mentor(organisation, DAY + days(80))
    functions.nightly_check(DAY)
    foundation.settings(organisation, thresholds=(90, 30))
    functions.nightly_check(DAY + days(1))
    assert foundation.reminders(far) == {90: "claimed"}
    assert foundation.reminders(near) == {30: "claimed", 90: "collapsed"}


def test_a_smaller_threshold_reaches_those_inside_its_window(foundation: Foundation, functions: Functions) -> None:
    """I2: the nearest is sent, also when a larger one was sent the nightly check before."""
    organisation = foundation.organisation(thresholds=(30,))
    mentor = foundation.mentor(organisation, DAY + days(5))
    functions.nightly_check(DAY)
    foundation.settings(organisation, thresholds=(30, 7))
    functions.nightly_check(DAY + days(1))
    assert foundation.notices(mentor) == [("reminder", 30, "pending"), ("reminder", 7, "pending")]


def test_a_threshold_that_was_removed_and_returns_loses_nobody(foundation: Foundation, functions: Functions) -> None:
    """I2: whoever passed it while it was away is caught up."""
    organisation = foundation.organisation(thresholds=(30, 7))
    mentors = [foundation.mentor(organisation, DAY + days(left)) for left in (30, 31, 35)]
    functions.nightly_check(DAY)
    foundation.settings(organisation, thresholds=(7,))
    functions.nightly_check(DAY + days(1))
    functions.nightly_check(DAY + days(6))
    foundation.settings(organisation, thresholds=(30, 7))
    functions.nightly_check(DAY + days(7))
    assert [foundation.reminders(mentor) for mentor in mentors] == [{30: "claimed"}] * 3
    assert foundation.all("SELECT as_of FROM certification.cert_expiry_reminders ORDER BY 1") == [
        DAY,
        DAY + days(7),
        DAY + days(7),
    ]


def test_a_mentor_who_came_without_the_threshold_is_caught_up(foundation: Foundation, functions: Functions) -> None:
    """A mentor who came while a threshold was away is caught up when it is back.

    I2: the nightly checks before had gone past that date for the threshold, and the mentor was looked at
    without it.
    """
    organisation = foundation.organisation(thresholds=(30, 7))
    functions.nightly_check(DAY)
    foundation.settings(organisation, thresholds=(7,))
    mentor = foundation.mentor(organisation, DAY + days(25))
    functions.nightly_check(DAY + days(1))
    foundation.settings(organisation, thresholds=(30, 7))
    functions.nightly_check(DAY + days(2))
    assert foundation.reminders(mentor) == {30: "claimed"}


def test_one_organisations_thresholds_are_nobody_elses(foundation: Foundation, functions: Functions) -> None:
    """The same expiry date is due in one and not in the other."""
    mentors = [foundation.mentor(foundation.organisation(thresholds=[day]), DAY + days(20)) for day in (20, 19)]
    functions.nightly_check(DAY)
    assert [foundation.reminders(mentor) for mentor in mentors] == [{20: "claimed"}, {}]


def test_a_standard_changed_during_a_check_loses_nobody(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """I2: a nightly check works by one list from its first statement to its last, or the next nightly check
    makes up for it.
    """
    organisation = foundation.organisation()
    foundation.mentor(organisation, DAY + days(20))
    inside_the_new_window = foundation.mentor(organisation, DAY + days(45))
    foundation.do(
        "CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'"
    )
    foundation.do(
        "CREATE TRIGGER wait_here BEFORE INSERT ON certification.cert_expiry_reminders"
        " FOR EACH STATEMENT EXECUTE FUNCTION wait_here()"
    )
    foundation.do("SELECT pg_advisory_lock(1)")
    nightly = threading.Thread(target=functions.nightly_check, args=(DAY,))
    nightly.start()
    while not foundation.one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
        pass
    with database.connect() as person:
        person.execute("UPDATE certification.standard SET thresholds = '{60,30,14,7}'")
    foundation.do("SELECT pg_advisory_unlock(1)")
    nightly.join()
    functions.nightly_check(DAY + days(1))
    assert foundation.reminders(inside_the_new_window) == {60: "claimed"}
