"""What is made ready while the website is read settles nothing that the whole statement would not (I14).

Each test compares twice: with the preparation, and as if there were none, so that everybody is compared in full.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from itertools import batched
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from shared.adapters.postgres.comparison import PostgresComparison
from shared.domain.comparison import CAUSES, CLASSES
from shared.domain.errors import StoreRefusedError
from shared.domain.website_rows import by_table, seen_rows
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shared.domain.website_rows import Site
    from tests.support.foundation import Foundation
    from tests.support.reconciling import Reconciler

LATER = DAY + days(100)
MENTORS = 150
NAMES = (("Kari", "Nordmann"), ("  Åse ", "Øverås"), ("Ida\u200b", "Li"), ("Per", ""))
LISTING = """
    INSERT INTO certification.listings
        (mentor_id, organisation_id, state, reason, desired_version, synced_version, accepted_version,
         verified_version, changed_at, synced_at, website, written)
    SELECT %s, %s, s.state, CASE s.state WHEN 'rejected' THEN 'dataverse_400' END, 3, s.synced, s.synced, %s,
           s.at, s.at, CASE s.state WHEN 'live' THEN '{}'::jsonb END, %s::jsonb
      FROM (SELECT %s AS state, CASE WHEN %s IN ('live', 'hidden') THEN 3 ELSE 2 END AS synced,
                   clock_timestamp() - %s AS at) AS s
    ON CONFLICT (mentor_id) DO UPDATE SET
        state = excluded.state, reason = excluded.reason, desired_version = excluded.desired_version,
        synced_version = excluded.synced_version, accepted_version = excluded.accepted_version,
        verified_version = excluded.verified_version, changed_at = excluded.changed_at,
        synced_at = excluded.synced_at, website = excluded.website, written = excluded.written"""
DIFFERENCES = """
    SELECT site, mentor_id, row_id, organisation_id, class, cause, fields, version, consenting, verified,
           known_at IS NOT NULL
      FROM certification.comparison_differences ORDER BY site, mentor_id, row_id"""
EQUAL = "SELECT mentor_id, version FROM certification.comparison_equal ORDER BY mentor_id, version"
IN_FULL = """
    SELECT certification.mentors_to_compare(c.id, s.site, certification.changed_since_prepared(c.id))
      FROM certification.comparisons AS c JOIN certification.comparison_sites AS s ON s.comparison_id = c.id
     ORDER BY s.site"""
SHOWN, HIDDEN, UNSURE = {"statecode": 0, "statuscode": 1}, {"statecode": 1, "statuscode": 2}, {"statecode": 7}


class PreparedWorld:
    """Mentors of three organisations, two tables of the website, and every kind of difference between them."""

    def __init__(self, foundation: Foundation, seed: int) -> None:
        self.foundation, self.chance = foundation, Random(seed)  # noqa: S311 - no secret
        self.organisations = [foundation.organisation(name=name) for name in ("HLF Moss", "HLF Halden", " HLF Oslo ")]
        today = foundation.one("SELECT certification.today_in('Europe/Oslo')")
        for organisation, day in zip(self.organisations, (today, today - days(1), today), strict=True):
            foundation.evaluated(organisation, day)
        foundation.do(
            "INSERT INTO certification.brakes (organisation_id, kind, run_id, last_run_id, n, of_n)"
            " SELECT %s, 'expiry', r.id, r.id, 5, 9 FROM gen_random_uuid() AS r (id)",
            self.organisations[2],
        )
        self.expiries = [LATER] * 8 + [today, today - days(1)]
        mapping = foundation.one("SELECT listing_mapping FROM certification.standard")
        # The second shares the first one's table and publishes fewer columns; the third has a table of its own.
        few = mapping | {"columns": {"hlf_name": "full_name", "hlf_area": "area"}}
        for organisation, its in zip(
            self.organisations[1:], (few, mapping | {"table": "hlf_likepersons"}), strict=True
        ):
            foundation.do(
                "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping) VALUES (%s, %s)",
                organisation,
                json.dumps(its),
            )
        self.mentors = [self.mentor() for _ in range(MENTORS)]

    def mentor(self) -> UUID:
        """Make a mentor of any kind, with a listing in any state or none."""
        one = self.chance.choice
        organisation = one(self.organisations)
        made = self.foundation.mentor(
            organisation,
            one(self.expiries),
            status=one(["active"] * 9 + ["paused", "certification_expired"]),
            consent=one([True] * 9 + [False]),
            name=one(NAMES),
            area=one([None, "Moss", "  Ås"]),
        )
        state = one(["live"] * 8 + ["hidden", "rejected", "waiting"])
        self.foundation.do(
            LISTING,
            made,
            organisation,
            one([3] * 8 + [0]),
            one(["{}", '{"hlf_peermentors": ["hlf_old"]}']),
            state,
            state,
            timedelta(minutes=one([60] * 8 + [0])),
        )
        if one([False] * 19 + [True]):
            self.foundation.do("DELETE FROM certification.listings WHERE mentor_id = %s", made)
        return made

    def rows(self, sites: Sequence[Site], kinds: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rows of a table of the website, each after something of `kinds` happened to it."""
        found = []
        for site in sites:
            content = self.foundation.one(
                "SELECT certification.content_expression(mapping, columns) FROM certification.comparison_sites"
                " WHERE site = %s",
                site.number,
            )
            for key, values in self.foundation.all(
                f"SELECT m.id::text, {content} FROM peer_mentors AS m JOIN organisations AS o"
                " ON o.id = m.organisation_id JOIN certification.comparison_sites AS s"
                " ON o.id = ANY (s.organisations) WHERE s.site = %s",
                site.number,
            ):
                row = dict.fromkeys((name for same in sites for name in (*same.columns, *same.others)), None)
                row |= {"hlf_rowid": str(uuid4()), site.key: key} | SHOWN
                row |= dict(zip(site.columns, values.split("\x1f"), strict=False))
                found += self.happens(row, site, self.chance.choice(kinds))
        return found

    def happens(self, row: dict[str, Any], site: Site, kind: str) -> list[dict[str, Any]]:
        match kind:
            case "edited":
                row[self.chance.choice(site.columns)] = "by hand"
            case "hidden":
                row |= HIDDEN
            case "unsure":
                row |= UNSURE
            case "left over":
                row |= dict.fromkeys(site.others, "old")
            case "deleted":
                return []
            case "stranger":
                row[site.key] = self.chance.choice([str(uuid4()), "no id"])
            case "another's":
                row[site.key] = str(self.chance.choice(self.mentors))
            case "twice":
                return [row, row | {"hlf_rowid": str(uuid4())}]
        return [row]

    def change(self) -> None:
        """Change something in the app, of which no trigger hears."""
        mentor = self.chance.choice(self.mentors)
        statements: list[tuple[str, Sequence[object]]] = [
            ("UPDATE peer_mentors SET area = 'Halden' WHERE id = %s", (mentor,)),
            ("UPDATE peer_mentors SET area = area WHERE id = %s", (mentor,)),
            ("UPDATE peer_mentors SET status = 'paused' WHERE id = %s", (mentor,)),
            ("UPDATE peer_mentors SET listing_consent = NOT listing_consent WHERE id = %s", (mentor,)),
            (
                "UPDATE peer_mentors SET organisation_id = %s WHERE id = %s",
                (self.chance.choice(self.organisations), mentor),
            ),
            ("UPDATE peer_mentors SET id = gen_random_uuid() WHERE id = %s", (mentor,)),
            ("DELETE FROM peer_mentors WHERE id = %s", (mentor,)),
            ("UPDATE certifications SET expires_on = %s WHERE mentor_id = %s", (DAY - days(30), mentor)),
            ("DELETE FROM certifications WHERE mentor_id = %s", (mentor,)),
            ("UPDATE certifications SET mentor_id = gen_random_uuid() WHERE mentor_id = %s", (mentor,)),
            ("DELETE FROM certification.listings WHERE mentor_id = %s", (mentor,)),
            (
                "UPDATE certification.listings SET desired_version = 9, state = 'waiting' WHERE mentor_id = %s",
                (mentor,),
            ),
        ]
        with past_triggers(self.foundation):
            statement, parameters = self.chance.choice(statements)
            self.foundation.do(statement, *parameters)


