"""What operations is told, in words for somebody who is tired: ids, codes and numbers only (I11)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID


class Condition(StrEnum):
    """What can be wrong (certification.troubles)."""

    WEBSITE_REFUSES_US = "website_refuses_us"
    WEBSITE_UNREACHABLE = "website_unreachable"
    SECRET_ENDING = "secret_ending"  # noqa: S105 - a name
    SECRET_WITHOUT_END_DATE = "secret_without_end_date"  # noqa: S105
    PENDING_SECRET_REFUSED = "pending_secret_refused"  # noqa: S105
    LISTED_BUT_INVALID = "listed_but_invalid"
    ORPHAN_LISTED = "orphan_listed"
    NOT_CONVERGING = "not_converging"
    LISTINGS_SET_ASIDE = "listings_set_aside"
    CLAIM_STUCK = "claim_stuck"
    NONE_SENT = "none_sent"
    RUN_FAILED = "run_failed"
    RUN_DEGRADED = "run_degraded"
    RUN_MISSING = "run_missing"
    UNSYNCED_TOO_OLD = "unsynced_too_old"
    DEAD_LETTERS = "dead_letters"
    CHANGES_MISSED = "changes_missed"
    DUPLICATES = "duplicates"
    BRAKE = "brake"
    WEBSITE_ANSWER_SMALL = "website_answer_small"
    PAST_TRIGGERS = "past_triggers"
    TRIGGER_OFF = "trigger_off"
    STRUCTURE_DAMAGED = "structure_damaged"


class Kind(StrEnum):
    """Which of an alert's messages."""

    OPENED = "opened"
    REMINDER = "reminder"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, and which of its messages is due."""

    id: int
    kind: Kind
    condition: Condition
    subject: str
    since: datetime
    closed_at: datetime | None
    n: int
    ids: tuple[UUID, ...]
    facts: Mapping[str, object]
    mark: str


class Message(NamedTuple):
    """Plain text. SNS takes a subject of at most 100 printable ASCII characters."""

    subject: str
    body: str


class _Words(NamedTuple):
    title: str
    what: str
    counted: str
    """What the number counts; empty where it says nothing."""
    steps: tuple[str, ...]


RUNBOOK = "docs/operations.md"
_OSLO = ZoneInfo("Europe/Oslo")
_MOST_IDS = 20
_CODE = re.compile(r"[A-Za-z0-9_.:,-]{1,300}")
# A fact that is no code is not told; eleven digits could be somebody's number.
_ELEVEN_DIGITS = re.compile(r"\d{11}")

WORDS: dict[Condition, _Words] = {
    Condition.WEBSITE_REFUSES_US: _Words(
        "Dynamics refuses our credential",
        "Dynamics does not let us in, so nothing is sent to the website: whoever expires now stays listed.",
        "changes waiting",
        (
            "See what it says: python -m local status",
            "Most often the client secret has ended: make a new one in Entra and put it into the secret of Dataverse.",
            "What has waited is sent by itself within five minutes after that.",
        ),
    ),
    Condition.WEBSITE_UNREACHABLE: _Words(
        "Dynamics cannot be reached",
        "Dynamics has not answered for more than 15 minutes, so changes do not reach the website.",
        "changes waiting",
        (
            "Look whether Microsoft tells of an outage (admin.microsoft.com, Service health).",
            "There is nothing to repair: what has waited is sent by itself when it answers again.",
        ),
    ),
    Condition.SECRET_ENDING: _Words(
        "The client secret of Dynamics ends soon",
        "When the client secret ends nothing reaches the website any more.",
        "days left",
        (
            "Make a new secret in Entra (App registrations, Certificates & secrets).",
            "Put it into the secret of Dataverse as the next version, see that it works, make it current.",
        ),
    ),
    Condition.SECRET_WITHOUT_END_DATE: _Words(
        "Nobody knows when the client secret of Dynamics ends",
        "The secret of Dataverse does not say on which day it ends, so nobody can be warned of it.",
        "",
        ('Add "client_secret_expires_on": "2027-05-31" to the secret of Dataverse, with the day that Entra shows.',),
    ),
    Condition.PENDING_SECRET_REFUSED: _Words(
        "The next client secret of Dynamics does not work",
        "The next version of the secret of Dataverse is refused. The one in use goes on working for now.",
        "",
        ("Do not make it current.", "Compare it with what Entra shows; most often the id was copied for the value."),
    ),
    Condition.LISTED_BUT_INVALID: _Words(
        "URGENT: somebody is listed who must not be",
        "The website may show mentors who are not valid, or who do not consent. Most mentors visit homes.",
        "mentors",
        (
            "See who and why: python -m local proof",
            "A repair is under way by itself; look again in ten minutes: python -m local status",
            "If somebody is still listed then, hide the row in Dynamics by hand: set it to Inactive.",
        ),
    ),
    Condition.ORPHAN_LISTED: _Words(
        "The website shows rows of no mentor",
        "The website shows rows that belong to nobody in the app. They are not ours to hide unless a setting says so.",
        "rows",
        (
            "See which: python -m local proof",
            "If they are not meant to be there, set them to Inactive in Dynamics.",
            "If the whole table is ours, say so in the setting table_is_ours, and they are hidden by themselves.",
        ),
    ),
    Condition.NOT_CONVERGING: _Words(
        "A repair of the website does not hold",
        "The website was repaired twice and differs again: something else writes there.",
        "mentors",
        (
            "See which fields: python -m local proof",
            "Look in Dynamics who changed the row (Audit history): a person, a flow, an import.",
        ),
    ),
    Condition.LISTINGS_SET_ASIDE: _Words(
        "Dynamics refuses some listings",
        "Dynamics refuses these listings for good, so the website does not show them as they are.",
        "mentors",
        (
            "See which and why: python -m local set-aside list",
            "Put right what the reason says, then: python -m local set-aside retry --all --actor YOU --reason WHY",
        ),
    ),
    Condition.CLAIM_STUCK: _Words(
        "Something was begun and never ended",
        "A run was cut off while it had these in hand. Messages are not sent again by themselves: that could be twice.",
        "in hand",
        ("Follow the runbook: it says how to see whether a message was sent.",),
    ),
    Condition.NONE_SENT: _Words(
        "Messages were due and none was sent",
        "The last run had messages to send and sent none.",
        "messages",
        ("See what it says: python -m local status", "Look whether SES has paused sending for the account."),
    ),
    Condition.RUN_FAILED: _Words(
        "A run failed",
        "The last run of this function failed; the reason is a code that the runbook explains.",
        "",
        (
            "See the reason: python -m local status",
            "It is tried again by itself; if it fails again, follow the runbook.",
        ),
    ),
    Condition.RUN_DEGRADED: _Words(
        "A run set something aside",
        "The last run of this function did its work, but for what the reason names.",
        "",
        ("See the reason: python -m local status", "Look the code up in the runbook."),
    ),
    Condition.RUN_MISSING: _Words(
        "A run never came",
        "This function has not done its work for longer than it may be silent.",
        "",
        ("Look whether its schedule is enabled (EventBridge Scheduler).", "Run it by hand as the runbook shows."),
    ),
    Condition.UNSYNCED_TOO_OLD: _Words(
        "Changes do not reach the website",
        "Changes have waited for the website for more than 15 minutes.",
        "mentors",
        (
            "See what holds them up: python -m local status",
            "Other alerts of the same hour most likely say why.",
        ),
    ),
    Condition.DEAD_LETTERS: _Words(
        "Requests were given up",
        "Messages in this queue were tried many times and given up.",
        "messages",
        (
            "Look at them: python -m local dlq list",
            "When the cause is gone: python -m local dlq replay",
        ),
    ),
    Condition.CHANGES_MISSED: _Words(
        "Changes in the app were not noted",
        "A trigger of ours could not note a change in the app. The app went on; the next sweep takes the change up.",
        "changes",
        (
            "See whether it goes on: python -m local status",
            "Look the SQLSTATE up in the runbook. If a column of the app has changed, migrate says what to do.",
        ),
    ),
    Condition.DUPLICATES: _Words(
        "Something was done twice",
        "A transition, a reminder or a message is in the logs more than once for one certification.",
        "cases",
        (
            "See which: python -m local duplicates list",
            "When you know why: python -m local duplicates review --actor YOU --reason WHY",
        ),
    ),
    Condition.BRAKE: _Words(
        "The brake holds a mass change",
        "A run would have expired, reminded or repaired unusually many mentors of one organisation at once, and did"
        " nothing of that.",
        "mentors",
        (
            "Look whether they are right: a wrong import of dates looks like this, and so does the end of an outage.",
            "If they are: python -m local release-brake --org ID --actor YOU --reason WHY",
            "The next run within 24 hours carries it out; then the release has ended.",
        ),
    ),
    Condition.WEBSITE_ANSWER_SMALL: _Words(
        "The website shows almost nobody",
        "Dynamics answered with far fewer rows than it was made to show. That is taken for a fault: nothing changes.",
        "",
        (
            "Open the website: are the mentors there?",
            "Compare again: python -m local reconcile",
            "If the rows are truly gone: python -m local reconcile --accept-small --actor YOU --reason WHY",
        ),
    ),
    Condition.PAST_TRIGGERS: _Words(
        "Changes in the app went past our triggers",
        "Mentors were changed in the app's database past our triggers: a restore, replication, a trigger that is off.",
        "mentors in 24 hours",
        (
            "The website follows by itself, hiding first. See whether it has: python -m local status",
            "Compare all of it, for names and numbers that changed as well: python -m local reconcile",
            "Find out what wrote there. If it was no restore, it will do it again.",
        ),
    ),
    Condition.STRUCTURE_DAMAGED: _Words(
        "The database has lost something of ours",
        "Constraints, indexes, triggers or functions are missing, invalid, switched off or not as they were made."
        " Without them something may be done twice, or not at all.",
        "things",
        (
            "Find out who changed the database, and that they are done: a restore, an import, a repair by hand.",
            "Put everything back: python -m local migrate --database-url URL",
            "It says what it cannot put back, and how many rows are against it: put those right and migrate again.",
            "Compare the website with the app: python -m local reconcile",
        ),
    ),
    Condition.TRIGGER_OFF: _Words(
        "A trigger of ours is off",
        "Triggers of ours are missing or disabled on this table, so changes reach the website by the sweep only.",
        "triggers",
        (
            "Switch them on: ALTER TABLE … ENABLE TRIGGER …; the names are above.",
            "If they are missing, apply them again as the runbook says.",
            "Then compare all of it: python -m local reconcile",
        ),
    ),
}


def anchor(condition: Condition) -> str:
    """The heading of the runbook's section, as in a link."""
    return f"alert-{condition.value.replace('_', '-')}"


