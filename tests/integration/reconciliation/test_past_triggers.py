"""What no trigger has seen: the sweep and the comparison go by the app's own tables (I5, I7, I14)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.foundation import DAY, days
from tests.support.syncs import SECOND_TABLE, wanted
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import EmulatedWebsite, SyncWorker

LATER = DAY + days(100)


@pytest.fixture
def organisation(foundation: Foundation) -> UUID:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def listed(foundation: Foundation, organisation: UUID, worker: SyncWorker) -> list[UUID]:
    """Four mentors whom visitors see."""
    mentors = [foundation.mentor(organisation, LATER, consent=True) for _ in range(4)]
    worker.sync(*mentors)
    return mentors


def past_triggers(foundation: Foundation, *statements: str) -> None:
    """As a restore or logical replication writes."""
    with foundation.connection.transaction():
        foundation.do("SET LOCAL session_replication_role = replica")
        for statement in statements:
            foundation.do(statement)


def verdict(foundation: Foundation) -> tuple[int, int, dict[str, int]]:
    """App's side, website's side, and the counts of the last proof that are not 0."""
    row = foundation.all("SELECT app_listed, website_listed, counts FROM certification.proofs ORDER BY ended_at DESC")[
        0
    ]
    return row[0], row[1], {name: n for name, n in row[2].items() if n}


ONE = "(SELECT min(id::text)::uuid FROM peer_mentors)"
HIDING = {
    "paused": f"UPDATE peer_mentors SET status = 'paused' WHERE id = {ONE}",
    "withdrew": f"UPDATE peer_mentors SET listing_consent = false WHERE id = {ONE}",
    "ended": f"UPDATE certifications SET expires_on = '2026-11-30' WHERE mentor_id = {ONE}",
    "uncertified": f"DELETE FROM certifications WHERE mentor_id = {ONE}",
    "deleted": f"DELETE FROM peer_mentors WHERE id = {ONE}",
}


@pytest.mark.parametrize("change", HIDING)
def test_who_must_be_hidden_is_hidden_by_the_next_sweep(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    listed: list[UUID],
    worker: SyncWorker,
    site: EmulatedWebsite,
    change: Any,
) -> None:
    """Without a nightly check, a comparison or a person; and operations hear of it in the same run."""
    past_triggers(foundation, HIDING[change])
    reconciler.sweep()
    assert (reconciler.counts["past_triggers"], reconciler.counts["past_triggers_hidden"]) == (1, 1)
    asked = reconciler.queue.taken()
    assert len(asked) == 1
    worker.sync(*asked)
    assert len(site.visible()) == 3
    found = foundation.all("SELECT condition, n, ids FROM certification.current_conditions()")
    assert found == [("past_triggers", 1, asked)]
    reconciler.sweep()
    assert (reconciler.counts["past_triggers"], reconciler.queue.taken()) == (0, [])


def test_one_of_no_organisation_is_hidden_by_the_calendar(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    organisation: UUID,
    listed: list[UUID],
    worker: SyncWorker,
    site: EmulatedWebsite,
) -> None:
    """No check comes for an organisation that was deleted, so the day it saw last says nothing."""
    past_triggers(foundation, "DELETE FROM organisations")
    foundation.evaluated(organisation, DAY - days(5))
    past_triggers(foundation, f"UPDATE certifications SET expires_on = '2026-11-30' WHERE mentor_id = {ONE}")
    reconciler.sweep()
    worker.sync(*reconciler.queue.taken())
    assert len(site.visible()) == 3
    reconciler.sweep()
    assert (reconciler.counts["past_triggers_hidden"], reconciler.queue.taken()) == (0, [])


@pytest.mark.parametrize("table", ["peer_mentors", "certifications"])
def test_a_truncated_table_hides_everybody(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    listed: list[UUID],
    worker: SyncWorker,
    site: EmulatedWebsite,
    table: str,
) -> None:
    past_triggers(foundation, f"TRUNCATE {table} CASCADE")
    reconciler.sweep()
    worker.sync(*reconciler.queue.taken())
    assert site.visible() == {}


def new_mentor(foundation: Foundation, organisation: UUID, status: str = "active") -> None:
    past_triggers(
        foundation,
        "INSERT INTO peer_mentors (organisation_id, first_name, last_name, listing_consent, status)"
        f" VALUES ('{organisation}', 'Ola', 'Dahl', true, '{status}')",
        f"INSERT INTO certifications SELECT id, '2023-01-01', '{LATER}' FROM peer_mentors WHERE last_name = 'Dahl'",
    )


@pytest.mark.parametrize("run", ["full", "sweep"])
def test_who_came_past_the_triggers_is_listed_by_the_run(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    organisation: UUID,
    listed: list[UUID],
    worker: SyncWorker,
    site: EmulatedWebsite,
    run: str,
) -> None:
    """The documented cure works, and so does waiting for five minutes."""
    new_mentor(foundation, organisation)
    getattr(reconciler, run)()
    worker.sync(*reconciler.queue.taken())
    assert len(site.visible()) == 5
    assert site.visible() == wanted(foundation)
    steps = (
        "SELECT step FROM certification.mentors_to_recheck WHERE mentor_id IN"
        " (SELECT id FROM peer_mentors WHERE last_name = 'Dahl')"
    )
    assert set(foundation.all(steps)) == {"remind", "expire"}


def test_the_proof_of_the_run_that_finds_her_says_no(
    foundation: Foundation, reconciler: Reconciler, organisation: UUID, listed: list[UUID], worker: SyncWorker
) -> None:
    """9 in the app and 8 on the website are not equal, whatever our record knows of."""
    new_mentor(foundation, organisation)
    reconciler.full()
    app, website, counts = verdict(foundation)
    assert (app, website, counts["missing"], counts["came_past_triggers"]) == (5, 4, 1, 1)
    assert foundation.all("SELECT class, cause FROM certification.findings") == [("missing", "past_triggers")]
    worker.sync(*reconciler.queue.taken())
    reconciler.full()
    assert verdict(foundation)[:2] == (5, 5)
    assert foundation.all("SELECT outcome FROM certification.findings") == ["confirmed"]


def test_the_app_is_compared_though_nobody_checked_before(
    foundation: Foundation, reconciler: Reconciler, organisation: UUID, listed: list[UUID]
) -> None:
    """Who comes while the website is read has no listing, and is in the verdict all the same."""
    read = reconciler.reader.pages

    def pages(*asked: Any) -> Any:
        new_mentor(foundation, organisation)
        return read(*asked)

    reconciler.reader.pages = pages
    reconciler.full()
    app, website, counts = verdict(foundation)
    assert (app, website, counts["missing"]) == (5, 4, 1)
    assert len(reconciler.queue.taken()) == 1


def test_one_who_is_not_to_be_listed_gets_a_row_and_no_request(
    foundation: Foundation, reconciler: Reconciler, organisation: UUID, listed: list[UUID], site: EmulatedWebsite
) -> None:
    new_mentor(foundation, organisation, "paused")
    seen = len(site.writes())
    reconciler.sweep()
    assert (reconciler.counts["past_triggers"], reconciler.queue.taken()) == (1, [])
    assert foundation.one("SELECT count(*) FROM certification.listings") == 5
    assert len(site.writes()) == seen


def test_one_who_returned_or_moved_is_found(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    organisation: UUID,
    listed: list[UUID],
    worker: SyncWorker,
    site: EmulatedWebsite,
) -> None:
    other = foundation.organisation(name="HLF Halden")
    foundation.evaluated(other)
    mapping = foundation.one("SELECT listing_mapping FROM certification.standard") | {"table": SECOND_TABLE}
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping) VALUES (%s, %s)",
        other,
        json.dumps(mapping),
    )
    foundation.pause(listed[0])
    worker.sync(listed[0])
    past_triggers(
        foundation,
        f"UPDATE peer_mentors SET status = 'active' WHERE id = '{listed[0]}'",
        f"UPDATE peer_mentors SET organisation_id = '{other}' WHERE id = '{listed[1]}'",
    )
    reconciler.sweep()
    asked = reconciler.queue.taken()
    assert set(asked) == set(listed[:2])
    for _ in range(2):
        worker.sync(*asked)
    assert site.shows(listed[0])
    assert there(site.row(str(listed[1]), SECOND_TABLE))["statecode"] == 0
    assert there(site.row(str(listed[1])))["statecode"] == 1


@pytest.mark.parametrize("column", ["first_name", "phone", "area"])
def test_changed_content_is_found_by_the_comparison(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    listed: list[UUID],
    worker: SyncWorker,
    site: EmulatedWebsite,
    column: str,
) -> None:
    past_triggers(foundation, f"UPDATE peer_mentors SET {column} = 'Else' WHERE id = {ONE}")
    reconciler.full()
    assert verdict(foundation)[2]["field_drift"] == 1
    worker.sync(*reconciler.queue.taken())
    reconciler.full()
    assert verdict(foundation)[2]["equal"] == 4


def test_dates_in_masses_stay_under_the_brake(
    *,
    foundation: Foundation,
    reconciler: Reconciler,
    organisation: UUID,
    listed: list[UUID],
    worker: SyncWorker,
    site: EmulatedWebsite,
) -> None:
    """I5: also past the triggers."""
    foundation.brake(2, 20)
    past_triggers(
        foundation,
        "UPDATE certifications SET expires_on = '2026-11-01'",
        f"UPDATE peer_mentors SET listing_consent = false WHERE id = '{listed[0]}'",
    )
    reconciler.sweep()
    worker.sync(*reconciler.queue.taken())
    assert set(site.visible()) == {str(mentor) for mentor in listed[1:]}
    reconciler.full()
    counts = verdict(foundation)[2]
    assert (counts["listed_but_invalid"], counts["held_by_brake"]) == (3, 3)
    facts = foundation.one("SELECT facts FROM certification.proofs ORDER BY ended_at DESC")
    assert facts["brake_since"]


def test_a_closed_website_keeps_no_listing_from_being_raised(
    foundation: Foundation, reconciler: Reconciler, listed: list[UUID], worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """I9: nothing is sent; the first sweep afterwards asks."""
    past_triggers(foundation, HIDING["paused"])
    reconciler.state.block_for(600, "dataverse_429")
    reconciler.sweep()
    assert (reconciler.queue.taken(), reconciler.counts["past_triggers"]) == ([], 1)
    foundation.do("UPDATE certification.sync_state SET backoff_until = clock_timestamp()")
    foundation.do("UPDATE certification.listings SET changed_at = changed_at - interval '3 minutes'")
    reconciler.sweep()
    assert len(reconciler.queue.taken()) == 1


def test_what_the_triggers_saw_is_not_taken_for_it(
    foundation: Foundation, reconciler: Reconciler, organisation: UUID, listed: list[UUID], worker: SyncWorker
) -> None:
    """Nor is the turning of a day that its own check could not raise."""
    foundation.pause(listed[0])
    foundation.do("UPDATE peer_mentors SET area = 'Halden' WHERE id = %s", listed[1])
    foundation.evaluated(organisation, LATER + days(1))
    reconciler.sweep()
    assert (reconciler.counts["past_triggers"], reconciler.counts["past_triggers_hidden"]) == (0, 2)
    assert foundation.all("SELECT condition FROM certification.current_conditions()") == []


def test_the_dangerous_direction_is_first(
    foundation: Foundation, reconciler: Reconciler, organisation: UUID, listed: list[UUID]
) -> None:
    for _ in range(3):
        new_mentor(foundation, organisation)
        foundation.do("UPDATE peer_mentors SET last_name = 'Lie' WHERE last_name = 'Dahl'")
    foundation.do("DELETE FROM certification.listings WHERE NOT mentor_id = ANY (%s)", listed)
    past_triggers(foundation, f"UPDATE peer_mentors SET listing_consent = false WHERE id = '{listed[0]}'")
    run = foundation.one("SELECT certification.start_run('reconciliation_sweep', now(), 'a-request')")
    found = reconciler.reconciliation.find_past_triggers(run, 1)
    assert [one.must_hide for one in found] == [True]


def off(foundation: Foundation) -> list[Any]:
    return foundation.all(
        "SELECT subject, n, facts FROM certification.current_conditions() WHERE condition = 'trigger_off'"
    )


SWITCHED: dict[str, Callable[[str], str]] = {
    "disabled": lambda name: f"ALTER TABLE peer_mentors DISABLE TRIGGER {name}",
    "for replicas only": lambda name: f"ALTER TABLE peer_mentors ENABLE REPLICA TRIGGER {name}",
    "dropped": lambda name: f"DROP TRIGGER {name} ON peer_mentors",
}


@pytest.mark.parametrize("how", SWITCHED)
def test_a_trigger_that_is_off_is_a_condition_of_its_own(foundation: Foundation, how: Any) -> None:
    assert off(foundation) == []
    foundation.do(SWITCHED[how]("certification_listing_updated"))
    assert off(foundation) == [("public.peer_mentors", 1, {"triggers": "certification_listing_updated"})]


def test_the_expected_triggers_are_those_there_are(foundation: Foundation) -> None:
    """A trigger that is added there is watched. Those that keep records from being rewritten tell of no change of the
    app: structure_damaged finds them, as every other part of ours.
    """
    names = foundation.all("SELECT relation || ' ' || name FROM certification.expected_triggers()")
    real = foundation.all(
        "SELECT n.nspname || '.' || c.relname || ' ' || t.tgname FROM pg_trigger AS t"
        " JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " JOIN pg_proc AS p ON p.oid = t.tgfoid WHERE p.pronamespace = 'certification'::regnamespace"
        " AND p.proname NOT IN ('link_record', 'refuse_rewriting', 'refuse_unaudited_settings')"
    )
    assert sorted(names) == sorted(real)
