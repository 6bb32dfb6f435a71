"""Syncs as dynamics_sync runs them: the use case on the real adapters, under its own login, to a real emulator."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import httpx

from shared.adapters.dataverse.service import Service
from shared.adapters.dataverse.website import DataverseWebsite
from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.use_cases.sync_listings import sync_listings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from uuid import UUID

    from local.dataverse.process import LocalDataverse
    from shared.domain.listings import SyncResult

TABLE = "hlf_peermentors"


class Worker:
    """One worker of its own: a connection, a token and a client. A context manager."""

    def __init__(
        self,
        login: Callable[[str], Mapping[str, Any]],
        url: str,
        credential: Mapping[str, Any],
        *,
        batch_size: int = 100,
    ) -> None:
        self._open = ExitStack()
        secret = login("DynamicsSync")
        self.connection = self._open.enter_context(connect(lambda _: secret))
        self.listings = PostgresListings(self.connection)
        self.state = PostgresSyncState(self.connection)
        self._service = Service(url, url, lambda _: credential)
        self.seconds = 60.0
        self.pauses: list[float] = []
        self.website = DataverseWebsite(
            self._service, self.state, time_left=lambda: self.seconds, batch_size=batch_size, parallel=4
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def sync(self, mentors: Iterable[UUID], **other: Any) -> SyncResult:
        ports: dict[str, Any] = {
            "listings": self.listings,
            "website": self.website,
            "state": self.state,
            "time_left": lambda: self.seconds,
            "pause": self.pauses.append,
        }
        return sync_listings(mentors, **ports | other)


class Site:
    """The website as the emulator has it."""

    def __init__(self, emulator: LocalDataverse) -> None:
        self._emulator = emulator

    def rows(self) -> dict[str, dict[str, Any]]:
        """Every row by mentor id, shown or not."""
        found = httpx.get(f"{self._emulator.url}/_emulator/rows/{TABLE}").json()
        return {row["hlf_mentorid"]: row for row in (found["value"] if isinstance(found, dict) else found)}

    def shows(self, mentor: UUID) -> bool:
        """Whether a visitor sees the mentor."""
        row = self.rows().get(str(mentor))
        return row is not None and row["statecode"] == 0
