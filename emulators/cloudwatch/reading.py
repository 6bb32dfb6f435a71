"""Read alarms from the resources of a CloudFormation template whose intrinsic functions are resolved."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from emulators.cloudwatch.alarms import Alarm, AlarmRefusedError, Metric, MissingData, Query

if TYPE_CHECKING:
    from collections.abc import Mapping

ALARM = "AWS::CloudWatch::Alarm"
# What the model would have to know to evaluate an alarm that uses it.
_UNKNOWN = {"EvaluationWindow", "EvaluateLowSampleCountPercentile", "ExtendedStatistic", "ThresholdMetricId"}


def read_alarm(name: str, properties: Mapping[str, Any]) -> Alarm:
    """Return an alarm. Raises AlarmRefusedError for one that CloudWatch refuses or this model cannot evaluate."""
    if unknown := sorted(_UNKNOWN & properties.keys()):
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
    )


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
