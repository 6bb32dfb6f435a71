"""functions.expiry_check in a real process: its events, its answer, its log and metrics, its secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.functions.conftest import CREDENTIAL
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase
    from tests.functions.conftest import DeployedStack
    from tests.support.foundation import Foundation
    from tests.support.syncs import EmulatedWebsite

EVENT = json.loads((Path(__file__).parents[2] / "events" / "expiry_check.scheduled.json").read_text())


def metrics(lines):
    """Every metric of every EMF line, by name, summed."""
    found: dict[Any, Any] = {}
    for line in lines:
        if "_aws" in line:
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                found[metric["Name"]] = found.get(metric["Name"], 0) + sum(line[metric["Name"]])
    return found


def test_the_scheduled_event_runs_the_nightly_check_of_its_day(deployed: DeployedStack, foundation: Foundation) -> None:
    """The day is the scheduled time's, not that of the clock: this runs long before or after 2026-12-01."""
    organisation = foundation.organisation()
    mentors = [foundation.mentor(organisation, DAY + days(left)) for left in (7, -1)]
    done = deployed.invoke("ExpiryCheck", EVENT)
    assert done.function_error is None
    assert done.payload["state"] == "succeeded"
    assert done.payload["organisations"] == 1
    assert foundation.all("SELECT as_of FROM certification.run_organisations") == [DAY]
    assert [foundation.status(mentor) for mentor in mentors] == ["active", "certification_expired"]
    assert foundation.all("SELECT id::text, request_id FROM certification.runs") == [
        (done.payload["run_id"], done.request_id)
    ]
    again = deployed.invoke("ExpiryCheck", EVENT)
    assert again.init_ms is None
    assert len(foundation.everything()["log"]) == 1


def test_the_log_has_a_line_an_organisation_and_one_a_run(deployed: DeployedStack, foundation: Foundation) -> None:
    """The log has one line an organisation and one a run with the settings in force.

    I12: the flags a nightly check ran by are in its own log line.
    """
    foundation.organisation(thresholds=(45, 20), reactivate=False)
    lines = deployed.logged(deployed.invoke("ExpiryCheck", EVENT))
    organisation, asked, checked, run, reported = (line for line in lines if "_aws" not in line)
    assert (reported["counts"]["alerts_open"], reported["counts"]["alerts_unsent"]) == (0, 0)
    assert (checked["counts"]["credential_healthy"], checked["reasons"]) == (1, [])
    assert organisation["thresholds"] == [45, 20]
    assert (organisation["org_thresholds"], organisation["reactivate_renewed"]) == (True, False)
    assert organisation["as_of"] == DAY.isoformat()
    assert organisation["counts"]["reminders_due.45"] == 0
    assert (run["function"], run["state"]) == ("expiry_check", "succeeded")
    assert organisation["run_id"] == run["run_id"]
    assert (asked["function"], asked["counts"]) == ("expiry_check", {"sync_requested": 0})


def test_the_nightly_check_asks_for_the_sync_of_what_it_changed(
    deployed: DeployedStack, foundation: Foundation
) -> None:
    """Issue 3: a dead webhook delays nothing that happens at night; whoever was never listed is asked for too."""
    organisation = foundation.organisation()
    for left in (7, -1):
        foundation.mentor(organisation, DAY + days(left), consent=True)
    lines = deployed.logged(deployed.invoke("ExpiryCheck", EVENT))
    asked, _, _ = (line for line in lines if line.get("message") == "work")
    assert asked["counts"] == {"sync_requested": 2}


def test_metrics_carry_zeros(deployed: DeployedStack, foundation: Foundation) -> None:
    """I12: a metric that only comes with a number cannot be told from one that never comes."""
    foundation.organisation()
    found = metrics(deployed.logged(deployed.invoke("ExpiryCheck", EVENT)))
    for name in (
        "CredentialRefused",
        "PendingSecretRefused",
        "SecretWithoutEndDate",
        "RemindersDue",
        "RemindersClaimed",
        "ExpiriesChanged",
        "ExpiriesSkippedManualEdit",
        "StepFailures",
        "Unnotified",
    ):
        assert found[name] == 0, name
    assert {name: found[name] for name in found if name.startswith("Runs")} == {
        "RunsSucceeded": 1,
        "RunsDegraded": 0,
        "RunsFailed": 0,
    }


