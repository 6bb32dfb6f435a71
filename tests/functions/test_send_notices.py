"""functions.send_notices in a real process, with a mail service that can fail."""

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

EVENTS = Path(__file__).parents[2] / "events"
NIGHTLY_CHECK = json.loads((EVENTS / "expiry_check.scheduled.json").read_text())
EVENT = json.loads((EVENTS / "send_notices.scheduled.json").read_text())


@pytest.fixture
def due(deployed: DeployedStack, foundation: Foundation) -> Any:
    """A mentor and a coordinator whom the nightly check has written to."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    mentor = foundation.mentor(organisation, DAY + days(7), coordinator=turid)
    assert deployed.invoke("ExpiryCheck", NIGHTLY_CHECK).function_error is None
    return mentor


@pytest.mark.usefixtures("due")
def test_the_scheduled_event_sends_what_the_nightly_check_wrote(deployed: DeployedStack) -> None:
    """I4: from the template's sender, to one recipient each; again nothing."""
    done = deployed.invoke("SendNotices", EVENT)
    assert done.function_error is None
    assert done.payload["state"] == "succeeded"
    assert [mail.recipient for mail in deployed.ses.messages] == ["kari.saether@example.no", "turid.vik@example.no"]
    assert {mail.parsed()["From"].addresses[0].addr_spec for mail in deployed.ses.messages} == {"ikke-svar@example.no"}
    assert deployed.ses.violations == []
    deployed.invoke("SendNotices", EVENT)
    assert len(deployed.ses.messages) == 2


def test_a_service_that_refuses_us_ends_with_an_error(
    deployed: DeployedStack, foundation: Foundation, due: Any
) -> None:
    """I4: the code is in the answer, everything is pending, and the next schedule sends it."""
    deployed.ses.fail_next(1, "SendingPausedException")
    done = deployed.invoke("SendNotices", EVENT)
    assert done.payload["errorMessage"].startswith("RunFailedError: ")
    assert foundation.notices(due) == [("reminder", 7, "pending")]
    deployed.invoke("SendNotices", EVENT)
    assert len(deployed.ses.messages) == 2


@pytest.mark.usefixtures("due")
def test_its_metrics_carry_zeros(deployed: DeployedStack) -> None:
    """I12: also what no notice became."""
    done = deployed.invoke("SendNotices", EVENT)
    found = {}
    for line in deployed.logged(done):
        for metric in line.get("_aws", {"CloudWatchMetrics": [{"Metrics": []}]})["CloudWatchMetrics"][0]["Metrics"]:
            found[metric["Name"]] = line[metric["Name"]]
    assert found["NoticesSent"] == [2.0]
    for name in ("NoticesUndeliverable", "NoticesOutcomeUnknown", "NoticesStuck", "NoticesWaiting", "NoticesGivenBack"):
        assert found[name] == [0.0], name


@pytest.mark.usefixtures("due")
def test_the_function_that_sends_may_not_run_the_nightly_check(deployed: DeployedStack, database: TestDatabase) -> None:
    """Design, section 8: with the other function's login no run begins, and that is told as a code."""
    database.login("ExpiryCheck")  # a new password, so that the warm function reads its secret again
    deployed.put_secret("ExpiryCheck", database.login("SendNotices"))
    done = deployed.invoke("ExpiryCheck", NIGHTLY_CHECK)
    assert done.payload["errorMessage"] == "StoreRefusedError: database_42501_run_function_of_this_login"


def test_an_event_of_another_form_sends_nothing(deployed: DeployedStack, subtests: pytest.Subtests) -> None:
    """And says what was expected."""
    for event in ({}, {"scheduled_time": 1}, {"time": "2026-12-01T08:00:00Z"}):
        with subtests.test(event=event):
            assert deployed.invoke("SendNotices", event).function_error == "Unhandled"
    assert deployed.ses.counts.requests == 0
