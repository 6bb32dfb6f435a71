"""The forced sync as a dashboard sees it, over HTTP: done and read back, or queued with the reason and the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.force_sync import WhyNot
from shared.domain.wording.coordinators import WHY_NOT
from tests.support.force_sync_url import CREDENTIAL, REASON, opened
from tests.support.foundation import DAY, days
from tests.support.syncs import TABLE

if TYPE_CHECKING:
    from uuid import UUID

    from emulators.dataverse.process import LocalDataverse
    from emulators.identity.server import LocalIdentity
    from emulators.lambda_host.template.provision import Stack
    from local.stack.aws import LocalAws
    from tests.conftest import TestDatabase
    from tests.support.force_sync_url import ForceSyncUrl
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions
    from tests.support.reconciling import Reconciler
    from tests.support.syncs import EmulatedWebsite, SyncWorker

SHOWN = {"statecode": 0, "statuscode": 1}
PERSONAL = "Kari Sæther, 010170 12345 og 01017012345, kari.saether@example.no, tlf. 400 11 222"


def moment(text):
    """Return a time as replies have it: RFC 3339 in UTC."""
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)


def queued(reply, mentor, why):
    """Return the content of a 202 for this reason, which must have every part that the contract names."""
    assert (reply.status, reply.header("content-type")) == (202, "application/json"), reply
    assert reply.header("cache-control") == "no-store"
    content = reply.content
    assert content.keys() == {"state", "mentor_id", "version", "before", "after", "why", "queued", "try_at"}
    assert (content["state"], content["mentor_id"], content["why"]["kind"]) == ("queued", str(mentor), why)
    assert content["queued"] == {"mentor_id": str(mentor), "version": content["version"]}
    assert content["why"]["text"] == WHY_NOT[WhyNot(why)]._asdict()
    assert moment(content["try_at"]) > datetime.now(UTC)
    return content


def audited(foundation):
    return foundation.all("SELECT action, actor, reason, mentor_id, facts FROM certification.audit ORDER BY id")


def expired_and_shown(foundation, organisation, worker, functions, site):
    """Return a mentor who has expired and whom a manual edit shows again."""
    mentor = foundation.mentor(organisation, DAY - days(1), consent=True, phone="400 00 000", area="Moss")
    foundation.do("UPDATE certification.evaluated_days SET day = %s", DAY - days(1))
    worker.sync(mentor)
    functions.nightly_check(DAY)
    worker.sync(mentor)
    site.edit({"hlf_mentorid": str(mentor)}, SHOWN)
    assert site.shows(mentor)
    return mentor


def test_an_expired_mentor_who_is_shown_is_hidden_at_once(
    dashboard: ForceSyncUrl,
    foundation: Foundation,
    moss: UUID,
    turid: UUID,
    functions: Functions,
    worker: SyncWorker,
    site: EmulatedWebsite,
) -> None:
    """I5: 200 with before, after and when; the visitors' page agrees, and the audit has who, why and outcome."""
    mentor = expired_and_shown(foundation, moss, worker, functions, site)
    began = datetime.now(UTC)

    reply = dashboard.force(turid, mentor)

    assert (reply.status, reply.header("content-type")) == (200, "application/json")
    assert reply.header("cache-control") == "no-store"
    content = reply.content
    assert content.keys() == {
        *("state", "mentor_id", "version", "before", "after", "verified_at", "shown_to_visitors_by"),
    }
    assert (content["state"], content["mentor_id"]) == ("verified", str(mentor))
    assert content["before"]["shown"] is True
    assert content["before"]["fields"]["phone"] == "400 00 000"
    assert content["before"]["fields"]["full_name"] == "Kari Sæther"
    assert content["after"]["shown"] is False
    assert not site.shows(mentor)
    verified = moment(content["verified_at"])
    assert began <= verified <= datetime.now(UTC)
    assert moment(content["shown_to_visitors_by"]) - verified == timedelta(minutes=15)
    facts = {"outcome": "verified", "version": content["version"], "before": "shown", "after": "not_shown"}
    assert audited(foundation) == [("force_sync", f"coordinator:{turid}", REASON, mentor, facts)]
    seen = dashboard.get(turid, f"/mentors/{mentor}").content
    assert (seen["state"], seen["website"]["shown"], seen["version"]) == ("verified", False, content["version"])
    assert moment(seen["verified_at"]) >= began
    (work,) = dashboard.works()
    assert (work["outcome"], work["mentor_id"], work["coordinator_id"]) == ("verified", str(mentor), str(turid))


