"""A stage for the workflows: an organisation and mentors of its own, in a transaction that is rolled back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from shared.adapters.postgres.integration.asking import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACTOR: Final = "verify-integration"
REASON: Final = "a rehearsal that is rolled back"
_STEPS: Final = ("reactivate_renewed", "claim_reminders", "expire_mentors")

_COLUMNS_QUERY: Final = """
SELECT a.attname::text AS name FROM pg_attribute AS a
 WHERE a.attrelid = ('public.' || %(table)s)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 ORDER BY a.attnum
"""


class RowsRefusedError(Exception):
    """The app's tables take no row that the contract describes. The message says why, without a value of a row."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row of the app's status log."""

    from_status: str
    to_status: str
    reason: str
    actor: str


@dataclass(frozen=True)
class Stage:
    """An organisation in the middle of a transaction, and what the workflows and our night do there."""

    connection: psycopg.Connection[Any]
    organisation: UUID
    today: date

    # --- the app's side

    def mentor(self, *, expires_in: int, status: str = "active", consent: bool = True) -> UUID:
        """Make a mentor whose last valid day is that many days from today. Raises RowsRefusedError."""
        made = uuid4()
        insert(
            self.connection,
            "peer_mentors",
            {
                "id": str(made),
                "organisation_id": str(self.organisation),
                "coordinator_id": None,
                "first_name": "Prøve",
                "last_name": "Prøvesen",
                "email": f"{made}@verify-integration.no",
                "phone": None,
                "area": None,
                "status": status,
                "listing_consent": consent,
                "locale": "nb",
            },
        )
        self.certify(made, expires_in)
        return made

    def certify(self, mentor: UUID, expires_in: int) -> None:
        """Give the mentor a certification with this last valid day, in place of another."""
        day = (self.today + timedelta(days=expires_in)).isoformat()
        known = self._do("UPDATE public.certifications SET expires_on = %s WHERE mentor_id = %s", day, mentor)
        if not known:
            values: dict[str, object] = {"mentor_id": str(mentor), "expires_on": day}
            columns = {row["name"] for row in ask(self.connection, _COLUMNS_QUERY, {"table": "certifications"})}
            if "certified_on" in columns:
                values["certified_on"] = (self.today - timedelta(days=365)).isoformat()
            insert(self.connection, "certifications", values)

    def pause(self, mentor: UUID) -> None:
        """Call the core workflow."""
        self._do("SELECT public.pause_mentor(%s, %s, %s)", mentor, ACTOR, REASON)

    def resume(self, mentor: UUID) -> None:
        """Call the core workflow."""
        self._do("SELECT public.resume_mentor(%s, %s, %s)", mentor, ACTOR, REASON)

    def withdraw_consent(self, mentor: UUID) -> None:
        """Withdraw the consent to being listed, as the app does."""
        self._do("UPDATE public.peer_mentors SET listing_consent = false WHERE id = %s", mentor)

    def set_status(self, mentor: UUID, status: str) -> None:
        """Set the status, as a person does in the app."""
        self._do("UPDATE public.peer_mentors SET status = %s WHERE id = %s", status, mentor)

    def move(self, mentor: UUID, organisation: UUID) -> None:
        """Move the mentor to another organisation."""
        self._do("UPDATE public.peer_mentors SET organisation_id = %s WHERE id = %s", organisation, mentor)

    def delete(self, mentor: UUID) -> None:
        """Delete the mentor with the certification."""
        self._do("DELETE FROM public.certifications WHERE mentor_id = %s", mentor)
        self._do("DELETE FROM public.peer_mentors WHERE id = %s", mentor)

    def status(self, mentor: UUID) -> str:
        """Return the status, in the contract's form."""
        row = self._one("SELECT certification.status_of(m.status::text) FROM public.peer_mentors AS m", "m.id", mentor)
        return str(row)

    def log(self, mentor: UUID) -> list[LogRow]:
        """Return the mentor's rows of the status log."""
        rows = ask(
            self.connection,
            "SELECT l.from_status::text, l.to_status::text, l.reason::text, l.actor::text"
            " FROM public.mentor_status_log AS l WHERE l.mentor_id = %(mentor)s",
            {"mentor": mentor},
        )
        return [LogRow(**row) for row in rows]

    # --- our side

    def night(self) -> None:
        """Run the nightly check of today, for this organisation only."""
        run = ask(
            self.connection,
            "SELECT certification.start_run('expiry_check', certification.present(), 'verify-integration') AS id",
        )[0]["id"]
        self._do("SELECT certification.start_organisation(%s, %s, %s)", run, self.organisation, self.today)
        for step in _STEPS:
            self._do(f"SELECT count(*) FROM certification.{step}(%s, %s, %s)", self.organisation, self.today, run)  # noqa: S608

    def reactivates(self, wanted: bool) -> None:
        """Set whether a renewed mentor of the organisation becomes active again."""
        self._do(
            "UPDATE certification.organisation_settings SET reactivate_renewed = %s WHERE organisation_id = %s",
            wanted,
            self.organisation,
        )

    def version(self, mentor: UUID) -> int:
        """Return the desired version of the listing; 0 where there is none."""
        found = self._one("SELECT l.desired_version FROM certification.listings AS l", "l.mentor_id", mentor)
        return int(found or 0)

    def listed_by(self, mentor: UUID) -> UUID | None:
        """Return the organisation of the mentor's listing."""
        found: UUID | None = self._one(
            "SELECT l.organisation_id FROM certification.listings AS l", "l.mentor_id", mentor
        )
        return found

    def is_listed(self, mentor: UUID) -> bool:
        """Return whether the website should show the mentor now."""
        rows = ask(
            self.connection,
            "SELECT w.listed FROM certification.wanted_listings(ARRAY[%(mentor)s::uuid]) AS w",
            {"mentor": mentor},
        )
        return any(row["listed"] for row in rows)

    def reminders(self, mentor: UUID) -> dict[int, str]:
        """Return the state of each threshold that was reached."""
        rows = ask(
            self.connection,
            "SELECT r.threshold_day, r.state FROM certification.cert_expiry_reminders AS r"
            " WHERE r.mentor_id = %(mentor)s",
            {"mentor": mentor},
        )
        return {row["threshold_day"]: row["state"] for row in rows}

    def thresholds(self) -> list[int]:
        """Return the thresholds in force, the farthest first."""
        rows = ask(
            self.connection,
            "SELECT certification.effective_thresholds(%(organisation)s) AS days",
            {"organisation": self.organisation},
        )
        days: list[int] = rows[0]["days"]
        return days

    def _do(self, statement: str, *parameters: object) -> int:
        return self.connection.execute(statement.encode(), [_text(one) for one in parameters]).rowcount

    def _one(self, query: str, column: str, mentor: UUID) -> Any:  # noqa: ANN401 - any value
        rows = ask(self.connection, f"{query} WHERE {column} = %(mentor)s", {"mentor": mentor})
        return next(iter(rows[0].values())) if rows else None