def test_a_check_in_which_all_failed_ends_with_an_error(deployed: DeployedStack, foundation: Foundation) -> None:
    """I13: the error makes the schedule try again; it is a code."""
    foundation.organisation(timezone="Mars/Olympus")
    done = deployed.invoke("ExpiryCheck", EVENT)
    assert done.function_error == "Unhandled"
    assert done.payload["errorMessage"] == "RunFailedError: unknown_timezone"
    assert metrics(deployed.logged(done))["RunsFailed"] == 1


REFUSED: tuple[tuple[Any, str], ...] = (
    ({}, "scheduled_time: Field required"),
    ({"scheduled_time": "tomorrow"}, "scheduled_time: Input should be a date and a time"),
    ({"scheduled_time": "20261201"}, "scheduled_time: Input should be a date and a time"),
    ({"scheduled_time": 1796000000}, "scheduled_time: Input should be a date and a time"),
    ({"scheduled_time": "2026-13-01T00:15:00Z"}, "scheduled_time: Input should be a valid datetime"),
    ({"scheduled_time": "2026-12-01T00:15:00"}, "scheduled_time: Input should have timezone info"),
    ({"scheduled_time": "<aws.scheduler.scheduled-time>"}, "scheduled_time: Input should be a date and a time"),
    ([], "event: Input should be a valid dictionary"),
    ("2026-12-01", "event: Input should be a valid dictionary"),
    (None, "event: Input should be a valid dictionary"),
)


def test_an_event_of_another_form_is_refused_in_words_that_help(
    deployed: DeployedStack, foundation: Foundation, subtests: pytest.Subtests
) -> None:
    """And nothing is run."""
    for event, words in REFUSED:
        with subtests.test(event=event):
            done = deployed.invoke("ExpiryCheck", event)
            assert done.payload["errorMessage"].startswith("InvalidEventError: " + words)
            assert 'Expected {"scheduled_time": "2026-12-01T23:15:00Z"}' in done.payload["errorMessage"]
    assert foundation.all("SELECT 1 FROM certification.runs") == []


def test_an_event_with_a_wrong_digit_is_refused_and_reported(deployed: DeployedStack, foundation: Foundation) -> None:
    """Issue 8 B: 2036 for 2026. Nobody is expired, nothing is used up; operations is notified of a failed run."""
    organisation = foundation.organisation()
    mentors = [foundation.mentor(organisation, DAY + days(left)) for left in (-1, 5, 300)]
    done = deployed.invoke("ExpiryCheck", {"scheduled_time": "2036-11-30T23:15:00Z"})
    said = "ScheduledAheadError: scheduled_time: 2036-11-30T23:15Z has not come, so nothing was done. Now it may be"
    assert done.payload["errorMessage"].startswith(f"{said} 2026-12-02T21:")
    assert {foundation.status(mentor) for mentor in mentors} == {"active"}
    assert foundation.everything()["reminders"] == []
    assert foundation.all("SELECT state, reason FROM certification.runs") == [("failed", "scheduled_time_ahead")]
    assert foundation.all("SELECT condition FROM certification.alerts") == ["run_failed"]
    assert metrics(deployed.logged(done))["RunsFailed"] == 1


@pytest.mark.parametrize(
    ("secret", "error", "code"),
    [
        ("not json", "SecretMalformedError", "secret_is_not_json"),
        ("[]", "SecretMalformedError", "secret_is_not_json"),
        (
            {"host": "127.0.0.1", "port": 1, "sslmode": "disable"},
            "ConnectionLostError",
            "database_connection_failed",
        ),
    ],
)
def test_a_broken_secret_is_reported_as_what_it_is(deployed: DeployedStack, secret: Any, error: str, code: str) -> None:
    """I11: by a code; what the secret holds is nowhere."""
    deployed.put_secret("ExpiryCheck", secret)
    done = deployed.invoke("ExpiryCheck", EVENT)
    assert done.payload["errorMessage"] == f"{error}: {code}"


