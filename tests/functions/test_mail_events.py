"""functions.mail_events in a real process: what SES's events do, what is counted, and what is never logged."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.mail.events import MailEventKind
from shared.observability import metric_name
from shared.use_cases.mail_events import MAIL_EVENT_COUNTS
from tests.support.foundation import DAY, days
from tests.support.nightly_checks import Functions, at_nine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.functions.conftest import DeployedStack
    from tests.support.foundation import Foundation

EVENTS = Path(__file__).parents[2] / "events"
KARI = "kari.øyen@example.no"


def said(deployed: DeployedStack, event: object) -> tuple[Any, dict[str, float]]:
    """(what the function returns, every metric that it writes)."""
    done = deployed.invoke("MailEvents", event)
    found: dict[str, float] = {}
    for line in deployed.logged(done):
        if "_aws" in line:
            assert line["function"] == "mail_events"
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                found[metric["Name"]] = line[metric["Name"]][0]
    return done.payload, found


@pytest.fixture
def event_of(deployed: DeployedStack, foundation: Foundation, functions: Functions) -> Callable[..., Any]:
    """Sends Kari's reminder, and returns the events of SES about it."""
    organisation = foundation.organisation()
    turid = foundation.coordinator(organisation)
    foundation.mentor(organisation, DAY + days(7), coordinator=turid, email="kari.oyen@example.no")
    functions.nightly_check(DAY)
    moment = at_nine(DAY).astimezone(UTC).isoformat()
    assert deployed.invoke("SendNotices", {"scheduled_time": moment}).payload["state"] == "succeeded"
    [(notice, message)] = foundation.all("SELECT id, message_id FROM certification.notices WHERE kind = 'reminder'")

    def make(kind: str) -> Any:
        text = (EVENTS / f"mail_events.{kind}.json").read_text(encoding="utf-8")
        event = json.loads(text.replace("kari@example.no", KARI))
        mail = event["detail"]["mail"]
        mail["tags"]["notice_id"] = [str(notice)]
        mail["messageId"] = message
        mail["timestamp"] = datetime.now(UTC).isoformat()
        return event

    return make


def test_each_kind_is_recorded_once_and_counted(
    deployed: DeployedStack, foundation: Foundation, event_of: Callable[..., Any]
) -> None:
    """I12, I17: all counts, zeros included; the strongest wins; alerts are published where a mail did not arrive."""
    counted = {
        "delivery": "MailsDelivered",
        "delay": "MailsDelayed",
        "reject": "MailsRejected",
        "bounce": "MailsBounced",
        "complaint": "MailsComplained",
    }
    for kind, metric in counted.items():
        event = event_of(kind)
        payload, metrics = said(deployed, event)
        assert payload == {"outcome": "recorded"}
        ones = {name for name in map(metric_name, MAIL_EVENT_COUNTS) if metrics[name]}
        assert ones == {"MailEventsRecorded", metric}
        assert ("AlertsOpen" in metrics) == (kind in {"reject", "bounce", "complaint"})
        payload, metrics = said(deployed, event)
        assert payload == {"outcome": "repeated"}
        assert {name for name in map(metric_name, MAIL_EVENT_COUNTS) if metrics[name]} == {"MailEventsRepeated"}
    assert foundation.all("SELECT arrival, arrival_code FROM certification.notices WHERE kind = 'reminder'") == [
        ("complained", "abuse")
    ]
    assert foundation.one("SELECT count(*) FROM certification.mail_events") == len(MailEventKind)


