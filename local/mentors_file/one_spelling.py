"""One spelling for each organisation and each coordinator of a file, with a warning where the file had more."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from local.mentors_file.organisation_names import comparable, letters_of, spellings
from local.mentors_file.problems import on_lines
from local.mentors_file.rows import MentorRow
from local.mentors_file.values import coordinator_uuid, organisation_uuid


def in_organisation(row: MentorRow, organisation_id: UUID, name: str) -> MentorRow:
    """Return the row with its organisation, and its coordinator there, under this id and name."""
    coordinator = row.coordinator and replace(
        row.coordinator,
        id=coordinator_uuid(name, email=row.coordinator.email, name=row.coordinator.full_name),
        organisation_id=organisation_id,
    )
    return replace(row, organisation_id=organisation_id, organisation=name, coordinator=coordinator)


def one_organisation(rows: list[MentorRow], warnings: list[str]) -> list[MentorRow]:
    """Merge spellings that differ only in capitals, width or spaces into one organisation, and warn once."""
    spelt = spellings(row.organisation for row in rows)
    settled = []
    others: dict[str, MentorRow] = {}
    for row in rows:
        name = spelt[comparable(row.organisation)]
        if row.organisation != name:
            others.setdefault(row.organisation, row)
        settled.append(row if row.organisation == name else in_organisation(row, organisation_uuid(name), name))
    if others:
        warnings.append(
            f"{on_lines(row.line for row in others.values())}, organisation: written with other capitals or spaces "
            "than on most lines, and taken for the same organisation. Write the same everywhere."
        )
    firsts: dict[str, MentorRow] = {}
    for row in settled:
        firsts.setdefault(letters_of(row.organisation) or row.organisation, row)
    if near := {
        row.organisation: row.line
        for row in reversed(settled)
        if row.organisation != firsts[letters_of(row.organisation) or row.organisation].organisation
    }:
        warnings.append(
            f"{on_lines(sorted(near.values()))}, organisation: differs from another only in signs or spaces, and was "
            "taken for an organisation of its own, with its own thresholds. Write the same if it is one."
        )
    return settled


def one_coordinator(rows: Iterable[MentorRow], warnings: list[str]) -> tuple[MentorRow, ...]:
    """Give each coordinator the spelling of the first row, and warn of the first row that differs."""
    firsts: dict[tuple[UUID, str], MentorRow] = {}
    differ: dict[tuple[UUID, str], tuple[int, int]] = {}
    settled = []
    for row in rows:
        if row.coordinator is None:
            settled.append(row)
            continue
        key = (row.organisation_id, (row.coordinator.email or "").lower() or comparable(row.coordinator.full_name))
        first = firsts.setdefault(key, row)
        if first.coordinator != row.coordinator:
            differ.setdefault(key, (row.line, first.line))
        settled.append(replace(row, coordinator=first.coordinator))
    if differ:
        line, first_line = next(iter(differ.values()))
        alike = f" ({len(differ) - 1} more coordinators alike)" if len(differ) > 1 else ""
        warnings.append(
            f"line {line}: the coordinator has another name, language or spelling of the address than on line "
            f"{first_line}, and what line {first_line} says is used{alike}. Write the same in both."
        )
    return tuple(settled)