@contextmanager
def past_triggers(foundation: Foundation) -> Iterator[None]:
    foundation.do("SET session_replication_role = replica")
    try:
        yield
    finally:
        foundation.do("RESET session_replication_role")


@pytest.fixture
def comparison(reconciler: Reconciler) -> Iterator[PostgresComparison]:
    """A comparison that prepares few mentors at a time. It is opened by the test's first use."""
    opened: list[PostgresComparison] = []

    class Opened:
        def __getattr__(self, name: str) -> Any:
            if not opened:
                opened.append(PostgresComparison(reconciler.connection, timedelta(minutes=5), mentors_at_a_time=20))
            return getattr(opened[0], name)

    yield Opened()  # type: ignore[misc]
    if opened:
        opened[0].close()


def read(world: PreparedWorld, comparison: PostgresComparison, kinds: Sequence[str]) -> None:
    """Add what the website shows, a few rows a page, and wait until it is written and the app's side is prepared."""
    comparison.prepare_meanwhile()
    for sites in by_table(comparison.sites):
        for page in batched(world.rows(sites, kinds), 10, strict=False):
            comparison.add(seen_rows(sites, page))
    comparison.to_verify(1)
    assert world.foundation.all("SELECT is_prepared FROM certification.comparisons") == [True]


def results(world: PreparedWorld, comparison: PostgresComparison) -> tuple[Any, ...]:
    compared = comparison.compare()
    return (
        {name: n for name, n in compared.counts.items() if name != "known_at"},
        (compared.app_hash, compared.website_hash, set(compared.facts)),
        world.foundation.all(DIFFERENCES),
        world.foundation.all(EQUAL),
    )


