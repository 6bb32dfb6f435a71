"""One bad record or one broken organisation: the others go on, and all of it is told (I12, I13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.runs import RunFailedError, RunState
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

ENDED = DAY - days(1)
# The app's own rule, on a table of the app's, that refuses one mentor.
REFUSE = """
CREATE OR REPLACE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.area = 'refused' THEN
        RAISE EXCEPTION 'no: % % <%>', NEW.first_name, NEW.last_name, NEW.email USING ERRCODE = 'P0001';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER refuse_one BEFORE UPDATE OF status ON peer_mentors FOR EACH ROW EXECUTE FUNCTION refuse_one();
"""


def refused(foundation, organisation, *args, **kwargs):
    mentor = foundation.mentor(organisation, *args, **kwargs)
    foundation.do("UPDATE peer_mentors SET area = 'refused' WHERE id = %s", mentor)
    return mentor


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "Europe", "../../etc/passwd"])
def test_an_unknown_time_zone_fails_its_organisation_only(
    foundation: Foundation, functions: Functions, zone: str
) -> None:
    """I13: the others are done, the run is degraded and names the reason."""
    mentor = foundation.mentor(foundation.organisation(), ENDED)
    lost = foundation.mentor(foundation.organisation(timezone=zone), ENDED)
    result = functions.nightly_check(DAY)
    assert (foundation.status(mentor), foundation.status(lost)) == ("certification_expired", "active")
    assert (result.verdict.state, result.verdict.reason) == (RunState.DEGRADED, "unknown_timezone")
    assert sorted(foundation.all("SELECT state, reason, as_of IS NULL FROM certification.run_organisations")) == [
        ("failed", "unknown_timezone", True),
        ("succeeded", None, False),
    ]


def test_a_run_in_which_every_organisation_failed_is_an_error(foundation: Foundation, functions: Functions) -> None:
    """I13: raised so that the schedule tries again, and written down."""
    foundation.organisation(timezone="Mars/Olympus")
    foundation.organisation(timezone="Mars/Olympus")
    with pytest.raises(RunFailedError, match=r"^unknown_timezone$"):
        functions.nightly_check(DAY)
    assert foundation.all("SELECT state, reason, ended_at IS NOT NULL FROM certification.runs") == [
        ("failed", "unknown_timezone", True)
    ]


@pytest.mark.parametrize(("status", "ends"), [("active", ENDED), ("certification_expired", DAY + days(300))])
def test_a_mentor_whom_the_apps_own_trigger_refuses_fails_alone(
    foundation: Foundation, functions: Functions, status: str, ends: Any
) -> None:
    """I13: the others of the organisation are done the same nightly check, and the one is tried again every night."""
    foundation.do(REFUSE)
    organisation = foundation.organisation()
    others = [foundation.mentor(organisation, ends, status=status) for _ in range(5)]
    mentor = refused(foundation, organisation, ends, status=status)
    results = [functions.nightly_check(DAY), functions.nightly_check(DAY + days(1))]
    assert {foundation.status(other) for other in others} == {"active", "certification_expired"} - {status}
    assert foundation.status(mentor) == status
    assert [(reason, checks) for _, reason, checks in foundation.step_failures(mentor)] == [("P0001", 2)]
    assert [result.verdict.reason for result in results] == ["step_failures"] * 2
    foundation.do("DROP TRIGGER refuse_one ON peer_mentors")
    assert functions.nightly_check(DAY + days(2)).verdict.state is RunState.SUCCEEDED
    assert foundation.status(mentor) != status
    assert len(foundation.log(mentor)) == 1


def test_a_mentor_whom_a_deferred_rule_refuses_fails_alone(foundation: Foundation, functions: Functions) -> None:
    """I13: also if the app has its rules checked at the end of the transaction."""
    foundation.do(REFUSE)
    foundation.do("DROP TRIGGER refuse_one ON peer_mentors")
    foundation.do(
        "CREATE CONSTRAINT TRIGGER refuse_one AFTER UPDATE ON peer_mentors DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION refuse_one()"
    )
    organisation = foundation.organisation()
    other = foundation.mentor(organisation, ENDED)
    mentor = foundation.mentor(organisation, ENDED)
    with foundation.connection.transaction():
        foundation.do("ALTER TABLE peer_mentors DISABLE TRIGGER refuse_one")
        foundation.do("UPDATE peer_mentors SET area = 'refused' WHERE id = %s", mentor)
        foundation.do("ALTER TABLE peer_mentors ENABLE TRIGGER refuse_one")
    result = functions.nightly_check(DAY)
    assert foundation.status(other) == "certification_expired"
    assert foundation.step_failures(mentor) == [("expire", "P0001", 1)]
    assert result.verdict.reason == "step_failures"


@pytest.mark.parametrize("ends", ["0001-01-01", "1899-12-31", "-infinity", "infinity"])
@pytest.mark.parametrize("status", ["active", "certification_expired"])
def test_an_impossible_date_fails_its_mentor_alone(
    foundation: Foundation, functions: Functions, ends: str, status: str
) -> None:
    """I13: by name of the constraint; a date without end is a mentor who never expires and needs no reminder."""
    organisation = foundation.organisation()
    other, mentor = foundation.mentor(organisation, ENDED), foundation.mentor(organisation, ends, status=status)
    result = functions.nightly_check(DAY)
    assert foundation.status(other) == "certification_expired"
    assert foundation.status(mentor) == status
    reasons = {reason for _, reason, _ in foundation.step_failures(mentor)}
    expected = {
        ("active", True): {"reminder_expiry_plausible", "transition_expiry_plausible"},
        ("certification_expired", False): {"transition_expiry_plausible"},
    }.get((status, ends != "infinity"), set())
    assert reasons == expected
    assert result.verdict.reason == ("step_failures" if expected else None)


def test_a_step_failure_is_counted_once_a_run(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """I12: two further attempts for somebody's open edit are not two further mentors or nightly checks."""
    foundation.do(REFUSE)
    organisation = foundation.organisation()
    mentor, edited = refused(foundation, organisation, ENDED), foundation.mentor(organisation, ENDED)
    with database.connect() as person:
        person.execute("BEGIN")
        person.execute("UPDATE peer_mentors SET area = 'Moss' WHERE id = %s", (edited,))
        result = functions.nightly_check(DAY)
        person.execute("ROLLBACK")
    assert foundation.counts(result.run_id, "expiries_skipped_busy") == {"": 1}
    assert foundation.counts(result.run_id, "step_failures") == {"reactivate": 0, "remind": 0, "expire": 1}
    assert foundation.step_failures(mentor) == [("expire", "P0001", 1)]


