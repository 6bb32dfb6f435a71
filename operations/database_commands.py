"""List the commands that need the database and nothing else, by what their login may do.

On a stack a function runs them: OperationsReader those that only read, Operations those that change something. Neither
runs a command that asks, writes a file, signs in as the schema's owner or calls another function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from operations.command_line import (
    break_glass,
    changing,
    forgetting,
    mail,
    mentors,
    reading,
    records,
    restoring,
    review,
    settings,
    step,
)
from operations.mounting import ForDatabase, Group
from operations.through_function import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from operations.mounting import Command, Mounted


def _reads(command: Command) -> ForDatabase:
    return ForDatabase(command, Entry.READER)


def _changes(command: Command) -> ForDatabase:
    return ForDatabase(command, Entry.OPERATOR)


DATABASE_COMMANDS: Final[Mapping[str, ForDatabase | Group]] = {
    "status": _reads(reading.status),
    "alerts": _reads(reading.alerts),
    "proof": _reads(reading.proof),
    "explain": _reads(mentors.explain),
    "preview": _reads(mentors.preview),
    "release-brake": _changes(changing.release_brake),
    "undo-run": _changes(changing.undo_run),
    "settings": Group(
        "Show and change the settings of an organisation or of the HLF standard, and who has changed them.",
        {
            "show": _reads(settings.show),
            "set": ForDatabase(settings.set_, Entry.OPERATOR, settings.set_in_function),
            "history": _reads(settings.history),
        },
    ),
    "rejected": Group(
        "List the listings that the website rejected, and retry them.",
        {"list": _reads(review.list_rejected), "retry": _changes(review.retry)},
    ),
    "duplicates": Group(
        "List duplicates, and mark them as reviewed.",
        {"list": _reads(review.list_duplicates), "review": _changes(review.review)},
    ),
    "allow-mail": _changes(mail.allow_mail),
    "retention": _reads(records.retention),
    "export-proofs": ForDatabase(records.export_proofs, Entry.READER, records.export_proofs_from_function),
    "break-glass-export": ForDatabase(break_glass.export, Entry.READER, break_glass.export_from_function),
    "after-restore": _changes(restoring.after_restore),
    "forget-person": ForDatabase(forgetting.forget_person, Entry.OPERATOR, forgetting.forget_in_function),
}


def commands_of(entry: Entry) -> dict[str, Mounted]:
    """Return the commands that this function runs."""
    found: dict[str, Mounted] = {"step": step.step} if entry is Entry.OPERATOR else {}
    for name, mounted in DATABASE_COMMANDS.items():
        if isinstance(mounted, Group):
            kept = {inner: one for inner, one in mounted.commands.items() if _is_of(entry, one)}
            found |= {name: Group(mounted.help, kept)} if kept else {}
        elif _is_of(entry, mounted):
            found[name] = mounted
    return found


def _is_of(entry: Entry, mounted: Command | ForDatabase) -> bool:
    return isinstance(mounted, ForDatabase) and mounted.entry is entry
