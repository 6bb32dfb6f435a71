"""The brake: a mass expiry stops before it starts, and a named person lets it go on (I3, I5, I13; section 5)."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.listings import Result
from shared.domain.runs import RunState
from tests.integration.nightly.test_nightly_organisations import REFUSE
from tests.support.examples import examples
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import Functions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.syncs import Crew, EmulatedWebsite, SyncWorker

ENDED, VALID = DAY - days(1), DAY + days(300)
MONDAY = DAY - days(1)


def people(foundation: Foundation, ended: int, of: int = 10, *, consent: bool = False) -> tuple[UUID, list[UUID]]:
    """An organisation of `of` active mentors, and those of them whose certification has ended on DAY."""
    organisation = foundation.organisation()
    coordinator = foundation.coordinator(organisation)
    found = [
        foundation.mentor(organisation, ENDED if n < ended else VALID, consent=consent, coordinator=coordinator)
        for n in range(of)
    ]
    return organisation, found[:ended]


def statuses(foundation: Foundation, mentors: Sequence[UUID]) -> set[str]:
    return {foundation.status(mentor) for mentor in mentors}


def release(foundation: Foundation, organisation: UUID, kind: str = "expiry") -> str:
    return foundation.one(
        "SELECT certification.release_brake(%s, %s, 'turid.vik', 'a real backlog')", organisation, kind
    )


def brakes(foundation: Foundation) -> list[Any]:
    """(n, of, released, closed) of every brake there ever was, oldest first."""
    return foundation.all(
        "SELECT n, of_n, released_at IS NOT NULL, closed_at IS NOT NULL FROM certification.brakes ORDER BY id"
    )


def holds(foundation: Foundation, organisation: UUID, n: int, of: int = 100) -> bool:
    """Asks for a repair of `n` of `of` in a run of its own."""
    return foundation.one(
        "SELECT certification.brake_holds(%s, 'repair', %s, %s, gen_random_uuid())", organisation, n, of
    )


def expire(foundation: Foundation, organisation: UUID, run: UUID) -> dict[str, int]:
    """One attempt of a run, and what it counted so far."""
    found = foundation.all(
        "SELECT measure, sum(n)::int FROM certification.expire_mentors(%s, %s, %s) GROUP BY 1", organisation, DAY, run
    )
    return {measure.removeprefix("expiries_"): n for measure, n in found}


def run_of(foundation: Foundation, organisation: UUID) -> UUID:
    run: UUID = foundation.one("SELECT certification.start_run('expiry_check', now(), 'a-request')")
    foundation.do("SELECT certification.start_organisation(%s, %s, %s)", run, organisation, DAY)
    return run


def test_a_mass_expiry_stops_before_it_starts(foundation: Foundation, functions: Functions) -> None:
    """Nobody is moved, logged or told, nothing is used up, and the run is degraded and says how many."""
    foundation.brake(2, 20)
    organisation, ended = people(foundation, 3)
    foundation.evaluated(organisation, ENDED)
    again = "SELECT step, mentor_id FROM certification.mentors_to_recheck WHERE step = 'expire' ORDER BY 1, 2"
    before = foundation.all(again)
    result = functions.nightly_check(DAY)
    assert statuses(foundation, ended) == {"active"}
    assert (result.verdict.state, result.verdict.reason) == (RunState.DEGRADED, "expiries_braked")
    counted = dict(foundation.all("SELECT measure, n FROM certification.run_counts WHERE measure LIKE %s", "expiries%"))
    assert counted.pop("expiries_braked") == 3
    assert set(counted.values()) == {0}
    assert len(counted) == 6
    assert foundation.all("SELECT 1 FROM certification.transitions") == []
    assert foundation.all("SELECT 1 FROM mentor_status_log") == []
    assert foundation.all("SELECT 1 FROM certification.notices WHERE kind <> 'reminder'") == []
    assert foundation.all("SELECT 1 FROM certification.progress WHERE step = 'expire'") == []
    assert foundation.all(again) == before
    assert foundation.one("SELECT day FROM certification.evaluated_days") == ENDED
    assert foundation.all(
        "SELECT organisation_id, kind, run_id, last_run_id, n, of_n FROM certification.brakes WHERE closed_at IS NULL"
    ) == [(organisation, "expiry", result.run_id, result.run_id, 3, 10)]


@pytest.mark.parametrize(
    ("count", "percent", "stopped"),
    [(2, 29, True), (2, 30, False), (3, 0, False), (2, 0, True), (0, 29, True), (0, 100, False), (5, 20, False)],
)
def test_only_what_exceeds_the_count_and_the_percent_is_braked(
    foundation: Foundation, functions: Functions, count: int, percent: int, stopped: bool
) -> None:
    """Three of ten."""
    foundation.brake(count, percent)
    _, ended = people(foundation, 3)
    functions.nightly_check(DAY)
    assert statuses(foundation, ended) == {"active" if stopped else "certification_expired"}
    assert len(brakes(foundation)) == stopped


def test_the_standards_limits_are_ten_and_twenty_per_cent(postgres: Any, foundation: Foundation) -> None:
    """What a deployment has that sets nothing; and no limit may be nonsense."""
    columns = (
        "SELECT attname::text, pg_get_expr(adbin, adrelid) FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid"
        " AND adnum = attnum WHERE attrelid = 'certification.standard'::regclass AND attname LIKE 'brake%%'"
    )
    assert dict(foundation.all(columns)) == {"brake_count": "10", "brake_percent": "20"}
    organisation = foundation.organisation()
    for count, percent, constraint in [
        (-1, 20, "brake_count_not_negative"),
        (1, -1, "brake_percent"),
        (1, 101, "brake_percent"),
    ]:
        for whose in (None, organisation):
            with pytest.raises(psycopg.errors.CheckViolation, match=constraint):
                foundation.brake(count, percent, whose)


def test_each_organisation_has_its_own_brake_and_its_own_limits(foundation: Foundation, functions: Functions) -> None:
    """I13: the others go on, reminders and reactivations of the braked one too."""
    foundation.brake(2, 20)
    braked, held = people(foundation, 3)
    _, few = people(foundation, 2)
    generous, many = people(foundation, 5)
    foundation.brake(5, 20, generous)
    reminded = foundation.mentor(braked, DAY + days(5))
    renewed = foundation.mentor(braked, VALID, status="certification_expired")
    functions.nightly_check(DAY)
    assert statuses(foundation, held) == {"active"}
    assert statuses(foundation, [*few, *many]) == {"certification_expired"}
    assert foundation.reminders(reminded)[7] == "claimed"
    assert foundation.status(renewed) == "active"
    assert foundation.all("SELECT organisation_id FROM certification.brakes") == [braked]


def test_while_the_brake_holds_only_a_persons_acts_show(
    foundation: Foundation, functions: Functions, crew: Crew, site: EmulatedWebsite
) -> None:
    """While the brake holds the website stays as it is, except for what a person did.

    I5, I3: the expired stay listed; a withdrawn consent and a pause hide at once, and no release undoes them.
    """
    foundation.brake(2, 20)
    organisation, (first, second, third) = people(foundation, 3, consent=True)
    foundation.evaluated(organisation, ENDED)
    worker = crew.worker()
    worker.unsynced()
    assert len(site.visible()) == 10
    functions.nightly_check(DAY)
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", first)
    assert foundation.pause(second) == "changed"
    foundation.do("UPDATE peer_mentors SET last_name = 'Ny' WHERE id = %s", third)
    worker.unsynced()
    assert [site.shows(mentor) for mentor in (first, second, third)] == [False, False, True]
    assert len(site.visible()) == 8
    assert release(foundation, organisation) == "released"
    functions.nightly_check(DAY)
    worker.unsynced()
    assert len(site.visible()) == 7
    assert [foundation.status(m) for m in (first, second, third)] == [
        "certification_expired",
        "paused",
        "certification_expired",
    ]


def test_whom_the_day_alone_would_hide_counts_too(foundation: Foundation, functions: Functions) -> None:
    """The app's own rule lets nobody expire: as many would vanish from the website as if they had."""
    foundation.brake(2, 20)
    organisation, ended = people(foundation, 3, consent=True)
    foundation.evaluated(organisation, ENDED)
    foundation.do("UPDATE peer_mentors SET area = 'refused' WHERE id = ANY (%s)", ended)
    foundation.do(REFUSE)
    foundation.do(
        "UPDATE certification.listings AS l SET website = '{}', shown_until = c.expires_on, state = 'live',"
        " synced_version = desired_version FROM certifications AS c WHERE c.mentor_id = l.mentor_id"
    )
    result = functions.nightly_check(DAY)
    assert foundation.counts(result.run_id, "expiries_braked") == {"": 3}
    assert foundation.one("SELECT count(*) FROM certification.listings WHERE state = 'live'") == 10
    assert foundation.one("SELECT day FROM certification.evaluated_days") == ENDED
    release(foundation, organisation)
    functions.nightly_check(DAY)
    assert foundation.one("SELECT count(*) FROM certification.listings WHERE state = 'waiting'") == 3
    functions.nightly_check(DAY + days(1))
    assert [closed for *_, closed in brakes(foundation)] == [True], "whom an earlier day has hidden counts no more"


