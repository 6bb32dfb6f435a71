"""What a person does that no function of the database writes down by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    import psycopg

    from operations.commands.dead_letters import DropRecord


def dropped(connection: psycopg.Connection, message: DropRecord, actor: str, reason: str) -> None:
    """A message that was given up is removed: which, never what stands in it (I11)."""
    connection.execute(
        "INSERT INTO certification.audit (action, actor, reason, facts) VALUES ('drop_dead_letter', %s, %s, %s)",
        (actor, reason, Jsonb({"queue": message.queue, "message_id": message.message_id})),
    )