def in_full(world: PreparedWorld, comparison: PostgresComparison) -> tuple[Any, ...]:
    """Return the same of everybody in full, as if nothing had been prepared."""
    world.foundation.do("UPDATE certification.comparisons SET is_prepared = false")
    return results(world, comparison)


KINDS = ("equal",) * 12 + ("edited", "hidden", "unsure", "left over", "deleted", "stranger")


@pytest.mark.parametrize("changes", [0, 1, 3, 25])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_prepared_and_in_full_have_one_outcome(
    foundation: Foundation, comparison: PostgresComparison, seed: int, changes: int
) -> None:
    """I14: the same counts, findings and hashes, whatever differs and whatever the app changed since."""
    world = PreparedWorld(foundation, seed)
    read(world, comparison, KINDS)
    for _ in range(changes):
        world.change()
    compared_in_full = foundation.all(IN_FULL)
    # With 25 of so few mentors changed, a site may be compared in full.
    assert changes > 3 or all(mentors is not None and len(mentors) < MENTORS for mentors in compared_in_full)
    found = results(world, comparison)
    assert found == in_full(world, comparison)
    counts = found[0]
    assert min(counts["equal"], counts["missing"], counts["field_drift"], counts["orphan"]) > 0


@pytest.mark.parametrize("seed", [4, 5, 6])
def test_second_rows_are_counted_as_in_full(foundation: Foundation, comparison: PostgresComparison, seed: int) -> None:
    """Of rows of one mentor either may come first in the hash, so it is compared once there are none."""
    world = PreparedWorld(foundation, seed)
    read(world, comparison, (*KINDS, "twice", "another's"))
    world.change()
    found, expected = results(world, comparison), in_full(world, comparison)
    assert found[0] == expected[0]
    assert found[0]["rows_repeated"] > 0
    assert comparison.forget_repeated() == 0
    foundation.do("UPDATE certification.comparisons SET is_prepared = true")
    found = results(world, comparison)
    assert found[0]["rows_repeated"] == 0
    assert found == in_full(world, comparison)


