"""Read, preview and change settings, and read who has changed them.

A setting has one name: its column's, in the database, in what is typed, and in the audit.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from operations.commands import organisations, retention
from operations.errors import NothingToDoError, OperationsError
from operations.wording.settings import refusal
from operations.wording.speech import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from operations.commands.organisations import Organisation
    from operations.commands.retention import Retention


@dataclass(frozen=True)
class Settings:
    """Hold the settings of an organisation, or of the HLF standard (no organisation): as stored, and as they apply."""

    organisation_id: UUID | None
    organisation: str | None
    stored: dict[str, Any]
    in_force: dict[str, Any]


@dataclass(frozen=True)
class Effect:
    """Describe what a change would do in one organisation, tomorrow and on the website."""

    organisation_id: UUID
    organisation: str
    reminders_added: int
    reminders_dropped: int
    reactivations_added: int
    reactivations_dropped: int
    listings_written: int
    listings_moved: int
    columns_emptied: dict[str, int]
    unknown_rows_hidden: int
    held_now: dict[str, int]
    """Mentors that the brake (the mass-change limit) holds as it is, by kind."""
    held_then: dict[str, int]


@dataclass(frozen=True)
class SettingsChange:
    """Describe a change: the settings before and after, what it does, and whether it was made."""

    organisation_id: UUID | None
    organisation: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    effects: tuple[Effect, ...]
    deletes: dict[str, int]
    """The records that the next full comparison would delete, by kind, where a period is changed."""
    changed: bool


@dataclass(frozen=True)
class ChangeRecord:
    """Describe a change that was made. `actor` is the login where it was made by SQL."""

    at: datetime
    organisation_id: UUID | None
    organisation: str | None
    actor: str
    login: str | None
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]


def read_settings(connection: psycopg.Connection) -> tuple[Settings, ...]:
    """Return the settings of the HLF standard, and then those of every organisation by name."""
    rows = connection.execute(
        "SELECT s.organisation_id, o.name, s.stored, s.in_force FROM certification.all_settings() AS s"
        "  LEFT JOIN certification.organisation_names() AS o ON o.id = s.organisation_id"
        " ORDER BY s.organisation_id IS NOT NULL, o.name, s.organisation_id"
    ).fetchall()
    return tuple(Settings(*row) for row in rows)


def settings_of(found: Iterable[Settings], organisation: Organisation | None) -> Settings:
    """Return the settings of one organisation, or the standard's (None). Raises OperationsError if it is gone."""
    wanted = organisation.id if organisation else None
    for one in found:
        if one.organisation_id == wanted:
            return one
    raise OperationsError(say("There is no organisation {id}.", id=wanted))


def preview(connection: psycopg.Connection, settings: Settings, changes: Mapping[str, Any]) -> SettingsChange:
    """Return what the change would do. Nothing is written or locked.

    Raises OperationsError for what makes no sense, and NothingToDoError if it is so already.
    """
    changed = {name: value for name, value in changes.items() if settings.stored.get(name, _MISSING) != value}
    if not changed:
        raise NothingToDoError(say("It is so already: nothing was changed."))
    names = organisations.read_names(connection)
    with _in_words():
        rows = connection.execute(
            "SELECT e.organisation_id, e.reminders_added, e.reminders_dropped, e.reactivations_added,"
            "       e.reactivations_dropped, e.listings_written, e.listings_moved, e.columns_emptied,"
            "       e.unknown_rows_hidden, e.held_now, e.held_then"
            "  FROM certification.preview_settings(%s, %s::jsonb) AS e",
            (settings.organisation_id, json.dumps(changed)),
        ).fetchall()
    return SettingsChange(
        settings.organisation_id,
        settings.organisation,
        {name: settings.stored.get(name) for name in changed},
        changed,
        tuple(Effect(row[0], names.get(row[0], str(row[0])), *row[1:]) for row in rows),
        {one.name: one.goes for one in _retention(connection, changed)},
        changed=False,
    )


def _retention(connection: psycopg.Connection, changed: Mapping[str, Any]) -> Iterator[Retention]:
    """Yield what the next full comparison deletes of the kinds whose period is changed, all of the standard."""
    periods = {name: value for name, value in changed.items() if name.startswith("keep_")}
    if periods:
        yield from (one for one in retention.read_retention(connection, periods) if one.setting in periods)


def change(
    connection: psycopg.Connection, shown: Settings, changes: Mapping[str, Any], actor: str, reason: str
) -> None:
    """Make the change, if the settings are still as they were shown.

    Raises OperationsError if they are not, or for what makes no sense.
    """
    with _in_words():
        row = connection.execute(
            "SELECT certification.change_settings(%s, %s::jsonb, %s::jsonb, %s, %s)",
            (shown.organisation_id, json.dumps(changes), json.dumps(shown.stored), actor, reason),
        ).fetchone()
    match row and row[0]:
        case "changed":
            return
        case "changed_meanwhile":
            raise OperationsError(
                say("Somebody else has changed these settings meanwhile: nothing was changed. Look at them again.")
            )
        case "no_organisation":
            raise OperationsError(say("There is no organisation {id}.", id=shown.organisation_id))
        case _:
            raise NothingToDoError(say("It is so already: nothing was changed."))


def read_history(
    connection: psycopg.Connection, organisation: Organisation | None, limit: int, *, everything: bool
) -> tuple[ChangeRecord, ...]:
    """Return the changes in the audit, the latest first: of an organisation, of the standard (None), or of all."""
    rows = connection.execute(
        "SELECT a.at, a.organisation_id, o.name, a.actor, a.login, a.reason, a.facts -> 'before', a.facts -> 'after'"
        "  FROM certification.audit AS a"
        "  LEFT JOIN certification.organisation_names() AS o ON o.id = a.organisation_id"
        " WHERE a.action = 'change_settings' AND (%(all)s OR a.organisation_id IS NOT DISTINCT FROM %(organisation)s)"
        " ORDER BY a.at DESC, a.id DESC LIMIT %(limit)s",
        {"all": everything, "organisation": organisation.id if organisation else None, "limit": limit},
    ).fetchall()
    return tuple(ChangeRecord(*row) for row in rows)


_MISSING = object()


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn a violated constraint into a sentence. Raises OperationsError."""
    try:
        yield
    except psycopg.errors.CheckViolation as error:
        said = refusal(error.diag.constraint_name or "", error.diag.column_name or "", error.diag.message_primary or "")
        raise OperationsError(said) from None
    except psycopg.errors.NumericValueOutOfRange:
        raise OperationsError(say("The number is too large.")) from None
