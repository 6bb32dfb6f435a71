"""Alerts: every condition is raised by causing it and closed by curing it; each is told once, daily, and at its end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from local.stack.database import ROLES
from shared.adapters.postgres.alerts import PostgresAlerts
from shared.adapters.postgres.connection import connect
from shared.domain.alerts import Condition
from shared.use_cases.publish_alerts import publish_alerts
from tests.support.fakes.alerts import FakeAlertPublisher
from tests.support.fakes.report import FakeReport
from tests.support.foundation import DAY, days
from tests.support.mail_outbox import MailOutbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions


@pytest.fixture
def operations() -> FakeAlertPublisher:
    return FakeAlertPublisher()


@pytest.fixture
def alerts(database: Any) -> Iterator[PostgresAlerts]:
    with connect(lambda _: database.login("Reconciliation")) as connection:
        yield PostgresAlerts(connection)


@pytest.fixture
def publish(alerts: PostgresAlerts, operations: FakeAlertPublisher) -> Any:
    """Ends a run: what is wrong is looked at and published. Return the counts."""

    def run() -> dict[str, int]:
        return publish_alerts(
            "reconciliation_sweep", alerts=alerts, publisher=operations, report=FakeReport(), now=datetime.now(UTC)
        )

    return run


def a_listing(foundation: Foundation, state: str, **columns: str) -> None:
    mentor = foundation.one("SELECT id FROM peer_mentors")
    if mentor is None:
        organisation = foundation.organisation()
        foundation.evaluated(organisation)
        mentor = foundation.mentor(organisation, DAY + days(100), consent=True)
    values = {"state": f"'{state}'", **columns}
    foundation.do(
        f"UPDATE certification.listings SET {', '.join(f'{name} = {value}' for name, value in values.items())}"
        " WHERE mentor_id = %s",
        mentor,
    )


AGO = "clock_timestamp() - interval '1 hour'"
SYNCED = "UPDATE certification.listings SET state = 'hidden', website = NULL, synced_version = desired_version"
FINDING = (
    "INSERT INTO certification.findings (mentor_id, row_id, website_table, class, cause, opened_in, seen_in, seen_at{})"
    " VALUES (gen_random_uuid(), gen_random_uuid(), 't', '{}', 'manual_edit', gen_random_uuid(), gen_random_uuid(),"
    " clock_timestamp(){})"
)
NO_FINDING = "DELETE FROM certification.findings"
RUN = (
    "INSERT INTO certification.runs (function, scheduled_at, request_id, state, reason, started_at, ended_at)"
    " VALUES ('{}', now(), 'r', '{}', {}, clock_timestamp() - interval '{}', clock_timestamp() - interval '{}')"
)
OF_THE_WEBSITE = "UPDATE certification.runs SET website_codes = %s"
STATE = "UPDATE certification.sync_state SET {}"
NOTICE = (
    "INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id, certification_expiry_date, state,"
    f" sender_run_id, claimed_at) VALUES (gen_random_uuid(), gen_random_uuid(), 'expired', gen_random_uuid(),"
    f" '2026-11-30', 'claimed', gen_random_uuid(), {AGO})"
)


def none_sent(sent: int) -> str:
    return (
        "DO $$ DECLARE r uuid; o uuid := gen_random_uuid(); BEGIN"
        " INSERT INTO certification.runs (function, scheduled_at, request_id, state, ended_at) VALUES"
        " ('send_notices', '2026-12-01T08:00:00Z', 'r', 'succeeded', clock_timestamp()) RETURNING id INTO r;"
        " INSERT INTO certification.run_organisations (run_id, organisation_id, state) VALUES (r, o, 'succeeded');"
        " INSERT INTO certification.run_counts (run_id, organisation_id, measure, detail, n) VALUES"
        f" (r, o, 'notices_sent', 'reminder:nb', {sent}), (r, o, 'notices_waiting', '', 3); END $$"
    )


BRAKE = (
    "INSERT INTO certification.brakes (organisation_id, kind, run_id, last_run_id, n, of_n)"
    " VALUES (gen_random_uuid(), 'expiry', gen_random_uuid(), gen_random_uuid(), 30, 60)"
)
PROOF = (
    "WITH r AS (INSERT INTO certification.runs (function, scheduled_at, request_id) VALUES"
    " ('reconciliation_full', now(), 'r') RETURNING id)"
    " INSERT INTO certification.proofs (run_id, at, complete, reason, app_listed, website_listed, equal, app_hash,"
    " website_hash) SELECT r.id, clock_timestamp(), {}, 1, 1, 1, 'a', 'a' FROM r"
)
DUPLICATE = (
    "INSERT INTO certification.duplicates (kind, mentor_id, certification_expiry_date, detail, n, found_in)"
    " VALUES ('reminder', gen_random_uuid(), '2026-12-01', '30', 2, gen_random_uuid())"
)

PAST_TRIGGERS = (
    "INSERT INTO certification.past_triggers (mentor_id, kind, run_id)"
    " VALUES (gen_random_uuid(), 'hide', gen_random_uuid())"
)


def a_digest_that_bounced(foundation: Foundation) -> None:
    organisation = foundation.organisation()
    address = foundation.one("SELECT certification.address_digest('turid.vik@example.no')")
    coordinator = foundation.coordinator(organisation)
    MailOutbox(foundation).sent(
        arrival="bounced",
        kind="digest",
        organisation_id=organisation,
        coordinator_id=coordinator,
        address_digest=address,
    )


def a_fallback_that_bounced(foundation: Foundation) -> None:
    foundation.organisation()
    foundation.do("UPDATE certification.standard SET fallback_address = 'post@example.no'")
    foundation.do(
        "INSERT INTO certification.unusable_addresses (address_digest, person_id, notice_id, reason, since)"
        " VALUES (certification.address_digest('post@example.no'), gen_random_uuid(), 1, 'address_bounced', now())"
    )


def a_bounce_that_nobody_hears_of(foundation: Foundation) -> None:
    mentor = foundation.mentor(foundation.organisation(), DAY)
    MailOutbox(foundation).sent(arrival="bounced", mentor_id=mentor, certification_expiry_date=DAY)


def mail_that_nothing_is_heard_of(foundation: Foundation) -> None:
    for function in foundation.all("SELECT unnest(certification.run_functions())"):  # so that none of them is missing
        foundation.do(RUN.format(function, "succeeded", "NULL", "1 second", "0 seconds"))
    MailOutbox(foundation).sent(25)


# How each comes about, and what puts it right: statements, or calls with the foundation.
CASES: dict[tuple[Condition, str], tuple[Any, Any]] = {
    (Condition.WEBSITE_REFUSES_US, ""): (
        STATE.format(f"stopped_since = {AGO}, stopped_reason = 'entra_7000222'"),
        STATE.format("stopped_since = NULL, stopped_reason = NULL"),
    ),
    (Condition.WEBSITE_UNREACHABLE, ""): (
        STATE.format(f"failing_since = {AGO}, check_reason = 'dataverse_503'"),
        STATE.format("failing_since = NULL, check_reason = NULL"),
    ),
    (Condition.SECRET_ENDING, ""): (
        STATE.format("secret_ends_on = current_date + 20, checked_at = now()"),
        STATE.format("secret_ends_on = current_date + 200"),
    ),
    (Condition.SECRET_ENDED, ""): (
        STATE.format("secret_ends_on = current_date - 2, checked_at = now()"),
        STATE.format("secret_ends_on = current_date + 200"),
    ),
    (Condition.SECRET_WITHOUT_END_DATE, ""): (
        STATE.format("healthy_at = now(), check_reason = NULL, secret_ends_on = NULL"),
        STATE.format("secret_ends_on = current_date + 200"),
    ),
    (Condition.PENDING_SECRET_REFUSED, ""): (
        STATE.format("pending_secret = 'entra_7000215', checked_at = now()"),
        STATE.format("pending_secret = 'good'"),
    ),
    (Condition.LISTED_BUT_INVALID, ""): (FINDING.format("", "listed_but_invalid", ""), NO_FINDING),
    (Condition.ORPHAN_LISTED, ""): (FINDING.format("", "orphan", ""), NO_FINDING),
    (Condition.NOT_CONVERGING, ""): (
        FINDING.format(", repairs, repaired_at", "field_drift", f", 2, {AGO}"),
        NO_FINDING,
    ),
    (Condition.LISTINGS_REJECTED, ""): (lambda f: a_listing(f, "rejected", reason="'dataverse_400'"), SYNCED),
    (Condition.CLAIM_STUCK, "notices"): (NOTICE, "UPDATE certification.notices SET state = 'pending'"),
    (Condition.CLAIM_STUCK, "listings"): (
        lambda f: a_listing(
            f,
            "sending",
            claimed_by="gen_random_uuid()",
            claimed_until="clock_timestamp() - interval '11 minutes'",
            sending="'create'",
            sending_version="1",
        ),
        SYNCED + ", claimed_by = NULL, claimed_until = NULL, sending = NULL, sending_version = NULL",
    ),
    (Condition.NONE_SENT, ""): (none_sent(0), none_sent(3)),
    (Condition.RUN_FAILED, "expiry_check"): (
        RUN.format("expiry_check", "failed", "'database_57P01'", "2 minutes", "1 minute"),
        RUN.format("expiry_check", "succeeded", "NULL", "1 second", "0 seconds"),
    ),
    (Condition.RUN_DEGRADED, "reconciliation_full"): (
        RUN.format("reconciliation_full", "degraded", "'differences_unverified'", "2 minutes", "1 minute"),
        RUN.format("reconciliation_full", "succeeded", "NULL", "1 second", "0 seconds"),
    ),
    (Condition.RUN_MISSING, "reconciliation_sweep"): (
        "UPDATE certification.migrations SET applied_at = clock_timestamp() - interval '1 hour'",
        RUN.format("reconciliation_sweep", "succeeded", "NULL", "1 second", "0 seconds"),
    ),
    (Condition.UNSYNCED_TOO_OLD, ""): (
        lambda f: a_listing(f, "waiting", changed_at="clock_timestamp() - interval '16 minutes'"),
        SYNCED,
    ),
    (Condition.DEAD_LETTERS, "SyncDeadLetters"): (
        "SELECT certification.record_queue_depth('SyncDeadLetters', 2)",
        "SELECT certification.record_queue_depth('SyncDeadLetters', 0)",
    ),
    (Condition.CHANGES_MISSED, ""): (
        "INSERT INTO certification.missed_changes (table_name, sqlstate) VALUES ('peer_mentors', '55P03')",
        "UPDATE certification.missed_changes SET missed_at = now() - interval '25 hours', taken_up_at = now()",
    ),
    (Condition.STRUCTURE_DAMAGED, ""): (
        "ALTER TABLE certification.queue_depths ALTER COLUMN n DROP NOT NULL",
        "ALTER TABLE certification.queue_depths ALTER COLUMN n SET NOT NULL",
    ),
    (Condition.DUPLICATES, ""): (
        DUPLICATE,
        "UPDATE certification.duplicates SET reviewed_at = now(), reviewed_by = 'kari', review_reason = 'looked at'",
    ),
    (Condition.BRAKE, "expiry"): (
        BRAKE,
        "UPDATE certification.brakes SET released_at = now(), released_by = 'kari', released_reason = 'right'",
    ),
    (Condition.WEBSITE_RESULT_SMALL, ""): (
        PROOF.format("false, 'website_result_small'"),
        PROOF.format("true, NULL"),
    ),
    (Condition.MAIL_COMPLAINED, ""): (
        lambda f: MailOutbox(f).event(MailOutbox(f).sent(arrival="complained"), "complaint"),
        "DELETE FROM certification.mail_events",
    ),
    (Condition.FALLBACK_UNUSABLE, ""): (
        a_fallback_that_bounced,
        "UPDATE certification.standard SET fallback_address = 'another@example.no'",
    ),
    (Condition.COORDINATOR_MAIL_BOUNCED, ""): (
        a_digest_that_bounced,
        "UPDATE coordinators SET email = 'another@example.no'",
    ),
    (Condition.MAIL_NOT_REPORTED, ""): (a_bounce_that_nobody_hears_of, "DELETE FROM certification.notices"),
    (Condition.BOUNCE_RATE_HIGH, ""): (
        lambda f: MailOutbox(f).sent(arrival="bounced", n=501),
        "DELETE FROM certification.notices",
    ),
    (Condition.COMPLAINT_RATE_HIGH, ""): (
        lambda f: MailOutbox(f).sent(arrival="complained", n=501),
        "DELETE FROM certification.notices",
    ),
    (Condition.MAIL_EVENTS_MISSING, ""): (
        mail_that_nothing_is_heard_of,
        "DELETE FROM certification.notices",
    ),
    (Condition.PAST_TRIGGERS, ""): (
        PAST_TRIGGERS,
        "UPDATE certification.past_triggers SET found_at = found_at - interval '1 day'",
    ),
    (Condition.TRIGGER_OFF, "public.peer_mentors"): (
        "ALTER TABLE peer_mentors DISABLE TRIGGER certification_listing_updated",
        "ALTER TABLE peer_mentors ENABLE TRIGGER certification_listing_updated",
    ),
}


def test_every_condition_has_a_case() -> None:
    assert {condition for condition, _ in CASES} == set(Condition)


def test_the_database_knows_the_same_conditions(foundation: Foundation) -> None:
    """A condition is one line of current_conditions(), and nothing else in the database;
    a run's state ends its name.
    """
    said = foundation.one("SELECT prosrc FROM pg_proc WHERE proname = 'current_conditions'")
    assert [one for one in Condition if f"'{one}'" not in said and not one.startswith("run_")] == []


@pytest.mark.parametrize(("condition", "subject"), CASES, ids=lambda value: str(value) or "-")
def test_a_condition_is_raised_by_its_cause_and_cured(
    foundation: Foundation, publish: Any, operations: FakeAlertPublisher, condition: Any, subject: Any
) -> None:
    """Point 6; I10, I12: told when it comes about, and when it is over."""
    cause, cure = CASES[condition, subject]
    assert (publish()["alerts_open"], operations.subjects()) == (0, [])
    cause(foundation) if callable(cause) else foundation.do(cause)
    assert publish()["alerts_opened"] == 1
    ((found, of),) = foundation.all("SELECT condition, subject FROM certification.alerts WHERE closed_at IS NULL")
    assert (found, of.rpartition(":")[2]) == (condition, subject)
    (message,) = operations.published
    assert "WHAT TO DO" in message.body
    operations.subjects()
    assert (publish()["alerts_sent"], operations.subjects()) == (0, [])
    foundation.do(cure)
    assert publish()["alerts_closed"] == 1
    (over,) = operations.subjects()
    assert over.startswith("Over: ")
    assert (publish(), operations.subjects())[1] == []


def test_one_bad_sweep_is_no_alert_and_three_are(
    foundation: Foundation, publish: Any, operations: FakeAlertPublisher
) -> None:
    """A sweep comes again in five minutes."""
    for expected in (0, 0, 1):
        foundation.do(RUN.format("reconciliation_sweep", "failed", "'queue_gone'", "1 second", "0 seconds"))
        assert (
            publish()["alerts_open"]
            - foundation.one("SELECT count(*) FROM certification.current_conditions() WHERE condition = 'run_missing'")
            == expected
        )


def open_one(foundation: Foundation) -> None:
    foundation.do(STATE.format("stopped_since = clock_timestamp(), stopped_reason = 'entra_7000222'"))


def close_it(foundation: Foundation) -> None:
    foundation.do(STATE.format("stopped_since = NULL, stopped_reason = NULL"))


def hours_pass(foundation: Foundation, hours: int) -> None:
    foundation.do(
        "UPDATE certification.alerts SET sent_at = sent_at - make_interval(hours => %s),"
        " since = since - make_interval(hours => %s), sending_until = sending_until - make_interval(hours => %s)",
        *[hours] * 3,
    )


def test_what_lasts_is_reported_once_a_day(
    foundation: Foundation, publish: Any, operations: FakeAlertPublisher
) -> None:
    open_one(foundation)
    publish()
    hours_pass(foundation, 23)
    publish()
    assert operations.subjects() == ["Dynamics refuses our credential"]
    hours_pass(foundation, 2)
    publish()
    publish()
    assert operations.subjects() == ["Still, for 1 day: Dynamics refuses our credential"]


def test_a_secret_is_warned_of_30_14_and_7_days_ahead_then_daily(
    foundation: Foundation, publish: Any, operations: FakeAlertPublisher
) -> None:
    """I10: and not in between, however many days go by."""
    warned = []
    for left in range(35, -3, -1):
        foundation.do(
            STATE.format(f"secret_ends_on = certification.today_in('Europe/Oslo') + {left}, checked_at = now()")
        )
        hours_pass(foundation, 24)
        publish()
        if operations.subjects():
            warned.append(left)
        if left == 0:
            break
    assert warned == [30, 14, 7, 6, 5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(("left", "title"), [(20, "expires soon"), (-2, "has expired")])
@pytest.mark.parametrize(
    ("form", "named"), [("secret", "client secret"), ("certificate", "certificate"), (None, "client secret")]
)
def test_the_end_is_named_by_the_form_of_the_credential(
    foundation: Foundation, publish: Any, operations: FakeAlertPublisher, left: int, title: str, form: Any, named: str
) -> None:
    """I10: of a certificate nobody looks for a client secret in Entra."""
    foundation.do("UPDATE certification.sync_state SET credential_form = %s", form)
    foundation.do(STATE.format(f"secret_ends_on = certification.today_in('Europe/Oslo') + {left}, checked_at = now()"))
    publish()
    assert f"The {named} of Dynamics {title}" in "".join(operations.bodies())


def test_a_secret_that_ended_is_reported_then_and_daily(
    foundation: Foundation, publish: Any, operations: FakeAlertPublisher
) -> None:
    """It does not end soon, it has ended; and that is an outage like any other."""
    published = []
    for left in (0, -1, -1, -2, -3):
        foundation.do(
            STATE.format(f"secret_ends_on = certification.today_in('Europe/Oslo') + {left}, checked_at = now()")
        )
        publish()
        published.append(operations.bodies())
        hours_pass(foundation, 13)
    assert published[0][0].startswith("The client secret of Dynamics expires soon")
    assert "0 days left" in published[0][0]
    ended = next(body for body in published[1] if not body.startswith("Over"))
    assert ended.startswith("The client secret of Dynamics has expired")
    assert "1 day ago" in ended
    assert " -1" not in "".join(body for day in published for body in day)
    assert published[2] == []  # the same day
    assert published[3][0].startswith("Still, for ")
    assert "2 days ago" in published[3][0]
    assert published[4] == []


def test_what_could_not_be_sent_is_sent_by_the_next_run(
    foundation: Foundation, publish: Any, operations: FakeAlertPublisher
) -> None:
    """Never silently lost; also what was over before anybody heard of it."""
    open_one(foundation)
    operations.away = True
    assert (publish()["alerts_unsent"], operations.subjects()) == (1, [])
    operations.away = False
    assert operations.subjects() == []
    hours_pass(foundation, 1)
    foundation.do("UPDATE certification.alerts SET sending_until = clock_timestamp() - interval '1 second'")
    publish()
    assert operations.subjects() == ["Dynamics refuses our credential"]
    close_it(foundation)
    operations.away = True
    publish()
    operations.away = False
    foundation.do("UPDATE certification.alerts SET sending_until = clock_timestamp() - interval '1 second'")
    publish()
    assert operations.subjects() == ["Over: Dynamics refuses our credential"]


def test_what_comes_back_is_a_new_alert(foundation: Foundation, publish: Any, operations: FakeAlertPublisher) -> None:
    for _ in range(2):
        open_one(foundation)
        publish()
        close_it(foundation)
        publish()
    assert len(operations.subjects()) == 4
    assert foundation.one("SELECT count(*) FROM certification.alerts") == 2


def test_two_subjects_are_two_alerts(foundation: Foundation, publish: Any, operations: FakeAlertPublisher) -> None:
    for _ in range(2):
        foundation.do(BRAKE)
    assert (publish()["alerts_open"], len(operations.subjects())) == (2, 2)


def test_runs_at_once_report_it_once(
    foundation: Foundation, database: TestDatabase, operations: FakeAlertPublisher
) -> None:
    """Each under another function's role, which may do it too."""
    open_one(foundation)

    def run(login: Any) -> None:
        with connect(lambda _: login) as connection:
            publish_alerts(
                "a",
                alerts=PostgresAlerts(connection),
                publisher=operations,
                report=FakeReport(),
                now=datetime.now(UTC),
            )

    logins = [database.login(function) for function in ROLES]
    with ThreadPoolExecutor() as pool:
        list(pool.map(run, logins))
    assert operations.subjects() == ["Dynamics refuses our credential"]


