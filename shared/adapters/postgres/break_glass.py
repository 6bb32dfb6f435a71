"""shared.ports.BreakGlass on the database: database/functions/break_glass/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.adapters.postgres.connection import Connection, call
from shared.domain.break_glass.changes import AppListing, Cause, MassLimits, Taken
from shared.domain.listings import Action
from shared.domain.website_rows import Site

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from shared.domain.break_glass.changes import PlannedChange
    from shared.domain.break_glass.journal import Journal


class PostgresBreakGlass:
    """One run of break-glass. Every call is one committed transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._begun: int | None = None

    def sites(self) -> tuple[Site, ...]:
        """Return the tables of the website to read."""
        rows = call(self._connection, "SELECT * FROM certification.break_glass_places()", {})
        return tuple(
            Site(number, row["website_table"], row["website_key"], (), row["show"], row["hide"], mapped=row["mapped"])
            for number, row in enumerate(rows)
        )

    def listings(self) -> Iterable[AppListing]:
        """Return every mentor by the calendar."""
        for row in call(self._connection, "SELECT * FROM certification.break_glass_listings()", {}):
            cause = None if row["listed"] else Cause(row["cause"])
            yield AppListing(row["mentor_id"], row["organisation_id"], cause, row["synced"], row["may_be_shown"])

    def limits(self) -> tuple[MassLimits, ...]:
        """Return each organisation with its mass-change limits."""
        rows = call(self._connection, "SELECT * FROM certification.break_glass_organisations()", {})
        return tuple(
            MassLimits(
                row["organisation_id"],
                row["name"] or str(row["organisation_id"]),
                row["brake_count"],
                row["brake_percent"],
                row["active"],
            )
            for row in rows
        )

    def begin(self, actor: str, reason: str, mode: str, planned: Mapping[str, int]) -> None:
        """Write down who begins, why and what is planned."""
        self._begun = call(
            self._connection,
            "SELECT certification.begin_break_glass("
            "%(actor)s, %(reason)s, %(mode)s, %(measures)s::text[], %(counts)s::bigint[]) AS begun",
            {"actor": actor, "reason": reason, "mode": mode} | _counted(planned),
        )[0]["begun"]

    def take(self, changes: Sequence[PlannedChange]) -> dict[UUID, Taken]:
        """Make these listings ready to be synced, and write the audit."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.take_listings("
            "%(begun)s, %(mentors)s::uuid[], %(tables)s::text[], %(keys)s::text[], %(hide)s)",
            {
                "begun": self._begun,
                "mentors": [change.mentor_id for change in changes],
                "tables": [change.seen[0] if change.seen else None for change in changes],
                "keys": [change.seen[1] if change.seen else None for change in changes],
                "hide": changes[0].action is Action.HIDE,
            },
        )
        return {row["mentor_id"]: Taken(row["outcome"]) for row in rows}

    def end(self, outcome: str, counts: Mapping[str, int]) -> None:
        """Write down how the run has ended."""
        call(
            self._connection,
            "SELECT certification.end_break_glass(%(begun)s, %(outcome)s, %(measures)s::text[], %(counts)s::bigint[])",
            {"begun": self._begun, "outcome": outcome} | _counted(counts),
        )


def import_journal(connection: Connection, journal: Journal) -> int:
    """Write a journal into the audit, and have its mentors synced. Return how many of its lines were new."""
    lines: list[int] = []
    mentors: list[UUID] = []
    outcomes: list[str] = []
    times: list[datetime] = []
    for entry in journal.entries:
        lines.append(entry.line)
        mentors.append(entry.mentor_id)
        outcomes.append(entry.outcome)
        times.append(entry.at)
    rows = call(
        connection,
        "SELECT certification.import_break_glass_journal(%(id)s, %(actor)s, %(reason)s,"
        " %(lines)s::integer[], %(mentors)s::uuid[], %(outcomes)s::text[], %(times)s::timestamptz[]) AS n",
        {
            "id": journal.id,
            "actor": journal.actor,
            "reason": journal.reason,
            "lines": lines,
            "mentors": mentors,
            "outcomes": outcomes,
            "times": times,
        },
    )
    n: int = rows[0]["n"]
    return n


def _counted(counts: Mapping[str, int]) -> dict[str, object]:
    return {"measures": list(counts), "counts": list(counts.values())}
