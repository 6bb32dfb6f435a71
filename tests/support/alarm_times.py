"""When the dead man's switches of template.yaml ring and end, worked out by the model of CloudWatch.

`python -m tests.support.alarm_times` writes the table of docs/operations/alerts.md anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from emulators.cloudwatch.assumptions import Assumptions, every_assumption
from emulators.cloudwatch.timeline import changes, rings
from shared.domain.runs import RunState
from tests.support.alarms import OSLO, ROOT, Pace, alarms, local, runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.cloudwatch.alarms import Alarm

DOCUMENT: Final = ROOT / "docs" / "operations" / "alerts.md"
BEGIN, END = "<!-- alarm times: begin -->\n", "<!-- alarm times: end -->\n"

RUN_OF: Final = {
    "ExpiryCheckMissingAlarm": "expiry_check",
    "ComparisonMissingAlarm": "reconciliation_full",
    "SendNoticesMissingAlarm": "send_notices",
    "SweepMissingAlarm": "reconciliation_sweep",
}
# A run is done at once, or takes all the time that it has; a rate begins anywhere in its five minutes.
PACES: Final = (Pace(0.0), Pace(0.9), Pace(0.1, offset=timedelta(minutes=2, seconds=30)))
LATE: Final = (Pace(0.1, lag=timedelta(minutes=15)),)

type Outcome = Callable[[datetime], RunState | None]


class AssumedError(Exception):
    """Whether an alarm rings depends on what no page of AWS says."""


@dataclass(frozen=True)
class Scenario:
    """Something that happens, on a day of Oslo's calendar, to the runs that one alarm watches."""

    alarm: str
    text: str
    day: tuple[int, int, int]
    outcome: Outcome
    created: datetime | None = None
    paces: tuple[Pace, ...] = PACES


@dataclass(frozen=True)
class Between:
    """The earliest and the latest moment, whatever is assumed of CloudWatch and however long the runs take."""

    first: datetime
    last: datetime


@dataclass(frozen=True)
class Ringing:
    """When an alarm rang, and when that ended; None: it did not."""

    at: Between | None
    ended: Between | None


def ring(scenario: Scenario, alarm: Alarm | None = None) -> list[Ringing]:
    """Return every time that the alarm of a scenario rang, or another in its place.

    Raises AssumedError if it rings under some of the assumptions only.
    """
    alarm = alarm or alarms()[scenario.alarm]
    if scenario.created is None:  # the alarm is old
        alarm = replace(alarm, warm_up=timedelta(0))
    found = [_rang(scenario, alarm, pace) for pace in scenario.paces]
    every = [one for of_pace in found for one in of_pace]
    if len({len(one) for one in every}) != 1:
        raise AssumedError(f"{scenario.alarm}, {scenario.text}: it depends on an assumption whether it rings")
    return [
        Ringing(_between([at for at, _ in times]), _between([end for _, end in times if end is not None]))
        for times in zip(*every, strict=True)
    ]


def _rang(scenario: Scenario, alarm: Alarm, pace: Pace) -> list[list[tuple[datetime, datetime | None]]]:
    noon, days = local(*scenario.day, 12), timedelta(days=1)
    points = list(runs(RUN_OF[scenario.alarm], noon - 3 * days, noon + 3 * days, scenario.outcome, pace))
    watched_from, end = scenario.created or noon - timedelta(hours=18), noon + (2 * days if scenario.created else days)
    return [
        [(at, at + lasted if lasted else None) for at, lasted in rings(changes(alarm, points, watched_from, end, one))]
        for one in _assumed(alarm)
    ]


def _assumed(alarm: Alarm) -> list[Assumptions]:
    """Return what to assume: all combinations; the minute of the hour matters to an alarm of several days only."""
    every = [one for one in every_assumption() if alarm.is_multi_day or one.minute_of_hour == 0]
    return [one for one in every if one.fill_needs_a_point or not one.extra_periods or alarm.is_multi_day]


def _between(moments: list[datetime]) -> Between | None:
    return Between(min(moments), max(moments)) if moments else None


def _is_day(moment: datetime, day: tuple[int, int, int]) -> bool:
    shown = moment.astimezone(OSLO)
    return (shown.year, shown.month, shown.day) == day


def _at(moment: datetime) -> tuple[int, int]:
    shown = moment.astimezone(OSLO)
    return shown.hour, shown.minute


ORDINARY, AUTUMN, SPRING = (2026, 11, 11), (2026, 10, 25), (2027, 3, 28)


def always(state: RunState) -> Outcome:
    """Every run ends so."""
    return lambda _: state


WELL: Final = always(RunState.SUCCEEDED)


def all_day(day: tuple[int, int, int], state: RunState | None) -> Outcome:
    """Every run of that day ends so, and all others succeed. None: the runs of that day do not come."""
    return lambda moment: state if _is_day(moment, day) else RunState.SUCCEEDED


def only(*times: tuple[int, int]) -> Outcome:
    """Every day only the runs of these times succeed, and the others fail."""
    return lambda moment: RunState.SUCCEEDED if _at(moment) in times else RunState.FAILED


