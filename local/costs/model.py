"""What a month costs, worked out from the template's figures, the workload and the prices."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.costs.figures import DAYS, HOURS, Figures, polls_in_a_month

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent
PRICES: dict[str, Any] = json.loads((FOLDER / "prices.json").read_text(encoding="utf-8"))
WORKLOAD: dict[str, Any] = json.loads((FOLDER / "workload.json").read_text(encoding="utf-8"))
_GB = 1e9
_METRIC_SECTION = re.compile(r"^### (Of [^:\n]+?): dimension `(\w+)`.*?\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
_FEW_HOURS = 24  # a metric that is written in every hour of the day


@dataclass(frozen=True)
class Use:
    """One line of the bill: how much of one price is used in a month."""

    what: str
    price: str
    amount: float

    def usd(self, *, free: bool) -> float:
        """Return what it costs, with or without what AWS gives for nothing."""
        price = PRICES["prices"][self.price]
        given: float = price["free"] if free else 0
        return max(self.amount - given, 0) * float(price["usd"])


@dataclass
class Month:
    """A month at one number of mentors."""

    mentors: int
    uses: list[Use] = field(default_factory=list)

    def add(self, what: str, price: str, amount: float) -> None:
        """Add a line."""
        self.uses.append(Use(what, price, amount))

    def total(self, *, free: bool = True) -> float:
        """Return the sum of the lines."""
        return sum(use.usd(free=free) for use in self.uses)


def work_out(figures: Figures, metrics_document: str, mentors: int) -> Month:
    """Return the bill of the stack itself, without database and network."""
    month, runs = Month(mentors), runs_of(figures, mentors)
    arm = "_arm" if figures.is_arm else ""
    gb_seconds = sum(
        count * seconds_of(name, mentors, count) * figures.memory_mb[name.partition(":")[0]] / 1024
        for name, count in runs.items()
    )
    month.add("Lambda, time", f"lambda_gb_second{arm}", gb_seconds)
    month.add("Lambda, requests", "lambda_request", sum(runs.values()))
    month.add(
        "EventBridge Scheduler", "schedule_invocation", sum(s.runs for f in figures.schedules.values() for s in f)
    )
    syncs = runs.get("DynamicsSync", 0) * 3  # sent, received, deleted
    month.add("SQS", "sqs_request", polls_in_a_month(figures.polled_queues) + syncs)
    month.add("Secrets Manager, secrets", "secret_month", figures.secrets)
    month.add("Secrets Manager, readings", "secret_call", sum(runs.values()) * 0.5)
    month.add("CloudWatch, metrics", "metric_month", metric_months(figures, metrics_document, mentors))
    month.add("CloudWatch, alarms", "alarm_metric_month", figures.alarm_metrics)
    month.add("CloudWatch, dashboards", "dashboard_month", figures.dashboards)
    log_gb = sum(count * _of(name)["log_bytes"] for name, count in runs.items()) / _GB
    kept = sum(figures.log_days.values()) / max(len(figures.log_days), 1) / DAYS
    month.add("CloudWatch, log written", "log_gb", log_gb)
    month.add("CloudWatch, log kept", "log_gb_month", log_gb * kept)
    month.add("SES, mails", "mail", mentors * WORKLOAD["mails_per_mentor"])
    month.add("SNS, alerts by mail", "sns_mail", WORKLOAD["alerts"])
    return month


def network(mentors: int) -> Month:
    """Return what one NAT gateway costs besides: the functions are in a VPC, because the database is."""
    month = Month(mentors)
    comparisons = 2 * DAYS
    gb = mentors * WORKLOAD["website_bytes_per_mentor"] * comparisons / _GB + WORKLOAD["other_gb"]
    month.add("NAT gateway, hours", "nat_hour", HOURS)
    month.add("NAT gateway, traffic", "nat_gb", gb)
    month.add("NAT gateway, its public address", "public_ipv4_hour", HOURS)
    return month


def database(kind: str, mentors: int) -> Month:
    """Return what the app's database costs; it is there without this system too."""
    month = Month(mentors)
    size = "small" if mentors <= min(WORKLOAD["sizes"]) else "large"
    month.add(f"{kind}, {size}", f"{kind.lower()}_{size}_month", 1)
    return month


def runs_of(figures: Figures, mentors: int) -> dict[str, float]:
    """Return the runs of each function in a month, by `Name` or `Name:mode`."""
    runs = {name: sum(schedule.runs for schedule in found) for name, found in figures.schedules.items()}
    scheduled = {name.partition(":")[0] for name in runs}
    mails = mentors * WORKLOAD["mails_per_mentor"]
    for name in figures.memory_mb:
        if name not in scheduled:
            of = _of(name)
            runs[name] = of.get("runs", 0) + of.get("runs_per_mentor", 0) * mentors + of.get("runs_per_mail", 0) * mails
    return runs


def seconds_of(name: str, mentors: int, runs: float) -> float:
    """Return how long one run takes on average."""
    of = _of(name)
    mails = mentors * WORKLOAD["mails_per_mentor"] / max(runs, 1)
    return float(
        of["seconds"] + of.get("seconds_per_million", 0) * mentors / 1e6 + of.get("seconds_per_mail", 0) * mails
    )


def metric_months(figures: Figures, metrics_document: str, mentors: int) -> float:
    """Return the metrics that are paid for, in months of 24 hours a day.

    CloudWatch counts a metric for each hour in which it is written, so that of a nightly run costs little.
    """
    found = 0.0
    for section, dimension, content in _METRIC_SECTION.findall(metrics_document):
        names = len(set(re.findall(r"^\| `([^`]+)`", content, re.MULTILINE)))
        each = WORKLOAD["organisations"][str(mentors)] if dimension == "organisation" else 1
        hours = sum(_hours(figures, function, mentors) for function in WORKLOAD["metrics"][section])
        found += names * each * hours / _FEW_HOURS
    return found


def _hours(figures: Figures, name: str, mentors: int) -> float:
    """Return in how many hours of a day the function writes its metrics."""
    if name in figures.schedules:
        return len(frozenset().union(*(schedule.hours for schedule in figures.schedules[name])))
    return min(runs_of(figures, mentors).get(name, 0) / DAYS, 24)


def _of(name: str) -> Mapping[str, Any]:
    functions: Mapping[str, Mapping[str, Any]] = WORKLOAD["functions"]
    return functions.get(name, functions["default"])
