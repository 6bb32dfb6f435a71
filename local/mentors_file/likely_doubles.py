"""Mentors who are most likely one person under two ids. They are loaded, and a warning asks the operator to check."""

import re
from collections.abc import Callable, Hashable, Iterable
from typing import Protocol

from local.mentors_file.organisation_names import comparable
from local.mentors_file.problems import some

_ZEROS_BEFORE = re.compile(r"(?<!\d)0+(?=\d)")
_OWN_MARK = re.compile(r"(?<=.)\+[^@]*(?=@)")
_NORWAY = re.compile(r"(?:\+|00)?47(?=\d{8}$)")


class Person(Protocol):
    """The fields of a mentor's row that are compared."""

    @property
    def line(self) -> int: ...
    @property
    def own_id(self) -> str: ...
    @property
    def first_name(self) -> str: ...
    @property
    def last_name(self) -> str: ...
    @property
    def email(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...


def likely_doubles(rows: Iterable[Person]) -> list[str]:
    """Return one warning for each way in which rows look like the same person. Each pair is reported once."""
    rows = tuple(rows)
    reported: set[tuple[int, int]] = set()
    warnings = []
    for alike, what in (
        (_id, "mentor_ids that differ only in zeros before a number or in capitals; Excel takes such zeros off"),
        (_address, "the same e-mail address under another mentor_id"),
        (_name_and_phone, "the same name and telephone number under another mentor_id"),
    ):
        pairs = [pair for pair in _pairs(rows, alike) if pair not in reported]
        reported.update(pairs)
        if pairs:
            where = some(f"line {second} as line {first}" for first, second in pairs)
            warnings.append(f"{what}: {where}. If that is one person, keep one of the rows: both were loaded.")
    return warnings


def _pairs(rows: tuple[Person, ...], alike: Callable[[Person], Hashable]) -> Iterable[tuple[int, int]]:
    firsts: dict[Hashable, int] = {}
    for row in rows:
        key = alike(row)
        if key is not None and (first := firsts.setdefault(key, row.line)) != row.line:
            yield first, row.line


def _id(row: Person) -> Hashable:
    return _ZEROS_BEFORE.sub("", row.own_id.lower())


def _address(row: Person) -> Hashable:
    """Return the address without the owner's own mark, the part from + to @.

    A mail to kari+hlf@example.no arrives in the same mailbox as one to kari@example.no.
    """
    return row.email and _OWN_MARK.sub("", row.email.lower())


def _name_and_phone(row: Person) -> Hashable:
    digits = "".join(letter for letter in row.phone or "" if letter.isdigit() or letter == "+")
    return (comparable(f"{row.first_name} {row.last_name}"), _NORWAY.sub("", digits)) if digits else None
