"""The CloudWatch dashboard of template.yaml: valid, complete, and of metrics that there are.

Source: "Dashboard body structure and syntax" in the CloudWatch API reference.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest

from shared.domain.credentials.credential import CredentialState, Health
from shared.domain.runs import RunState
from shared.observability import METRIC_NAMESPACE, SERVICE, metric_name
from shared.use_cases.sweep import SWEEP_COUNTS
from tests.support.alarms import ROOT, alarms, functions, template
from tests.support.foundation import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.foundation import Foundation

DASHBOARD: Final = "OperationsDashboard"
METRICS: Final = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
# What AWS publishes: the Lambda, SQS and SES developer guides, "monitoring".
OF_AWS: Final = {
    "AWS/Lambda": {"Errors", "Throttles", "Url4xxCount", "Url5xxCount", "Invocations", "Duration"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    "AWS/SES": {"Reputation.BounceRate", "Reputation.ComplaintRate"},
}
GRID: Final = 24
FREE_METRICS: Final = 50
"""Beyond so many a dashboard is no longer free of charge (CloudWatch pricing)."""


@cache
def widgets() -> list[dict[str, Any]]:
    body = json.loads(template().properties(DASHBOARD).values["DashboardBody"])
    found: list[dict[str, Any]] = body["widgets"]
    return found


def shown() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield namespace, name and dimensions of each metric."""
    for widget in widgets():
        for line in widget["properties"].get("metrics", ()):
            if words := [part for part in line if isinstance(part, str)]:  # an expression has none
                namespace, name, *dimensions = words
                yield namespace, name, dict(zip(dimensions[::2], dimensions[1::2], strict=True))


def metrics_of(function: str) -> set[str]:
    """Return the metrics that the document gives a function: those of its sections."""
    sections = re.split(r"^### Of ", METRICS.split("## Log messages")[0], flags=re.MULTILINE)[1:]
    heads = {
        "reconciliation_sweep": ("the sweep", "our access", "the full comparison", "a run"),
        "reconciliation_full": ("the full comparison", "our access", "a run"),
        "expiry_check": ("a run", "our access", "the nightly request"),
        "send_notices": ("a run",),
        "mail_events": ("the mails",),
        "status_changed": ("the webhook",),
        "dynamics_sync": ("the sync",),
        "force_sync": ("forced syncs",),
    }[function]
    return {
        name
        for section in sections
        if section.startswith(heads)
        for name in re.findall(r"^\| `(\w+)`", section, re.MULTILINE)
    }


def test_every_widget_fits_into_the_grid() -> None:
    """None beside the 24 columns, and none on another."""
    taken: set[tuple[int, int]] = set()
    for widget in widgets():
        cells = {(widget["x"] + x, widget["y"] + y) for x in range(widget["width"]) for y in range(widget["height"])}
        assert max(x for x, _ in cells) < GRID
        assert not cells & taken, widget["properties"].get("title")
        taken |= cells


def test_every_metric_that_is_shown_is_there() -> None:
    """Of ours: described for that function, with all of its dimensions. Of AWS: of a resource of this template."""
    made = template()
    names = {made.name(one) for one in made.resources if made.kind(one) in {"AWS::Lambda::Function", "AWS::SQS::Queue"}}
    found = list(shown())
    assert len(found) > 40
    for namespace, name, dimensions in found:
        if namespace == METRIC_NAMESPACE:
            assert dimensions["service"] == SERVICE
            assert name in metrics_of(dimensions["function"]), (name, dimensions)
        else:
            assert name in OF_AWS[namespace]
            assert namespace == "AWS/SES" or set(dimensions.values()) <= names


def test_the_sweep_writes_what_is_shown_of_it(foundation: Foundation) -> None:
    """The figures of the first answer are those of the code, not only of the document."""
    written = {*SWEEP_COUNTS, *Health(CredentialState.HEALTHY).counts(DAY), *(f"runs_{state}" for state in RunState)}
    written |= set(foundation.all("SELECT measure FROM certification.count_waiting()"))
    found = {name for _, name, dimensions in shown() if dimensions.get("function") == "reconciliation_sweep"}
    assert len(found) > 8
    assert found <= {metric_name(measure) for measure in written}


def test_every_metric_of_an_alarm_is_there_too() -> None:
    for alarm in alarms().values():
        for metric in alarm.metrics:
            known = OF_AWS.get(metric.namespace) or metrics_of(dict(metric.dimensions)["function"])
            assert metric.name in known, (alarm.name, metric)


def test_it_answers_first_whether_the_website_is_right() -> None:
    """And since when; then come the alarms, every one of them."""
    question, answer, since, *_ = sorted(widgets(), key=lambda one: (one["y"], one["x"]))
    assert "Stemmer nettstedet" in question["properties"]["markdown"]
    assert "ProofYes" in json.dumps(answer)
    assert "MinutesSinceProvedRight" in json.dumps(since)
    [listed] = [one["properties"]["alarms"] for one in widgets() if one["type"] == "alarm"]
    made = template()
    assert [arn.rpartition(":")[2] for arn in listed] == [made.name(name) for name in listed_names()]
    assert set(listed_names()) == set(alarms())


def listed_names() -> list[str]:
    """Return the alarms of the alarm widget, as the template writes them."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8").partition(f"\n  {DASHBOARD}:")[2]
    return re.findall(r'"\$\{(\w+Alarm)\.Arn\}"', text)


def test_every_function_that_can_fail_is_shown() -> None:
    failing = {dimensions["FunctionName"] for namespace, name, dimensions in shown() if name == "Errors"}
    made = template()
    assert failing == {made.name(logical_id) for logical_id in functions().values()}


def test_it_has_no_name_of_its_own_and_is_free_of_charge() -> None:
    """A name that held the stack's could be too long; beyond fifty metrics it costs three dollars a month."""
    assert "DashboardName" not in template().properties(DASHBOARD).values
    assert len({json.dumps(one) for one in shown()}) <= FREE_METRICS


def test_expressions_use_ids_that_are_there() -> None:
    for widget in widgets():
        options = [line[-1] for line in widget["properties"].get("metrics", ()) if isinstance(line[-1], dict)]
        ids = {option["id"] for option in options if "id" in option}
        for option in options:
            if "expression" in option:
                names = {node.id for node in ast.walk(ast.parse(option["expression"])) if isinstance(node, ast.Name)}
                assert names <= ids


@pytest.mark.parametrize("widget", widgets(), ids=lambda one: one["properties"].get("title", "text"))
def test_every_widget_says_what_it_shows(widget: dict[str, Any]) -> None:
    """In Norwegian: a title, and a name for each line."""
    properties = widget["properties"]
    if widget["type"] == "text":
        return
    assert properties["title"]
    for line in properties.get("metrics", ()):
        option = line[-1]
        assert option.get("label") or option.get("visible") is False, line