def test_a_released_run_goes_on_and_the_release_is_used_up(foundation: Foundation, functions: Functions) -> None:
    """One run, with a named person and a reason; the next mass expiry is braked again."""
    foundation.brake(2, 20)
    organisation, ended = people(foundation, 3)
    functions.nightly_check(DAY)
    assert release(foundation, organisation) == "released"
    assert release(foundation, organisation) == "already_released"
    result = functions.nightly_check(DAY)
    assert result.verdict.state is RunState.SUCCEEDED
    assert foundation.counts(result.run_id, "expiries_changed") == {"": 3}
    assert foundation.counts(result.run_id, "expiries_braked") == {"": 0}
    assert statuses(foundation, ended) == {"certification_expired"}
    assert foundation.all("SELECT closed_in, released_by, released_reason FROM certification.brakes") == [
        (result.run_id, "turid.vik", "a real backlog")
    ]
    assert release(foundation, organisation) == "no_brake"
    later = [foundation.mentor(organisation, ENDED) for _ in range(3)]
    functions.nightly_check(DAY)
    assert statuses(foundation, later) == {"active"}
    assert brakes(foundation) == [(3, 10, True, True), (3, 10, False, False)]


def test_a_release_ends_with_the_next_run_even_if_it_does_less(foundation: Foundation, functions: Functions) -> None:
    """It was given for what was known then."""
    foundation.brake(2, 20)
    organisation, ended = people(foundation, 3)
    functions.nightly_check(DAY)
    release(foundation, organisation)
    for mentor in ended:
        foundation.renew(mentor, VALID)
    functions.nightly_check(DAY)
    assert brakes(foundation) == [(3, 10, True, True)]
    for mentor in ended:
        foundation.renew(mentor, ENDED)
    functions.nightly_check(DAY)
    assert statuses(foundation, ended) == {"active"}