def test_after_is_read_after_the_write(
    dashboard: ForceSyncUrl, turid: UUID, kari: UUID, foundation: Foundation, site: EmulatedWebsite
) -> None:
    """I14: the emulator's journal has the reading of `after` later than the reply to the write."""
    assert dashboard.force(turid, kari).status == 200  # signs the container in to the website
    foundation.do("UPDATE peer_mentors SET area = 'Ås' WHERE id = %s", kari)
    site.clear_journal()
    began = time.time()
    content = dashboard.force(turid, kari).content
    journal = [entry for entry in site.journal() if "oauth2" not in entry.path]
    (written,) = [write for write in site.writes() if write.key == str(kari)]
    assert (written.set, written.at > began) == (TABLE, True)
    (write,) = [entry for entry in journal if entry.n == written.n]
    reads = [entry for entry in journal if entry.n != written.n]
    assert {entry.status for entry in reads} == {200}
    before, after = reads
    assert before.responded <= write.arrived
    assert write.responded <= after.arrived
    assert after.responded <= moment(content["verified_at"]).timestamp()
    assert (content["before"]["fields"]["area"], content["after"]["fields"]["area"]) == ("Moss", "Ås")


def test_a_reason_is_in_the_audit_and_in_no_log(
    dashboard: ForceSyncUrl, foundation: Foundation, turid: UUID, kari: UUID, site: EmulatedWebsite
) -> None:
    """I11: reasons are free text and may name people; so do the rows that are read back."""
    reason = f"  {PERSONAL}\nandre linje 🙂  "
    assert dashboard.force(turid, kari, reason).status == 200
    site.throttle(30)
    assert dashboard.force(turid, kari, reason).status == 202
    assert [row[2] for row in audited(foundation)] == [reason.strip()] * 2
    assert len(dashboard.works()) == 2
    text = "\n".join(dashboard.lines)
    for personal in (
        "Kari",
        "ther",
        "01017",
        " 12345",
        "01017012345",
        "example.no",
        "400 ",
        "40011222",
        "andre linje",
        "Moss",
    ):
        assert personal not in text, personal


def test_a_withdrawn_consent_is_hidden_by_a_forced_sync(
    dashboard: ForceSyncUrl, foundation: Foundation, turid: UUID, kari: UUID, site: EmulatedWebsite
) -> None:
    """I5: consent gates the payload, whatever the coordinator meant by it."""
    foundation.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", kari)
    content = dashboard.force(turid, kari, "Vis Kari igjen").content
    assert (content["state"], content["after"]["shown"], site.shows(kari)) == ("verified", False, False)


@pytest.mark.parametrize("held_by", ["worker", "nightly_check"])
def test_one_forced_mentor_passes_the_brake_for_good(
    dashboard: ForceSyncUrl,
    foundation: Foundation,
    moss: UUID,
    turid: UUID,
    functions: Functions,
    worker: SyncWorker,
    reconciler: Reconciler,
    site: EmulatedWebsite,
    held_by: str,
) -> None:
    """I5: one mentor passes, and stays hidden after the next sync, sweep and comparison; the mass change waits."""
    foundation.brake(count=2, percent=10)
    mentors = [foundation.mentor(moss, DAY + days(5), consent=True) for _ in range(6)]
    worker.sync(*mentors)
    if held_by == "nightly_check":
        foundation.do("UPDATE certifications SET expires_on = %s", DAY)
        worker.sync(*mentors)
        foundation.present(datetime.combine(DAY + days(1), datetime.min.time(), UTC) + timedelta(hours=9))
        functions.nightly_check(DAY + days(1))
    else:
        foundation.do("UPDATE certifications SET expires_on = %s", DAY - days(3))
        worker.sync(*mentors)
    assert all(site.shows(mentor) for mentor in mentors)

    content = dashboard.force(turid, mentors[0]).content

    assert (content["state"], content["after"]["shown"]) == ("verified", False)
    for again in (lambda: worker.sync(*mentors), reconciler.sweep, worker.unsynced, reconciler.full):
        again()
        assert [site.shows(mentor) for mentor in mentors] == [False] + [True] * 5
    worker.sync(*reconciler.queue.taken())
    assert [site.shows(mentor) for mentor in mentors] == [False] + [True] * 5