def test_the_worlds_hold_every_class_and_cause(foundation: Foundation, comparison: PostgresComparison) -> None:
    """What the comparisons above compare is not only what is equal."""
    world = PreparedWorld(foundation, 1)
    read(world, comparison, KINDS)
    for _ in range(10):
        world.change()
    counts = Counter(comparison.compare().counts)
    days_turn = {"day_turns", "day_not_checked"}  # one or the other, by the time of day
    absent = {name for name in (*CLASSES, *CAUSES) if not counts[name]} - {f"{name}_in_flight" for name in CLASSES}
    assert len(absent & days_turn) == 1
    assert absent - days_turn == set()


@pytest.fixture
def all_equal(foundation: Foundation, comparison: PostgresComparison) -> PreparedWorld:
    """Mentors that the website shows as they are, read and prepared."""
    world = PreparedWorld(foundation, 7)
    read(world, comparison, ["equal"])
    assert settled_mentor(world) not in {one for mentors in foundation.all(IN_FULL) for one in mentors}
    return world


CLASS = "SELECT class FROM certification.comparison_differences WHERE mentor_id = %s"
SETTLED = """
    SELECT p.mentor_id FROM certification.comparison_prepared AS p
      JOIN certification.comparison_rows AS r ON (r.site, r.mentor_id, r.digest) = (p.site, p.mentor_id, p.digest)
      JOIN certification.comparison_sites AS s ON s.site = p.site AND cardinality(s.columns) > 2
     ORDER BY p.mentor_id LIMIT 1"""


def settled_mentor(world: PreparedWorld) -> UUID:
    """Return a mentor that two equal digests settle, in a place that shows every field."""
    mentor: UUID = world.foundation.one(SETTLED)
    return mentor


CHANGES = {
    "published field": ("UPDATE peer_mentors SET phone = '+4799999999' WHERE id = %s", "field_drift"),
    "status": ("UPDATE peer_mentors SET status = 'paused' WHERE id = %s", "listed_but_invalid"),
    "consent": ("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", "listed_but_invalid"),
    "expiry": (
        "UPDATE certifications SET expires_on = DATE '2020-01-01' WHERE mentor_id = %s",
        "listed_but_invalid",
    ),
    "certification deleted": ("DELETE FROM certifications WHERE mentor_id = %s", "listed_but_invalid"),
    "mentor deleted": (
        "WITH gone AS (DELETE FROM certification.listings WHERE mentor_id = %s) DELETE FROM peer_mentors WHERE id = %s",
        "orphan",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_past_triggers_since_then_is_found(
    foundation: Foundation, comparison: PostgresComparison, all_equal: PreparedWorld, change: str
) -> None:
    """I14: the app's tables decide, not what was prepared from them and not a version that a trigger raises."""
    statement, expected = CHANGES[change]
    mentor = settled_mentor(all_equal)
    comparison.compare()
    before = foundation.all(CLASS, mentor)
    with past_triggers(foundation):
        foundation.do(statement.replace("%s", f"'{mentor}'"))
    comparison.compare()
    assert (before, foundation.all(CLASS, mentor)) == ([], [expected])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE organisations SET name = 'HLF Fredrikstad'",
        "UPDATE organisations SET timezone = 'Pacific/Auckland'",
        "UPDATE organisations SET name = name",
    ],
)
def test_a_change_of_an_organisation_concerns_everybody(
    foundation: Foundation, comparison: PostgresComparison, all_equal: PreparedWorld, change: str
) -> None:
    """I14: a listing holds its organisation's name, and the day on which it ends is that of the time zone."""
    with past_triggers(foundation):
        foundation.do(change)
    assert foundation.all(IN_FULL) == [None] * 3
    assert results(all_equal, comparison) == in_full(all_equal, comparison)


