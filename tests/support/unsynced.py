"""The listings as each function has them: dynamics_sync claims and settles, and expiry_check asks what is unsynced."""

from __future__ import annotations

from typing import TYPE_CHECKING, override

from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.listings import PostgresListings

if TYPE_CHECKING:
    from contextlib import ExitStack
    from uuid import UUID

    from shared.domain.sync_messages import SyncRequest
    from tests.conftest import TestDatabase


class ListingsOfFunctions(PostgresListings):
    """PostgresListings under the login of the function that may make each call."""

    def __init__(self, database: TestDatabase, stack: ExitStack) -> None:
        dynamics_sync, expiry_check = database.login("DynamicsSync"), database.login("ExpiryCheck")
        super().__init__(stack.enter_context(connect(lambda _: dynamics_sync)))
        self._asking = PostgresListings(stack.enter_context(connect(lambda _: expiry_check)))

    @override
    def unsynced(self, after: UUID | None, limit: int) -> tuple[SyncRequest, ...]:
        return self._asking.unsynced(after, limit)
