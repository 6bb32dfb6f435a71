"""What the website should show, and who may say that it does: I5 to I8 in the database."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.domain.listings import Accepted, Action, Claim, NotNow, Refused, RefusedKind, Result, SettleOutcome
from tests.support.foundation import DAY, Foundation, days
from tests.support.own_logins import ListingsOfFunctions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase
    from tests.support.nightly_checks import Functions

LEASE = timedelta(minutes=3)


@pytest.fixture
def listings(database: TestDatabase) -> Iterator[PostgresListings]:
    """As the functions, each under its own login."""
    with ExitStack() as stack:
        yield ListingsOfFunctions(database, stack)


@pytest.fixture
def organisation(foundation: Foundation) -> UUID:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


def claim(listings: PostgresListings, *mentors: UUID, worker: UUID | None = None) -> Claim:
    return listings.claim(mentors, worker or uuid4(), LEASE)


def push(listings: PostgresListings, *mentors: UUID) -> Claim:
    """Claim, and the website accepts everything."""
    worker = uuid4()
    claimed = listings.claim(mentors, worker, LEASE)
    listings.settle(worker, [(change, Accepted()) for change in claimed.changes])
    return claimed


@pytest.mark.parametrize(
    ("change", "listed"),
    [
        ("", True),
        ("UPDATE peer_mentors SET status = 'paused'", False),
        ("UPDATE peer_mentors SET status = 'certification_expired'", False),
        ("UPDATE peer_mentors SET status = 'inactive'", False),
        ("UPDATE peer_mentors SET listing_consent = false", False),
        ("UPDATE certifications SET expires_on = '2026-12-01'", True),
        ("UPDATE certifications SET expires_on = '2026-11-30'", False),
        ("DELETE FROM certifications", False),
        ("DELETE FROM peer_mentors", False),
        ("TRUNCATE peer_mentors, certifications", False),
        ("TRUNCATE certifications", False),
    ],
)
def test_listed_is_who_is_active_consents_and_is_certified(
    listings: PostgresListings, foundation: Foundation, organisation: UUID, change: str, listed: bool
) -> None:
    """I5: each of the three alone decides, on the last valid day and the day after it; a mentor who is gone is not."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    push(listings, mentor)
    if change:
        foundation.do(change)
    (wanted,) = claim(listings, mentor).changes or [None]
    if not change:
        assert wanted is None
        assert foundation.listing_state(mentor) == "live"
    else:
        assert wanted is not None
        assert wanted.action is (Action.PUBLISH if listed else Action.HIDE)