def test_a_new_calendar_day_is_compared_in_full(
    foundation: Foundation, comparison: PostgresComparison, all_equal: PreparedWorld
) -> None:
    """I14: who was certified until yesterday must not be listed, although nothing in the app has changed."""
    before = comparison.compare().counts
    today = foundation.one("SELECT certification.today_in('Europe/Oslo')")
    foundation.present(datetime.combine(today + days(1), time(12), UTC))
    assert foundation.all(IN_FULL) == [None] * 3
    after = comparison.compare().counts
    assert after["app_listed"] < before["app_listed"]
    assert after["listed_but_invalid"] > before["listed_but_invalid"]


def test_nothing_is_settled_before_all_is_prepared(
    foundation: Foundation, comparison: PostgresComparison, all_equal: PreparedWorld
) -> None:
    """Mentors that are not prepared yet, or that a lost part has left out, are compared in full."""
    foundation.do("DELETE FROM certification.comparison_prepared WHERE site = 1")
    foundation.do("UPDATE certification.comparisons SET prepared_rows = prepared_rows - 1")
    assert foundation.all(IN_FULL) == [None] * 3
    foundation.do("UPDATE certification.comparisons SET prepared_rows = prepared_rows + 1, is_prepared = false")
    assert foundation.all(IN_FULL) == [None] * 3
    assert results(all_equal, comparison) == in_full(all_equal, comparison)


RENAMED = "ALTER TABLE certifications RENAME TO former; "
NOT_DATED = {
    "a view": RENAMED + "CREATE VIEW certifications AS TABLE former",
    "children": "CREATE TABLE child () INHERITS (certifications)",
    "partitions": RENAMED + "CREATE TABLE certifications (LIKE former) PARTITION BY HASH (mentor_id);"
    " CREATE TABLE p PARTITION OF certifications FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
    " INSERT INTO certifications TABLE former",
}


@pytest.mark.parametrize("kind", NOT_DATED)
def test_only_a_plain_tables_rows_are_dated(foundation: Foundation, reconciler: Reconciler, kind: str) -> None:
    """I14: elsewhere no row tells which transaction wrote it, so everything is compared in full."""
    PreparedWorld(foundation, 8)
    foundation.do(NOT_DATED[kind])
    opened = PostgresComparison(reconciler.connection, timedelta())
    opened.prepare_meanwhile()
    assert opened.compare().counts["missing"] > 0
    assert foundation.all("SELECT is_prepared FROM certification.comparisons") == [False]
    opened.close()


def test_large_tables_are_compared_in_full(foundation: Foundation, reconciler: Reconciler) -> None:
    """I18: a range of random ids reads most pages of a large table, so the preparation would never end in time."""
    PreparedWorld(foundation, 11)
    foundation.do("UPDATE pg_class SET reltuples = 200001 WHERE oid = 'public.peer_mentors'::regclass")
    opened = PostgresComparison(reconciler.connection, timedelta())
    opened.prepare_meanwhile()
    assert opened.compare().counts["missing"] > 0
    assert foundation.all("SELECT is_prepared FROM certification.comparisons") == [False]
    foundation.do("UPDATE pg_class SET reltuples = 200000 WHERE oid = 'public.peer_mentors'::regclass")
    opened.prepare_meanwhile()
    opened.compare()
    assert foundation.all("SELECT is_prepared FROM certification.comparisons") == [True]
    opened.close()


