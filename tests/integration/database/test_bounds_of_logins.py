"""What a login may call it may call for its own runs, claims and alerts only, and within bounds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from local.stack.database import LOGINS
from operations.commands.alerts import read_current_conditions
from operations.commands.proofs.proof import read_proof
from operations.commands.status import read_status
from tests.support.foundation import DAY, days
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

NOT_OWN = psycopg.errors.InsufficientPrivilege
RUNS = {
    "ExpiryCheck": {"expiry_check"},
    "SendNotices": {"send_notices"},
    "DynamicsSync": set(),
    "ForceSync": set(),
    "Reconciliation": {"reconciliation_sweep", "reconciliation_full"},
    "Operations": set(),
    "OperationsReader": set(),
    "BreakGlass": set(),
    "VerifyIntegration": set(),
    "MailEvents": set(),
}
EVERY_RUN = set().union(*RUNS.values())


@pytest.fixture
def as_login(database: TestDatabase) -> Iterator[Any]:
    """Connections by function of the template, each with its own login."""
    opened = {}

    def connection(function: str) -> psycopg.Connection:
        if function not in opened:
            secret = database.login(function)
            names = {"user": "username", "password": "password", "port": "port", "dbname": "dbname", "host": "host"}
            opened[function] = psycopg.connect(**{o: secret[s] for o, s in names.items()}, autocommit=True)
        return opened[function]

    yield connection
    for each in opened.values():
        each.close()


def run(login: psycopg.Connection, function: str) -> UUID:
    return there(login.execute("SELECT certification.start_run(%s, now(), 'a-request')", (function,)).fetchone())[0]


def refused(login: psycopg.Connection, statement: str, *parameters: object) -> None:
    with pytest.raises(NOT_OWN):
        login.execute(statement.encode(), parameters)


@pytest.mark.parametrize("function", [name for name in LOGINS if name != "DynamicsSync"])
def test_a_login_starts_runs_of_its_own_function_only(as_login: Any, function: Any) -> None:
    """A forged run of another function would hide that it never came."""
    login = as_login(function)
    for name in EVERY_RUN:
        if name in RUNS[function]:
            assert run(login, name)
        else:
            refused(login, "SELECT certification.start_run(%s, now(), 'x')", name)


def test_a_login_ends_its_own_runs_only(as_login: Any, foundation: Foundation) -> None:
    """Nor opens or closes a part of another's."""
    organisation = foundation.organisation()
    nightly = run(as_login("ExpiryCheck"), "expiry_check")
    sending = as_login("SendNotices")
    for statement in (
        "SELECT certification.finish_run(%s, 'succeeded', NULL)",
        "SELECT certification.start_organisation(%s, gen_random_uuid(), NULL)",
        "SELECT certification.finish_organisation(%s, gen_random_uuid(), 'succeeded', NULL)",
        "SELECT certification.complete_digests(%s, gen_random_uuid())",
        "SELECT certification.count_sending(%s, gen_random_uuid(), now())",
        "SELECT certification.claim_notice(%s, gen_random_uuid(), false, current_date)",
        "SELECT certification.settle_notice(1, %s, 'sent', NULL, 'x')",
    ):
        refused(sending, statement, nightly)
        refused(sending, statement, uuid4())
    assert foundation.all("SELECT state FROM certification.runs") == ["running"]
    as_login("ExpiryCheck").execute("SELECT certification.finish_run(%s, 'succeeded', NULL)", (nightly,))
    refused(as_login("ExpiryCheck"), "SELECT certification.expire_mentors(%s, %s, %s)", organisation, DAY, nightly)


