"""Two workflows on one mentor at once. It takes two connections, so rows are committed and removed again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import pairwise, permutations
from typing import TYPE_CHECKING, Any, Final

import psycopg

from shared.adapters.postgres.integration.asking import ask, why
from shared.adapters.postgres.integration.behaviour.callouts import what_calls_out
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

# What a stage leaves behind once it was committed. The log comes first, because it may refer to the mentor.
_CLEAN_UP: Final = (
    "DELETE FROM public.mentor_status_log WHERE mentor_id = ANY (%(mentors)s)",
    "DELETE FROM public.certifications WHERE mentor_id = ANY (%(mentors)s)",
    "DELETE FROM public.peer_mentors WHERE id = ANY (%(mentors)s)",
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
    try:
        with connect() as first, connect() as second:
            calling = what_calls_out(first, committed=True)
            for point, expected in _POINTS.items():
                if calling:
                    said = f"the app's {', '.join(calling)} calls out, and these rows are committed"
                    yield unchecked(point, expected, said, "take a copy that calls nobody")
                else:
                    yield _tried(first, second, point, checks[point])
    except psycopg.Error as error:
        yield from (unchecked(point, expected, why(error)) for point, expected in _POINTS.items())


def _tried(
    first: psycopg.Connection[Any],
    second: psycopg.Connection[Any],
    point: str,
    check: Callable[[Stage, Stage, UUID], str | None],
) -> Finding:
    left: list[str] = []
    try:
        with _committed(first, left) as (stage, mentor):
            found = check(stage, Stage(second, stage.organisation, stage.today), mentor)
    except RowsRefusedError as error:
        return unchecked(point, _POINTS[point], str(error))
    except (psycopg.Error, TimeoutError) as error:
        code = why(error) if isinstance(error, psycopg.Error) else "the pause did not come back"
        return unchecked(point, _POINTS[point], code)
    if left:
        return unchecked(point, _POINTS[point], f"rows of the trial remain in {', '.join(left)}", "delete them there")
    return holds(point, _POINTS[point]) if found is None else broken(point, _POINTS[point], found, _ADVICE)


@contextmanager
def _committed(connection: psycopg.Connection[Any], left: list[str]) -> Iterator[tuple[Stage, UUID]]:
    """Commit a stage with a mentor whose certification has ended; remove everything at the end.

    `left` gets the tables that refuse to give up the rows.
    """
    today = ask(connection, "SELECT certification.today_in('Europe/Oslo') AS day")[0]["day"]
    webhook = ask(connection, "SELECT w.enabled FROM certification.webhook AS w")
    connection.execute("UPDATE certification.webhook SET enabled = false")
    try:
        with connection.transaction():  # both, or neither
            stage = Stage(connection, organisation(connection, today), today)
            mentor = stage.mentor(expires_in=-1)
        try:
            yield stage, mentor
        finally:
            values = {"mentors": [mentor], "organisation": stage.organisation}
            for statement in _CLEAN_UP:
                try:
                    connection.execute(statement.encode(), values)
                except psycopg.Error:
                    left.append(statement.split()[2])
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
        # A workflow may refuse a mentor who is not active by an error of its own.
        with suppress(psycopg.errors.RaiseException):
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
    """Return what is wrong with the status log: in some order each change must begin where the one before has ended.

    The contract leaves the log's id to the app, so nothing says which row is the newer.
    """
    status, rows = stage.status(mentor), stage.log(mentor)
    for order in permutations(rows):
        steps = ["active", *(status for row in order for status in (row.from_status, row.to_status)), status]
        if all(before == after for before, after in list(pairwise(steps))[::2]):
            return None
    said = ", ".join(f"{row.from_status} to {row.to_status}" for row in rows) or "nothing"
    return f"the status log says {said}, which do not follow one another to the status {status}"
