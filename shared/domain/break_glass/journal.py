"""The journal of break-glass without the database: one JSON object a line, imported into the audit later."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterable


class JournalOutcome(StrEnum):
    """What became of one request."""

    SENT = "sent"
    """Written before the request. Without a later line it is unknown what became of it."""
    HIDDEN = "hidden"
    REFUSED = "refused"
    NOT_NOW = "not_now"


class JournalMalformedError(ValueError):
    """The file is no journal; `line` is the line that cannot be read."""

    def __init__(self, line: int) -> None:
        super().__init__("journal_malformed")
        self.line = line


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line about one mentor. Its number makes an import repeatable."""

    line: int
    mentor_id: UUID
    outcome: JournalOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Journal:
    """A whole journal."""

    id: UUID
    actor: str
    reason: str
    entries: tuple[JournalEntry, ...]


def first_line(journal_id: UUID, actor: str, reason: str, at: datetime) -> str:
    """Return the line with which a journal begins."""
    head = {"journal": str(journal_id), "actor": actor, "reason": reason, "at": at.isoformat()}
    return json.dumps(head, ensure_ascii=False)


def entry_line(mentor_id: UUID, outcome: JournalOutcome, at: datetime) -> str:
    """Return the line of one request."""
    return json.dumps({"mentor": str(mentor_id), "outcome": outcome, "at": at.isoformat()})


def read_journal(lines: Iterable[str]) -> Journal:
    """Return the journal. A last line that was cut off is left out. Raises JournalMalformedError."""
    text = list(lines)
    try:
        head = json.loads(text[0])
        journal_id, actor, reason = UUID(head["journal"]), str(head["actor"]), str(head["reason"])
    except (ValueError, TypeError, LookupError, AttributeError):
        raise JournalMalformedError(1) from None
    entries = []
    for number, line in enumerate(text[1:], start=1):
        try:
            said = json.loads(line)
            at = datetime.fromisoformat(said["at"]).astimezone(UTC)
            entry = JournalEntry(number, UUID(said["mentor"]), JournalOutcome(said["outcome"]), at)
        except (ValueError, TypeError, LookupError, AttributeError):
            if number == len(text) - 1 and not line.endswith("\n"):
                break
            raise JournalMalformedError(number + 1) from None
        entries.append(entry)
    return Journal(journal_id, actor, reason, tuple(entries))