# Told once, by what people notice -------------------------------------------------------------------------


MINUTES = ("2 minutes", "1 minute")


def conditions(foundation: Foundation) -> dict[str, tuple[int, Any]]:
    rows = foundation.all("SELECT condition, n, facts ->> 'reason' FROM certification.current_conditions()")
    return {condition: (n, reason) for condition, n, reason in rows}


def shown_mentors(foundation: Foundation, n: int) -> list[Any]:
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    made = [foundation.mentor(organisation, DAY + days(100), consent=True) for _ in range(n)]
    foundation.do(
        "UPDATE certification.listings SET state = 'live', synced_version = desired_version,"
        ' website = \'{"table": "t", "key": "k", "hide": {}, "columns": []}\''
    )
    return made


@pytest.mark.parametrize(
    ("outage", "first"),
    [
        (
            "stopped_since = {ago}, stopped_reason = 'dataverse_403_0x80072560'",
            "The website has taken no changes since",
        ),
        ("failing_since = {ago}, check_reason = 'dataverse_ConnectError'", "The website has not been reachable since"),
    ],
)
def test_an_outage_says_who_is_still_shown(
    foundation: Foundation, publish: Any, operations: FakeAlertPublisher, outage: str, first: str
) -> None:
    """Who withdrew consent or was paused is counted from the first minute; whoever waits to be shown is not."""
    withdrew, paused, _unchanged = shown_mentors(foundation, 3)
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", withdrew)
    foundation.set_status(paused, "paused")
    foundation.mentor(foundation.one("SELECT id FROM organisations"), DAY + days(100), consent=True)
    foundation.do(STATE.format(outage.format(ago=AGO)))
    publish()
    [body] = [body for body in operations.bodies() if body.startswith(first)]
    assert "Changes waiting: 3." in body.splitlines()[0]
    assert body.splitlines()[0].endswith("are still shown: 2.")
    listed = body.partition("IDS\n")[2].partition("\n\n")[0].split()
    assert sorted(listed) == sorted(map(str, (withdrew, paused)))


