"""reconciliation as deployed: its own process, login, settings and queue, from the schedule's event to the alert."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from tests.conftest import TestDatabase
    from tests.functions.conftest import DeployedStack
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite, SyncWorker

EVENTS = Path(__file__).parents[2] / "events"
FULL, SWEEP = (json.loads((EVENTS / f"reconciliation.{mode}.json").read_text()) for mode in ("full", "sweep"))
LATER = DAY + days(100)


@pytest.fixture
def listed(foundation: Foundation, worker: SyncWorker) -> Any:
    """Three mentors whom visitors see, and who have been there for a while."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation)
    mentors = [foundation.mentor(organisation, LATER, consent=True) for _ in range(3)]
    worker.sync(*mentors)
    foundation.do(
        "UPDATE certification.listings SET changed_at = changed_at - interval '1 hour',"
        " synced_at = synced_at - interval '1 hour'"
    )
    return mentors


def work(deployed, invocation, name):
    """The counts that one part of the run reported."""
    for line in deployed.logged(invocation):
        if line.get("message") == "work" and name in line["counts"]:
            return line["counts"]
    raise AssertionError(name)


def conditions(foundation):
    return foundation.all("SELECT condition FROM certification.alerts WHERE closed_at IS NULL ORDER BY 1")


def test_the_full_comparison_leaves_a_run_a_proof_and_repairs(
    deployed: DeployedStack, foundation: Foundation, site: EmulatedWebsite, listed: Any
) -> None:
    site.edit(str(listed[0]), {"hlf_area": "Oslo"})
    done = deployed.invoke("Reconciliation", FULL)
    assert (done.payload["state"], done.payload["reason"]) == ("succeeded", None)
    assert foundation.all("SELECT id::text, function, state FROM certification.runs") == [
        (done.payload["run_id"], "reconciliation_full", "succeeded")
    ]
    assert foundation.all("SELECT run_id::text, complete, equal FROM certification.proofs") == [
        (done.payload["run_id"], True, 2)
    ]
    counts = work(deployed, done, "app_listed")
    assert (counts["field_drift"], counts["repairs_requested"], counts["duplicate_notices"]) == (1, 1, 0)
    assert work(deployed, done, "credential_healthy")["credential_healthy"] == 1
    assert work(deployed, done, "alerts_open") == {
        "alerts_open": 0,
        "alerts_opened": 0,
        "alerts_closed": 0,
        "alerts_sent": 0,
        "alerts_unsent": 0,
    }


def test_a_repair_goes_the_whole_way_by_its_own_queue(
    deployed: DeployedStack, database: TestDatabase, site: EmulatedWebsite, listed: Any
) -> None:
    """Requirement 2: the message that was sent is one that dynamics_sync takes from the queue of repairs."""
    deployed.put_secret("DynamicsSync", database.login("DynamicsSync"))
    site.edit(str(listed[0]), {"hlf_area": "Oslo"})
    queue = deployed.stack.physical_id("RepairRequests")
    deployed.clients.sqs.purge_queue(QueueUrl=queue)
    deployed.invoke("Reconciliation", FULL)
    (message,) = deployed.clients.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": deployed.stack.attribute("RepairRequests", "Arn"),
    }
    assert deployed.invoke("DynamicsSync", {"Records": [record]}).payload == {"batchItemFailures": []}
    assert site.by_mentor()[str(listed[0])]["hlf_area"] != "Oslo"


def test_a_refused_credential_is_reported_and_closed(
    deployed: DeployedStack, foundation: Foundation, site: EmulatedWebsite, listed: Any
) -> None:
    """A refused credential is reported in the run that sees it and closed by the one that does not.

    I10: nothing is read or asked for meanwhile; recovery asks for what waited.
    """
    foundation.pause(listed[0])
    site.add_secret("another")
    site.revoke_secret()
    done = deployed.invoke("Reconciliation", SWEEP)
    assert (done.payload["state"], done.payload["reason"]) == ("degraded", "entra_7000215")
    assert conditions(foundation) == ["website_refuses_us"]
    assert work(deployed, done, "alerts_sent")["alerts_sent"] == 1
    assert work(deployed, done, "sync_stopped")["sync_requested"] == 0
    site.reset()
    healed = deployed.invoke("Reconciliation", SWEEP)
    assert healed.payload["state"] == "succeeded"
    assert (conditions(foundation), work(deployed, healed, "alerts_sent")["alerts_sent"]) == ([], 1)
    assert work(deployed, healed, "sync_stopped")["sync_requested"] == 1


def test_a_website_that_is_down_fails_the_comparison(
    deployed: DeployedStack, foundation: Foundation, site: EmulatedWebsite, listed: Any
) -> None:
    """A website that is down fails the comparison and is reported."""
    site.fail_next(None, status=503, path="hlf_peermentors")
    done = deployed.invoke("Reconciliation", FULL)
    assert done.payload["errorType"] == "FunctionFailedError"
    assert foundation.all("SELECT complete, reason FROM certification.proofs") == [(False, "dataverse_503")]
    # The run came to nothing for it: that is one alert, by what people notice.
    assert conditions(foundation) == ["website_unreachable"]


REFUSED: tuple[tuple[Any, str], ...] = (
    ({}, "scheduled_time: Field required; mode: Field required"),
    ({**SWEEP, "mode": "half"}, "mode: Input should be 'sweep' or 'full'"),
    ({**SWEEP, "accept": {"actor": "kari", "reason": "gone"}}, "event: accept goes with mode full only"),
    ({**FULL, "accept": {"actor": " ", "reason": "gone"}}, "accept.actor: String should have at least 1 character"),
    ({**FULL, "dry": True}, "dry: Extra inputs are not permitted"),
)


def test_an_event_of_another_form_is_refused_in_words_that_help(
    deployed: DeployedStack, foundation: Foundation, subtests: pytest.Subtests
) -> None:
    for event, words in REFUSED:
        with subtests.test(event=event):
            done = deployed.invoke("Reconciliation", event)
            assert done.payload["errorMessage"].startswith("InvalidEventError: " + words)
    assert foundation.all("SELECT 1 FROM certification.runs") == []


def test_a_person_accepts_a_small_result_by_name(
    deployed: DeployedStack, foundation: Foundation, site: EmulatedWebsite, listed: Any
) -> None:
    """A small result is accepted by a person who is written down."""
    for mentor in listed:
        site.delete(str(mentor))
    done = deployed.invoke("Reconciliation", FULL)
    assert done.payload["reason"] == "website_result_small"
    assert "website_result_small" in conditions(foundation)
    accepted = deployed.invoke("Reconciliation", {**FULL, "accept": {"actor": "kari", "reason": "emptied"}})
    assert accepted.payload["state"] == "succeeded"
    assert foundation.all("SELECT actor, reason FROM certification.audit") == [("kari", "emptied")]
    assert work(deployed, accepted, "app_listed")["repairs_requested"] == 3
    assert conditions(foundation) == []
