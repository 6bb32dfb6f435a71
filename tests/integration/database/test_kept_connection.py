"""The connection that dynamics_sync keeps between two invocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shared.adapters.postgres.connection import KeptConnection, call
from shared.domain.errors import ConnectionLostError

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import TestDatabase


def test_a_kept_connection_is_used_until_the_server_ends_it(
    database: TestDatabase, connection: psycopg.Connection
) -> None:
    """A kept connection is used again and replaced when the server has ended it.

    I7: what died while the container slept is noticed before it is relied on.
    """
    secret = database.login("DynamicsSync")
    kept = KeptConnection(lambda _: secret)

    def backend():
        with kept.use() as ours:
            return call(ours, "SELECT pg_backend_pid() AS pid", {})[0]["pid"]

    first = backend()
    assert backend() == first
    connection.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
    second = backend()
    assert second != first
    with kept.use() as ours:
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (second,))
        with pytest.raises(ConnectionLostError):
            call(ours, "SELECT 1", {})
    third = backend()
    assert third not in {first, second}
    kept._used_at -= 121
    assert backend() != third
    kept.close()