def test_a_release_that_nobody_used_ends_after_a_day(foundation: Foundation, functions: Functions) -> None:
    """The brake holds again, and can be released again."""
    foundation.brake(2, 20)
    organisation, ended = people(foundation, 3)
    first = functions.nightly_check(DAY)
    release(foundation, organisation)
    foundation.do("UPDATE certification.brakes SET released_at = released_at - interval '24 hours 1 minute'")
    second = functions.nightly_check(DAY + days(1))
    assert statuses(foundation, ended) == {"active"}
    assert foundation.all("SELECT run_id, last_run_id, released_by FROM certification.brakes") == [
        (first.run_id, second.run_id, None)
    ]
    assert release(foundation, organisation) == "released"
    assert foundation.one("SELECT count(*) FROM certification.audit WHERE action = 'release_brake'") == 2


def test_a_release_is_written_down_and_needs_a_name_and_a_reason(foundation: Foundation) -> None:
    """Design, section 8: every manual action has an actor and a reason. A release that cannot be kept is none."""
    organisation = foundation.organisation()
    foundation.brake(2, 20)
    assert holds(foundation, organisation, 50)
    for actor, reason, constraint in [(" ", "x", "audit_names_an_actor"), ("turid", "", "audit_has_a_reason")]:
        with pytest.raises(psycopg.errors.CheckViolation, match=constraint):
            foundation.do("SELECT certification.release_brake(%s, 'repair', %s, %s)", organisation, actor, reason)
    assert holds(foundation, organisation, 50)
    assert release(foundation, organisation, "expiry") == "no_brake"
    assert release(foundation, organisation, "repair") == "released"
    ((action, actor, reason, whose, facts),) = foundation.all(
        "SELECT action, actor, reason, organisation_id, facts FROM certification.audit"
        " WHERE action <> 'change_settings'"
    )
    assert (action, actor, reason, whose) == ("release_brake", "turid.vik", "a real backlog", organisation)
    assert (facts["kind"], facts["n"], facts["of"]) == ("repair", 50, 100)
    assert not holds(foundation, organisation, 50)
    assert holds(foundation, organisation, 50)


