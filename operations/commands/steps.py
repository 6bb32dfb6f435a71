"""Make the single statements of a command that also calls AWS, such as `rotate-credential`, in between.

Each is a transaction of its own. Values go in and come out as JSON, so that a function of the stack can make them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from operations.errors import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

STEPS: Final[Mapping[str, str]] = {
    "latest-rotation": """
        SELECT to_jsonb(r) FROM certification.credential_rotations AS r ORDER BY r.started_at DESC LIMIT 1""",
    "rotation": "SELECT to_jsonb(r) FROM certification.credential_rotations AS r WHERE r.id = %s",
    "begin-rotation": "SELECT to_jsonb(r) FROM certification.begin_rotation(%s, %s, %s, %s, %s, %s) AS r",
    "take-over-rotation": "SELECT to_jsonb(r) FROM certification.take_over_rotation(%s, %s, %s, %s) AS r",
    "own-rotation": "SELECT to_jsonb(true) FROM certification.own_rotation(%s, %s, %s)",
    "await-verdict": "SELECT to_jsonb(certification.await_verdict(%s, %s, %s))",
    "advance-rotation": "SELECT to_jsonb(certification.advance_rotation(%s, %s, %s, %s, %s))",
    "verdict": """
        SELECT jsonb_build_object('pending_version', s.pending_version, 'pending', s.pending_secret,
                                  'findings', s.pending_findings, 'check_reason', s.check_reason,
                                  'checked_at', s.checked_at)
          FROM certification.sync_state AS s""",
    "first-sync": """
        SELECT jsonb_build_object(
                   'synced_at', max(l.synced_at) FILTER (WHERE l.synced_at > %s),
                   'waiting', count(*) FILTER (WHERE l.synced_version < l.desired_version AND l.state <> 'rejected'
                                                 AND l.reason IS DISTINCT FROM 'brake'))
          FROM certification.listings AS l""",
    "start-mail-drill": "SELECT to_jsonb(d) FROM certification.start_mail_drill(%s, %s, %s, %s) AS d",
    "mail-drill": """
        SELECT jsonb_build_object('id', d.id, 'arrival', d.arrival, 'at', d.arrival_at, 'code', d.arrival_code)
          FROM certification.mail_drills AS d WHERE d.drill = %s""",
    "start-alert-test": "SELECT to_jsonb(true) FROM certification.start_alert_test(%s, %s, %s)",
    "settle-alert-test": "SELECT to_jsonb(t) FROM certification.settle_alert_test(%s) AS t",
    "acknowledge-alert-test": "SELECT to_jsonb(a) FROM certification.acknowledge_alert_test(%s, %s) AS a",
    "record-drop": "SELECT to_jsonb(true) FROM certification.record_dropped_dead_letter(%s, %s, %s, %s)",
}


def make(connection: psycopg.Connection, name: str, parameters: Sequence[object]) -> list[Any]:
    """Make one statement and return its rows, each a JSON value. Raises NotUnderstoodError for one that is not here."""
    if name not in STEPS:
        raise NotUnderstoodError(f"there is no step {name}: are program and stack of one version?")
    return [row[0] for row in connection.execute(STEPS[name].encode(), parameters).fetchall()]
