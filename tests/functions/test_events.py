"""events/ has one event for every trigger of template.yaml, and each is what that trigger would send."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from emulators.lambda_host.template.schedule_expressions import next_occurrence, parse_expression
from emulators.lambda_host.triggers.schedules import render_input
from local.stack.parameters import local_template
from shared.domain.mail.events import MailEvent, MailEventKind
from shared.domain.sync_messages import requests_of
from shared.events import InvalidEventError, ReconciliationEvent, ScheduledEvent, listing_changed
from shared.ses_events import mail_event

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
TEMPLATE = local_template()
MODULES = {function.logical_id: function.handler.split(".")[1] for function in TEMPLATE.functions}


def name_of(schedule):
    if MODULES[schedule.function] == "reconciliation":
        return f"reconciliation.{schedule.logical_id.removeprefix('Reconciliation').lower()}.json"
    again = "_again" if schedule.logical_id.endswith("Again") else ""
    return f"{MODULES[schedule.function]}.scheduled{again}.json"


def event_of(schedule):
    return json.loads((EVENTS / name_of(schedule)).read_text(encoding="utf-8"))


def ruled():
    """The functions that EventBridge's rules on a pattern call, each with the pattern."""
    for rule in TEMPLATE.event_rules:
        pattern = TEMPLATE.resources[rule.logical_id]["Properties"]["EventPattern"]
        yield from ((target.function, pattern) for target in rule.targets)


# One address, and an event for each kind of request to it.
# Invoked by a person, or by a deployment.
OF_PERSONS = {
    "VerifyIntegration": ["person", "deployment"],
    "Operations": ["release_brake"],
    "OperationsReader": ["status"],
}
OF_URLS = {"StatusChanged": ["requested"], "ForceSync": ["page", "mentors", "overview", "forced"]}
# What a rule lets through.
OF_RULES = {"StatusChanged": ["event"], "MailEvents": [kind.value for kind in MailEventKind]}


def test_every_trigger_has_an_event_and_every_event_a_trigger() -> None:
    mappings = [mapping for mapping in TEMPLATE.event_source_mappings if "Repair" not in mapping.logical_id]
    expected = {f"{MODULES[mapping.function]}.queued.json" for mapping in mappings}
    expected |= {
        f"{MODULES[url.function]}.{kind}.json" for url in TEMPLATE.function_urls for kind in OF_URLS[url.function]
    }
    expected |= {name_of(schedule) for schedule in TEMPLATE.schedules}
    expected |= {f"{MODULES[function]}.{kind}.json" for function, _ in ruled() for kind in OF_RULES[function]}
    expected |= {f"{MODULES[function]}.{kind}.json" for function, kinds in OF_PERSONS.items() for kind in kinds}
    assert len(mappings) == len(TEMPLATE.event_source_mappings) - 1  # the queue of repairs has the same messages

    assert {path.name for path in EVENTS.iterdir()} == expected


@pytest.mark.parametrize("schedule", TEMPLATE.schedules, ids=lambda schedule: schedule.logical_id)
def test_the_event_is_what_the_schedule_sends(schedule: Any) -> None:
    event = event_of(schedule)

    model = ReconciliationEvent if "mode" in event else ScheduledEvent
    assert event == render_input(schedule, model.parse(event).scheduled_time)


@pytest.mark.parametrize("schedule", TEMPLATE.schedules, ids=lambda schedule: schedule.logical_id)
def test_the_event_is_of_a_time_at_which_the_schedule_runs(schedule: Any) -> None:
    time = datetime.fromisoformat(event_of(schedule)["scheduled_time"])
    just_before = time - timedelta(seconds=1)

    # A rate counts from when it was made, so it may be at any time.
    anchor = time if schedule.expression.startswith("rate") else just_before
    due = next_occurrence(parse_expression(schedule.expression), ZoneInfo(schedule.timezone), just_before, anchor)

    assert due == time


def test_the_event_of_a_rule_fits_its_pattern_and_is_taken() -> None:
    pattern = dict(ruled())["StatusChanged"]
    event = json.loads((EVENTS / "status_changed.event.json").read_text(encoding="utf-8"))

    assert all(event[name] in values for name, values in pattern.items())
    assert len(requests_of(listing_changed(event))) == 2


def kind_of(event):
    said = mail_event(event)
    assert isinstance(said, MailEvent)
    return said.kind


def test_the_rule_of_mail_events_lets_each_kind_through() -> None:
    """Every kind that is recorded, of our own configuration set and no other."""
    pattern = dict(ruled())["MailEvents"]
    events = [json.loads((EVENTS / f"mail_events.{kind}.json").read_text(encoding="utf-8")) for kind in MailEventKind]

    assert {event["detail-type"] for event in events} == {*pattern["detail-type"]}
    assert {event["source"] for event in events} == {*pattern["source"]}
    assert pattern["detail"] == {"mail": {"tags": {"ses:configuration-set": [{"Ref": "MailConfigurationSet"}]}}}
    assert [kind_of(event) for event in events] == list(MailEventKind)


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_other_zone_holds_is_refused(at: str) -> None:
    """It was an OverflowError in the run, after the run had begun."""
    with pytest.raises(InvalidEventError, match="of the years 2 to 9998"):
        ScheduledEvent.parse({"scheduled_time": at})
    with pytest.raises(InvalidEventError, match="of the years 2 to 9998"):
        ReconciliationEvent.parse({"scheduled_time": at, "mode": "sweep"})


def test_fields_that_are_not_ours_are_not_repeated() -> None:
    """I11: whoever may invoke names them, a megabyte long or after a mentor, and errors are logged."""
    event = {"scheduled_time": "2026-12-01T02:40:00Z", "mode": "sweep", **{f"Kari Nes {n}": n for n in range(20_000)}}
    with pytest.raises(InvalidEventError) as raised:
        ReconciliationEvent.parse(event)
    assert "event: Extra inputs are not permitted; and 19995 more" in str(raised.value)
    assert "Kari" not in str(raised.value)
    assert len(str(raised.value)) < 1_000
