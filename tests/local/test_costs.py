"""docs/operations/costs.md is what the script makes of template.yaml, the prices and the workload."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from emulators.lambda_host.template.sam import read_yaml
from local.costs.__main__ import DOCUMENT, ROOT, document
from local.costs.document import write
from local.costs.figures import DAYS, read_figures
from local.costs.model import PRICES, WORKLOAD, database, network, runs_of, work_out

TEMPLATE = read_yaml(ROOT / "template.yaml")
FIGURES = read_figures(TEMPLATE)
METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
SMALL, LARGE = WORKLOAD["sizes"]
OFTEN = {"ScheduleExpression": "rate(1 minute)"}


def test_the_document_is_up_to_date() -> None:
    """`make costs` after a change of template.yaml, docs/metrics.md, the prices or the workload."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def changed(**properties: Any) -> str:
    """Return the document of a template in which one resource is changed, or added by a type and its properties."""
    template = copy.deepcopy(TEMPLATE)
    for name, change in properties.items():
        template["Resources"].setdefault(name, {"Type": change.pop("Type", None), "Properties": {}})
        template["Resources"][name]["Properties"] |= change
    return write(read_figures(template), METRICS)


@pytest.mark.parametrize(
    "change",
    [
        {"ExpiryCheck": {"MemorySize": 3008}},
        {"AnotherSecret": {"Type": "AWS::SecretsManager::Secret"}},
        {"AnotherAlarm": {"Type": "AWS::CloudWatch::Alarm", "MetricName": "Errors"}},
        {"ADashboard": {"Type": "AWS::CloudWatch::Dashboard"}},
        {"ExpiryCheckLogs": {"RetentionInDays": 3653}},
        {
            "ExpiryCheck": {
                "Events": {"A": {"Type": "ScheduleV2", "Properties": {"ScheduleExpression": "rate(1 minute)"}}}
            }
        },
    ],
    ids=["memory", "secret", "alarm", "dashboard", "log", "schedule"],
)
def test_a_change_of_the_template_changes_the_document(change: Any) -> None:
    """So the first test fails until the document is written again."""
    assert changed(**change) != document()


def test_the_schedules_are_counted() -> None:
    """One night and two more tries, five sendings, a sweep every five minutes, two comparisons."""
    runs = runs_of(FIGURES, SMALL)
    found = {name: round(runs[name] / DAYS, 3) for name in FIGURES.schedules}
    assert found["ExpiryCheck"] == 3
    assert found["SendNotices"] == 5
    assert found["Reconciliation:sweep"] == 288
    assert found["Reconciliation:full"] == 2


def test_every_price_has_a_source_and_is_used() -> None:
    """With the day on which it was looked up, the region that it is of, and how sure it is."""
    assert date.fromisoformat(PRICES["looked_up"])
    months = [
        work_out(figures, METRICS, n) for n in (SMALL, LARGE) for figures in (FIGURES, replace(FIGURES, is_arm=True))
    ]
    months += [network(SMALL), *(database(kind, n) for kind in ("RDS", "Supabase") for n in (SMALL, LARGE))]
    assert {use.price for month in months for use in month.uses} == set(PRICES["prices"])
    for price in PRICES["prices"].values():
        assert set(price) == {"usd", "per", "of", "source", "sure", "free"}
        assert price["usd"] > 0
        assert all(price[name] for name in ("per", "of", "source", "sure"))


def test_every_metric_section_is_counted() -> None:
    """A section of docs/metrics.md that the workload does not name raises; one that is gone would count nothing."""
    without = METRICS.replace("### Of the sweep: dimension", "### Of nothing: dimension")
    with pytest.raises(KeyError):
        work_out(FIGURES, without, SMALL)
    fewer = METRICS.replace("| `ListingsUnsynced`", "| ListingsUnsynced")
    assert _metrics(fewer) == pytest.approx(_metrics(METRICS) - 1)


def test_free_tiers_are_taken_off_and_never_paid_back() -> None:
    """What is below a free tier costs nothing, not less than nothing."""
    for mentors in (SMALL, LARGE):
        for use in work_out(FIGURES, METRICS, mentors).uses:
            assert 0 <= use.usd(free=True) <= use.usd(free=False)


def _metrics(text: str) -> float:
    return next(use.amount for use in work_out(FIGURES, text, SMALL).uses if use.price == "metric_month")
