"""The behaviour that both sides owe each other, one point each. Every point begins with an empty stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg

from shared.adapters.postgres.integration.asking import ask, why
from shared.adapters.postgres.integration.behaviour.callouts import what_calls_out
from shared.adapters.postgres.integration.behaviour.stage import (
    ACTOR,
    REASON,
    LogRow,
    RowsRefusedError,
    Stage,
    organisation,
    staged,
)
from shared.domain.integration.contract import WORKFLOWS
from shared.domain.integration.findings import Finding, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_VALID: Final = 200
_NOT_LISTED: Final = "an active, certified and consenting mentor is not listed to begin with"
_WORKFLOW: Final = "have the app's developers look at the core workflows (docs/contract.md)"
_OURS: Final = "run hlf-operations migrate; if that does not help, report it to the developers of this system"


_NEEDED: Final = (
    "certification.start_run(text, timestamptz, text)",
    *(f"public.{name}(uuid, text, text)" for name in WORKFLOWS),
)
_NEEDED_QUERY: Final = "SELECT n.name FROM unnest(%(names)s::text[]) AS n (name) WHERE to_regprocedure(n.name) IS NULL"


@dataclass(frozen=True, slots=True)
class _Behaviour:
    expected: str
    advice: str
    check: Callable[[Stage], str | None]
    """Return what was found instead, or None."""


def behaviour_points() -> dict[str, str]:
    """Return every point of the behaviour, with what is expected."""
    return {point: behaviour.expected for point, behaviour in _BEHAVIOURS.items()}


def behaviour_findings(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Yield a finding for each point, by the login that owns the schema. Nothing is committed.

    Where a trigger of the app calls out of the database nothing is tried: a rollback would not undo that.
    """
    try:
        missing = [row["name"] for row in ask(connection, _NEEDED_QUERY, {"names": list(_NEEDED)})]
        calling = what_calls_out(connection)
    except psycopg.Error as error:
        yield from (unchecked(point, expected, why(error)) for point, expected in behaviour_points().items())
        return
    if missing:
        said = f"{', '.join(missing)} is missing"
        yield from (unchecked(point, expected, said) for point, expected in behaviour_points().items())
        return
    if calling:
        said = f"the app's {', '.join(calling)} calls out of the database, which no rollback undoes"
        advice = "verify the behaviour on a copy of the database that calls nobody"
        yield from (unchecked(point, expected, said, advice) for point, expected in behaviour_points().items())
        return
    for point, behaviour in _BEHAVIOURS.items():
        yield _tried(connection, point, behaviour)


def _tried(connection: psycopg.Connection[Any], point: str, behaviour: _Behaviour) -> Finding:
    try:
        with staged(connection) as stage:
            found = behaviour.check(stage)
    except RowsRefusedError as error:
        return unchecked(point, behaviour.expected, str(error), "verify the behaviour on a copy with rows of its own")
    except psycopg.errors.InsufficientPrivilege as error:
        return unchecked(point, behaviour.expected, why(error), "use the login that owns the schema")
    except (psycopg.OperationalError, psycopg.errors.InFailedSqlTransaction) as error:
        return unchecked(point, behaviour.expected, why(error), "try again")
    except psycopg.Error as error:
        name = f", {error.diag.constraint_name}" if error.diag.constraint_name else ""
        return broken(point, behaviour.expected, f"it fails with {why(error)}{name}", behaviour.advice)
    if found is None:
        return holds(point, behaviour.expected)
    return broken(point, behaviour.expected, found, behaviour.advice)


# --- pausing and resuming


def _pause_is_logged(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=_VALID)
    stage.pause(mentor)
    if (status := stage.status(mentor)) != "paused":
        return f"after pause_mentor the status is {status}"
    return _logged(stage, mentor, LogRow("active", "paused", REASON, ACTOR))


def _resume_is_logged(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=_VALID, status="paused")
    stage.resume(mentor)
    if (status := stage.status(mentor)) != "active":
        return f"after resume_mentor the status is {status}"
    return _logged(stage, mentor, LogRow("paused", "active", REASON, ACTOR))


def _logged(stage: Stage, mentor: Any, wanted: LogRow) -> str | None:  # noqa: ANN401 - a UUID
    rows = stage.log(mentor)
    if len(rows) != 1:
        return f"the change left {len(rows)} rows in the status log"
    row = rows[0]
    wrong = [
        name for name in ("from_status", "to_status", "reason", "actor") if getattr(row, name) != getattr(wanted, name)
    ]
    return f"its row in the status log has another {', '.join(wrong)}" if wrong else None


def _pause_hides(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=_VALID)
    if not stage.is_listed(mentor):
        return _NOT_LISTED
    before = stage.version(mentor)
    stage.pause(mentor)
    if stage.is_listed(mentor):
        return "a paused mentor stays listed"
    return None if stage.version(mentor) > before else "a pause does not ask for a sync"


def _pause_wins(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=-1)
    stage.pause(mentor)
    if stage.status(mentor) != "paused":
        return "a mentor whose certification has ended cannot be paused"
    stage.night()
    status = stage.status(mentor)
    return None if status == "paused" else f"the night moved the paused mentor to {status}"


def _resume_of_expired(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=-1, status="paused")
    stage.resume(mentor)
    return "somebody whose certification has ended is listed on resuming" if stage.is_listed(mentor) else None


def _resumed_expires(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=-1, status="paused")
    stage.resume(mentor)
    stage.night()
    status = stage.status(mentor)
    return None if status == "certification_expired" else f"after the next night the status is {status}"


