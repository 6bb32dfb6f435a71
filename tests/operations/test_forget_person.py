"""forget-person at a terminal and in a script: what it asks, what it refuses, and what Dynamics refuses it."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.support.foundation import DAY, days
from tests.support.syncs import SECOND_TABLE, TABLE
from tests.support.terminal import session

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.operator import Operator
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import EmulatedWebsite, SyncWorker

ACT = ("--actor", "turid.vik", "--reason", "asked to be erased")
NOW = ("--yes", "--wait", "0")
LATER = DAY + days(300)


@pytest.fixture
def moss(foundation: Foundation) -> UUID:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


@pytest.fixture
def kari(foundation: Foundation, moss: UUID, worker: SyncWorker) -> UUID:
    """A mentor whom the website has shown, and who is inactive in the app."""
    mentor = foundation.mentor(moss, LATER, consent=True, phone="400 00 000", area="Moss")
    worker.sync(mentor)
    foundation.set_status(mentor, "inactive")
    worker.sync(mentor)
    return mentor


def forget(operator: Operator, person: object, *options: str, expect: int = 0) -> str:
    return " ".join(operator.run("forget-person", str(person), *options, expect=expect).split())


def left(foundation: Foundation, person: UUID) -> dict[str, int]:
    return dict(foundation.all("SELECT relation, n FROM certification.rows_of_person(%s, false) WHERE n > 0", person))


def values(site: EmulatedWebsite, mentor: UUID, table: str = TABLE) -> set[str]:
    """The columns of the mentor's row that hold a value, without keys and flags."""
    [row] = [one for one in site.rows(table) if one["hlf_mentorid"] == str(mentor)]
    named = {name for name, value in row.items() if name.startswith("hlf_") and value is not None}
    return named - {"hlf_mentorid", "hlf_peermentorid", "hlf_likepersonid", "hlf_published"}


def test_an_inactive_mentor_leaves_a_bare_row(
    operator: Operator,
    foundation: Foundation,
    kari: UUID,
    worker: SyncWorker,
    site: EmulatedWebsite,
    reconciler: Reconciler,
) -> None:
    """The app may keep the mentor as inactive. The sweep makes no new listing then, because a bare one stays."""
    assert values(site, kari) >= {"hlf_name", "hlf_phone"}
    assert "Run this again in ten minutes" in forget(operator, kari, *ACT, *NOW, expect=3)
    worker.sync(kari)
    assert values(site, kari) == set()
    said = forget(operator, kari, *ACT, *NOW)
    assert "Forgotten: mentor" in said
    assert "because the app still has the mentor as inactive" in said
    assert left(foundation, kari) == {"listings": 1}
    listing = foundation.listing(kari)
    assert (listing["website"], listing["written"], listing["row_version"], listing["state"]) == (
        *(None, {}, None),
        "hidden",
    )
    reconciler.sweep()
    reconciler.full()
    assert reconciler.queue.taken() == []
    assert left(foundation, kari) == {"listings": 1}
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", kari)
    worker.sync(kari)
    assert "Forgotten: mentor" in forget(operator, kari, *ACT, *NOW)
    assert left(foundation, kari) == {}
    assert foundation.all("SELECT action, actor, reason FROM certification.audit ORDER BY id") == [
        ("request_forgetting", "turid.vik", "asked to be erased"),
        ("forget_person", "turid.vik", "asked to be erased"),
        ("forget_person", "turid.vik", "asked to be erased"),
    ]


def test_a_mentor_who_was_never_listed_needs_no_dynamics(
    operator: Operator, foundation: Foundation, moss: UUID, site: EmulatedWebsite
) -> None:
    """No request of ours ever named that mentor, so there is no row."""
    mentor = foundation.mentor(moss, LATER)
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", mentor)
    site.revoke_secret()
    said = forget(operator, mentor, *ACT, *NOW)
    assert "hidden and emptied row in Dynamics" not in said
    assert left(foundation, mentor) == {}


@pytest.mark.parametrize("status", ["active", "paused", "certification_expired"])
def test_a_mentor_whom_the_app_still_uses_is_refused(
    operator: Operator, foundation: Foundation, moss: UUID, worker: SyncWorker, site: EmulatedWebsite, status: str
) -> None:
    """Whoever may become active again would come back with the next check; the sentence says what to do first."""
    mentor = foundation.mentor(moss, LATER, consent=True)
    worker.sync(mentor)
    foundation.set_status(mentor, status)
    worker.sync(mentor)
    before, written = left(foundation, mentor), len(site.writes())
    said = forget(operator, mentor, *ACT, *NOW, expect=1)
    assert f"the app still has this mentor as {status}" in said
    assert "set the status to inactive there, and run this again" in said
    assert "the app still has this mentor" in forget(operator, mentor, "--dry-run", expect=1)
    worker.sync(mentor)
    assert (left(foundation, mentor), len(site.writes())) == (before, written)
    assert foundation.one("SELECT count(*) FROM certification.audit") == 0
    # Also past the command.
    for call in ("request_forgetting", "forget_person"):
        assert "in_use" in str(foundation.one(f"SELECT (certification.{call}(%s, 'turid', 'so'))::text", mentor))


