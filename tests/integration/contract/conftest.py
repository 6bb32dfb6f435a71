"""One sound database for the module, and a copy of it for each variant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import copy_database, drop_database
from tests.support.contract import OWNER, contract_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.stack.postgres import Postgres

_BASE = "contract_base"


@pytest.fixture(scope="module")
def sound(postgres: Postgres) -> Iterator[str]:
    """The dsn of a database in which every point holds."""
    with contract_database(postgres, _BASE) as dsn:
        yield dsn


@pytest.fixture
def variant(postgres: Postgres, server: psycopg.Connection, sound: str) -> Iterator[Callable[[str], str]]:
    """Make a copy of the sound database and spoil it; return its dsn."""
    name = "contract_variant"

    def spoil(statements: str) -> str:
        copy_database(server, name, _BASE)
        # A copy has neither the owner nor the rights of the database itself.
        server.execute(f"ALTER DATABASE {name} OWNER TO {OWNER}".encode())
        server.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC".encode())
        with psycopg.connect(postgres.dsn(name), autocommit=True) as connection:
            connection.execute(statements.encode())
        return postgres.dsn(name)

    yield spoil
    drop_database(server, name)