def test_a_wrong_password_is_reported_without_user_and_password(
    deployed: DeployedStack, database: TestDatabase
) -> None:
    """I11: what libpq says names both."""
    secret = database.login("ExpiryCheck")
    deployed.put_secret("ExpiryCheck", {**secret, "password": "a-wrong-password"})
    done = deployed.invoke("ExpiryCheck", EVENT)
    assert done.payload["errorMessage"].startswith("ConnectionLostError: database_connection_")
    assert "a-wrong-password" not in str(done)
    assert secret["username"] not in str(done)


def test_a_rotated_secret_is_read_again_once(
    deployed: DeployedStack, database: TestDatabase, foundation: Foundation
) -> None:
    """A warm function holds the old one; the refused login makes it read afresh, and the run goes on."""
    foundation.organisation()
    assert deployed.invoke("ExpiryCheck", EVENT).function_error is None
    deployed.put_secret("ExpiryCheck", database.login("ExpiryCheck"))
    done = deployed.invoke("ExpiryCheck", EVENT)
    assert (done.function_error, done.init_ms) == (None, None)


@pytest.fixture
def pending(deployed: DeployedStack) -> Iterator[Any]:
    """The next version of the secret, put in as docs/operations/deploy.md says; its label is taken off in the end."""
    name = deployed.stack.physical_id("DataverseSecret")
    value = json.dumps({**CREDENTIAL, "client_secret": "a-new-local-secret"})
    made = deployed.clients.secretsmanager.put_secret_value(
        SecretId=name, SecretString=value, VersionStages=["AWSPENDING"]
    )
    yield made["VersionId"]
    deployed.clients.secretsmanager.update_secret_version_stage(
        SecretId=name, VersionStage="AWSPENDING", RemoveFromVersionId=made["VersionId"]
    )


def test_the_next_secret_is_tried_before_it_is_current(
    deployed: DeployedStack, foundation: Foundation, site: EmulatedWebsite, pending: Any
) -> None:
    """I10: with AWSPENDING as it is in Secrets Manager; the run says what is wrong with it, and no value is logged."""
    done = deployed.invoke("ExpiryCheck", EVENT)
    assert (done.payload["state"], done.payload["reason"]) == ("degraded", "pending_entra_7000215")
    assert metrics(deployed.logged(done))["PendingSecretRefused"] == 1

    site.add_secret("a-new-local-secret")
    done = deployed.invoke("ExpiryCheck", EVENT)
    assert done.payload["state"] == "succeeded"
    found = metrics(deployed.logged(done))
    assert (found["PendingSecretGood"], found["CredentialHealthy"], found["SecretDaysLeft"]) == (1, 1, 1157)

    name = deployed.stack.physical_id("DataverseSecret")
    current = deployed.clients.secretsmanager.get_secret_value(SecretId=name)["VersionId"]
    deployed.clients.secretsmanager.update_secret_version_stage(
        SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=pending, RemoveFromVersionId=current
    )
    site.revoke_secret()
    found = metrics(deployed.logged(deployed.invoke("ExpiryCheck", EVENT)))
    assert (found["CredentialHealthy"], found["PendingSecretGood"], found["PendingSecretRefused"]) == (1, 0, 0)
    assert foundation.one("SELECT pending_secret FROM certification.sync_state") == "none"
    assert not [line for line in deployed.lines if "local-secret" in line or "local secret" in line]


def test_a_lost_access_degrades_the_check_until_it_is_back(
    deployed: DeployedStack, foundation: Foundation, site: EmulatedWebsite
) -> None:
    """An access that is lost degrades the nightly check, and the next check reports that it is back.

    I10, I13: who has expired is expired all the same.
    """
    organisation = foundation.organisation()
    mentor = foundation.mentor(organisation, DAY - days(1))
    site.remove_application_user()
    done = deployed.invoke("ExpiryCheck", EVENT)
    assert (done.function_error, done.payload["reason"]) == (None, "dataverse_403_0x80072560")
    assert foundation.status(mentor) == "certification_expired"
    assert foundation.one("SELECT stopped_reason FROM certification.sync_state") == "dataverse_403_0x80072560"
    site.restore_application_user()
    done = deployed.invoke("ExpiryCheck", EVENT)
    assert metrics(deployed.logged(done))["CredentialRecovered"] == 1
    assert foundation.one("SELECT stopped_since FROM certification.sync_state") is None
