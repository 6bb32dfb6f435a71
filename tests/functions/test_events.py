"""events/ has one event for every trigger of template.yaml, and each is what that trigger would send."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from local.lambda_host.schedule_expressions import next_occurrence, parse_expression
from local.lambda_host.schedules import render_input
from local.lambda_host.template import load_template
from shared.events import Scheduled

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
TEMPLATE = load_template(ROOT / "template.yaml")
MODULES = {function.logical_id: function.handler.split(".")[1] for function in TEMPLATE.functions}


def name_of(schedule):
    again = "_again" if schedule.logical_id.endswith("Again") else ""
    return f"{MODULES[schedule.function]}.scheduled{again}.json"


def event_of(schedule):
    return json.loads((EVENTS / name_of(schedule)).read_text(encoding="utf-8"))


def test_every_trigger_has_an_event_and_every_event_a_trigger():
    others = {"queued": TEMPLATE.event_source_mappings, "requested": TEMPLATE.function_urls}
    expected = {f"{MODULES[trigger.function]}.{kind}.json" for kind, triggers in others.items() for trigger in triggers}
    expected |= {name_of(schedule) for schedule in TEMPLATE.schedules}

    assert {path.name for path in EVENTS.iterdir()} == expected


@pytest.mark.parametrize("schedule", TEMPLATE.schedules, ids=lambda schedule: schedule.logical_id)
def test_the_event_is_what_the_schedule_sends(schedule):
    event = event_of(schedule)

    assert event == render_input(schedule, Scheduled.parse(event).scheduled_time)


@pytest.mark.parametrize("schedule", TEMPLATE.schedules, ids=lambda schedule: schedule.logical_id)
def test_the_event_is_of_a_time_at_which_the_schedule_runs(schedule):
    time = datetime.fromisoformat(event_of(schedule)["scheduled_time"])
    just_before = time - timedelta(seconds=1)

    due = next_occurrence(parse_expression(schedule.expression), ZoneInfo(schedule.timezone), just_before, just_before)

    assert due == time
