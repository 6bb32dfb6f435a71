"""The brake watches reminders as it watches expiries (I1, I2, I13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.mentors_file.load import load
from local.mentors_file.mentors import read_mentors, read_organisations
from local.stack.database import store_settings
from shared.domain.runs import RunState
from tests.integration.nightly.test_preview_and_explain import DATA
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

MONDAY = DAY - days(1)
BRAKES = "SELECT kind, n, of_n, closed_at IS NOT NULL FROM certification.brakes ORDER BY id"


def people(
    foundation: Foundation, due: int, of: int = 10, *, email: str | None = "kari@example.no"
) -> tuple[UUID, list[UUID]]:
    """An organisation of `of` active mentors, and those of them who are to be reminded on DAY."""
    organisation = foundation.organisation()
    coordinator = foundation.coordinator(organisation)
    found = [
        foundation.mentor(organisation, DAY + days(5 if n < due else 300), coordinator=coordinator, email=email)
        for n in range(of)
    ]
    return organisation, found[:due]


def release(foundation: Foundation, organisation: UUID) -> str:
    outcome: str = foundation.one(
        "SELECT certification.release_brake(%s, 'reminder', 'turid.vik', 'after an outage')", organisation
    )
    return outcome


@pytest.mark.parametrize("email", ["kari@example.no", None])
def test_unusually_many_reminders_do_nothing_and_say_so(
    foundation: Foundation, functions: Functions, email: str | None
) -> None:
    """No reminder, notice or progress; who cannot be mailed counts too. The run is degraded, the alert open."""
    foundation.brake(2, 20)
    organisation, due = people(foundation, 3, email=email)
    ended = foundation.mentor(organisation, DAY - days(1))
    again = "SELECT mentor_id FROM certification.mentors_to_recheck WHERE step = 'remind' ORDER BY 1"
    before = foundation.all(again)
    result = functions.nightly_check(DAY)
    assert (result.verdict.state, result.verdict.reason) == (RunState.DEGRADED, "reminders_braked")
    assert foundation.counts(result.run_id, "reminders_braked") == {"": 3}
    assert foundation.counts(result.run_id, "reminders_claimed") == {"30": 0, "14": 0, "7": 0}
    assert [foundation.reminders(m) for m in due] == [{}] * 3
    assert foundation.all("SELECT kind FROM certification.notices WHERE kind = 'reminder'") == []
    assert foundation.all("SELECT 1 FROM certification.progress WHERE step = 'remind'") == []
    assert foundation.all(again) == before
    assert foundation.all(BRAKES) == [("reminder", 3, 11, False)]
    assert foundation.status(ended) == "certification_expired", "the other steps go on"
    assert foundation.one("SELECT day FROM certification.evaluated_days") == DAY
    ((subject, n, ids),) = foundation.all(
        "SELECT subject, n, ids FROM certification.current_conditions() WHERE condition = 'brake'"
    )
    assert (subject, n, set(ids)) == (f"{organisation}:reminder", 3, set(due))


@pytest.mark.parametrize(
    ("count", "percent", "stopped"),
    [(2, 29, True), (2, 30, False), (3, 0, False), (2, 0, True), (0, 29, True), (0, 100, False)],
)
def test_both_limits_must_be_exceeded(
    foundation: Foundation, functions: Functions, count: int, percent: int, *, stopped: bool
) -> None:
    """Three of ten: the limits of the expiries."""
    foundation.brake(count, percent)
    _, due = people(foundation, 3)
    functions.nightly_check(DAY)
    assert {bool(foundation.reminders(m)) for m in due} == {not stopped}
    assert len(foundation.all(BRAKES)) == stopped


def test_a_release_lets_the_catch_up_go(foundation: Foundation, functions: Functions) -> None:
    """After a real outage of some days: a named person releases it, and it is used up."""
    foundation.brake(2, 20)
    organisation, due = people(foundation, 3)
    functions.nightly_check(DAY)
    functions.nightly_check(DAY + days(1))
    assert release(foundation, organisation) == "released"
    result = functions.nightly_check(DAY + days(2))
    assert result.verdict.state is RunState.SUCCEEDED
    assert [foundation.reminders(m) for m in due] == [{30: "collapsed", 14: "collapsed", 7: "claimed"}] * 3
    assert foundation.counts(result.run_id, "reminders_braked") == {"": 0}
    assert foundation.all(BRAKES) == [("reminder", 3, 10, True)]
    for _ in range(3):
        foundation.mentor(organisation, DAY + days(5))
    assert functions.nightly_check(DAY + days(2)).verdict.reason == "reminders_braked"


def test_dates_that_are_put_right_need_no_release(foundation: Foundation, functions: Functions) -> None:
    """A wrong import of dates: nobody is mailed, and the brake goes off by itself."""
    foundation.brake(2, 20)
    _, due = people(foundation, 3)
    functions.nightly_check(DAY)
    for mentor in due:
        foundation.renew(mentor, DAY + days(300))
    functions.nightly_check(DAY)
    assert foundation.all(BRAKES) == [("reminder", 3, 10, True)]
    assert foundation.all("SELECT kind FROM certification.notices") == []


def test_an_organisation_has_its_own(foundation: Foundation, functions: Functions) -> None:
    """I13: the others are reminded."""
    foundation.brake(2, 20)
    _, held = people(foundation, 3)
    _, few = people(foundation, 2)
    generous, many = people(foundation, 5)
    foundation.brake(5, 20, generous)
    functions.nightly_check(DAY)
    assert {bool(foundation.reminders(m)) for m in held} == {False}
    assert {bool(foundation.reminders(m)) for m in few + many} == {True}


def test_who_has_expired_is_the_expiries_matter(foundation: Foundation, functions: Functions) -> None:
    """While their expiry is held their reminders are not used up; the others are reminded. One brake, not two."""
    foundation.brake(2, 20)
    organisation = foundation.organisation()
    ended = [foundation.mentor(organisation, DAY - days(1)) for _ in range(3)]
    near = foundation.mentor(organisation, DAY + days(5))
    functions.nightly_check(DAY)
    assert [foundation.reminders(m) for m in ended] == [{}] * 3
    assert foundation.reminders(near)[7] == "claimed"
    assert foundation.all(BRAKES) == [("expiry", 3, 4, False)]
    foundation.do("SELECT certification.release_brake(%s, 'expiry', 'turid', 'they have')", organisation)
    result = functions.nightly_check(DAY)
    assert [foundation.reminders(m) for m in ended] == [dict.fromkeys((30, 14, 7), "collapsed")] * 3
    assert foundation.counts(result.run_id, "reminders_collapsed") == {"30": 3, "14": 3, "7": 3}


def test_a_monday_that_was_braked_is_made_up_for(foundation: Foundation, functions: Functions) -> None:
    """Whom only a full scan finds is not lost with the brake (I2)."""
    foundation.brake(2, 20)
    organisation, due = people(foundation, 3)
    foundation.do("DELETE FROM certification.mentors_to_recheck")
    foundation.do(
        "INSERT INTO certification.progress SELECT %s, 'remind', t, %s FROM unnest('{30,14,7}'::int[]) AS t",
        organisation,
        DAY + days(30),
    )
    functions.nightly_check(MONDAY)
    assert foundation.all(BRAKES) == [("reminder", 3, 10, False)]
    release(foundation, organisation)
    functions.nightly_check(DAY)
    assert {foundation.reminders(m)[7] for m in due} == {"claimed"}


def test_a_run_counts_all_its_attempts(foundation: Foundation) -> None:
    """Two and then two more in one run are four."""
    foundation.brake(3, 20)
    organisation, _ = people(foundation, 2)
    run: UUID = foundation.one("SELECT certification.start_run('expiry_check', now(), 'a-request')")
    foundation.do("SELECT certification.start_organisation(%s, %s, %s)", run, organisation, DAY)
    attempt = "SELECT measure, sum(n)::int FROM certification.claim_reminders(%s, %s, %s) GROUP BY 1"
    assert dict(foundation.all(attempt, organisation, DAY, run))["reminders_claimed"] == 2
    for _ in range(2):
        foundation.mentor(organisation, DAY + days(5))
    found = dict(foundation.all(attempt, organisation, DAY, run))
    assert (found["reminders_claimed"], found["reminders_braked"]) == (2, 2)


def test_the_first_nightly_check_of_the_synthetic_mentors_passes(
    database: TestDatabase, connection: psycopg.Connection, foundation: Foundation, functions: Functions
) -> None:
    """By the limits that are deployed; so do the four months after it, and an outage of five nights."""
    foundation.brake()
    organisations = read_organisations(DATA / "organisations.csv")
    load(connection, read_mentors(DATA / "mentors.csv"), organisations)
    store_settings(database.dsn, organisations)
    for offset in (0, 1, 2, 3, 8, *range(9, 120)):
        assert "reminders_braked" not in (functions.nightly_check(DAY + days(offset)).verdict.reason or "")
    assert foundation.one("SELECT count(*) FROM certification.cert_expiry_reminders WHERE as_of = %s", DAY) > 100
    assert foundation.all("SELECT kind FROM certification.brakes") == []
