"""The conditions an alert can report, and one alert."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID


class Language(StrEnum):
    """A language of alerts."""

    NB = "nb"
    EN = "en"


class Condition(StrEnum):
    """What can be wrong; of two conditions of one severity, the more urgent comes first (shared.domain.conditions)."""

    WEBSITE_REFUSES_US = "website_refuses_us"
    WEBSITE_UNREACHABLE = "website_unreachable"
    LISTED_BUT_INVALID = "listed_but_invalid"
    SECRET_ENDED = "secret_ended"  # noqa: S105
    RUN_MISSING = "run_missing"
    RUN_FAILED = "run_failed"
    TRIGGER_OFF = "trigger_off"
    STRUCTURE_DAMAGED = "structure_damaged"
    COMPLAINT_RATE_HIGH = "complaint_rate_high"
    BOUNCE_RATE_HIGH = "bounce_rate_high"
    BRAKE = "brake"
    WEBSITE_RESULT_SMALL = "website_result_small"
    PAST_TRIGGERS = "past_triggers"
    NONE_SENT = "none_sent"
    MAIL_EVENTS_MISSING = "mail_events_missing"
    FALLBACK_UNUSABLE = "fallback_unusable"
    COORDINATOR_MAIL_BOUNCED = "coordinator_mail_bounced"
    MAIL_NOT_REPORTED = "mail_not_reported"
    MAIL_COMPLAINED = "mail_complained"
    CHANGES_MISSED = "changes_missed"
    DEAD_LETTERS = "dead_letters"
    NOT_CONVERGING = "not_converging"
    ORPHAN_LISTED = "orphan_listed"
    LISTINGS_REJECTED = "listings_rejected"
    CLAIM_STUCK = "claim_stuck"
    DUPLICATES = "duplicates"
    PENDING_SECRET_REFUSED = "pending_secret_refused"  # noqa: S105
    UNSYNCED_TOO_OLD = "unsynced_too_old"
    RUN_DEGRADED = "run_degraded"
    SECRET_ENDING = "secret_ending"  # noqa: S105 - a name
    SECRET_WITHOUT_END_DATE = "secret_without_end_date"  # noqa: S105


class AlertMessageKind(StrEnum):
    """The three messages of an alert: its beginning, its reminder, its end."""

    OPENED = "opened"
    REMINDER = "reminder"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, and which of its messages is due."""

    id: int
    kind: AlertMessageKind
    condition: Condition
    subject: str
    since: datetime
    closed_at: datetime | None
    n: int
    ids: tuple[UUID, ...]
    facts: Mapping[str, object]
    mark: str


class AlertMessage(NamedTuple):
    """Plain text. SNS takes a subject of at most 100 printable ASCII characters, and SMS says no more than it."""

    subject: str
    body: str


RUNBOOK = "docs/operations/alerts.md"


def anchor(condition: Condition) -> str:
    """Return the anchor of the condition's section in the documents."""
    return f"alert-{condition.value.replace('_', '-')}"


def ids_left_out(n: int, facts: Mapping[str, object], shown: int) -> int:
    """Return how many mentors have no id in the message. In an outage `n` counts changes, so none is left out."""
    total = facts.get("still_shown", n)
    return max(total - shown, 0) if isinstance(total, int) else 0
