"""What is deleted by itself, and what never is: no deletion lets a later night remind or expire anybody twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from shared.domain.keeping import DELETED
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions

LONG = 5000


def run(foundation: Foundation, function: str, ago: int, **columns: object) -> UUID:
    names = {"state": "succeeded", **columns}
    made: UUID = foundation.one(
        "INSERT INTO certification.runs (function, scheduled_at, request_id, started_at, ended_at, state, undone_at)"
        " VALUES (%s, now(), 'r', now() - %s * interval '1 day', now(), %s, %s) RETURNING id",
        function,
        ago,
        names["state"],
        names.get("undone_at"),
    )
    return made


def delete(foundation: Foundation, most: int = 1000) -> dict[str, int]:
    """What one night deletes; the kinds without any are left out."""
    of = foundation.one(
        "INSERT INTO certification.runs (function, scheduled_at, request_id) VALUES ('reconciliation_full', now(), 'r')"
        " RETURNING id"
    )
    rows = foundation.all("SELECT measure, n FROM certification.delete_old_records(%s, %s)", of, most)
    assert [measure for measure, _ in rows] == list(DELETED)
    return {measure.removeprefix("deleted_"): n for measure, n in rows if n}


def would(foundation: Foundation) -> dict[str, int]:
    return dict(foundation.all("SELECT name, goes FROM certification.retention() WHERE goes > 0"))


def age(foundation: Foundation, ago: int = LONG) -> None:
    """So many days pass for everything that is settled."""
    for statement in (
        "UPDATE certification.runs SET started_at = started_at - %s * interval '1 day'",
        "UPDATE certification.notices SET settled_at = settled_at - %s * interval '1 day'",
        "UPDATE certification.cert_expiry_reminders SET as_of = as_of - %s",
        "UPDATE certification.transitions SET as_of = as_of - %s",
        "UPDATE certification.listings SET changed_at = changed_at - %s * interval '1 day'",
    ):
        foundation.past_triggers(statement, ago)


def test_nobody_is_reminded_or_expired_twice_after_it(foundation: Foundation, functions: Functions) -> None:
    """I1, I3: years later everything old is deleted, and a night that reads every mentor again does nothing anew.

    Also where a mentor's status was put back meanwhile, and where a run was undone.
    """
    organisation = foundation.organisation()
    mentors = [foundation.mentor(organisation, DAY + days(left)) for left in (40, 20, 10, 5, -1, -30)]
    first = functions.nightly_check(DAY)
    foundation.do("UPDATE certification.notices SET state = 'sent', settled_at = now(), message_id = 'm'")
    foundation.do("UPDATE peer_mentors SET status = 'active' WHERE id = %s", mentors[-1])
    age(foundation)
    before = foundation.everything()
    delete(foundation)
    foundation.do("DELETE FROM certification.progress")
    functions.nightly_check(DAY)
    after = foundation.everything()
    assert after["reminders"] == before["reminders"]
    assert foundation.all("SELECT DISTINCT state FROM certification.notices WHERE kind <> 'digest'") == ["sent"]
    assert foundation.one("SELECT status FROM peer_mentors WHERE id = %s", mentors[-1]) == "active"
    assert first.run_id is not None


def test_an_undone_expiry_is_notified_of_once(foundation: Foundation, functions: Functions) -> None:
    """I3: after an undo the notice that was sent is all that prevents another, so it stays for good."""
    organisation = foundation.organisation()
    mentor = foundation.mentor(organisation, DAY - days(1))
    of = functions.nightly_check(DAY).run_id
    foundation.do("UPDATE certification.notices SET state = 'sent', settled_at = now(), message_id = 'm'")
    foundation.do("SELECT certification.undo_run(%s, 'turid', 'wrong day')", of)
    age(foundation)
    foundation.do("UPDATE certifications SET expires_on = %s", DAY + days(300))
    delete(foundation)
    foundation.do("UPDATE certifications SET expires_on = %s", DAY - days(1))
    functions.nightly_check(DAY + days(1))
    assert foundation.one("SELECT status FROM peer_mentors WHERE id = %s", mentor) == "certification_expired"
    states = "SELECT state FROM certification.notices WHERE mentor_id = %s AND kind = 'expired'"
    assert foundation.all(states, mentor) == ["sent"]


def test_what_the_app_has_no_more_is_deleted(foundation: Foundation, functions: Functions) -> None:
    """And only when it is old: the ids of a mentor who is gone name nobody, and serve nobody."""
    organisation = foundation.organisation()
    gone, there = foundation.mentor(organisation, DAY - days(1)), foundation.mentor(organisation, DAY - days(1))
    functions.nightly_check(DAY)
    foundation.do("UPDATE certification.notices SET state = 'sent', settled_at = now(), message_id = 'm'")
    foundation.do("DELETE FROM certifications WHERE mentor_id = %s", gone)
    foundation.do("DELETE FROM peer_mentors WHERE id = %s", gone)
    assert would(foundation) == delete(foundation) == {}
    age(foundation)
    foundation.do("UPDATE certification.listings SET changed_at = now()")  # gone for a moment, as in a load of the app
    assert "transitions" not in would(foundation)
    foundation.do("UPDATE certification.listings SET changed_at = changed_at - interval '9 years'")
    assert delete(foundation)["transitions"] == 1
    for table in ("cert_expiry_reminders", "transitions", "notices"):
        kept = foundation.all(f"SELECT DISTINCT mentor_id FROM certification.{table} WHERE mentor_id IS NOT NULL")
        assert kept == [there]


def test_runs_are_kept_that_are_needed(foundation: Foundation) -> None:
    """The last of each function, those of a proof, undone ones, and one that is under way."""
    for function, ago in (("expiry_check", 401), ("expiry_check", 402), ("expiry_check", 399), ("send_notices", LONG)):
        run(foundation, function, ago)
    run(foundation, "expiry_check", 500, undone_at=DAY)
    proven = run(foundation, "reconciliation_full", 500)
    foundation.do(
        "INSERT INTO certification.proofs (run_id, at, complete, reason) VALUES (%s, now(), false, 'x')", proven
    )
    for ago in (13, 15, 16):
        run(foundation, "reconciliation_sweep", ago)
    assert would(foundation) == {"runs": 2, "sweeps": 2}
    assert delete(foundation) == {"runs": 2, "sweeps": 2}
    assert foundation.one("SELECT count(*) FROM certification.proofs") == 1
    assert delete(foundation) == {}


def test_what_is_open_or_untold_is_kept(foundation: Foundation) -> None:
    """I17: findings, alerts and brakes that are open, and an undeliverable notice of which no coordinator has heard."""
    organisation, mentor = foundation.organisation(), uuid4()
    for closed in ("NULL", "now() - interval '401 days'", "now() - interval '399 days'"):
        outcome = "'superseded', gen_random_uuid()" if closed != "NULL" else "NULL, NULL"
        foundation.do(
            "INSERT INTO certification.findings (class, cause, website_table, opened_in, seen_in, mentor_id, closed_at,"
            " outcome, closed_in) VALUES ('missing', 'waiting', 't', gen_random_uuid(), gen_random_uuid(), %s,"
            f" {closed}, {outcome})",
            mentor,
        )
        foundation.do(
            "INSERT INTO certification.brakes (organisation_id, kind, run_id, last_run_id, n, of_n, closed_at)"
            f" VALUES (%s, 'expiry', gen_random_uuid(), gen_random_uuid(), 1, 1, {closed})",
            organisation,
        )
        foundation.do(
            "INSERT INTO certification.alerts (condition, since, n, closed_at, closing_sent_at, sent_at, sent_mark)"
            f" VALUES ('brake', now(), 1, {closed}, {closed}, now(), '')"
        )
    for number, (state, reported) in enumerate((("undeliverable", None), ("undeliverable", 77), ("pending", None))):
        foundation.do(
            "INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id, certification_expiry_date,"
            " state, settled_at, reported_in) VALUES (gen_random_uuid(), %s, 'expired', %s, %s, %s,"
            " CASE WHEN %s <> 'pending' THEN now() - interval '401 days' END, %s)",
            *(organisation, mentor, DAY - days(LONG + number), state, state, reported),
        )
    assert would(foundation) == {"findings": 1, "brakes": 1, "alerts": 1, "notices": 1}
    assert delete(foundation) == {"findings": 1, "brakes": 1, "alerts": 1, "notices": 1}


def test_records_go_after_their_years(foundation: Foundation) -> None:
    """By the same condition as the trigger lets them go."""
    foundation.do(
        "INSERT INTO certification.audit (action, actor, reason, at) SELECT 'x', 'x', 'x', now() - n * interval '1 day'"
        " FROM unnest('{3652,3654,4000}'::integer[]) AS n"
    )
    assert delete(foundation) == {"audit": 2}
    foundation.do("UPDATE certification.standard SET keep_audit_days = 1827")
    assert delete(foundation) == {"audit": 1}


def test_lines_of_a_journal_go_with_the_audit_that_they_made(foundation: Foundation) -> None:
    """As long as the audit has them, a journal that is imported again adds nothing to it."""
    foundation.do(
        "INSERT INTO certification.break_glass_journals (journal_id, line, mentor_id, outcome, at, imported_at)"
        " SELECT gen_random_uuid(), 1, gen_random_uuid(), 'hidden', now() - interval '20 years',"
        " now() - n * interval '1 day' FROM unnest('{3652,3654}'::integer[]) AS n"
    )
    assert would(foundation) == {"journals": 1}
    assert delete(foundation) == {"journals": 1}
    assert foundation.one("SELECT count(*) FROM certification.break_glass_journals") == 1


def rotated(foundation: Foundation, state: str, ago: int) -> None:
    foundation.do(
        "INSERT INTO certification.credential_rotations (id, state, form, previous_version, actor, reason, started_at,"
        " changed_at) VALUES (gen_random_uuid(), %s, 'secret', 'v', 'Kari', 'why', now() - %s * interval '1 day',"
        " now() - %s * interval '1 day')",
        *(state, ago, ago),
    )


@pytest.mark.parametrize("open_one", ["begun", "pending", "current"])
def test_the_latest_rotation_and_an_open_one_are_kept(foundation: Foundation, open_one: str) -> None:
    """I10: --undo returns to the former version by the latest one, and whoever goes on finds the one under way."""
    for state, ago in (("done", 4002), ("undone", 4001), ("given_up", 4000), (open_one, 3999), ("done", 3998)):
        rotated(foundation, state, ago)
    assert would(foundation) == {"rotations": 3}
    assert delete(foundation) == {"rotations": 3}
    states = "SELECT state FROM certification.credential_rotations ORDER BY started_at"
    assert foundation.all(states) == [open_one, "done"]
    rotated(foundation, "given_up", 3652)  # the latest now, and young
    assert delete(foundation) == {"rotations": 1}
    assert foundation.all(states) == [open_one, "given_up"]


def test_a_night_deletes_no_more_than_its_share(foundation: Foundation) -> None:
    """In batches; what another transaction holds is left to the next night, and nothing waits."""
    for _ in range(5):
        run(foundation, "reconciliation_sweep", 20)
    assert [delete(foundation, 2)["sweeps"] for _ in range(2)] == [2, 2]
    assert would(foundation) == {"sweeps": 1}


def test_a_setting_changes_what_goes(foundation: Foundation) -> None:
    """The dry run says what a shorter period would delete, before it is one."""
    run(foundation, "reconciliation_sweep", 10)
    found: Any = foundation.all(
        "SELECT days, goes, stays FROM certification.retention('{\"keep_sweeps_days\": 7}') WHERE name = 'sweeps'"
    )
    assert found == [(7, 1, 0)]
    assert would(foundation) == {}


def test_a_mail_that_did_not_arrive_is_kept_until_reported(foundation: Foundation) -> None:
    """I17: or until nobody could report it: the mentor is gone, or the date is past the period. Its events go too."""
    organisation = foundation.organisation()
    for number, (arrival, reported, date_of, in_app) in enumerate(
        (
            ("bounced", None, -1, True),
            ("bounced", 77, -1, True),
            ("bounced", None, LONG, True),
            ("bounced", None, -1, False),
            ("complained", None, -1, True),
            ("complained", None, LONG, True),
            ("complained", None, -1, False),
            ("delivered", None, -1, True),
            ("unknown", None, -1, True),
            (None, None, -1, True),
        )
    ):
        mentor = foundation.mentor(organisation, DAY + days(900)) if in_app else uuid4()
        foundation.do(
            "WITH n AS (INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id,"
            " certification_expiry_date, state, settled_at, message_id, reported_in, arrival, arrival_at)"
            " VALUES (gen_random_uuid(), %s, 'expired', %s, current_date - %s, 'sent', now() - interval '401 days',"
            " 'm', %s, %s, CASE WHEN %s::text IS NOT NULL THEN now() END) RETURNING id)"
            " INSERT INTO certification.mail_events (event_key, notice_id, kind, message_id, occurred_at, applied_at)"
            " SELECT 'k' || n.id, n.id, 'delay', 'm', now(), now() FROM n",
            *(organisation, mentor, date_of + number, reported, arrival, arrival),
        )
    assert would(foundation) == delete(foundation) == {"notices": 8}
    left = "SELECT n.arrival FROM certification.mail_events AS e JOIN certification.notices AS n ON n.id = e.notice_id"
    assert sorted(foundation.all(left)) == ["bounced", "complained"]
    assert foundation.one("SELECT count(*) FROM certification.mail_events") == 2


@pytest.mark.parametrize("name", DELETED)
def test_each_kind_has_a_rule(foundation: Foundation, name: str) -> None:
    """Every count of the run is one, and every period a setting of the standard."""
    setting = foundation.one(
        "SELECT r.setting FROM certification.retention_rules() AS r WHERE 'deleted_' || r.name = %s", name
    )
    assert foundation.one("SELECT certification.stored_settings(NULL) ? %s", setting)