def while_syncing(operator: Operator, person: UUID, worker: SyncWorker, *, expect: int) -> str:
    """Run the command as at night, beside a sync that takes up what it requests."""
    with ThreadPoolExecutor(1) as beside:
        words = ("forget-person", str(person), *ACT, "--yes", "--wait", "30", *operator.options)
        typed = beside.submit(operator.screen, 200, *words, expect=expect)
        while not typed.done():
            worker.sync(person)
            time.sleep(0.1)
        return " ".join(typed.result().split())


def test_what_dynamics_keeps_is_named_and_deleted_manually(
    operator: Operator, foundation: Foundation, kari: UUID, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """Emptying is refused: nothing is forgotten here before HLF IT has deleted the row that the sentence names."""
    site.fail_next(None, status=400, where="operation", method="PATCH", contains="hlf_phone")
    said = while_syncing(operator, kari, worker, expect=1)
    assert "Dynamics hid the row and kept values in it" in said
    assert f"delete the row of {TABLE} whose hlf_mentorid is {kari} ({TABLE}: hlf_area, hlf_email" in said
    assert left(foundation, kari)["listings"] == 1
    site.delete(str(kari))
    site.clear_faults()
    said = while_syncing(operator, kari, worker, expect=0)
    assert "Forgotten: mentor" in said
    assert left(foundation, kari) == {"listings": 1}  # bare: the app has the mentor as inactive


def test_a_row_that_dynamics_refuses_to_change_is_named(
    operator: Operator, foundation: Foundation, kari: UUID, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """The refusal stands in the sentence. Once the cause is gone, the same command goes on."""
    site.fail_next(None, status=400, where="operation", method="PATCH")
    said = while_syncing(operator, kari, worker, expect=1)
    assert "Dynamics refused to hide and empty the row" in said
    assert "so nothing was removed here" in said
    site.clear_faults()
    assert "Forgotten: mentor" in while_syncing(operator, kari, worker, expect=0)
    assert values(site, kari) == set()


def test_a_row_in_an_earlier_table_is_emptied_too(
    operator: Operator, foundation: Foundation, moss: UUID, kari: UUID, worker: SyncWorker, site: EmulatedWebsite
) -> None:
    """The mapping was moved while the mentor was hidden: both tables have been written, both are emptied."""
    mapping = foundation.one("SELECT certification.effective_mapping(%s)", moss) | {"table": SECOND_TABLE}
    foundation.do("SELECT certification.remember_places()")
    foundation.do(
        "INSERT INTO certification.organisation_settings (organisation_id, listing_mapping) VALUES (%s, %s)"
        " ON CONFLICT (organisation_id) DO UPDATE SET listing_mapping = excluded.listing_mapping",
        moss,
        json.dumps(mapping),
    )
    foundation.set_status(kari, "active")
    worker.sync(kari)
    foundation.set_status(kari, "inactive")
    worker.sync(kari)
    assert values(site, kari) >= {"hlf_name"}
    assert values(site, kari, SECOND_TABLE) >= {"hlf_name"}
    for _ in range(2):
        forget(operator, kari, *ACT, *NOW, expect=3)
        worker.sync(kari)
    assert "Forgotten" in forget(operator, kari, *ACT, *NOW)
    assert (values(site, kari), values(site, kari, SECOND_TABLE)) == (set(), set())


def test_a_row_that_was_shown_again_by_hand_is_not_overlooked(
    operator: Operator,
    foundation: Foundation,
    kari: UUID,
    worker: SyncWorker,
    site: EmulatedWebsite,
    reconciler: Reconciler,
) -> None:
    """I14: what visitors may see is found by a comparison, and the person is not forgotten before it is gone."""
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", kari)
    worker.sync(kari)
    forget(operator, kari, *ACT, *NOW, expect=3)
    worker.sync(kari)
    forget(operator, kari, *ACT, *NOW)
    site.edit(str(kari), {"statecode": 0, "statuscode": 1, "hlf_name": "Kari Sæther"})
    reconciler.full()
    said = forget(operator, kari, *ACT, *NOW, expect=1)
    assert "visitors may see a row of this mentor" in said
    assert f"Have HLF IT delete the row of {TABLE} whose hlf_mentorid is {kari}" in said
    site.delete(str(kari))
    reconciler.full()
    assert "Forgotten: mentor" in forget(operator, kari, *ACT, *NOW)
    assert left(foundation, kari) == {}


def test_the_apps_log_does_not_bring_a_person_back(
    operator: Operator, foundation: Foundation, moss: UUID, reconciler: Reconciler
) -> None:
    """The app may keep its status log: what it has twice of a forgotten mentor is not recorded here again."""
    mentor, other = foundation.mentor(moss, LATER), foundation.mentor(moss, LATER)
    foundation.do("DELETE FROM peer_mentors")
    for person in (mentor, mentor, other, other):
        foundation.do(
            "INSERT INTO mentor_status_log (mentor_id, from_status, to_status, reason, actor,"
            " certification_expiry_date)"
            " VALUES (%s, 'active', 'certification_expired', 'certification_expired', 'system:expiry_check', %s)",
            person,
            DAY,
        )
    reconciler.full()
    assert foundation.one("SELECT count(*) FROM certification.duplicates") == 2
    forget(operator, mentor, *ACT, *NOW)
    reconciler.full()
    assert foundation.all("SELECT mentor_id FROM certification.duplicates") == [other]
    assert left(foundation, mentor) == {}


def test_a_message_on_its_way_is_waited_for(operator: Operator, foundation: Foundation, moss: UUID) -> None:
    """I4: what is being sent is settled first; a claim that is stuck is not waited for."""
    mentor = foundation.mentor(moss, LATER)
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", mentor)
    foundation.do(
        "INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id, certification_expiry_date, state,"
        " sender_run_id, claimed_at) VALUES (gen_random_uuid(), %s, 'expired', %s, %s, 'claimed', gen_random_uuid(),"
        " now())",
        moss,
        mentor,
        LATER,
    )
    assert "is being sent just now" in forget(operator, mentor, *ACT, *NOW, expect=3)
    foundation.do("UPDATE certification.notices SET claimed_at = now() - interval '31 minutes'")
    assert "Forgotten" in forget(operator, mentor, *ACT, *NOW)
    assert left(foundation, mentor) == {}


def test_a_coordinator_without_mentors_may_stay_in_the_app(
    operator: Operator, foundation: Foundation, moss: UUID
) -> None:
    """Nothing is written of a coordinator who has no mentor."""
    coordinator = foundation.coordinator(moss)
    foundation.do(
        "INSERT INTO certification.notices (run_id, organisation_id, kind, coordinator_id)"
        " VALUES (gen_random_uuid(), %s, 'digest', %s)",
        moss,
        coordinator,
    )
    assert "Forgotten: coordinator" in forget(operator, coordinator, *ACT, *NOW)
    assert left(foundation, coordinator) == {}


@pytest.mark.parametrize(
    ("typed", "said", "expect"),
    [("{start}", "Glemt: likeperson", 0), ("ja", "that is not the beginning of the id: nothing was done", 1)],
)
def test_it_asks_for_the_beginning_of_the_id(
    operator: Operator, foundation: Foundation, moss: UUID, typed: str, said: str, expect: int
) -> None:
    """At a terminal, in the operator's language, after showing what goes. Another answer does nothing."""
    mentor = foundation.mentor(moss, LATER)
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", mentor)
    command = [sys.executable, "-m", "operations", "forget-person", str(mentor), *ACT, *operator.options]
    with session([*command, "--language", "nb"], dict(operator.environment) | {"NO_COLOR": "1"}) as at:
        shown = at.read("for å fortsette")
        assert "Dette kan ikke angres" in shown
        assert "Dette ville bli slettet her:" in shown
        assert "certification.listings: 1 rad" in shown
        at.type(typed.format(start=str(mentor)[:8]).encode() + b"\n")
        assert said in " ".join(at.read().split())
    assert at.process.wait(10) == expect
    assert (left(foundation, mentor) == {}) == (expect == 0)


def test_without_a_terminal_it_asks_nobody(operator: Operator, foundation: Foundation, moss: UUID) -> None:
    """A script says --yes."""
    mentor = foundation.mentor(moss, LATER)
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", mentor)
    assert "nobody is here to confirm" in forget(operator, mentor, *ACT, expect=2)
    assert left(foundation, mentor) != {}


def test_what_is_not_understood_or_not_known(operator: Operator) -> None:
    forget(operator, "not-an-id", "--dry-run", expect=2)
    assert "--actor is empty" in forget(operator, uuid4(), "--yes", expect=2)
    assert "nothing here names" in forget(operator, uuid4(), *ACT, *NOW, expect=1)
    assert "nothing here names" in forget(operator, uuid4(), "--dry-run", expect=1)
