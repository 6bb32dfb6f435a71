"""The app's rows that this system cannot handle, counted by kind, with the first ids and no value (I11, I13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg

from shared.adapters.postgres.integration.asking import ask, why
from shared.domain.integration.findings import Finding, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS: Final[dict[str, tuple[str, str, str]]] = {
    "status_unknown": (
        "every mentor has a status of the contract",
        "mentors with another status: they are never reminded, expired or listed",
        "give them one of the contract's statuses",
    ),
    "mentor_without_id": (
        "every mentor has an id",
        "mentors without an id: they are ignored",
        "give them an id, or delete them",
    ),
    "organisation_missing": (
        "every mentor belongs to an organisation that is there",
        "mentors of no organisation: they are never checked, and hidden",
        "give them their organisation",
    ),
    "timezone_unknown": (
        "every organisation has a time zone that PostgreSQL knows",
        "organisations with an unknown time zone: their nightly check does not run",
        "give them an IANA name such as Europe/Oslo",
    ),
    "certification_twice": (
        "every mentor has one current certification",
        "mentors with several: which of them counts is undefined",
        "keep the current row of each",
    ),
    "certification_of_nobody": (
        "every certification belongs to a mentor who is there",
        "certifications of no mentor: they are ignored",
        "delete them",
    ),
    "expiry_implausible": (
        "every certification ends between 1950 and twenty years from now",
        "certifications without an end or with an impossible one, such as the year 0206 or 2206",
        "correct the date: one that is far too early expires the mentor, one that is far too late never does",
    ),
    "active_uncertified": (
        "every active mentor has a certification",
        "active mentors without one: they are not listed, and nobody is told",
        "enter the certification, or change the status",
    ),
    "coordinator_unknown": (
        "every mentor's coordinator is there",
        "mentors whose coordinator is not: nobody gets their digest",
        "give them a coordinator, or none",
    ),
    "coordinator_of_another_organisation": (
        "every mentor's coordinator is of the same organisation",
        "mentors whose coordinator is of another: a digest would show them to a stranger",
        "give them a coordinator of their own organisation",
    ),
    "mentor_address": (
        "every address of an active mentor can work",
        "active mentors with an address that cannot be mailed",
        "correct the address, or leave it empty",
    ),
    "coordinator_address": (
        "every coordinator with mentors has an address that can work",
        "coordinators with mentors who cannot be mailed: nobody gets their digest",
        "enter an address",
    ),
}


def data_points() -> dict[str, str]:
    """Return every point of the data, with what is expected."""
    return {f"data.{kind}": expected for kind, (expected, _, _) in _KINDS.items()}


def data_findings(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Yield a finding for each kind of rows: one statement each, which only reads."""
    for kind, (expected, consequence, advice) in _KINDS.items():
        point = f"data.{kind}"
        try:
            row = ask(connection, "SELECT * FROM certification.unusable_rows(%(kind)s)", {"kind": kind})[0]
        except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
            yield unchecked(point, expected, "the migrations are not applied", "apply them, then verify again")
        except psycopg.Error as error:
            yield unchecked(point, expected, why(error))
        else:
            if row["n"]:
                yield broken(point, expected, f"{row['n']:,} {consequence}", advice, n=row["n"], ids=row["ids"])
            else:
                yield holds(point, expected)