def test_who_does_not_consent_leaves_no_field_in_what_is_sent(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I5: consent decides the payload."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True, name=("Kari", "Sæther"), area="Moss")
    push(listings, mentor)
    foundation.do("UPDATE peer_mentors SET listing_consent = false")
    (hiding,) = claim(listings, mentor).changes
    assert json.loads(hiding.body) == {"statecode": 1, "statuscode": 2}


def test_what_is_published_is_the_whitelist_and_the_flags(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """Design section 8: neither status nor expiry date, blank fields as null, text as it is."""
    mentor = foundation.mentor(
        organisation, DAY + days(5), consent=True, name=('Kari "K"', "Sæther\\"), area=" ", phone=" 400 00 000\t"
    )
    (change,) = claim(listings, mentor).changes
    assert (change.table, change.key, change.action) == ("hlf_peermentors", "hlf_mentorid", Action.PUBLISH)
    assert json.loads(change.body) == {
        "hlf_name": 'Kari "K" Sæther\\',
        "hlf_firstname": 'Kari "K"',
        "hlf_lastname": "Sæther\\",
        "hlf_phone": "400 00 000",
        "hlf_email": "kari.saether@example.no",
        "hlf_area": None,
        "hlf_organisation": "HLF Moss",
        "statecode": 0,
        "statuscode": 1,
    }


def test_who_was_never_listed_and_is_not_to_be_causes_no_request(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """Section 3: hiding needs something to hide."""
    never = foundation.mentor(organisation, DAY + days(5), consent=False)
    expired = foundation.mentor(organisation, DAY - days(5), consent=True)
    foundation.do("UPDATE peer_mentors SET phone = '1'")
    claimed = claim(listings, never, expired)
    assert claimed.changes == ()
    assert claimed.done == {never: Result.NOTHING_TO_SHOW, expired: Result.NOTHING_TO_SHOW}
    assert foundation.listing_state(never) == foundation.listing_state(expired) == "hidden"


@pytest.mark.parametrize(
    ("statement", "raised"),
    [
        ("UPDATE peer_mentors SET phone = '22 33 44 55'", True),
        ("UPDATE peer_mentors SET first_name = 'Karin'", True),
        ("UPDATE peer_mentors SET area = 'Rygge'", True),
        ("UPDATE peer_mentors SET email = 'k@example.no'", True),
        ("UPDATE organisations SET name = 'HLF Moss og omegn'", True),
        ("UPDATE certifications SET expires_on = expires_on + 1", True),
        ("UPDATE peer_mentors SET locale = 'nn'", False),
        ("UPDATE peer_mentors SET phone = phone, status = status", False),
        ("UPDATE certifications SET certified_on = certified_on - 1", False),
        ("UPDATE organisations SET name = name", False),
    ],
)
def test_only_what_the_website_shows_raises_a_version(
    listings: PostgresListings, foundation: Foundation, organisation: UUID, statement: str, raised: bool
) -> None:
    """Design section 4: in the same transaction as the change."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    push(listings, mentor)
    before = foundation.listing(mentor)["desired_version"]
    with foundation.connection.transaction():
        foundation.do(statement)
        inside = foundation.listing(mentor)
    assert inside["desired_version"] == before + raised
    assert inside["state"] == ("waiting" if raised else "live")


def test_a_change_that_is_rolled_back_raises_nothing(foundation: Foundation, organisation: UUID) -> None:
    """Design section 4."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    before = foundation.listing(mentor)
    with foundation.connection.transaction(force_rollback=True):
        foundation.pause(mentor)
    assert foundation.listing(mentor) == before


def test_the_day_turns_with_that_days_check(
    listings: PostgresListings, foundation: Foundation, functions: Functions, organisation: UUID
) -> None:
    """I5: an edit before the check leaves an expired mentor where he is; the check itself hides."""
    mentor = foundation.mentor(organisation, DAY, consent=True)
    push(listings, mentor)
    foundation.do("UPDATE peer_mentors SET phone = '1'")
    assert [change.action for change in push(listings, mentor).changes] == [Action.PUBLISH]
    functions.nightly_check(DAY + days(1))
    assert foundation.status(mentor) == "certification_expired"
    assert [request.mentor_id for request in functions.asked.requests] == [mentor]
    assert [change.action for change in push(listings, mentor).changes] == [Action.HIDE]
    assert foundation.listing_state(mentor) == "hidden"


def test_whom_the_check_could_not_move_is_hidden_all_the_same(
    listings: PostgresListings, foundation: Foundation, functions: Functions, organisation: UUID
) -> None:
    """I5: the app refuses the change of status, so the mentor stays active; listed is another question."""
    foundation.do("ALTER TABLE peer_mentors ADD CONSTRAINT stays CHECK (status <> 'certification_expired')")
    mentor = foundation.mentor(organisation, DAY, consent=True)
    push(listings, mentor)
    functions.nightly_check(DAY + days(1))
    assert foundation.status(mentor) == "active"
    assert [change.action for change in push(listings, mentor).changes] == [Action.HIDE]


def test_a_replay_of_a_day_long_past_brings_nobody_back(
    listings: PostgresListings, foundation: Foundation, functions: Functions, organisation: UUID
) -> None:
    """I5: the day does not turn back."""
    mentor = foundation.mentor(organisation, DAY, consent=True)
    functions.nightly_check(DAY + days(7))
    foundation.set_status(mentor, "active")
    functions.nightly_check(DAY - days(1))
    assert claim(listings, mentor).changes == ()


def test_a_second_worker_leaves_a_claimed_listing_alone(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """A second worker leaves a claimed listing alone and the first is asked to recheck.

    I6: one worker at a time for a mentor; what changes meanwhile is asked for again.
    """
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    slow = uuid4()
    (older,) = claim(listings, mentor, worker=slow).changes
    foundation.pause(mentor)
    assert claim(listings, mentor).done == {mentor: Result.BUSY}
    assert listings.settle(slow, [(older, Accepted())]).again == (mentor,)
    (newer,) = claim(listings, mentor).changes
    assert newer.action is Action.HIDE


def test_a_claim_never_reads_older_than_the_version_it_claims(
    database: TestDatabase, listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I6: a transaction that holds the mentor is not waited for, and its change is not half seen."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    push(listings, mentor)
    with database.connect() as app, app.transaction():
        app.execute("UPDATE peer_mentors SET status = 'paused' WHERE id = %s", (mentor,))
        assert claim(listings, mentor).done == {mentor: Result.ALREADY}
        foundation.do("UPDATE certifications SET expires_on = expires_on + 1")  # waits two seconds, and goes on
        assert foundation.all("SELECT mentor_ids, sqlstate FROM certification.missed_changes") == [([mentor], "55P03")]
    assert [change.action for change in claim(listings, mentor).changes] == [Action.HIDE]


def test_a_listing_that_a_transaction_holds_is_said_to_be_locked(
    database: TestDatabase, listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I7: it is asked for again, for that transaction may roll back and notify no webhook."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    with database.connect() as app, app.transaction(force_rollback=True):
        app.execute("UPDATE peer_mentors SET phone = '1'")
        assert claim(listings, mentor).locked == (mentor,)
    assert len(claim(listings, mentor).changes) == 1


def test_what_was_refused_waits_for_a_change(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I13: rejected with its reason; a change of the mentor is another chance."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    worker = uuid4()
    (change,) = claim(listings, mentor, worker=worker).changes
    listings.settle(worker, [(change, Refused("dataverse_400_0x80044331"))])
    listing = foundation.listing(mentor)
    assert (listing["state"], listing["reason"]) == ("rejected", "dataverse_400_0x80044331")
    assert claim(listings, mentor).done == {mentor: Result.STILL_REJECTED}
    assert listings.unsynced(None, 10) == ()
    foundation.do("UPDATE peer_mentors SET area = 'Moss'")
    assert len(claim(listings, mentor).changes) == 1


def test_what_could_not_be_done_waits_with_its_reason(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I7: the row knows, whatever becomes of the message."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    worker = uuid4()
    (change,) = claim(listings, mentor, worker=worker).changes
    assert listings.settle(worker, [(change, NotNow("dataverse_503"))]) == SettleOutcome()
    listing = foundation.listing(mentor)
    assert (listing["state"], listing["reason"], listing["attempts"]) == ("waiting", "dataverse_503", 1)
    assert [request.mentor_id for request in listings.unsynced(None, 10)] == [mentor]


def test_a_killed_workers_claim_ends(listings: PostgresListings, foundation: Foundation, organisation: UUID) -> None:
    """I7: after its lease the listing is unsynced again."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    listings.claim([mentor], uuid4(), timedelta(minutes=3))
    assert listings.unsynced(None, 10) == ()
    foundation.do("UPDATE certification.listings SET claimed_until = clock_timestamp() - interval '1 second'")
    assert len(listings.unsynced(None, 10)) == 1
    assert len(claim(listings, mentor).changes) == 1


def test_a_publishing_that_was_never_heard_of_is_hidden(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I5, I7: a row that may be there is hidden, whether or not the reply ever came."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    listings.claim([mentor], uuid4(), timedelta(0))
    foundation.do("UPDATE peer_mentors SET listing_consent = false")
    assert [change.action for change in claim(listings, mentor).changes] == [Action.HIDE]


# --- mappings

MAPPING: dict[str, Any] = {
    "table": "cr1_likepersoner",
    "key": "cr1_id",
    "columns": {"cr1_navn": "full_name"},
    "show": {"cr1_synlig": True},
    "hide": {"cr1_synlig": False},
}


def own_mapping(foundation: Foundation, organisation: UUID, mapping: object) -> None:
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping) VALUES (%s, %s)"
        " ON CONFLICT (organisation_id) DO UPDATE SET listing_mapping = excluded.listing_mapping",
        organisation,
        json.dumps(mapping),
    )


def test_an_organisation_may_have_a_mapping_of_its_own(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """Section 2: table, key, columns and how to hide, per organisation."""
    own_mapping(foundation, organisation, MAPPING)
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    (change,) = push(listings, mentor).changes
    assert (change.table, change.key) == ("cr1_likepersoner", "cr1_id")
    assert json.loads(change.body) == {"cr1_navn": "Kari Sæther", "cr1_synlig": True}
    foundation.pause(mentor)
    assert [json.loads(change.body) for change in claim(listings, mentor).changes] == [{"cr1_synlig": False}]


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ([], "mapping_has_its_parts"),
        ({key: value for key, value in MAPPING.items() if key != "hide"}, "mapping_has_its_parts"),
        (MAPPING | {"extra": 1}, "mapping_has_its_parts"),
        (MAPPING | {"columns": "cr1_navn"}, "mapping_has_its_parts"),
        (MAPPING | {"table": "likepersoner(1)"}, "mapping_names_are_columns"),
        (MAPPING | {"table": None}, "mapping_names_are_columns"),
        (MAPPING | {"columns": {"Navn": "full_name"}}, "mapping_names_are_columns"),
        (MAPPING | {"columns": {"cr1_navn": "expires_on"}}, "mapping_publishes_only_the_whitelist"),
        (MAPPING | {"columns": {"cr1_navn": "status"}}, "mapping_publishes_only_the_whitelist"),
        (MAPPING | {"columns": {"cr1_navn": None}}, "mapping_publishes_only_the_whitelist"),
        (MAPPING | {"columns": {}}, "mapping_publishes_only_the_whitelist"),
        (MAPPING | {"hide": {"cr1_synlig": True}}, "mapping_flags_show_and_hide"),
        (MAPPING | {"hide": {"cr1_skjult": True}}, "mapping_flags_show_and_hide"),
        (MAPPING | {"hide": {"cr1_synlig": 0}}, "mapping_flags_show_and_hide"),
        (MAPPING | {"show": {}, "hide": {}}, "mapping_flags_show_and_hide"),
        (MAPPING | {"show": {"cr1_synlig": None}, "hide": {"cr1_synlig": None}}, "mapping_flags_show_and_hide"),
        (MAPPING | {"show": {"statecode": 0}, "hide": {"statecode": 1}}, "mapping_flags_show_and_hide"),
        (MAPPING | {"columns": {"cr1_id": "full_name"}}, "mapping_writes_no_column_twice"),
        (MAPPING | {"columns": {"cr1_synlig": "full_name"}}, "mapping_writes_no_column_twice"),
    ],
)
def test_a_mapping_that_makes_no_sense_cannot_be_stored(
    foundation: Foundation, organisation: UUID, wrong: object, constraint: str
) -> None:
    """Section 2: validated when stored; design section 8: neither expiry dates nor reasons are published."""
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        own_mapping(foundation, organisation, wrong)
    assert refused.value.diag.constraint_name == constraint


def test_a_new_place_is_taken_after_the_old_one_is_empty(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I5: a listing never stays behind in a table that nobody looks at any more."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    push(listings, mentor)
    own_mapping(foundation, organisation, MAPPING)
    worker = uuid4()
    (leaving,) = claim(listings, mentor, worker=worker).changes
    assert (leaving.action, leaving.table, leaving.bare_body) == (
        Action.HIDE,
        "hlf_peermentors",
        '{"statecode": 1, "statuscode": 2}',
    )
    emptied = {name for name, value in json.loads(leaving.body).items() if value is None}
    assert {"hlf_name", "hlf_phone", "hlf_email"} < emptied  # nothing is published there any more
    assert listings.settle(worker, [(leaving, Accepted())]).again == (mentor,)
    (coming,) = push(listings, mentor).changes
    assert (coming.action, coming.table) == (Action.PUBLISH, "cr1_likepersoner")
    assert foundation.listing_state(mentor) == "live"


def test_a_changed_mapping_applies_to_everybody_it_concerns(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """What is published changed, so every listing did."""
    here = foundation.mentor(organisation, DAY + days(5), consent=True)
    elsewhere = foundation.mentor(foundation.organisation(), DAY + days(500), consent=True)
    push(listings, here, elsewhere)
    own_mapping(foundation, organisation, MAPPING)
    assert [foundation.listing_state(mentor) for mentor in (here, elsewhere)] == ["waiting", "live"]
    foundation.do(
        "UPDATE certification.standard"
        " SET listing_mapping = jsonb_set(listing_mapping, '{columns}', '{\"hlf_name\": \"full_name\"}')"
    )
    assert foundation.listing_state(elsewhere) == "waiting"


# --- what workers share


def test_a_retry_after_window_holds_for_all_and_only_grows(database: TestDatabase) -> None:
    """I9: written down at once, in one place."""
    secret = database.login("DynamicsSync")
    with connect(lambda _: secret) as one, connect(lambda _: secret) as other:
        here, there = PostgresSyncState(one), PostgresSyncState(other)
        assert there.seconds_left() == 0
        here.block_for(30, "dataverse_429")
        here.block_for(5, "dataverse_429")
        assert 28 < there.seconds_left() <= 30


def test_a_worker_reads_no_table(database: TestDatabase) -> None:
    """Design section 8: its role calls functions, and the people in the tables are not its business."""
    secret = database.login("DynamicsSync")
    with connect(lambda _: secret) as connection:
        for table in ("public.peer_mentors", "certification.listings", "certification.webhook"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                psycopg.Connection.execute(connection, f"SELECT * FROM {table}".encode())


def test_what_is_no_longer_published_is_emptied_for_good(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """Design section 8: a column taken off the whitelist stays on nobody's row, whatever becomes of the first try."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True, phone="22 33 44 55")
    push(listings, mentor)
    standard = foundation.one("SELECT listing_mapping FROM certification.standard")
    fewer = {"hlf_name": "full_name", "hlf_nickname": "first_name"}
    own_mapping(foundation, organisation, standard | {"columns": fewer})
    worker = uuid4()
    (first,) = claim(listings, mentor, worker=worker).changes
    listings.settle(worker, [(first, NotNow("dataverse_503"))])
    foundation.do("UPDATE peer_mentors SET phone = '1'")
    (second,) = push(listings, mentor).changes
    for change in (first, second):
        body = json.loads(change.body)
        assert (body["hlf_name"], body["hlf_phone"], body["hlf_email"]) == ("Kari Sæther", None, None)
    foundation.do("UPDATE peer_mentors SET first_name = 'Karin'")
    (third,) = claim(listings, mentor).changes
    assert json.loads(third.body).keys() == {"hlf_name", "hlf_nickname", "statecode", "statuscode"}


def test_a_refused_first_publishing_leaves_nothing_to_hide(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I8, I13: a mapping that names no table has every listing rejected, and once it is right they are
    published there.
    """
    own_mapping(foundation, organisation, MAPPING | {"table": "cr1_skrivefeiler"})
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    worker = uuid4()
    (change,) = claim(listings, mentor, worker=worker).changes
    listings.settle(worker, [(change, Refused("dataverse_404_0x8006088a", RefusedKind.NO_SUCH_TABLE))])
    own_mapping(foundation, organisation, MAPPING)
    (again,) = claim(listings, mentor).changes
    assert (again.action, again.table) == (Action.PUBLISH, "cr1_likepersoner")


def test_what_a_worker_read_before_the_day_turned_is_rechecked(
    listings: PostgresListings, foundation: Foundation, functions: Functions, organisation: UUID
) -> None:
    """I5: the nightly check could not move this mentor, and a worker was just publishing as of the day before."""
    foundation.do("ALTER TABLE peer_mentors ADD CONSTRAINT stays CHECK (status <> 'certification_expired')")
    mentor = foundation.mentor(organisation, DAY, consent=True)
    worker = uuid4()
    (older,) = claim(listings, mentor, worker=worker).changes
    functions.nightly_check(DAY + days(1))
    assert listings.settle(worker, [(older, Accepted())]).again == (mentor,)
    assert [change.action for change in push(listings, mentor).changes] == [Action.HIDE]


def test_a_flag_that_has_hidden_rows_stays_in_the_mapping(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I5: a row that one flag has hidden is not shown by another, though its listing would say `live`."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    push(listings, mentor)
    standard = foundation.one("SELECT listing_mapping FROM certification.standard")
    flag = {"show": {"hlf_published": True}, "hide": {"hlf_published": False}}
    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        own_mapping(foundation, organisation, standard | flag)
    assert refused.value.diag.constraint_name == "mapping_keeps_its_flags"
    assert refused.value.diag.message_primary == (
        "a flag that has hidden rows must stay in the mapping: statecode, statuscode"
    )
    both = {part: standard[part] | flag[part] for part in flag}
    own_mapping(foundation, organisation, standard | both)
    push(listings, mentor)
    with pytest.raises(psycopg.errors.CheckViolation):
        foundation.do("DELETE FROM certification.organisation_settings")
    own_mapping(foundation, foundation.organisation(), standard | flag)


def test_a_column_dynamics_lacks_goes_with_its_mapping(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I13: what was refused was not written, so there is nothing to empty, and the corrected mapping is published."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    push(listings, mentor)
    standard = foundation.one("SELECT listing_mapping FROM certification.standard")
    own_mapping(foundation, organisation, standard | {"columns": standard["columns"] | {"hlf_typo": "area"}})
    worker = uuid4()
    (wrong,) = claim(listings, mentor, worker=worker).changes
    assert "hlf_typo" in json.loads(wrong.body)
    listings.settle(worker, [(wrong, Refused("dataverse_400_0x80048d19"))])
    own_mapping(foundation, organisation, standard)
    (right,) = claim(listings, mentor).changes
    assert "hlf_typo" not in json.loads(right.body)


def test_a_table_that_was_renamed_has_nothing_left_to_hide(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """I5: the old place is gone, so the listing is published in the new one."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    push(listings, mentor)
    own_mapping(foundation, organisation, MAPPING)
    worker = uuid4()
    (leaving,) = claim(listings, mentor, worker=worker).changes
    settled = listings.settle(worker, [(leaving, Refused("dataverse_404_0x8006088a", RefusedKind.NO_SUCH_TABLE))])
    assert settled.again == (mentor,)
    assert [change.table for change in push(listings, mentor).changes] == ["cr1_likepersoner"]


def test_a_hiding_that_was_refused_is_tried_again_every_night(
    listings: PostgresListings, foundation: Foundation, functions: Functions, organisation: UUID
) -> None:
    """I5: somebody who must not be shown may be; one alarm is not enough."""
    mentor = foundation.mentor(organisation, DAY + days(50), consent=True)
    push(listings, mentor)
    foundation.do("UPDATE peer_mentors SET listing_consent = false")
    worker = uuid4()
    (hiding,) = claim(listings, mentor, worker=worker).changes
    listings.settle(worker, [(hiding, Refused("dataverse_400_0x0"))])
    functions.nightly_check(DAY + days(1))
    assert [request.mentor_id for request in functions.asked.requests] == [mentor]
    assert [change.action for change in claim(listings, mentor).changes] == [Action.HIDE]


def test_a_settlement_waits_for_nobody_and_keeps_nobody_waiting(
    database: TestDatabase, listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """A coordinator who changes one mentor never waits for a worker that waits for another's transaction."""
    here, elsewhere = (foundation.mentor(organisation, DAY + days(5), consent=True) for _ in range(2))
    worker = uuid4()
    changes = claim(listings, here, elsewhere, worker=worker).changes
    with database.connect() as app, app.transaction():
        app.execute("UPDATE peer_mentors SET phone = '1' WHERE id = %s", (elsewhere,))
        settled = listings.settle(worker, [(change, Accepted()) for change in changes])
        assert settled == SettleOutcome(locked=(elsewhere,))
        assert foundation.listing_state(here) == "live"
    rest = [(change, Accepted()) for change in changes if change.mentor_id == elsewhere]
    assert listings.settle(worker, rest).again == (elsewhere,)


def test_a_mentor_whom_a_policy_hides_is_not_taken_for_gone(
    database: TestDatabase, foundation: Foundation, organisation: UUID
) -> None:
    """I5: an owner who is subject to row level security sees an error, not an empty table."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    foundation.do("CREATE ROLE rls_owner NOLOGIN")
    try:
        foundation.do("ALTER TABLE peer_mentors ENABLE ROW LEVEL SECURITY")
        foundation.do("ALTER TABLE peer_mentors FORCE ROW LEVEL SECURITY")
        foundation.do("GRANT ALL ON ALL TABLES IN SCHEMA public, certification TO rls_owner")
        foundation.do("GRANT USAGE, CREATE ON SCHEMA public, certification TO rls_owner")
        foundation.do("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA certification TO rls_owner")
        foundation.do("ALTER FUNCTION certification.claim_listings OWNER TO rls_owner")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            foundation.do("SELECT certification.claim_listings(%s, %s, '3 minutes')", [mentor], uuid4())
        assert foundation.listing_state(mentor) == "waiting"
    finally:
        foundation.do("DROP OWNED BY rls_owner CASCADE")
        foundation.do("DROP ROLE rls_owner")


def test_an_organisation_with_flags_of_its_own_can_be_deleted(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """What we add to the app's tables refuses nothing of the app's."""
    standard = foundation.one("SELECT listing_mapping FROM certification.standard")
    flag = {"show": {"hlf_published": True}, "hide": {"hlf_published": False}}
    own_mapping(foundation, organisation, standard | flag)
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    push(listings, mentor)
    foundation.do("DELETE FROM peer_mentors")
    foundation.do("DELETE FROM organisations")
    assert [change.action for change in claim(listings, mentor).changes] == [Action.HIDE]


def test_a_mentor_of_no_organisation_is_no_obstacle(
    listings: PostgresListings, foundation: Foundation, organisation: UUID
) -> None:
    """A trigger of ours never refuses a coordinator's edit."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True)
    push(listings, mentor)
    foundation.do("ALTER TABLE peer_mentors ALTER organisation_id DROP NOT NULL")
    foundation.do("UPDATE peer_mentors SET organisation_id = NULL")
    foundation.do("INSERT INTO peer_mentors (first_name, last_name, listing_consent) VALUES ('Ola', 'Vik', true)")
    assert [change.action for change in claim(listings, mentor).changes] == [Action.HIDE]


@pytest.mark.parametrize("text", ["%1$s %% \\\\ {}", "100 %", "%s%I%L", '"Kari" \\ {"a": "b"}', "%0$s"])
def test_a_value_that_looks_like_a_template_is_none(
    listings: PostgresListings, foundation: Foundation, organisation: UUID, text: str
) -> None:
    """I5: the body is put together by a template, and what the app holds is a value in it, whatever it looks like."""
    mentor = foundation.mentor(organisation, DAY + days(5), consent=True, name=(text, text), area=text, phone=text)
    (change,) = claim(listings, mentor).changes
    body = json.loads(change.body)
    assert (body["hlf_firstname"], body["hlf_area"], body["hlf_phone"]) == (text, text, text)
    assert body["hlf_name"] == f"{text} {text}"