@contextmanager
def staged(connection: psycopg.Connection[Any]) -> Iterator[Stage]:
    """Open a transaction with a stage in it, and roll it back at the end. `connection` is the schema owner's.

    The webhook's row is taken out inside the transaction, so that nothing of ours is notified. Raises RowsRefusedError,
    psycopg.Error.
    """
    with connection.transaction(force_rollback=True):
        # A statement of the app never waits for this one for long, nor this one for the app's.
        connection.execute("SET LOCAL lock_timeout = '2s'")
        connection.execute("SET LOCAL statement_timeout = '20s'")
        connection.execute("DELETE FROM certification.webhook")
        today = ask(connection, "SELECT certification.today_in('Europe/Oslo') AS day")[0]["day"]
        yield Stage(connection, organisation(connection, today), today)
        # What the app has deferred to the commit would refuse the change there.
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def organisation(connection: psycopg.Connection[Any], today: date) -> UUID:
    """Make an organisation with the settings of the standard and no brake. Raises RowsRefusedError."""
    made = uuid4()
    insert(
        connection,
        "organisations",
        {"id": str(made), "name": f"verify-integration {made}", "timezone": "Europe/Oslo"},
    )
    connection.execute(
        "INSERT INTO certification.organisation_settings (organisation_id, brake_percent, reactivate_renewed)"
        " VALUES (%s, 100, true)",
        (made,),
    )
    # As if yesterday's check had been here: today's looks at what has changed since, not at every mentor there is.
    connection.execute(
        "INSERT INTO certification.progress (organisation_id, step, threshold_day, through)"
        " SELECT %(organisation)s, 'remind', t.day, %(yesterday)s::date + t.day"
        "   FROM unnest(certification.effective_thresholds(%(organisation)s)) AS t (day)"
        " UNION ALL SELECT %(organisation)s, s.step, 0, %(yesterday)s::date - 1"
        "   FROM certification.nightly_steps() AS s WHERE s.step <> 'remind'",
        {"organisation": made, "yesterday": today - timedelta(days=1)},
    )
    return made


def insert(connection: psycopg.Connection[Any], table: str, values: Mapping[str, object]) -> None:
    """Insert a row with the contract's columns; what else the app's table needs is taken from a row that is there.

    Raises RowsRefusedError with the constraint that refuses both.
    """
    try:
        with connection.transaction():
            connection.execute(_of_the_contract(table, values), list(map(_text, values.values())))
            return
    except psycopg.errors.IntegrityError as error:
        refusal = error
    columns = [row["name"] for row in ask(connection, _COLUMNS_QUERY, {"table": table})]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    copy = sql.SQL(
        "INSERT INTO public.{table} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM jsonb_populate_record("
        "NULL::public.{table}, coalesce((SELECT to_jsonb(x) FROM public.{table} AS x LIMIT 1), '{{}}') || %s)"
    ).format(table=sql.Identifier(table), names=names)
    try:
        with connection.transaction():
            if connection.execute(copy, [Jsonb(dict(values))]).rowcount:
                return
    except psycopg.errors.IntegrityError as error:
        refusal = error
    diagnosis = refusal.diag
    name = diagnosis.constraint_name or f"{diagnosis.column_name} must have a value"
    raise RowsRefusedError(f"public.{diagnosis.table_name or table} takes no row of the contract ({name})")


def _of_the_contract(table: str, values: Mapping[str, object]) -> sql.Composed:
    return sql.SQL("INSERT INTO public.{} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
    )


def _text(value: object) -> object:
    """Send a text without a type, so that it fits an enum or a uuid as well."""
    return str(value) if isinstance(value, UUID) else value