def test_an_outage_is_alerted_of_once_not_four_times(foundation: Foundation) -> None:
    """What a run came to for it, and that changes wait, is the same thing; another failure is not."""
    shown_mentors(foundation, 1)
    foundation.do("UPDATE peer_mentors SET listing_consent = false")
    foundation.do("UPDATE certification.listings SET changed_at = clock_timestamp() - interval '9 minutes'")
    foundation.do(RUN.format("reconciliation_full", "failed", "'dataverse_ConnectError,no_time_left'", *MINUTES))
    foundation.do(RUN.format("expiry_check", "degraded", "'entra_ConnectError'", *MINUTES))
    foundation.do(OF_THE_WEBSITE, ["dataverse_ConnectError", "no_time_left", "entra_ConnectError"])
    assert conditions(foundation) == {"run_failed": (1, "dataverse_ConnectError,no_time_left")} | {
        "run_degraded": (1, "entra_ConnectError")
    }
    # The check has said so: at once, because a run came to nothing for it.
    foundation.do(
        STATE.format("failing_since = clock_timestamp() - interval '2 minutes', check_reason = 'entra_ConnectError'")
    )
    foundation.do("UPDATE certification.listings SET changed_at = clock_timestamp() - interval '20 minutes'")
    assert conditions(foundation) == {
        "website_unreachable": (1, "entra_ConnectError"),
        "listed_but_invalid": (1, None),
    }
    foundation.do(RUN.format("send_notices", "failed", "'SendingPausedException'", *MINUTES))
    assert conditions(foundation)["run_failed"] == (1, "SendingPausedException")


