"""Read alarms from the resources of a CloudFormation template whose intrinsic functions are resolved."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emulators.cloudwatch.alarms import Alarm, AlarmRefusedError, Metric, MissingData, Query

if TYPE_CHECKING:
    from collections.abc import Mapping

ALARM = "AWS::CloudWatch::Alarm"
# What the model evaluates, and what does not matter to when an alarm rings. CloudWatch gets new properties at times.
_EVALUATED = {
    "ActionsEnabled", "AlarmActions", "ComparisonOperator", "DatapointsToAlarm", "Dimensions", "EvaluationPeriods",
    "MetricName", "Metrics", "Namespace", "OKActions", "Period", "Statistic", "Threshold", "TreatMissingData",
    "WarmUpConfiguration",
}  # fmt: skip
_ASIDE = {"AlarmDescription", "AlarmName", "InsufficientDataActions", "Tags"}


def read_alarm(name: str, properties: Mapping[str, Any]) -> Alarm:
    """Return an alarm. Raises AlarmRefusedError for one that CloudWatch refuses or this model cannot evaluate."""
    if unknown := sorted(properties.keys() - _EVALUATED - _ASIDE):
        raise AlarmRefusedError(f"{name}: this model does not know {', '.join(unknown)}")
    queries, expression, period = _metrics(name, properties)
    periods = int(properties["EvaluationPeriods"])
    return Alarm(
        name=name,
        queries=queries,
        expression=expression,
        period=timedelta(seconds=period),
        evaluation_periods=periods,
        datapoints_to_alarm=int(properties.get("DatapointsToAlarm", periods)),
        threshold=float(properties["Threshold"]),
        comparison=properties["ComparisonOperator"],
        missing_data=MissingData(properties.get("TreatMissingData", "missing")),
        notifies=bool(properties.get("AlarmActions")) and properties.get("ActionsEnabled", True) is not False,
        notifies_ok=bool(properties.get("OKActions")),
        description=properties.get("AlarmDescription", ""),
        warm_up=_warm_up(name, properties.get("WarmUpConfiguration")),
    )


def _warm_up(name: str, described: Mapping[str, Any] | None) -> timedelta:
    if described is None:
        return timedelta(0)
    if described.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds") not in (True, "true"):
        raise AlarmRefusedError(f"{name}: this model does not know when a warm-up ends early")
    return timedelta(minutes=int(described["WarmUpPeriodDurationInMinutes"]))


def _metrics(name: str, properties: Mapping[str, Any]) -> tuple[tuple[Query, ...], str, int]:
    if "Metrics" not in properties:
        return (Query("metric", _metric(properties), properties["Statistic"]),), "metric", int(properties["Period"])
    stats = [(one["Id"], one["MetricStat"]) for one in properties["Metrics"] if "MetricStat" in one]
    shown = [one for one in properties["Metrics"] if one.get("ReturnData", True) not in (False, "false")]
    periods = {int(stat["Period"]) for _, stat in stats}
    if len(shown) != 1 or len(periods) != 1:
        raise AlarmRefusedError(f"{name}: exactly one of Metrics returns data, and all have one period")
    queries = tuple(Query(identity, _metric(stat["Metric"]), stat["Stat"]) for identity, stat in stats)
    return queries, shown[0].get("Expression", shown[0]["Id"]), periods.pop()


def _metric(described: Mapping[str, Any]) -> Metric:
    dimensions = tuple(sorted((one["Name"], str(one["Value"])) for one in described.get("Dimensions", ())))
    return Metric(described["Namespace"], described["MetricName"], dimensions)