def message(alert: Alert, now: datetime) -> Message:
    """The message that is due."""
    words = WORDS[alert.condition]
    of = f" ({alert.subject})" if alert.subject else ""
    lasted = _duration(alert.since, alert.closed_at or now)
    title = {
        Kind.OPENED: f"{words.title}{of}",
        Kind.REMINDER: f"Still, for {lasted}: {words.title}{of}",
        Kind.CLOSED: f"Over: {words.title}{of}",
    }[alert.kind]
    lines = [title, ""]
    if alert.kind is Kind.CLOSED:
        lines += [f"This is over. It lasted {lasted}.", "You need not do anything."]
    else:
        lines += [words.what]
    lines += ["", f"SINCE      {alert.since.astimezone(_OSLO):%d.%m.%Y %H:%M} (Norwegian time)"]
    if alert.closed_at:
        lines.append(f"UNTIL      {alert.closed_at.astimezone(_OSLO):%d.%m.%Y %H:%M}")
    if words.counted:
        lines.append(f"HOW MANY   {alert.n} {words.counted}")
    lines += [f"{name.upper().replace('_', ' '):<10} {value}" for name, value in _told(alert.facts)]
    if alert.kind is not Kind.CLOSED:
        lines += _ids(alert)
        lines += ["", "WHAT TO DO", *(f"  {number}. {step}" for number, step in enumerate(words.steps, 1))]
    lines += ["", f"RUNBOOK    {RUNBOOK}#{anchor(alert.condition)}", f"ALERT      {alert.id}"]
    return Message(f"HLF certification: {title}"[:100], "\n".join(lines) + "\n")


def _ids(alert: Alert) -> list[str]:
    if not alert.ids:
        return []
    more = alert.n - len(alert.ids)
    listed = [f"  {identity}" for identity in alert.ids[:_MOST_IDS]]
    return ["", "IDS", *listed, *([f"  and {more} more"] if len(alert.ids) == _MOST_IDS and more > 0 else [])]


def _told(facts: Mapping[str, object]) -> list[tuple[str, object]]:
    """Codes and numbers only: what is neither is left out (I11)."""
    return [
        (name, value)
        for name, value in sorted(facts.items())
        if isinstance(value, int)
        or (isinstance(value, str) and _CODE.fullmatch(value) and not _ELEVEN_DIGITS.search(value))
    ]


def _duration(since: datetime, until: datetime) -> str:
    minutes = max(int((until - since).total_seconds() // 60), 0)
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            n = minutes // size
            return f"{n} {word}{'' if n == 1 else 's'}"
    return "less than a minute"
