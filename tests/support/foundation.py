"""The foundation's people, one line each, and what the nightly check wrote about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from local.stack.database import simulate_time

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import psycopg

DAY = date(2026, 12, 1)
"""A Tuesday, so the nightly check does not scan everybody by itself."""


def days(number: int) -> timedelta:
    return timedelta(days=number)


@dataclass(frozen=True)
class Foundation:
    """Writes the foundation's tables as the app would, and reads ours."""

    connection: psycopg.Connection

    def one(self, query: str, *parameters: object) -> Any:
        """The first column of the first row, or None."""
        row = self.connection.execute(query.encode(), parameters or None).fetchone()
        return None if row is None else row[0]

    def all(self, query: str, *parameters: object) -> list[Any]:
        """Every row; a single column comes without its tuple."""
        rows = self.connection.execute(query.encode(), parameters or None).fetchall()
        return [row[0] if len(row) == 1 else row for row in rows]

    def do(self, statement: str, *parameters: object) -> None:
        self.connection.execute(statement.encode(), parameters or None)

    def present(self, moment: datetime) -> None:
        """Have `moment` be the present from now on."""
        simulate_time(self.connection, moment)

    # --- the app's side

    def organisation(
        self,
        *,
        timezone: str = "Europe/Oslo",
        thresholds: Sequence[int] | None = None,
        reactivate: bool = True,
        name: str = "HLF Moss",
    ) -> UUID:
        """An organisation; with thresholds of its own if any are given."""
        made = self.one("INSERT INTO organisations (name, timezone) VALUES (%s, %s) RETURNING id", name, timezone)
        if thresholds is not None or not reactivate:
            self.settings(
                made, thresholds=thresholds or (30, 14, 7), flag=thresholds is not None, reactivate=reactivate
            )
        return made

    def settings(
        self, organisation: UUID, *, thresholds: Sequence[int], flag: bool = True, reactivate: bool = True
    ) -> None:
        self.do(
            "INSERT INTO certification.organisation_settings"
            " (organisation_id, org_thresholds, thresholds, reactivate_renewed) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (organisation_id) DO UPDATE SET org_thresholds = excluded.org_thresholds,"
            " thresholds = excluded.thresholds, reactivate_renewed = excluded.reactivate_renewed",
            organisation,
            flag,
            list(thresholds),
            reactivate,
        )

    def brake(self, count: int = 10, percent: int = 20, organisation: UUID | None = None) -> None:
        """The limits of the standard, or of one organisation. In tests they are out of the way until they are set."""
        if organisation is None:
            self.do("UPDATE certification.standard SET brake_count = %s, brake_percent = %s", count, percent)
            return
        self.do(
            "INSERT INTO certification.organisation_settings (organisation_id, brake_count, brake_percent)"
            " VALUES (%s, %s, %s) ON CONFLICT (organisation_id)"
            " DO UPDATE SET brake_count = excluded.brake_count, brake_percent = excluded.brake_percent",
            organisation,
            count,
            percent,
        )

    def coordinator(
        self, organisation: UUID, *, email: str | None = "turid.vik@example.no", name: str = "Turid Vik"
    ) -> UUID:
        return self.one(
            "INSERT INTO coordinators (organisation_id, full_name, email) VALUES (%s, %s, %s) RETURNING id",
            organisation,
            name,
            email,
        )

    def mentor(
        self,
        organisation: UUID,
        expires_on: date | str,
        *,
        status: str = "active",
        coordinator: UUID | None = None,
        email: str | None = "kari.saether@example.no",
        name: tuple[str, str] = ("Kari", "Sæther"),
        consent: bool = False,
        area: str | None = None,
        phone: str | None = None,
    ) -> UUID:
        """A mentor with a certification whose last valid day is `expires_on`."""
        made = self.one(
            "INSERT INTO peer_mentors (organisation_id, coordinator_id, first_name, last_name, email, status,"
            " listing_consent, area, phone) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            organisation,
            coordinator,
            *name,
            email,
            status,
            consent,
            area,
            phone,
        )
        self.do("INSERT INTO certifications VALUES (%s, '2023-01-01', %s)", made, expires_on)
        return made

    def renew(self, mentor: UUID, expires_on: date) -> None:
        self.do("UPDATE certifications SET expires_on = %s WHERE mentor_id = %s", expires_on, mentor)

    def set_status(self, mentor: UUID, status: str) -> None:
        """By hand, past pause_mentor and resume_mentor."""
        self.do("UPDATE peer_mentors SET status = %s WHERE id = %s", status, mentor)

    def pause(self, mentor: UUID) -> str:
        return self.one("SELECT pause_mentor(%s, 'turid', 'holiday')", mentor)

    def resume(self, mentor: UUID) -> str:
        return self.one("SELECT resume_mentor(%s, 'turid', 'back')", mentor)

    def evaluated(self, organisation: UUID, day: date = DAY) -> None:
        """Record that day's check as done, so that a mentor who is certified on `day` may be listed."""
        self.do(
            "INSERT INTO certification.evaluated_days (organisation_id, day) VALUES (%s, %s)"
            " ON CONFLICT (organisation_id) DO UPDATE SET day = excluded.day",
            organisation,
            day,
        )

    # --- what came of it

    def listing(self, mentor: UUID) -> dict[str, Any]:
        """The mentor's listing, column by column."""
        cursor = self.connection.execute("SELECT * FROM certification.listings WHERE mentor_id = %s", (mentor,))
        row = cursor.fetchone()
        assert row is not None, "no listing"
        assert cursor.description is not None
        return dict(zip((column.name for column in cursor.description), row, strict=True))

    def listing_state(self, mentor: UUID) -> str:
        return str(self.listing(mentor)["state"])

    def status(self, mentor: UUID) -> str:
        return self.one("SELECT status FROM peer_mentors WHERE id = %s", mentor)

    def reminders(self, mentor: UUID, expires_on: date | None = None) -> dict[int, str]:
        """State by threshold: of the current certification, or of one that ended on `expires_on`."""
        return dict(
            self.all(
                "SELECT r.threshold_day, r.state FROM certification.cert_expiry_reminders AS r"
                " JOIN certifications AS c USING (mentor_id)"
                " WHERE r.mentor_id = %s AND r.certification_expiry_date = coalesce(%s, c.expires_on)",
                mentor,
                expires_on,
            )
        )

    def log(self, mentor: UUID) -> list[tuple[str, str, str, str]]:
        """(from, to, reason, actor), in order."""
        return self.all(
            "SELECT from_status, to_status, reason, actor FROM mentor_status_log WHERE mentor_id = %s ORDER BY id",
            mentor,
        )

    def notices(self, person: UUID) -> list[tuple[str, int | None, str]]:
        """(kind, threshold, state) of every notice to a mentor or a coordinator, in order."""
        return self.all(
            "SELECT kind, threshold_day, state FROM certification.notices"
            " WHERE %s IN (mentor_id, coordinator_id) ORDER BY id",
            person,
        )

    def step_failures(self, mentor: UUID) -> list[tuple[str, str, int]]:
        """(step, reason, nightly_checks)."""
        return self.all(
            "SELECT step, reason, nightly_checks FROM certification.step_failures WHERE mentor_id = %s", mentor
        )

    def counts(self, run_id: UUID, measure: str) -> dict[str, int]:
        """A run's count by detail, over all organisations."""
        return dict(
            self.all(
                "SELECT detail, sum(n)::integer FROM certification.run_counts"
                " WHERE run_id = %s AND measure = %s GROUP BY detail",
                run_id,
                measure,
            )
        )

    def digest(self, coordinator: UUID) -> list[tuple[str, str | None]]:
        """(section, reason) of every line in the coordinator's newest digest."""
        return self.all(
            "SELECT l.section, l.reason FROM certification.digest_lines("
            "(SELECT max(id) FROM certification.notices WHERE coordinator_id = %s)) AS l",
            coordinator,
        )

    def everything(self) -> dict[str, list[Any]]:
        """The outcome of nightly checks, without what differs from run to run: to compare two histories."""
        return {
            "mentors": self.all("SELECT id, status FROM peer_mentors ORDER BY 1"),
            "reminders": self.all(
                "SELECT mentor_id, threshold_day, certification_expiry_date, as_of, state, reason"
                " FROM certification.cert_expiry_reminders ORDER BY 1, 2, 3"
            ),
            "transitions": self.all(
                "SELECT mentor_id, to_status, certification_expiry_date, as_of"
                " FROM certification.transitions ORDER BY 1, 2, 3"
            ),
            "log": self.all(
                "SELECT mentor_id, from_status, to_status, reason, actor, certification_expiry_date"
                " FROM mentor_status_log ORDER BY 1, 2, 3, 6"
            ),
            "notices": self.all(
                "SELECT kind, mentor_id, threshold_day, certification_expiry_date, state, reason"
                " FROM certification.notices WHERE kind <> 'digest' ORDER BY 1, 2, 3, 4"
            ),
            "step_failures": self.all(
                "SELECT mentor_id, step, reason FROM certification.step_failures ORDER BY 1, 2, 3"
            ),
        }

    def past_triggers(self, statement: str, *values: object) -> None:
        """Run a statement as a restore does, past every trigger: what is only added to may be changed."""
        with self.connection.transaction():
            self.connection.execute("SET LOCAL session_replication_role = replica")
            self.connection.execute(statement.encode(), values or None)

    def empty(self) -> None:
        """Everything but the HLF standard is gone."""
        self.past_triggers(
            "TRUNCATE organisations, coordinators, peer_mentors, certifications, mentor_status_log,"
            " certification.organisation_settings, certification.runs, certification.run_organisations,"
            " certification.run_counts, certification.cert_expiry_reminders, certification.transitions,"
            " certification.notices, certification.step_failures, certification.progress, "
            "certification.mentors_to_recheck,"
            " certification.listings, certification.evaluated_days, certification.brakes, certification.audit,"
            " certification.chain, certification.proofs,"
            " certification.duplicates"
            " RESTART IDENTITY CASCADE"
        )