def test_no_address_is_logged_counted_or_stored(
    deployed: DeployedStack, foundation: Foundation, event_of: Callable[..., Any]
) -> None:
    """I11: an event carries the address, what the recipient's server said, and whatever else SES adds.

    Neither those that are recorded, nor those that are not ours, nor malformed ones, nor those that the database
    refuses leave any of it behind.
    """
    events = [event_of(kind) for kind in MailEventKind]
    malformed = copy.deepcopy(events)
    for event in malformed:
        detail = event["detail"]
        detail["mail"]["timestamp"] = KARI
        for part in ("bounce", "complaint", "delivery", "deliveryDelay"):
            if part in detail:
                detail[part] = {KARI: KARI, "timestamp": KARI, "bounceType": [KARI], "smtpResponse": {KARI: 1}}
    words = event_of("bounce")
    words["detail"]["bounce"] |= {"bounceSubType": KARI, "feedbackId": "f-2"}
    words["detail"]["bounce"]["bouncedRecipients"] = [{"status": f"5.1.1 {KARI}", "diagnosticCode": f"550 <{KARI}>"}]
    not_ours = event_of("bounce")
    not_ours["detail"]["mail"]["tags"] = {"notice_id": [KARI]}
    results = [said(deployed, event)[0] for event in [*events, words, not_ours]]
    assert {result["outcome"] for result in results} == {"recorded", "without_tag"}
    failed = [deployed.invoke("MailEvents", event) for event in [*malformed, KARI, {KARI: KARI}, {"detail": KARI}]]
    assert all("InvalidEventError" in done.payload["errorMessage"] for done in failed)
    foundation.do("ALTER TABLE certification.mail_events ADD CONSTRAINT refuses CHECK (code <> 'abuse') NOT VALID")
    refused = event_of("complaint")
    refused["detail"]["complaint"]["feedbackId"] = "f-3"
    failed.append(deployed.invoke("MailEvents", refused))
    assert failed[-1].function_error is not None
    texts = [*deployed.lines, *(json.dumps(one.payload, ensure_ascii=False) for one in failed), json.dumps(results)]
    for table in ("notices", "mail_events", "unusable_addresses", "alerts"):
        texts += foundation.all(f"SELECT to_jsonb(t)::text FROM certification.{table} AS t")
    assert len(texts) > 40
    assert [text for text in texts if "øyen" in text or "oyen" in text or "\\u00f8yen" in text] == []


def test_events_of_another_system_are_only_counted(
    deployed: DeployedStack, foundation: Foundation, event_of: Callable[..., Any]
) -> None:
    """I17: without our tag, of a kind that is not recorded, or of a notice that is not here: never an error."""
    without, other, unknown, restored = (event_of("bounce") for _ in range(4))
    del without["detail"]["mail"]["tags"]
    other["detail"] |= {"eventType": "Open", "open": {"ipAddress": "192.0.2.1"}}
    unknown["detail"]["mail"]["tags"]["notice_id"] = ["999999"]
    restored["detail"]["mail"]["messageId"] = "0110018f00000000-00000000-0000-0000-0000-000000000000-000000"
    for event, outcome, metric in (
        (without, "without_tag", "MailEventsWithoutTag"),
        (other, "other_kind", "MailEventsOtherKind"),
        (unknown, "unknown_notice", "MailEventsUnknownNotice"),
        (restored, "another_message", "MailEventsAnotherMessage"),
    ):
        payload, metrics = said(deployed, event)
        assert payload == {"outcome": outcome}
        assert {name for name in map(metric_name, MAIL_EVENT_COUNTS) if metrics[name]} == {metric}
    assert foundation.one("SELECT count(*) FROM certification.mail_events") == 0


def test_an_event_that_cannot_be_recorded_is_tried_again(
    deployed: DeployedStack, database: Any, event_of: Callable[..., Any]
) -> None:
    """I17: without a database the function fails, and Lambda tries the event again, then keeps it as a dead letter."""
    login = database.login("MailEvents")
    deployed.put_secret("MailEvents", login | {"port": 1})
    done = deployed.invoke("MailEvents", event_of("bounce"))
    assert done.function_error is not None
    deployed.put_secret("MailEvents", login)
    assert said(deployed, event_of("bounce"))[0] == {"outcome": "recorded"}