def test_a_throttled_forced_sync_is_queued(
    dashboard: ForceSyncUrl, foundation: Foundation, turid: UUID, kari: UUID, site: EmulatedWebsite, worker: SyncWorker
) -> None:
    """I9, I7: 202 with why and when, a message, and no request inside the window; afterwards it is done."""
    site.throttle(90)
    began = datetime.now(UTC)
    content = queued(dashboard.force(turid, kari), kari, "throttled")
    assert timedelta(seconds=60) < moment(content["try_at"]) - began < timedelta(seconds=95)
    assert foundation.all("SELECT facts ->> 'outcome' FROM certification.audit") == ["throttled"]

    site.clear_journal()
    again = queued(dashboard.force(turid, kari), kari, "throttled")
    assert (again["before"], again["after"], site.journal()) == (None, None, [])
    found = [(one.mentor_id, one.version) for one in dashboard.requests()]
    assert sorted(found) == sorted([(kari, content["version"]), (kari, again["version"])])
    waiting = dashboard.get(turid, f"/mentors/{kari}").content
    assert (waiting["state"], waiting["why"]["kind"]) == ("waiting", "throttled")
    assert moment(waiting["try_at"]) - began < timedelta(seconds=95)

    site.reset()
    foundation.do("UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL")
    worker.sync(kari)
    assert foundation.listing(kari)["synced_version"] == again["version"]


def test_a_refused_credential_is_queued_and_alerted(
    apis: tuple[LocalAws, Stack, Any],
    identity: LocalIdentity,
    emulator_process: LocalDataverse,
    database: TestDatabase,
    foundation: Foundation,
    turid: UUID,
    kari: UUID,
    site: EmulatedWebsite,
) -> None:
    """I10: operations is told in this run, once; nothing more is sent; a new secret is taken up and all is well."""
    with opened(apis, identity, emulator_process.url) as cold, cold.inbox() as subjects:
        cold.log_in(database.login("ForceSync"))
        cold.forget()
        site.add_secret("a-new-local-secret")
        site.revoke_secret()
        site.expire_tokens()
        content = queued(cold.force(turid, kari), kari, "stopped")
        assert content["why"]["code"] == "entra_7000215"
        (subject,) = subjects()
        assert "Dynamics" in subject
        assert [metrics["SyncStopped"] for metrics in cold.metrics() if "SyncStopped" in metrics] == [[1.0]]
        site.clear_journal()
        queued(cold.force(turid, kari), kari, "stopped")
        assert (site.journal(), subjects(), len(cold.requests())) == ([], [], 2)
        alerts = cold.get(turid, "/overview").content["alerts"]
        assert [alert["kind"] for alert in alerts] == ["website_refuses_us"]
        waiting = cold.get(turid, f"/mentors/{kari}").content
        assert (waiting["state"], waiting["why"]["kind"]) == ("waiting", "stopped")

        cold.put_secret("DataverseSecret", CREDENTIAL | {"client_secret": "a-new-local-secret"})
        foundation.do("UPDATE certification.sync_state SET tried_at = tried_at - interval '61 seconds'")
        assert cold.force(turid, kari).content["state"] == "verified"
        assert foundation.all("SELECT stopped_since FROM certification.sync_state") == [None]


@pytest.mark.parametrize("status", [400, 403])
def test_a_listing_that_is_refused_for_good_is_rejected(
    dashboard: ForceSyncUrl,
    turid: UUID,
    kari: UUID,
    site: EmulatedWebsite,
    status: int,
) -> None:
    """I13: 202 that says so, with an alert in this run; the page shows it with the reason in words."""
    site.poison("Moss", status=status)
    with dashboard.inbox() as subjects:
        content = queued(dashboard.force(turid, kari), kari, "rejected")
        assert content["before"]["shown"] is True
        assert (len(subjects()), dashboard.requests()) == (1, [])
        queued(dashboard.force(turid, kari), kari, "rejected")
        assert subjects() == []
    seen = dashboard.get(turid, f"/mentors/{kari}").content
    assert (seen["state"], seen["why"]["kind"], seen["why"]["code"]) == ("rejected", "rejected", content["why"]["code"])
    assert dashboard.get(turid, "/mentors?state=rejected").content["counts"]["rejected"] == 1


