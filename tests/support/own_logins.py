"""The ports of the database under the logins of the functions that make each call, because no other may make it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState

if TYPE_CHECKING:
    from contextlib import ExitStack
    from uuid import UUID

    from shared.domain.credentials.credential import Health
    from shared.domain.listings import SyncRequest
    from tests.conftest import TestDatabase


class ListingsOfFunctions(PostgresListings):
    """PostgresListings: dynamics_sync claims and settles, and expiry_check asks what is unsynced."""

    def __init__(self, database: TestDatabase, stack: ExitStack) -> None:
        super().__init__(_connected("DynamicsSync", database, stack))
        self._asking = PostgresListings(_connected("ExpiryCheck", database, stack))

    @override
    def unsynced(self, after: UUID | None, limit: int) -> tuple[SyncRequest, ...]:
        return self._asking.unsynced(after, limit)


class StateOfFunctions(PostgresSyncState):
    """PostgresSyncState: dynamics_sync stops and resumes, and expiry_check records what its health check found."""

    def __init__(self, database: TestDatabase, stack: ExitStack) -> None:
        super().__init__(_connected("DynamicsSync", database, stack))
        self._checking = PostgresSyncState(_connected("ExpiryCheck", database, stack))

    @override
    def record_check(self, health: Health) -> bool:
        return self._checking.record_check(health)


def _connected(function: str, database: TestDatabase, stack: ExitStack) -> Any:
    login = database.login(function)
    return stack.enter_context(connect(lambda _: login))
