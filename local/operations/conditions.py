"""What is wrong, in the words that operations is told it in, the most urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.operations import words
from shared.domain.alerts import RUNBOOK, WORDS, Condition, anchor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from local.operations.alerts import Alert

URGENCY = (
    # What endangers somebody.
    Condition.LISTED_BUT_INVALID,
    # What stops everything.
    Condition.WEBSITE_REFUSES_US,
    Condition.RUN_MISSING,
    Condition.RUN_FAILED,
    Condition.TRIGGER_OFF,
    # What waits for a person.
    Condition.STRUCTURE_DAMAGED,
    Condition.BRAKE,
    Condition.WEBSITE_ANSWER_SMALL,
    Condition.PAST_TRIGGERS,
    Condition.NONE_SENT,
    Condition.WEBSITE_UNREACHABLE,
    Condition.CHANGES_MISSED,
    Condition.DEAD_LETTERS,
    Condition.NOT_CONVERGING,
    Condition.ORPHAN_LISTED,
    Condition.LISTINGS_SET_ASIDE,
    Condition.CLAIM_STUCK,
    Condition.DUPLICATES,
    Condition.PENDING_SECRET_REFUSED,
    # What another most likely explains, or what is not of this hour.
    Condition.UNSYNCED_TOO_OLD,
    Condition.RUN_DEGRADED,
    Condition.SECRET_ENDING,
    Condition.SECRET_WITHOUT_END_DATE,
)


def most_urgent_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Of equal urgency the oldest first."""
    return sorted(alerts, key=lambda alert: (URGENCY.index(Condition(alert.condition)), alert.since))


def title(alert: Alert, organisations: Mapping[UUID | None, str]) -> str:
    """What is wrong, of which function, queue or organisation, and how many."""
    told = WORDS[Condition(alert.condition)]
    # An organisation's id with the brake's kind is for programs.
    whose = str(alert.facts.get("organisation_id", ""))
    subject = next((name for key, name in organisations.items() if str(key) == whose), alert.subject)
    noun, space, rest = told.counted.partition(" ")
    counted = f"{alert.n:,} {noun.removesuffix('s') if alert.n == 1 else noun}{space}{rest}" if noun else ""
    details = ", ".join(filter(None, (subject, counted)))
    return f"{told.title} ({details})" if details else told.title


def what_to_do(alert: Alert) -> str:
    """The first thing to do, for somebody who has seen `status`."""
    steps = WORDS[Condition(alert.condition)].steps
    return next((step for step in steps if "python -m local status" not in step), steps[0])


def runbook(alert: Alert) -> str:
    """The section about it."""
    return f"{RUNBOOK}#{anchor(Condition(alert.condition))}"


def line(alert: Alert, organisations: Mapping[UUID | None, str], now: datetime) -> str:
    """What, since when, and why if a reason is known."""
    reason = alert.facts.get("reason")
    why = f": {words.reason(str(reason))}" if reason else ""
    return f"{title(alert, organisations)}, since {words.moment(alert.since, now)}{why}"