def test_a_brake_closes_by_itself_within_the_limits(foundation: Foundation) -> None:
    """A brake closes by itself when there is no more to do than the limits allow.

    The cause was put right: nobody has to release anything.
    """
    organisation = foundation.organisation()
    foundation.brake(10, 20)
    assert holds(foundation, organisation, 21)
    assert not holds(foundation, organisation, 20)
    assert brakes(foundation) == [(21, 100, False, True)]


def test_a_run_counts_all_its_attempts_against_the_brake(database: TestDatabase, foundation: Foundation) -> None:
    """A run counts all its attempts and uses a release for all of them.

    Two are moved in the first attempt; the third was being edited, and is one too many in the second.
    """
    foundation.brake(2, 20)
    organisation, ended = people(foundation, 3)
    run = run_of(foundation, organisation)
    with database.connect() as somebody:
        somebody.execute("BEGIN")
        somebody.execute("SELECT 1 FROM peer_mentors WHERE id = %s FOR UPDATE", (ended[0],))
        assert expire(foundation, organisation, run)["skipped_busy"] == 1
        somebody.execute("ROLLBACK")
    found = expire(foundation, organisation, run)
    assert (found["changed"], found["braked"]) == (2, 1)
    assert foundation.status(ended[0]) == "active"
    release(foundation, organisation)
    others = [foundation.mentor(organisation, ENDED) for _ in range(3)]
    run = run_of(foundation, organisation)
    with database.connect() as somebody:
        somebody.execute("BEGIN")
        somebody.execute("SELECT 1 FROM peer_mentors WHERE id = %s FOR UPDATE", (others[0],))
        assert expire(foundation, organisation, run)["changed"] == 3
        somebody.execute("ROLLBACK")
    found = expire(foundation, organisation, run)
    assert (found["changed"], found["braked"]) == (4, 0)


def test_a_braked_monday_is_made_up_for_by_the_released_run(foundation: Foundation, functions: Functions) -> None:
    """Mondays scan everybody, whatever `progress` says; who was found so is not lost with the brake."""
    foundation.brake(2, 20)
    organisation, ended = people(foundation, 3)
    for mentor in ended:
        foundation.renew(mentor, MONDAY - days(1))
    foundation.do("DELETE FROM certification.mentors_to_recheck")
    foundation.do("INSERT INTO certification.progress VALUES (%s, 'expire', 0, %s)", organisation, MONDAY)
    functions.nightly_check(MONDAY)
    release(foundation, organisation)
    functions.nightly_check(DAY)
    assert statuses(foundation, ended) == {"certification_expired"}


@dataclass
class AtOnce:
    """Nightly checks at the same moment, each on a connection of its own."""

    nightly_checks: list[Functions]

    def __call__(self) -> list[Any]:
        start = threading.Barrier(len(self.nightly_checks))

        def one(one_of_them: Functions) -> Any:
            one_of_them.connection("ExpiryCheck")
            start.wait()
            return one_of_them.nightly_check(DAY)

        with ThreadPoolExecutor(len(self.nightly_checks)) as pool:
            return list(pool.map(one, self.nightly_checks))


def test_of_overlapping_checks_one_trips_one_uses_the_release(database: TestDatabase, foundation: Foundation) -> None:
    """Of overlapping nightly checks one trips the brake, and one uses the release.

    Never two brakes, never a release used twice: what comes meanwhile is braked again.
    """
    foundation.brake(2, 20)
    organisation, ended = people(foundation, 3)
    secret = database.login("ExpiryCheck")
    with Functions(_login(secret)) as a, Functions(_login(secret)) as b, Functions(_login(secret)) as c:
        at_once = AtOnce([a, b, c])
        results = at_once()
        assert {result.verdict.reason for result in results} == {"expiries_braked"}
        assert brakes(foundation) == [(3, 10, False, False)]
        release(foundation, organisation)
        results = at_once()
    assert sorted(foundation.counts(result.run_id, "expiries_changed")[""] for result in results) == [0, 0, 3]
    assert statuses(foundation, ended) == {"certification_expired"}
    assert brakes(foundation) == [(3, 10, True, True)]