ENDED = "UPDATE certifications SET expires_on = '2020-01-01'"
ALTERED = {
    "another table": RENAMED + "CREATE TABLE certifications (LIKE former INCLUDING ALL);"
    f" INSERT INTO certifications TABLE former; {ENDED}",
    "another column": "ALTER TABLE peer_mentors RENAME COLUMN listing_consent TO former;"
    " ALTER TABLE peer_mentors ADD COLUMN listing_consent boolean DEFAULT false",
    "another default": "ALTER TABLE peer_mentors DROP COLUMN phone;"
    " ALTER TABLE peer_mentors ADD COLUMN phone text DEFAULT '+4711111111'",
    "columns that changed names": "ALTER TABLE peer_mentors RENAME phone TO former;"
    " ALTER TABLE peer_mentors RENAME area TO phone; ALTER TABLE peer_mentors RENAME former TO area",
    "a view": RENAMED + "CREATE VIEW certifications AS"
    " SELECT mentor_id, certified_on, DATE '2020-01-01' AS expires_on FROM former",
    "children": "CREATE TABLE child (LIKE certifications INCLUDING ALL); INSERT INTO child TABLE certifications;"
    " UPDATE child SET expires_on = '2020-01-01'; DELETE FROM certifications;"
    " ALTER TABLE child INHERIT certifications",
}


@pytest.mark.parametrize("change", ALTERED)
def test_an_altered_table_is_compared_in_full(
    foundation: Foundation, comparison: PostgresComparison, all_equal: PreparedWorld, change: str
) -> None:
    """I14: what the app's tables say can change while no row is written."""
    with past_triggers(foundation):
        foundation.do(ALTERED[change])
    assert foundation.all(IN_FULL) == [None] * 3
    counts = comparison.compare().counts
    assert counts["listed_but_invalid"] + counts["field_drift"] > 0
    assert results(all_equal, comparison) == in_full(all_equal, comparison)


def test_a_column_named_version_is_the_apps_own(foundation: Foundation, comparison: PostgresComparison) -> None:
    """The app may have any column, so none of ours may meet it."""
    for table in ("peer_mentors", "certifications", "organisations"):
        foundation.do(f"ALTER TABLE {table} ADD COLUMN version integer DEFAULT 1")
    world = PreparedWorld(foundation, 9)
    read(world, comparison, KINDS)
    assert results(world, comparison) == in_full(world, comparison)


def test_many_changes_are_compared_in_full(
    foundation: Foundation, comparison: PostgresComparison, all_equal: PreparedWorld
) -> None:
    """A list of nearly everybody would cost more than everybody."""
    foundation.do(
        "INSERT INTO peer_mentors (organisation_id, first_name, last_name, status) SELECT organisation_id,"
        " first_name, last_name, 'paused' FROM peer_mentors, generate_series(1, 5)"
    )
    assert foundation.all(IN_FULL) == [None] * 3
    assert results(all_equal, comparison) == in_full(all_equal, comparison)


def test_a_part_whose_reply_was_lost_is_prepared_once(
    foundation: Foundation, comparison: PostgresComparison, all_equal: PreparedWorld
) -> None:
    """The database knows how far it is, so a call that comes again goes on."""
    expected = results(all_equal, comparison)
    query = "SELECT certification.prepare_comparison(id, 20) FROM certification.comparisons"
    assert foundation.all(query) == [False]
    assert results(all_equal, comparison) == expected


def test_reading_again_prepares_nobody(foundation: Foundation, comparison: PostgresComparison) -> None:
    """The sweep compares some mentors every five minutes, and needs no preparation."""
    world = PreparedWorld(foundation, 10)
    sites = comparison.sites[:1]
    comparison.add(seen_rows(sites, world.rows(sites, ["equal"])))
    comparison.compare(world.mentors[:3])
    assert foundation.one("SELECT count(*) FROM certification.comparison_prepared") == 0


def test_an_error_of_a_page_is_raised_by_what_follows(
    foundation: Foundation, comparison: PostgresComparison, all_equal: PreparedWorld
) -> None:
    """A page that was not written must not look as if the website had not shown its rows."""
    rows = list(seen_rows(comparison.sites[:1], all_equal.rows(comparison.sites[:1], ["equal"])))
    foundation.do("DELETE FROM certification.comparisons")
    comparison.add(rows)
    with pytest.raises(StoreRefusedError, match="database_P0002"):
        comparison.compare()
    with pytest.raises(StoreRefusedError, match="database_P0002"):  # and by everything after that
        comparison.add(rows)