def all_but(*times: tuple[int, int]) -> Outcome:
    """Every day the runs of these times fail, and the others succeed."""
    return lambda moment: RunState.FAILED if _at(moment) in times else RunState.SUCCEEDED


def between(first: datetime, last: datetime, state: RunState | None) -> Outcome:
    """Every run succeeds, except that those of a while end so. None: these do not come."""
    return lambda moment: state if first <= moment < last else RunState.SUCCEEDED


def since(hour: int) -> Outcome:
    """Nothing runs before that hour of the ordinary day, and from then on everything succeeds."""
    return lambda moment: RunState.SUCCEEDED if moment >= local(*ORDINARY, hour) else None


def _scenarios(alarm: str, worst: tuple[str, Outcome], in_autumn: tuple[str, Outcome] | None = None) -> list[Scenario]:
    """Return what may happen to a daily run. `worst`: the latest that a day may succeed without a ring."""
    day, (text, outcome), (autumn, and_then) = ORDINARY, worst, in_autumn or worst
    return [
        Scenario(alarm, "the runs of a day do not come, as with a disabled schedule", day, all_day(day, None)),
        Scenario(alarm, "every run of a day fails", day, all_day(day, RunState.FAILED)),
        Scenario(alarm, "every run of a day is degraded", day, all_day(day, RunState.DEGRADED)),
        Scenario(alarm, text, day, outcome),
        Scenario(alarm, f"{autumn}, over the autumn day of 25 hours", AUTUMN, and_then),
        Scenario(alarm, f"{text}, over the spring day of 23 hours", SPRING, outcome),
        Scenario(alarm, "the runs of the autumn day do not come", AUTUMN, all_day(AUTUMN, None)),
        Scenario(alarm, "the runs of the spring day do not come", SPRING, all_day(SPRING, None)),
        Scenario(alarm, "all is well, and metrics come a quarter of an hour late", day, WELL, paces=LATE),
        Scenario(alarm, "deployed at 10:00; the next run that is due is the first", day, since(10), local(*day, 10)),
        Scenario(alarm, "deployed at 10:00, and nothing ever runs", day, lambda _: None, local(*day, 10)),
    ]


def _sweeps() -> list[Scenario]:
    alarm, day = "SweepMissingAlarm", ORDINARY
    ten, nineteen_past, twelve = local(*day, 10), local(*day, 10, 19), local(*day, 12)
    return [
        Scenario(alarm, "no sweep comes from 10:00 to 12:00", day, between(ten, twelve, None)),
        Scenario(alarm, "every sweep fails from 10:00 to 12:00", day, between(ten, twelve, RunState.FAILED)),
        Scenario(alarm, "every sweep is degraded", day, always(RunState.DEGRADED)),
        Scenario(alarm, "no sweep comes for 19 minutes", day, between(ten, nineteen_past, None)),
        Scenario(alarm, "all is well, on the autumn day of 25 hours", AUTUMN, WELL),
        Scenario(alarm, "all is well, on the spring day of 23 hours", SPRING, WELL),
        Scenario(alarm, "all is well, and metrics come a quarter of an hour late", day, WELL, paces=LATE),
        Scenario(alarm, "deployed at 10:00; the next run that is due is the first", day, since(10), ten),
        Scenario(alarm, "deployed at 10:00, and nothing ever runs", day, lambda _: None, ten),
    ]


SCENARIOS: Final = (
    *_scenarios("ExpiryCheckMissingAlarm", ("each night only the run of 05:15 succeeds", only((5, 15)))),
    *_scenarios("ComparisonMissingAlarm", ("each night only the run of 05:40 succeeds", only((5, 40)))),
    *_scenarios("SendNoticesMissingAlarm", ("each day the run of 09:00 fails", all_but((9, 0))), ("all is well", WELL)),
    *_sweeps(),
)


def table() -> str:
    """Return the tables in Markdown, one for each alarm."""
    made = []
    for alarm in RUN_OF:
        lines = [f"`{alarm}`:\n", "| what happens | it rings | it ends |", "|---|---|---|"]
        for scenario in SCENARIOS:
            if scenario.alarm == alarm:
                rang = ring(scenario) or [Ringing(None, None)]
                times = ", ".join(_said(one.at, scenario.day) for one in rang)
                ends = ", ".join(_said(one.ended, scenario.day) for one in rang) if rang[0].at else ""
                lines.append(f"| {scenario.text} | {times} | {ends} |")
        made.append("\n".join(lines) + "\n")
    return "\n".join(made)


def _said(between: Between | None, day: tuple[int, int, int]) -> str:
    if between is None:
        return "never"
    first, last = (one.astimezone(OSLO) for one in (between.first, between.last))
    days = (first.date() - local(*day, 12).astimezone(OSLO).date()).days
    when = {0: "", 1: " the next day", -1: " the day before"}.get(days, f" after {days} days")
    shown = f"{first:%H:%M}" if first == last else f"{first:%H:%M} to {last:%H:%M}"
    return f"{shown}{when}"


def main() -> None:
    """Write the table into the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