def _login(secret: Any) -> Callable[[str], Any]:
    return lambda _: secret


def test_a_release_waits_for_the_check_that_is_being_braked(
    database: TestDatabase, foundation: Foundation, functions: Functions
) -> None:
    """Given between the taking back of a step and the writing of why, it would be used up by a run that did nothing."""
    foundation.brake(2, 20)
    organisation, ended = people(foundation, 3)
    functions.nightly_check(DAY)
    foundation.do("ALTER FUNCTION certification.release_brake SET lock_timeout = '50ms'")
    foundation.do(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF current_setting('certification.own_transition', true) = 'expire' THEN"
        " PERFORM pg_advisory_xact_lock(1); END IF; RETURN NULL; END $$;"
        " CREATE TRIGGER wait BEFORE UPDATE ON peer_mentors FOR EACH STATEMENT EXECUTE FUNCTION wait()"
    )
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with database.connect() as somebody, ThreadPoolExecutor(1) as pool:
        somebody.execute("SELECT pg_advisory_lock(1)")
        nightly = pool.submit(functions.nightly_check, DAY)
        deadline = time.monotonic() + 10
        while not foundation.one(waiting) and time.monotonic() < deadline:
            pass
        with pytest.raises(psycopg.errors.LockNotAvailable):
            release(foundation, organisation)
        somebody.execute("SELECT pg_advisory_unlock(1)")
        assert nightly.result(10).verdict.reason == "expiries_braked"
    assert release(foundation, organisation) == "released"
    functions.nightly_check(DAY)
    assert statuses(foundation, ended) == {"certification_expired"}


def test_a_repair_of_many_waits_for_the_other_and_trips_once(database: TestDatabase, foundation: Foundation) -> None:
    """Two transactions ask for the same repair at once, before and after a release."""
    foundation.brake(2, 20)
    organisation = foundation.organisation()
    ask = "SELECT certification.brake_holds(%s, 'repair', 50, 100, gen_random_uuid())"
    for outcomes in ([True, True], [False, True]):
        with database.connect() as first, ThreadPoolExecutor(1) as pool:
            first.execute("BEGIN")
            found = [first.execute(ask, (organisation,)).fetchone()]
            other = pool.submit(foundation.one, ask, organisation)
            first.execute("COMMIT")
            assert [found[0], (other.result(10),)] == [(outcome,) for outcome in outcomes]
        release(foundation, organisation, "repair")
    assert [(released, closed) for _, _, released, closed in brakes(foundation)] == [(True, True), (True, False)]


MENTORS = st.lists(
    st.tuples(
        st.sampled_from([-400, -2, -1, 0, 3, 300]),
        st.sampled_from(["active", "active", "active", "paused", "certification_expired"]),
        st.booleans(),
        st.sampled_from(["kari@example.no", None]),
    ),
    max_size=8,
)


WHAT_IS_LEFT = [
    "SELECT step, mentor_id FROM certification.mentors_to_recheck ORDER BY 1, 2",
    "SELECT organisation_id, step, threshold_day, through FROM certification.progress ORDER BY 1, 2, 3",
    "SELECT organisation_id, day FROM certification.evaluated_days",
    "SELECT mentor_id, state, desired_version, synced_version FROM certification.listings ORDER BY 1",
]


