"""What a claim reads and writes, counted by PostgreSQL: as much as it names, and no more (I7: any mass change)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from tests.support.foundation import DAY, Foundation, days

if TYPE_CHECKING:
    from collections.abc import Sequence

MENTORS = 3_000
CLAIMED = 40


@pytest.fixture
def organisation(foundation: Foundation) -> UUID:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


def crowd(foundation: Foundation, organisation: UUID) -> list[UUID]:
    """Many mentors whom the website shows, of whom the first few have changed."""
    ids: list[UUID] = foundation.all(
        "INSERT INTO peer_mentors (organisation_id, first_name, last_name, status, listing_consent)"
        " SELECT %s, 'Kari ' || i, 'Sæther', 'active', true FROM generate_series(1, %s) AS i RETURNING id",
        organisation,
        MENTORS,
    )
    foundation.do("INSERT INTO certifications SELECT id, '2023-01-01', %s FROM peer_mentors", DAY + days(400))
    worker = uuid4()
    claim(foundation, ids, worker)
    foundation.connection.execute(
        "SELECT certification.settle_listings(%(worker)s, %(ids)s, array_fill('accepted'::text, ARRAY[%(n)s]),"
        " array_fill(NULL::text, ARRAY[%(n)s]), array_fill(false, ARRAY[%(n)s]), array_fill('W/\"1\"'::text,"
        " ARRAY[%(n)s]))",
        {"worker": worker, "ids": ids, "n": MENTORS},
    )
    foundation.do("VACUUM (ANALYZE) peer_mentors, certifications, certification.listings")
    return sorted(ids)


def claim(foundation: Foundation, mentors: Sequence[UUID], worker: UUID | None = None) -> set[str]:
    """Claim as a worker does. Return the outcomes."""
    return set(
        foundation.all(
            "SELECT outcome FROM certification.claim_listings(%s::uuid[], %s, '3 minutes')",
            list(mentors),
            worker or uuid4(),
        )
    )


def test_a_claim_reads_the_mentors_it_names_and_no_others(foundation: Foundation, organisation: UUID) -> None:
    """A mass change is claimed in batches: a batch that read a whole organisation would make it quadratic."""
    mentors = crowd(foundation, organisation)[:CLAIMED]
    foundation.do("UPDATE peer_mentors SET area = 'Moss' WHERE id = ANY (%s)", mentors)
    with foundation.connection.transaction():
        before = rows_read(foundation)
        assert claim(foundation, mentors) == {"send"}
        read = {table: n - before[table] for table, n in rows_read(foundation).items()}
    # An index may lead to the version before the change as well.
    assert all(CLAIMED <= n <= 2 * CLAIMED for n in read.values()), read


def rows_read(foundation: Foundation) -> dict[str, int]:
    return dict(
        foundation.all(
            "SELECT relname::text, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
            " WHERE relname IN ('peer_mentors', 'certifications')"
        )
    )


def test_most_claims_write_no_index(foundation: Foundation, organisation: UUID) -> None:
    """A claim changes nothing that an index names, so where its page has room the new version is a HOT update."""
    mentors = crowd(foundation, organisation)[:CLAIMED]
    foundation.do("UPDATE peer_mentors SET area = 'Moss' WHERE id = ANY (%s)", mentors)
    with foundation.connection.transaction():
        before = foundation.one(HOT)
        claim(foundation, mentors)
        assert foundation.one(HOT) - before > CLAIMED / 2


HOT = "SELECT pg_stat_get_xact_tuples_hot_updated('certification.listings'::regclass)"


@pytest.mark.parametrize(
    ("change", "asked", "outcome"),
    [
        ("UPDATE peer_mentors SET area = 'Moss' WHERE id = ANY (%(ids)s)", 0, "send"),
        ("UPDATE peer_mentors SET status = 'paused' WHERE id = ANY (%(ids)s)", 0, "send"),
        ("UPDATE peer_mentors SET listing_consent = false WHERE id = ANY (%(ids)s)", 0, "send"),
        ("DELETE FROM certifications WHERE mentor_id = ANY (%(ids)s)", 0, "send"),
        ("UPDATE certifications SET expires_on = '2026-11-30' WHERE mentor_id = ANY (%(ids)s)", 1, "braked"),
    ],
)
def test_the_brake_is_asked_where_only_a_date_hides(
    foundation: Foundation, organisation: UUID, change: str, asked: int, outcome: str
) -> None:
    """I5: the limit counts a whole organisation, so a claim asks for it once, and only where it can hold a mentor."""
    foundation.brake(count=10, percent=1)
    mentors = crowd(foundation, organisation)[:CLAIMED]
    foundation.connection.execute(change, {"ids": mentors})
    with foundation.connection.transaction():
        foundation.do("SET LOCAL track_functions = 'pl'")
        assert claim(foundation, mentors) == {outcome}
        called = foundation.one(
            "SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = 'held_by_mass_change_limit'"
        )
    assert (called or 0) == asked
    assert claim(foundation, mentors) <= {"busy", "braked"}, "it holds them once more, or a worker has them"
    foundation.do(
        "UPDATE certification.brakes SET released_at = now(), released_by = 'kari', released_reason = 'right'"
    )
    assert claim(foundation, mentors) == ({"send"} if asked else {"busy"})


def test_asking_for_an_unknown_outcome_calls_no_function(foundation: Foundation) -> None:
    """It is asked of every listing that waits: a function that is not inlined costs more than all the rest."""
    plan = foundation.all(
        "EXPLAIN (VERBOSE, COSTS OFF) SELECT 1 FROM certification.listings AS l"
        " WHERE NOT certification.only_outcome_unknown(l) AND NOT certification.is_due_again(l)"
    )
    assert "certification.only_outcome_unknown" not in "".join(plan)
    assert "certification.is_due_again" not in "".join(plan)