@pytest.mark.parametrize(
    ("reason", "cause", "condition"),
    [
        ("pending_entra_7000215", STATE.format("pending_secret = 'entra_7000215'"), "pending_secret_refused"),
        ("repairs_braked", BRAKE.replace("'expiry'", "'repair'"), "brake"),
        ("expiries_braked", BRAKE, "brake"),
        ("website_result_small", PROOF.format("false, 'website_result_small'"), "website_result_small"),
        ("notices_stuck", NOTICE, "claim_stuck"),
        (
            "secret_end_date_malformed",
            STATE.format("healthy_at = now(), check_reason = NULL, secret_ends_on = NULL"),
            "secret_without_end_date",
        ),
    ],
)
def test_what_has_its_own_condition_is_counted_once(
    foundation: Foundation, reason: str, cause: Any, condition: str
) -> None:
    """A pending secret that is bad is one thing, though two runs were degraded by it."""
    for function in ("expiry_check", "reconciliation_full"):
        foundation.do(RUN.format(function, "degraded", f"'{reason}'", *MINUTES))
    foundation.do(cause)
    assert set(conditions(foundation)) - {"run_missing"} == {condition}


def test_what_else_degraded_the_run_is_reported(foundation: Foundation) -> None:
    """Only what is told elsewhere, or cured, is left out."""
    reasons = "'dataverse_403_0x80040220,differences_unverified,pending_secret_is_not_json'"
    foundation.do(RUN.format("reconciliation_full", "degraded", reasons, *MINUTES))
    foundation.do(OF_THE_WEBSITE, ["dataverse_403_0x80040220"])
    assert conditions(foundation)["run_degraded"] == (1, "dataverse_403_0x80040220,differences_unverified")
    # Another function's check has found that it is over.
    foundation.do(RUN.format("reconciliation_sweep", "succeeded", "NULL", "30 seconds", "20 seconds"))
    assert conditions(foundation)["run_degraded"] == (1, "differences_unverified")
    foundation.do(
        RUN.format("reconciliation_sweep", "degraded", "'dataverse_403_0x80040220'", "9 seconds", "8 seconds")
    )
    assert conditions(foundation)["run_degraded"] == (1, "differences_unverified")