def test_skipped_mentors_are_counted_beside_a_refused_one(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """Beside a mentor who is refused, those skipped are counted all the same.

    I12, I13: one set active by hand and one being edited, in a nightly check that goes one by one.
    """
    organisation = foundation.organisation()
    mentors = [foundation.mentor(organisation, ENDED) for _ in range(3)]
    functions.nightly_check(DAY)
    manually, edited, mentor = sorted(mentors)
    foundation.set_status(manually, "active")
    foundation.do("UPDATE certifications SET expires_on = expires_on - 1 WHERE mentor_id = ANY (%s)", [edited, mentor])
    foundation.do("UPDATE peer_mentors SET status = 'active', area = 'Moss' WHERE id = %s", edited)
    foundation.do("UPDATE peer_mentors SET status = 'active', area = 'refused' WHERE id = %s", mentor)
    foundation.do(REFUSE)
    with database.connect() as person:
        person.execute("BEGIN")
        person.execute("UPDATE peer_mentors SET area = 'Rygge' WHERE id = %s", (edited,))
        result = functions.nightly_check(DAY + days(1))
        person.execute("ROLLBACK")
    assert foundation.counts(result.run_id, "expiries_skipped_manual_edit") == {"": 1}
    assert foundation.counts(result.run_id, "expiries_skipped_busy") == {"": 1}
    assert result.verdict.reason == "expiries_skipped_busy,expiries_skipped_manual_edit,step_failures"


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        (None, "no_email"),
        ("  ", "no_email"),
        ("kari.saether", "malformed_email"),
        ("mentor-17@anonymised.invalid", "reserved_domain"),
    ],
)
def test_one_who_cannot_be_mailed_is_in_the_coordinators_digest(
    foundation: Foundation, functions: Functions, email: str | None, reason: str
) -> None:
    """I13: the reminder and the expiry have a row with the reason, and the coordinator is told."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    due = foundation.mentor(organisation, DAY + days(7), email=email, coordinator=turid)
    ended = foundation.mentor(organisation, ENDED, email=email, coordinator=turid)
    result = functions.nightly_check(DAY)
    assert foundation.reminders(due)[7] == "unreachable"
    assert foundation.notices(due) == foundation.notices(ended) == []
    assert foundation.status(ended) == "certification_expired"
    assert sorted(foundation.digest(turid)) == [("expired", reason), ("unreachable", reason)]
    assert foundation.counts(result.run_id, "expiries_unreachable") == {"": 1}
    assert result.verdict.state is RunState.SUCCEEDED


def test_what_nobody_can_be_reported_degrades_the_run(foundation: Foundation, functions: Functions) -> None:
    """I13: no address and no coordinator."""
    organisation = foundation.organisation()
    foundation.mentor(organisation, DAY + days(7), email=None)
    foundation.mentor(organisation, ENDED, email=None)
    result = functions.nightly_check(DAY)
    assert result.verdict.reason == "unnotified"
    assert foundation.counts(result.run_id, "unnotified") == {"remind": 1, "expire": 1, "reactivate": 0}


def test_a_mentor_without_a_coordinator_is_reminded_like_others(foundation: Foundation, functions: Functions) -> None:
    """The notice goes out, there is no digest, nothing is degraded."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(7))
    assert functions.nightly_check(DAY).verdict.state is RunState.SUCCEEDED
    assert foundation.all("SELECT kind, mentor_id FROM certification.notices") == [("reminder", mentor)]


def test_there_is_one_digest_per_coordinator_and_run(foundation: Foundation, functions: Functions) -> None:
    """Whatever the nightly check had to tell, over all steps."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    for left in (30, 14, 7, -1, -1):
        foundation.mentor(organisation, DAY + days(left), coordinator=turid)
    foundation.mentor(organisation, DAY + days(300), status="certification_expired", coordinator=turid)
    functions.nightly_check(DAY)
    assert foundation.notices(turid) == [("digest", None, "pending")]
    assert sorted({section for section, _ in foundation.digest(turid)}) == ["expired", "reactivated", "reminded"]
