"""What a change of settings would do is what the night and the workers then do (section 5 of the settings)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg

    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

TOMORROW = DAY + days(1)
PLACE = {"table": "hlf_peermentors", "key": "hlf_mentorid", "hide": {"statecode": 1, "statuscode": 2}}
MAPPING: dict[str, Any] = {
    **PLACE,
    "columns": {"hlf_name": "full_name", "hlf_phone": "phone"},
    "show": {"statecode": 0, "statuscode": 1},
}


def preview(foundation: Foundation, organisation: UUID | None, **changes: object) -> dict[UUID, dict[str, Any]]:
    """What certification.preview_settings says, by organisation."""
    names = (
        *("reminders_added", "reminders_dropped", "reactivations_added", "reactivations_dropped", "listings_written"),
        *("listings_moved", "columns_emptied", "unknown_rows_hidden", "held_now", "held_then"),
    )
    rows = foundation.all(
        f"SELECT organisation_id, {', '.join(names)} FROM certification.preview_settings(%s, %s)",
        organisation,
        json.dumps(changes),
    )
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


def change(foundation: Foundation, organisation: UUID | None, **changes: object) -> str:
    """Change settings as they are stored now."""
    outcome: str = foundation.one(
        "SELECT certification.change_settings(%s, %s, certification.stored_settings(%s), 'turid', 'because')",
        organisation,
        json.dumps(changes),
        organisation,
    )
    return outcome


def counted(foundation: Foundation, measure: str) -> int:
    """What the last nightly check counted."""
    n: int = foundation.one(
        "SELECT sum(c.n)::integer FROM certification.run_counts AS c WHERE c.measure = %s AND c.run_id ="
        " (SELECT r.id FROM certification.runs AS r ORDER BY r.started_at DESC LIMIT 1)",
        measure,
    )
    return n


def reminded(foundation: Foundation, as_of: object) -> set[UUID]:
    """The mentors for whom the check of that day used up a reminder."""
    claimed = "SELECT mentor_id FROM certification.cert_expiry_reminders WHERE as_of = %s AND state <> 'collapsed'"
    return {*foundation.all(claimed, as_of)}


@pytest.mark.parametrize("other", [(30, 14, 7), (45, 21, 7), (20, 10), (365,), (0,), (31, 30, 29, 8, 7)])
def test_the_reminders_of_tomorrow_are_those_it_says(
    foundation: Foundation, functions: Functions, other: tuple[int, ...]
) -> None:
    """The night itself is the judge: with the old settings and with the new ones (I1, I2)."""
    moss = foundation.organisation(thresholds=(30, 14, 7))
    twin = foundation.organisation(thresholds=(30, 14, 7))
    pairs = {}
    for ends in (*range(2, 50), 366):
        ours, theirs = (foundation.mentor(one, DAY + days(ends)) for one in (moss, twin))
        pairs[ours] = theirs
    foundation.mentor(moss, DAY + days(12), email=None)  # uses up a reminder as well
    foundation.mentor(moss, DAY + days(21), status="paused")
    functions.nightly_check(DAY)
    said = preview(foundation, moss, thresholds=list(other)).get(moss)
    if other == (30, 14, 7):
        assert said is None
        return
    assert change(foundation, moss, thresholds=list(other)) == "changed"
    functions.nightly_check(TOMORROW)
    happened = reminded(foundation, TOMORROW)
    then, now = happened & pairs.keys(), {ours for ours, theirs in pairs.items() if theirs in happened}
    assert said is not None
    unreachable = len(happened - pairs.keys() - {*pairs.values()})
    assert (said["reminders_added"], said["reminders_dropped"]) == (len(then - now) + unreachable, len(now - then))


def test_the_brake_of_tomorrow_holds_those_it_says(foundation: Foundation, functions: Functions) -> None:
    """Both limits are exceeded, for reminders and for expiries; what it says is what the checks count as held."""
    foundation.brake()
    moss = foundation.organisation()
    for ends in (*(8,) * 3, *(0,) * 2, *(300,) * 20):
        foundation.mentor(moss, DAY + days(ends))
    said = preview(foundation, moss, brake_count=1, brake_percent=5)[moss]
    assert (said["held_now"], said["held_then"]) == ({}, {"reminder": 3, "expiry": 2})
    assert change(foundation, moss, brake_count=1, brake_percent=5) == "changed"
    functions.nightly_check(TOMORROW)
    assert (counted(foundation, "reminders_braked"), counted(foundation, "expiries_braked")) == (3, 2)
    said = preview(foundation, moss, brake_percent=100)[moss]
    assert (said["held_now"], said["held_then"]) == ({"reminder": 3, "expiry": 2}, {})


def test_the_reactivations_of_tomorrow_are_those_it_says(foundation: Foundation, functions: Functions) -> None:
    """And what follows from them: a mentor who becomes active is reminded."""
    moss = foundation.organisation(reactivate=False)
    foundation.mentor(moss, DAY + days(300), status="certification_expired")
    foundation.mentor(moss, DAY + days(5), status="certification_expired")
    foundation.mentor(moss, DAY - days(5), status="certification_expired")
    said = preview(foundation, moss, reactivate_renewed=True)[moss]
    assert (said["reactivations_added"], said["reminders_added"]) == (2, 1)
    assert change(foundation, moss, reactivate_renewed=True) == "changed"
    functions.nightly_check(TOMORROW)
    assert counted(foundation, "reactivations_changed") == 2
    assert len(reminded(foundation, TOMORROW)) == 1


def listed(foundation: Foundation, organisation: UUID, *columns: str, shown: bool = True) -> UUID:
    """A mentor whose listing was written to the website with these columns."""
    mentor = foundation.mentor(organisation, DAY + days(300), consent=shown)
    foundation.do(
        "UPDATE certification.listings SET state = %s, synced_version = desired_version, synced_at = now(),"
        " website = %s, written = %s WHERE mentor_id = %s",
        "live" if shown else "hidden",
        json.dumps({**PLACE, "columns": columns}) if shown else None,
        json.dumps({PLACE["table"]: columns}),
        mentor,
    )
    return mentor


def claims(foundation: Foundation, organisation: UUID) -> list[tuple[str, str, str]]:
    """What the workers send for everybody of the organisation: action, table and body."""
    ids = foundation.all("SELECT mentor_id FROM certification.listings WHERE organisation_id = %s", organisation)
    return foundation.all(
        "SELECT action, website_table, body FROM certification.claim_listings(%s, gen_random_uuid(), '1 minute')"
        " WHERE outcome = 'send'",
        ids,
    )


def test_the_listings_written_are_those_it_says(foundation: Foundation) -> None:
    """A column taken out is emptied on every row, hidden ones too; the claims of the workers are the judge."""
    moss = foundation.organisation()
    for _ in range(3):
        listed(foundation, moss, "hlf_name", "hlf_phone", "hlf_area")
    listed(foundation, moss, "hlf_name", "hlf_area", shown=False)
    listed(foundation, moss, "hlf_name", shown=False)
    foundation.mentor(moss, DAY + days(300), consent=False)
    assert change(foundation, None, listing_mapping={**MAPPING, "columns": {"hlf_name": "full_name"}}) == "changed"
    foundation.do(
        "UPDATE certification.listings SET state = 'hidden', reason = NULL, synced_version = desired_version"
        " WHERE website IS NULL"
    )
    said = preview(foundation, moss, listing_mapping=MAPPING | {"columns": {"hlf_name": "first_name"}})[moss]
    assert (said["listings_written"], said["listings_moved"]) == (4, 0)
    assert said["columns_emptied"] == {"hlf_phone": 3, "hlf_area": 4}
    assert change(foundation, moss, listing_mapping=MAPPING | {"columns": {"hlf_name": "first_name"}}) == "changed"
    sent = claims(foundation, moss)
    assert len(sent) == 4
    assert sum('"hlf_area": null' in body for _, _, body in sent) == 4
    assert sum('"hlf_phone": null' in body for _, _, body in sent) == 3


def test_listings_that_move_are_counted_twice(foundation: Foundation) -> None:
    """Another table: each is hidden and emptied in the old place first."""
    moss = foundation.organisation()
    for _ in range(2):
        listed(foundation, moss, "hlf_name", "hlf_phone")
    said = preview(foundation, moss, listing_mapping=MAPPING | {"table": "hlf_others"})[moss]
    assert (said["listings_written"], said["listings_moved"]) == (2, 2)
    assert said["columns_emptied"] == {"hlf_name": 2, "hlf_phone": 2}
    assert change(foundation, moss, listing_mapping=MAPPING | {"table": "hlf_others"}) == "changed"
    sent = claims(foundation, moss)
    assert [(action, table) for action, table, _ in sent] == [("hide", PLACE["table"])] * 2
    assert all('"hlf_name": null' in body for _, _, body in sent)


def test_rows_of_no_mentor_go_when_all_say_so(foundation: Foundation) -> None:
    """The table is ours only if every organisation that uses it says so."""
    moss, vestland = foundation.organisation(name="HLF Moss"), foundation.organisation(name="HLF Vestland")
    foundation.do(
        "INSERT INTO certification.findings (class, cause, website_table, opened_in, seen_in, row_id) VALUES"
        " ('orphan', 'unknown_mentor', 'hlf_peermentors', gen_random_uuid(), gen_random_uuid(), gen_random_uuid())"
    )
    assert preview(foundation, moss, table_is_ours=True)[moss]["unknown_rows_hidden"] == 0
    assert change(foundation, vestland, table_is_ours=True) == "changed"
    assert preview(foundation, moss, table_is_ours=True)[moss]["unknown_rows_hidden"] == 1


def test_the_standard_concerns_those_without_their_own(foundation: Foundation) -> None:
    """Each organisation to which other settings would apply is there, and no other."""
    moss = foundation.organisation(name="HLF Moss")
    own = foundation.organisation(name="HLF Vestland", thresholds=(30, 14, 7))
    for one in (moss, own):
        foundation.mentor(one, DAY + days(40))
    said = preview(foundation, None, thresholds=[60, 7])
    assert {one: effect["reminders_added"] for one, effect in said.items()} == {moss: 1}
    assert preview(foundation, None, brake_count=3).keys() == {moss, own}


def test_a_preview_writes_and_locks_nothing(connection: psycopg.Connection, foundation: Foundation) -> None:
    """A person may think over it for an hour: it reads, in a transaction that may do nothing else."""
    moss = foundation.organisation()
    listed(foundation, moss, "hlf_name", "hlf_phone")
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        everything = {
            "thresholds": [60, 7],
            "listing_mapping": MAPPING | {"table": "hlf_others"},
            "brake_count": 0,
            "table_is_ours": True,
            "fallback_address": "post@hlf.no",
        }
        assert preview(foundation, moss, **everything)[moss]["listings_written"] == 1
        locked = connection.execute(
            "SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype <> 'virtualxid'"
        ).fetchall()
    assert locked == [("AccessShareLock",)]


def test_what_is_in_force_is_what_the_night_uses(foundation: Foundation) -> None:
    """settings_in_force says what effective_thresholds, effective_mapping and brake_limits say."""
    foundation.brake(7, 30)
    foundation.organisation(name="as the standard")
    own = foundation.organisation(name="with its own", thresholds=(60, 30), reactivate=False)
    off = foundation.organisation(name="with its own, not applied", thresholds=(60, 30))
    change(foundation, own, listing_mapping=MAPPING, brake_count=3)
    change(foundation, off, org_thresholds=False, brake_percent=50, table_is_ours=True)
    rows = foundation.all(
        "SELECT s.in_force, certification.effective_thresholds(o.organisation_id), o.reactivate_renewed,"
        "       certification.effective_mapping(o.organisation_id), l.count, l.percent"
        "  FROM certification.all_settings() AS s"
        "  JOIN certification.organisations_to_run() AS o ON o.organisation_id = s.organisation_id"
        " CROSS JOIN LATERAL certification.brake_limits(o.organisation_id) AS l"
    )
    assert len(rows) == 3
    for in_force, *used in rows:
        names = ("thresholds", "reactivate_renewed", "listing_mapping", "brake_count", "brake_percent")
        assert [in_force[name] for name in names] == used