def test_a_run_that_was_given_up_may_say_that_it_has_sent(as_login: Any, foundation: Foundation) -> None:
    """I4: what became of a mail is never lost to a rule about runs."""
    mentor = foundation.mentor(foundation.organisation(), DAY + days(7))
    sending = as_login("SendNotices")
    mine = run(sending, "send_notices")
    notice = foundation.one(
        "INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id, threshold_day,"
        " certification_expiry_date, state, sender_run_id, claimed_at, attempts, locale)"
        " SELECT %s, m.organisation_id, 'reminder', m.id, 7, %s, 'claimed', %s, now(), 1, 'nb'"
        " FROM peer_mentors AS m WHERE m.id = %s RETURNING id",
        mine,
        DAY + days(7),
        mine,
        mentor,
    )
    foundation.do("UPDATE certification.runs SET state = 'failed', reason = 'never_ended', ended_at = now()")
    said = sending.execute(
        "SELECT certification.settle_notice(%s, %s, 'sent', NULL, 'an-id')", (notice, mine)
    ).fetchone()
    assert said == ("changed",)


@pytest.mark.parametrize("function", ["reconciliation_sweep", "expiry_check", None, "ended"])
def test_a_proof_is_of_a_comparison_under_way(as_login: Any, foundation: Foundation, function: str | None) -> None:
    """No proof, acceptance or finding under another's run, an ended or an invented one."""
    login = as_login("Reconciliation")
    if function == "expiry_check":
        of = run(as_login("ExpiryCheck"), "expiry_check")
    elif function is None:
        of = uuid4()
    else:
        of = run(login, "reconciliation_full" if function == "ended" else function)
        if function == "ended":
            login.execute("SELECT certification.finish_run(%s, 'succeeded', NULL)", (of,))
    refused(
        login,
        "SELECT certification.write_proof(%s, now(), NULL, 9, 9, 9, 'h', 'h', '{}', '{}')",
        of,
    )
    refused(login, "SELECT certification.record_acceptance(%s, 'turid.vik', 'seen')", of)
    if function != "reconciliation_sweep":
        refused(login, "SELECT certification.find_duplicates(%s)", of)
        refused(login, "SELECT certification.record_findings(%s, gen_random_uuid(), NULL)", of)
        refused(login, "SELECT certification.request_repairs(%s, gen_random_uuid(), true)", of)
    assert foundation.all("SELECT 1 FROM certification.proofs UNION ALL SELECT 1 FROM certification.audit") == []


def test_the_audit_keeps_who_it_was_beside_who_was_named(as_login: Any, foundation: Foundation) -> None:
    """The actor as stated and the login, whatever writes it."""
    login = as_login("Reconciliation")
    of = run(login, "reconciliation_full")
    login.execute("SELECT certification.record_acceptance(%s, 'turid.vik', 'seen')", (of,))
    foundation.do(
        "INSERT INTO certification.audit (action, actor, reason) VALUES ('something_later', 'Åse Lie', 'because')"
    )
    assert foundation.all("SELECT actor, login FROM certification.audit ORDER BY id") == [
        ("turid.vik", "local_certification_reconciliation"),
        ("Åse Lie", foundation.one("SELECT session_user::text")),
    ]