FAULTS = {
    "server_fault": lambda site: site.fail_next(None, status=503),
    "gateway": lambda site: site.fail_next(None, status=502, method="POST"),
    "no_connection": lambda site: site.reset_before(None),
    "write_that_is_not_confirmed": lambda site: site.reset_after(None, method="POST", path=r"\$batch"),
}


@pytest.mark.parametrize(
    "fault",
    [
        "server_fault",
        pytest.param("gateway", marks=pytest.mark.slow),
        pytest.param("no_connection", marks=pytest.mark.slow),
        "write_that_is_not_confirmed",
    ],
)
def test_a_website_with_a_fault_is_tried_again(
    dashboard: ForceSyncUrl,
    foundation: Foundation,
    turid: UUID,
    kari: UUID,
    site: EmulatedWebsite,
    worker: SyncWorker,
    fault: str,
) -> None:
    """I7, I18: 202 within the function's time, a message, and it is done when the website is well again."""
    FAULTS[fault](site)
    began = time.monotonic()
    reply = dashboard.force(turid, kari)
    assert time.monotonic() - began < 25
    content = queued(reply, kari, "outcome_unknown")
    assert [(one.mentor_id, one.version) for one in dashboard.requests()] == [(kari, content["version"])]
    site.clear_faults()
    foundation.do(
        "UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL;"
        " UPDATE certification.listings SET claimed_until = NULL,"
        " unknown_outcome_until = unknown_outcome_until - interval '1 hour'"
    )
    worker.sync(kari)
    assert foundation.listing(kari)["synced_version"] == content["version"]


@pytest.mark.slow
def test_a_website_that_hangs_holds_no_coordinator(
    dashboard: ForceSyncUrl, turid: UUID, kari: UUID, site: EmulatedWebsite
) -> None:
    """I18: a person waits, so the reply comes after 15 seconds; the queue's workers go on."""
    site.slow(60, method="POST", path=r"\$batch")
    began = time.monotonic()
    queued(dashboard.force(turid, kari), kari, "outcome_unknown")
    assert 14 < time.monotonic() - began < 20


def test_a_queue_that_is_away_loses_nothing(
    apis: tuple[LocalAws, Stack, Any],
    identity: LocalIdentity,
    emulator_process: LocalDataverse,
    database: TestDatabase,
    foundation: Foundation,
    turid: UUID,
    kari: UUID,
    worker: SyncWorker,
    site: EmulatedWebsite,
) -> None:
    """I7: still 202; the row has the version, and the sweep asks for it: the reply says when."""
    with opened(apis, identity, emulator_process.url, AWS_ENDPOINT_URL_SQS="http://127.0.0.1:1") as cold:
        cold.log_in(database.login("ForceSync"))
        site.throttle(30)
        content = queued(cold.force(turid, kari), kari, "throttled")
        assert moment(content["try_at"]) - datetime.now(UTC) > timedelta(minutes=6)
    row = foundation.listing(kari)
    assert row["synced_version"] < row["desired_version"] == content["version"]
    site.reset()
    foundation.do("UPDATE certification.sync_state SET backoff_until = NULL, backoff_reason = NULL")
    worker.unsynced()
    assert foundation.listing(kari)["synced_version"] == content["version"]


def test_a_mentor_whom_the_app_holds_is_told_as_busy(
    dashboard: ForceSyncUrl, database: TestDatabase, turid: UUID, kari: UUID
) -> None:
    """I16: the app's transaction is not waited for longer than a moment, and never fails by ours."""
    with database.connect() as app, app.transaction():
        app.execute("UPDATE peer_mentors SET area = 'Ås' WHERE id = %s", (kari,))
        queued(dashboard.force(turid, kari), kari, "busy")
    content = dashboard.force(turid, kari).content
    assert content["after"]["fields"]["area"] == "Ås"
