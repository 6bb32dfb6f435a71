"""Record the manual actions that no other function of the database records itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

    from operations.commands.dead_letters import DropRecord


def dropped(connection: psycopg.Connection, message: DropRecord, actor: str, reason: str) -> None:
    """Record which dead letter was removed, but never its content (I11)."""
    connection.execute(
        "SELECT certification.record_dropped_dead_letter(%s, %s, %s, %s)",
        (message.queue, message.message_id, actor, reason),
    )