def test_a_degraded_nightly_check_that_was_cured_needs_nobody(foundation: Foundation, functions: Functions) -> None:
    """Somebody active although the certification has ended:
    until a person puts that right, not the next nightly check.
    """
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentor = foundation.mentor(organisation, DAY - days(1))
    functions.nightly_check(DAY)
    foundation.do("UPDATE peer_mentors SET status = 'active' WHERE id = %s", mentor)
    foundation.do("DELETE FROM certification.progress")
    functions.nightly_check(DAY + days(1))
    assert conditions(foundation)["run_degraded"] == (1, "expiries_skipped_manual_edit")
    foundation.do("UPDATE peer_mentors SET status = 'certification_expired' WHERE id = %s", mentor)
    assert "run_degraded" not in conditions(foundation)


def test_one_unreachable_is_reported_until_there_is_an_address(foundation: Foundation, functions: Functions) -> None:
    """A coordinator or an address cures it, before the next nightly check."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentor = foundation.mentor(organisation, DAY - days(1), email=None)
    functions.nightly_check(DAY)
    assert conditions(foundation)["run_degraded"] == (1, "unnotified")
    foundation.do("UPDATE peer_mentors SET email = 'a@example.no' WHERE id = %s", mentor)
    assert "run_degraded" not in conditions(foundation)


def test_a_message_that_was_put_back_needs_nobody(foundation: Foundation) -> None:
    """Undeliverable, then put back by a person: the run that wrote it off is no longer degraded by it."""
    run = foundation.one(RUN.format("send_notices", "degraded", "'notices_undeliverable'", *MINUTES) + " RETURNING id")
    foundation.do(
        "INSERT INTO certification.notices (run_id, organisation_id, kind, mentor_id, certification_expiry_date, state,"
        " sender_run_id, settled_at, reason) VALUES (gen_random_uuid(), gen_random_uuid(), 'expired',"
        " gen_random_uuid(), '2026-11-30', 'undeliverable', %s, now(), 'unusable_address')",
        run,
    )
    assert conditions(foundation)["run_degraded"] == (1, "notices_undeliverable")
    foundation.do("UPDATE certification.notices SET state = 'pending', settled_at = NULL, reason = 'put_back_manually'")
    assert "run_degraded" not in conditions(foundation)
