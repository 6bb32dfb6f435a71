"""Two workflows on one mentor at once. It takes two connections, so rows are committed and removed again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg

from shared.adapters.postgres.integration.asking import ask, why
from shared.adapters.postgres.integration.behaviour.callouts import triggers_that_call_out
from shared.adapters.postgres.integration.behaviour.stage import RowsRefusedError, Stage, organisation
from shared.domain.integration.findings import Finding, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from uuid import UUID

_POINTS: Final = {
    "behaviour.pause_beside_a_night": "of a pause and a night at once the pause wins, with a status log that fits",
    "behaviour.pause_waits_for_a_night": "a pause that waits for a night sees what the night did, with a log that fits",
}
_ONLY_ON_A_COPY: Final = "it takes two connections, and so rows that are committed"
_HOW: Final = "name a copy or a staging database, and say --copy"
_ADVICE: Final = "have the workflow lock the mentor's row before it reads the status (SELECT … FOR UPDATE)"
_SECONDS: Final = 10.0

# What a stage leaves behind once it was committed. The app's own log is left to the copy.
_CLEAN_UP: Final = (
    "DELETE FROM public.certifications WHERE mentor_id = ANY (%(mentors)s)",
    "DELETE FROM public.peer_mentors WHERE id = ANY (%(mentors)s)",
    "DELETE FROM public.mentor_status_log WHERE mentor_id = ANY (%(mentors)s)",
    "DELETE FROM certification.notices WHERE organisation_id = %(organisation)s",
    "DELETE FROM certification.cert_expiry_reminders WHERE mentor_id = ANY (%(mentors)s)",
    "DELETE FROM certification.transitions WHERE mentor_id = ANY (%(mentors)s)",
    "DELETE FROM certification.mentors_to_recheck WHERE mentor_id = ANY (%(mentors)s)",
    "DELETE FROM certification.step_failures WHERE organisation_id = %(organisation)s",
    "DELETE FROM certification.progress WHERE organisation_id = %(organisation)s",
    "DELETE FROM certification.runs WHERE request_id = 'verify-integration'",
    "DELETE FROM certification.evaluated_days WHERE organisation_id = %(organisation)s",
    "DELETE FROM certification.organisation_settings WHERE organisation_id = %(organisation)s",
    "DELETE FROM public.organisations WHERE id = %(organisation)s",
    "DELETE FROM certification.listings WHERE organisation_id = %(organisation)s",
)


def concurrent_points() -> dict[str, str]:
    """Return the points that take two connections, with what is expected."""
    return dict(_POINTS)


def concurrent_findings(
    connect: Callable[[], AbstractContextManager[psycopg.Connection[Any]]] | None,
) -> Iterator[Finding]:
    """Yield a finding for each point. `connect` opens a connection in autocommit to a copy; None: there is none."""
    if connect is None:
        yield from (unchecked(point, expected, _ONLY_ON_A_COPY, _HOW) for point, expected in _POINTS.items())
        return
    checks = {
        "behaviour.pause_beside_a_night": _pause_beside_a_night,
        "behaviour.pause_waits_for_a_night": _pause_waits_for_a_night,
    }
    with connect() as first, connect() as second:
        calling = triggers_that_call_out(first)
        for point, expected in _POINTS.items():
            if calling:
                said = f"the app's trigger {', '.join(calling)} calls out of the database"
                yield unchecked(point, expected, said, "take a copy without that trigger")
                continue
            try:
                with _committed(first) as (stage, mentor):
                    other = Stage(second, stage.organisation, stage.today)
                    found = checks[point](stage, other, mentor)
            except RowsRefusedError as error:
                yield unchecked(point, expected, str(error))
            except psycopg.Error as error:
                yield unchecked(point, expected, why(error))
            else:
                yield holds(point, expected) if found is None else broken(point, expected, found, _ADVICE)


@contextmanager
def _committed(connection: psycopg.Connection[Any]) -> Iterator[tuple[Stage, UUID]]:
    """Commit a stage with a mentor whose certification has ended; remove everything at the end."""
    today = ask(connection, "SELECT certification.today_in('Europe/Oslo') AS day")[0]["day"]
    webhook = ask(connection, "SELECT w.enabled FROM certification.webhook AS w")
    connection.execute("UPDATE certification.webhook SET enabled = false")
    try:
        stage = Stage(connection, organisation(connection, today), today)
        mentor = stage.mentor(expires_in=-1)
        try:
            yield stage, mentor
        finally:
            values = {"mentors": [mentor], "organisation": stage.organisation}
            with connection.transaction():
                for statement in _CLEAN_UP:
                    connection.execute(statement.encode(), values)
    finally:
        for row in webhook:
            connection.execute("UPDATE certification.webhook SET enabled = %s", (row["enabled"],))


def _pause_beside_a_night(stage: Stage, other: Stage, mentor: UUID) -> str | None:
    with stage.connection.transaction():
        stage.pause(mentor)
        other.night()  # must neither wait for the pause nor see it
    if (status := stage.status(mentor)) != "paused":
        return f"the pause is lost: the status is {status}"
    stage.night()
    if (status := stage.status(mentor)) != "paused":
        return f"the next night undid the pause: the status is {status}"
    return _chain(stage, mentor)


def _pause_waits_for_a_night(stage: Stage, other: Stage, mentor: UUID) -> str | None:
    with ThreadPoolExecutor(1) as executor:
        with stage.connection.transaction():
            stage.night()
            waiting = executor.submit(other.pause, mentor)
            _until_it_waits(stage, other)
        waiting.result(_SECONDS)
    return _chain(stage, mentor)


def _until_it_waits(stage: Stage, other: Stage) -> None:
    """Wait until the pause waits for the night's lock, or has ended without waiting."""
    for _ in range(int(_SECONDS * 50)):
        rows = ask(
            stage.connection,
            "SELECT cardinality(pg_blocking_pids(%(pid)s)) > 0 AS waits, pg_sleep(0.02)",
            {"pid": other.connection.info.backend_pid},
        )
        if rows[0]["waits"]:
            return


def _chain(stage: Stage, mentor: UUID) -> str | None:
    """Return what is wrong with the status log: each change must begin where the one before has ended."""
    at = "active"
    rows = ask(
        stage.connection,
        "SELECT l.from_status::text, l.to_status::text FROM public.mentor_status_log AS l"
        " WHERE l.mentor_id = %(mentor)s ORDER BY l.id",
        {"mentor": mentor},
    )
    for row in rows:
        if row["from_status"] != at:
            return f"a change in the status log is from {row['from_status']}, where the one before led to {at}"
        at = row["to_status"]
    status = stage.status(mentor)
    return None if status == at else f"the status log ends with {at}, and the status is {status}"
