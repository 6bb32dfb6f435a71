"""What a person does that no other function of the database writes down by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

    from operations.commands.dead_letters import DropRecord


def dropped(connection: psycopg.Connection, message: DropRecord, actor: str, reason: str) -> None:
    """Write down that a message that was given up is removed: which, never what stands in it (I11)."""
    connection.execute(
        "SELECT certification.record_dropped_dead_letter(%s, %s, %s, %s)",
        (message.queue, message.message_id, actor, reason),
    )