@pytest.mark.parametrize(
    "actor", ["", "   ", "x" * 201, "turid\nvik", "turid\x07", "\u202eturid", "turid\u200b", "\x1b[31mturid"]
)
def test_an_actor_is_a_name_on_one_line(as_login: Any, foundation: Foundation, actor: str) -> None:
    """Bounded in length and characters, for every action that is audited."""
    login = as_login("Reconciliation")
    of = run(login, "reconciliation_full")
    with pytest.raises(psycopg.errors.CheckViolation):
        login.execute("SELECT certification.record_acceptance(%s, %s, 'seen')", (of, actor))
    foundation.do(
        "INSERT INTO certification.duplicates (kind, mentor_id, detail, n, found_in)"
        " VALUES ('reminder', gen_random_uuid(), '30', 2, gen_random_uuid())"
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        foundation.do("SELECT certification.review_duplicates('reminder', NULL, %s, 'seen')", actor)


@pytest.mark.parametrize("request_id", ["x" * 5000, "a\nb", "Kari Nordmann Ågot <kari>", "\x1b[2J"])
def test_a_request_id_is_bounded_and_never_stops_a_run(as_login: Any, foundation: Foundation, request_id: str) -> None:
    """What it must not hold becomes a question mark; a nightly check is not lost to it."""
    login = as_login("ExpiryCheck")
    login.execute("SELECT certification.start_run('expiry_check', now(), %s)", (request_id,))
    kept = foundation.one("SELECT request_id FROM certification.runs")
    assert len(kept) <= 200
    assert kept.isascii()
    assert kept.isprintable()


@pytest.mark.parametrize(
    ("seconds", "closed"),
    [("978307200", 3600), ("Infinity", 3600), ("NaN", 3600), ("3601", 3600), ("30", 30), ("-5", 0), ("-Infinity", 0)],
)
def test_the_website_is_closed_for_an_hour_at_most(
    as_login: Any, foundation: Foundation, seconds: str, closed: int
) -> None:
    """I9: a window longer than an hour is tried again after an hour."""
    for function in ("DynamicsSync", "ExpiryCheck", "Reconciliation"):
        foundation.do("UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL")
        as_login(function).execute("SELECT certification.block_website_for(%s::float8, 'x')", (seconds,))
        assert closed - 5 <= foundation.one("SELECT certification.backoff_seconds_left()") <= closed


def test_a_shorter_window_does_not_end_a_longer_one(as_login: Any, foundation: Foundation) -> None:
    """I9: whatever another worker is told."""
    login = as_login("DynamicsSync")
    for seconds in (600, 1, -600):
        login.execute("SELECT certification.block_website_for(%s, 'x')", (seconds,))
    assert foundation.one("SELECT certification.backoff_seconds_left()") > 590


def test_an_alert_is_marked_sent_by_the_login_that_claimed_it(as_login: Any, foundation: Foundation) -> None:
    """Any login could write any alert down as sent, so that nobody heard of it."""
    foundation.do("UPDATE certification.sync_state SET stopped_since = now(), stopped_reason = 'entra_7000222'")
    sync, sending = as_login("DynamicsSync"), as_login("SendNotices")
    sync.execute("SELECT certification.record_alerts()")
    reported = "SELECT count(sent_at) FROM certification.alerts WHERE condition = 'website_refuses_us'"
    identity = foundation.one("SELECT id FROM certification.alerts WHERE condition = 'website_refuses_us'")
    sync.execute("SELECT certification.mark_alert_sent(%s, 'opened', '')", (identity,))
    assert foundation.one(reported) == 0  # nobody has claimed it
    claimed = sync.execute("SELECT id, kind, mark FROM certification.claim_unsent_alerts()").fetchall()
    assert (identity, "opened", "") in claimed
    sending.execute("SELECT certification.mark_alert_sent(%s, 'opened', '')", (identity,))
    sync.execute("SELECT certification.mark_alert_sent(%s, 'closed', '')", (identity,))
    sync.execute("SELECT certification.mark_alert_sent(%s, 'opened', 'another mark')", (identity,))
    assert foundation.one(reported) == 0
    sync.execute("SELECT certification.mark_alert_sent(%s, 'opened', '')", (identity,))
    assert foundation.one(reported) == 1


def test_whoever_claims_it_next_reports_it(as_login: Any, foundation: Foundation) -> None:
    """A run that was cut off while telling is no reason for silence, and its late word changes nothing."""
    foundation.do("UPDATE certification.sync_state SET stopped_since = now(), stopped_reason = 'entra_7000222'")
    sync, sending = as_login("DynamicsSync"), as_login("SendNotices")
    sync.execute("SELECT certification.record_alerts()")
    sync.execute("SELECT certification.claim_unsent_alerts()")
    foundation.do("UPDATE certification.alerts SET sending_until = now() - interval '1 second'")
    (identity, *_), *_ = sending.execute("SELECT id, kind FROM certification.claim_unsent_alerts()").fetchall()
    reported = "SELECT count(sent_at) FROM certification.alerts WHERE id = %s"
    sync.execute("SELECT certification.mark_alert_sent(%s, 'opened', '')", (identity,))
    assert foundation.one(reported, identity) == 0
    sending.execute("SELECT certification.mark_alert_sent(%s, 'opened', '')", (identity,))
    assert foundation.one(reported, identity) == 1


UNREADABLE = ["infinity", "-infinity", "0044-03-15 BC", "0001-01-01", "20000-01-01"]


@pytest.mark.parametrize("ends_on", UNREADABLE)
def test_an_impossible_end_of_a_secret_stops_no_alert(as_login: Any, foundation: Foundation, ends_on: Any) -> None:
    """One value from one login made every run's alerts fail."""
    as_login("ExpiryCheck").execute("SELECT certification.record_check(NULL, false, %s::date, NULL)", (ends_on,))
    conditions = {alert.condition for alert in read_current_conditions(foundation.connection)}
    assert "secret_without_end_date" in conditions
    assert read_status(foundation.connection).website.secret_ends_on is None


@pytest.mark.parametrize("at", UNREADABLE)
def test_a_time_that_nobody_can_read_stops_no_reader(as_login: Any, foundation: Foundation, at: Any) -> None:
    """Its brothers: `status`, `proof` and `alerts` ended in a traceback for ever."""
    for function, names in RUNS.items():
        for name in names:
            login = as_login(function)
            of = login.execute("SELECT certification.start_run(%s, %s, 'x')", (name, at)).fetchone()[0]
            if name == "reconciliation_full":
                login.execute("SELECT certification.write_proof(%s, %s, NULL, 9, 9, 9, 'h', 'h', '{}', '{}')", (of, at))
            login.execute("SELECT certification.finish_run(%s, 'failed', 'x')", (of,))
    assert read_status(foundation.connection).proof is not None
    assert read_proof(foundation.connection) is not None
    assert read_current_conditions(foundation.connection) != ()


def test_a_proof_is_not_of_the_future(as_login: Any, foundation: Foundation) -> None:
    """It would be the newest whatever every later comparison saw."""
    login = as_login("Reconciliation")
    for days_ahead, equal in ((4000, 9), (0, 8)):
        of = run(login, "reconciliation_full")
        login.execute(
            "SELECT certification.write_proof(%s, now() + %s, NULL, 9, 9, %s, 'h', 'h', '{}', '{}')",
            (of, days(days_ahead), equal),
        )
    assert foundation.one("SELECT p.equal FROM certification.proofs AS p ORDER BY p.at DESC LIMIT 1") == 8


def test_a_lease_ends_within_a_quarter_of_an_hour(as_login: Any, foundation: Foundation) -> None:
    """A claim for years would keep a mentor from the website for years."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentor = foundation.mentor(organisation, DAY + days(100), consent=True)
    as_login("DynamicsSync").execute(
        "SELECT certification.claim_listings(%s, %s, interval '31 years')", ([mentor], uuid4())
    )
    left = foundation.one("SELECT claimed_until - clock_timestamp() FROM certification.listings")
    assert timedelta(0) < left <= timedelta(minutes=15)


def test_only_the_worker_that_claimed_settles(as_login: Any, foundation: Foundation) -> None:
    """Another worker's claim, or none, is left alone."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentor = foundation.mentor(organisation, DAY + days(100), consent=True)
    login = as_login("DynamicsSync")
    settle = "SELECT certification.settle_listings(%s, %s, '{accepted}', '{NULL}', '{false}')"
    login.execute(settle.encode(), (uuid4(), [mentor]))
    login.execute("SELECT certification.claim_listings(%s, %s, interval '1 minute')", ([mentor], uuid4()))
    login.execute(settle.encode(), (uuid4(), [mentor]))
    assert foundation.listing_state(mentor) == "sending"


def test_queues_are_a_handful(as_login: Any, foundation: Foundation) -> None:
    """What a login may write down it may not write without end."""
    login = as_login("Reconciliation")
    for number in range(60):
        login.execute("SELECT certification.record_queue_depth(%s, 1)", (f"Queue{number}" + "x" * 200,))
    assert foundation.one("SELECT count(*) FROM certification.queue_depths") == 50
    assert foundation.one("SELECT max(length(queue)) FROM certification.queue_depths") <= 80
