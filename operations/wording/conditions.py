"""Describe what is wrong in the words of the alerts, the most urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.wording import speech, words
from shared.domain.alerts import RUNBOOK, Condition, anchor
from shared.domain.conditions import MOST_URGENT_FIRST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from operations.commands.alerts import Alert
    from shared.domain.conditions.entry import ConditionText
    from shared.domain.wording.texts import Instruction


def most_urgent_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Sort alerts by urgency; of equal urgency the oldest comes first."""
    return sorted(alerts, key=lambda alert: (MOST_URGENT_FIRST.index(Condition(alert.condition)), alert.since))


def title(alert: Alert, organisations: Mapping[UUID | None, str]) -> str:
    """Return what is wrong, with the function, queue or organisation and the count."""
    text = _text(alert)
    kind = str(alert.facts.get("kind", ""))
    counted = text.counted.of(alert.n) if text.counted else ""
    details = ", ".join(filter(None, (_whose(alert, organisations), kind and speech.say(kind), counted)))
    return f"{text.title} ({details})" if details else text.title


def headline(alert: Alert, organisations: Mapping[UUID | None, str], now: datetime) -> str:
    """Return the title as a sentence. An outage is described by what people notice."""
    said = _text(alert).headline
    if not said:
        return f"{title(alert, organisations)}."
    since = words.moment(alert.since, now)
    return said.format(since=since, n=f"{alert.n:,}", still_shown=f"{alert.facts.get('still_shown', 0):,}")


def what_to_do(alert: Alert) -> Instruction:
    """Return the first step that is not `status`, which the operator has just seen."""
    steps = speech.texts().steps(Condition(alert.condition), alert.subject, alert.facts)
    return next((step for step in steps if step.command != "status"), steps[0])


def runbook(alert: Alert) -> str:
    """Return the address of the runbook's section on the alert."""
    return f"{RUNBOOK}#{anchor(Condition(alert.condition))}"


def line(alert: Alert, organisations: Mapping[UUID | None, str], now: datetime) -> str:
    """Return what is wrong and since when."""
    since = speech.say("since {moment}", moment=words.moment(alert.since, now))
    return f"{title(alert, organisations)}, {since}"


def _text(alert: Alert) -> ConditionText:
    return speech.texts().of(Condition(alert.condition), alert.subject, alert.facts)


def _whose(alert: Alert, organisations: Mapping[UUID | None, str]) -> str:
    # Show the organisation's name. The subject combines its id and the brake's kind for programs.
    whose = str(alert.facts.get("organisation_id", ""))
    return next((name for key, name in organisations.items() if str(key) == whose), alert.subject)