def _resume_in_window(stage: Stage) -> str | None:
    thresholds = stage.thresholds()
    nearest = thresholds[-1]
    mentor = stage.mentor(expires_in=nearest, status="paused")
    stage.night()
    if stage.reminders(mentor):
        return "a paused mentor is reminded"
    stage.resume(mentor)
    stage.night()
    wanted = dict.fromkeys(thresholds, "collapsed") | {nearest: "claimed"}
    found = stage.reminders(mentor)
    return None if found == wanted else f"the thresholds are {found}, not {wanted}"


# --- expiring and renewing


def _expire_once(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=-1)
    stage.night()
    if (status := stage.status(mentor)) != "certification_expired":
        return f"after the night the status is {status}"
    wrong = _logged(
        stage, mentor, LogRow("active", "certification_expired", "certification_expired", "system:expiry_check")
    )
    if wrong:
        return wrong
    stage.night()
    return None if len(stage.log(mentor)) == 1 else "a second night writes the change again"


def _last_day(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=0)
    stage.night()
    status = stage.status(mentor)
    if status != "active":
        return f"on the last valid day the night moved the mentor to {status}"
    return None if stage.is_listed(mentor) else "on the last valid day the mentor is not listed"


def _renewal_reactivates(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=-1)
    stage.night()
    stage.certify(mentor, _VALID)
    stage.night()
    status = stage.status(mentor)
    if status != "active":
        return f"after a renewal the status is {status}"
    return None if stage.is_listed(mentor) else "after a renewal the mentor is not listed"


def _renewal_waits(stage: Stage) -> str | None:
    stage.reactivates(False)
    mentor = stage.mentor(expires_in=-1)
    stage.night()
    stage.certify(mentor, _VALID)
    stage.night()
    status = stage.status(mentor)
    return None if status == "certification_expired" else f"although the setting is off, the status is {status}"


# --- what the website shows


def _consent(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=_VALID)
    if not stage.is_listed(mentor):
        return _NOT_LISTED
    before = stage.version(mentor)
    stage.withdraw_consent(mentor)
    if stage.is_listed(mentor):
        return "without consent the mentor stays listed"
    return None if stage.version(mentor) > before else "a withdrawal does not ask for a sync"


def _inactive(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=_VALID)
    if not stage.is_listed(mentor):
        return _NOT_LISTED
    stage.set_status(mentor, "inactive")
    stage.night()
    status = stage.status(mentor)
    if status != "inactive":
        return f"the night moved the inactive mentor to {status}"
    return "an inactive mentor is listed" if stage.is_listed(mentor) else None


def _delete(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=_VALID)
    if not stage.is_listed(mentor):
        return _NOT_LISTED
    before = stage.version(mentor)
    stage.delete(mentor)
    if stage.is_listed(mentor):
        return "a deleted mentor stays listed"
    return None if stage.version(mentor) > before else "a deletion does not ask for a sync"


def _moves(stage: Stage) -> str | None:
    mentor = stage.mentor(expires_in=_VALID)
    before = stage.version(mentor)
    other = organisation(stage.connection, stage.today)
    stage.move(mentor, other)
    if stage.listed_by(mentor) != other:
        return "the listing stays with the old organisation"
    return None if stage.version(mentor) > before else "a move does not ask for a sync"


_BEHAVIOURS: Final[dict[str, _Behaviour]] = {
    "behaviour.pause_is_logged": _Behaviour(
        "pause_mentor pauses, and leaves one row in the status log with actor and reason", _WORKFLOW, _pause_is_logged
    ),
    "behaviour.resume_is_logged": _Behaviour(
        "resume_mentor resumes, and leaves one row in the status log with actor and reason",
        _WORKFLOW,
        _resume_is_logged,
    ),
    "behaviour.pause_hides": _Behaviour("a pause hides the mentor, and asks for a sync", _OURS, _pause_hides),
    "behaviour.pause_wins": _Behaviour("a pause wins over expiry, and no night undoes it", _OURS, _pause_wins),
    "behaviour.resume_of_expired": _Behaviour(
        "resuming somebody whose certification has ended does not list them", _OURS, _resume_of_expired
    ),
    "behaviour.resumed_expires": _Behaviour(
        "the next night expires somebody who resumed after the end of the certification", _OURS, _resumed_expires
    ),
    "behaviour.resume_in_window": _Behaviour(
        "who resumes inside a window is reminded of the nearest threshold", _OURS, _resume_in_window
    ),
    "behaviour.expire_once": _Behaviour(
        "a night expires a mentor once, with one row in the status log", _OURS, _expire_once
    ),
    "behaviour.last_day": _Behaviour("on the last valid day the mentor is active and listed", _OURS, _last_day),
    "behaviour.renewal_reactivates": _Behaviour(
        "a renewal makes the mentor active again, where the setting is on", _OURS, _renewal_reactivates
    ),
    "behaviour.renewal_waits": _Behaviour(
        "a renewal leaves the status to a person, where the setting is off", _OURS, _renewal_waits
    ),
    "behaviour.consent": _Behaviour("a withdrawn consent hides the mentor, and asks for a sync", _OURS, _consent),
    "behaviour.inactive": _Behaviour("an inactive mentor is neither listed nor moved by a night", _OURS, _inactive),
    "behaviour.delete": _Behaviour("a deletion hides the listing, and asks for a sync", _OURS, _delete),
    "behaviour.moves": _Behaviour("the listing moves with the mentor to another organisation", _OURS, _moves),
}