@pytest.mark.slow
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mentors=MENTORS, once_before=st.booleans(), stopped=st.integers(1, 2))
def test_a_released_check_does_what_it_would_have_done(
    foundation: Foundation, functions: Functions, mentors: list[Any], once_before: bool, stopped: int
) -> None:
    """A released nightly check does exactly what it would have done without a brake.

    Nothing is lost and nothing comes twice, however often the brake has stopped it.
    """
    histories = []
    for braked in (False, True):
        foundation.empty()
        foundation.brake(1_000_000, 0)
        organisation = foundation.one("INSERT INTO organisations VALUES (md5('moss')::uuid, 'HLF Moss') RETURNING id")
        if once_before:
            functions.nightly_check(DAY - days(30))
        for number, (ends, status, consent, email) in enumerate(mentors):
            foundation.do(
                "INSERT INTO peer_mentors (id, organisation_id, first_name, last_name, status, listing_consent, email)"
                " VALUES (md5(%s)::uuid, %s, 'Kari', 'Sæther', %s, %s, %s)",
                *(str(number), organisation, status, consent, email),
            )
            foundation.do(
                "INSERT INTO certifications VALUES (md5(%s)::uuid, '2023-01-01', %s)", str(number), DAY + days(ends)
            )
        if braked:
            foundation.brake(0, 0)
            for _ in range(stopped):
                functions.nightly_check(DAY)
            for kind in ("reminder", "expiry"):
                release(foundation, organisation, kind)
        functions.nightly_check(DAY)
        histories.append(foundation.everything() | {query: foundation.all(query) for query in WHAT_IS_LEFT})
    assert histories[0] == histories[1]


@pytest.fixture
def shown(foundation: Foundation, worker: SyncWorker) -> Any:
    """Twelve mentors of one organisation whom visitors see."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentors = [foundation.mentor(organisation, DAY + days(100), consent=True) for _ in range(12)]
    worker.sync(*mentors)
    foundation.brake(3, 25)
    return organisation, mentors


def end_on(foundation, mentors, day):
    foundation.do("UPDATE certifications SET expires_on = %s WHERE mentor_id = ANY (%s)", day, list(mentors))


def test_a_wrong_import_of_dates_hides_nobody_unseen(
    foundation: Foundation, functions: Functions, shown: Any, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I5, W14: not the sync either, which is quicker than the nightly check; who withdraws is hidden all the same."""
    organisation, mentors = shown
    end_on(foundation, mentors[:6], DAY - days(10))
    assert set(worker.sync(*mentors).results.values()) == {Result.BRAKED, Result.ALREADY}
    assert len(site.visible()) == 12
    brake = "SELECT n, of_n FROM certification.brakes WHERE closed_at IS NULL AND kind = 'expiry'"
    assert foundation.all(brake) == [(6, 12)]
    assert "brake" in foundation.all("SELECT condition FROM certification.current_conditions()")
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", mentors[0])
    foundation.pause(mentors[1])
    worker.sync(*mentors)
    assert len(site.visible()) == 10
    functions.nightly_check(DAY)
    assert foundation.one("SELECT count(*) FROM peer_mentors WHERE status = 'active'") == 11
    assert len(site.visible()) == 10
    assert (
        foundation.one("SELECT certification.release_brake(%s, 'expiry', 'kari', 'they have ended')", organisation)
        == "released"
    )
    worker.sync(*mentors)
    assert len(site.visible()) == 6
    functions.nightly_check(DAY)
    assert foundation.one("SELECT count(*) FROM peer_mentors WHERE status = 'certification_expired'") == 5


def test_dates_that_are_put_right_are_shown_without_a_release(
    foundation: Foundation, functions: Functions, shown: Any, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """Dates that are put right again are shown without a release."""
    _, mentors = shown
    end_on(foundation, mentors[:6], DAY - days(10))
    worker.sync(*mentors)
    end_on(foundation, mentors[:6], DAY + days(200))
    assert set(worker.sync(*mentors).results.values()) == {Result.PUBLISHED, Result.ALREADY}
    functions.nightly_check(DAY)
    assert foundation.one("SELECT count(*) FROM certification.brakes WHERE closed_at IS NULL") == 0
    assert len(site.visible()) == 12


def test_a_few_dates_in_the_past_hide_at_once(
    foundation: Foundation, shown: Any, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """Design, "Brake": single expiries pass."""
    _, mentors = shown
    end_on(foundation, mentors[:3], DAY - days(10))
    worker.sync(*mentors)
    assert len(site.visible()) == 9
    end_on(foundation, mentors[3:4], DAY - days(10))
    worker.sync(*mentors)
    assert len(site.visible()) == 9  # one by one is a mass change, too
