"""The stack for measuring the forced sync: the local stack, an identity provider, mentors and their coordinators."""

from __future__ import annotations

import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import psycopg

from emulators.dataverse.client import EmulatorControl
from local.demo.website import wait_until_synced
from local.stack.stack import HOME, local_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from emulators.identity.server import LocalIdentity
    from local.stack.stack import LocalStack

    type Progress = Callable[[str], None]

COORDINATORS: Final = 50
REASON: Final = "Målt"
_LOAD: Final = (
    "INSERT INTO public.organisations (id, name) VALUES (md5('organisation')::uuid, 'Hørselsforbundet')",
    """
    INSERT INTO public.coordinators (id, organisation_id, full_name)
    SELECT md5('coordinator ' || i)::uuid, md5('organisation')::uuid, 'Koordinator ' || i
      FROM generate_series(1, {coordinators}) AS i
    """,
    """
    INSERT INTO public.peer_mentors
        (id, organisation_id, coordinator_id, first_name, last_name, email, phone, area, status, listing_consent)
    SELECT md5('mentor ' || i)::uuid, md5('organisation')::uuid, md5('coordinator ' || 1 + i % {coordinators})::uuid,
           'Ingebjørg ' || i, 'Ålesundstrøm', 'ingebjorg' || i || '@example.no', '+47 000 00 000',
           'Møre og Romsdal ' || i % 350, 'active', true
      FROM generate_series(1, {mentors}) AS i
    """,
    """
    INSERT INTO public.certifications (mentor_id, certified_on, expires_on)
    SELECT m.id, current_date - 365, current_date + 730 FROM public.peer_mentors AS m
    """,
)


@dataclass
class Bench:
    """The running stack, and who and what there is in it."""

    stack: LocalStack
    identity: LocalIdentity
    control: EmulatorControl
    url: str
    mentors: list[UUID]
    coordinators: list[UUID]
    tokens: dict[UUID, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, coordinator: UUID) -> str:
        """Return the coordinator's sign-in token; it is made once."""
        with self._lock:
            if coordinator not in self.tokens:
                self.tokens[coordinator] = self.identity.token(coordinator)
            return self.tokens[coordinator]

    def client(self) -> httpx.Client:
        """Return a client with connections of its own, as a browser has."""
        return httpx.Client(base_url=self.url, trust_env=False, timeout=40)

    def force(self, client: httpx.Client, coordinator: UUID, mentor: UUID) -> httpx.Response:
        """Force one mentor's sync."""
        return client.post(
            f"/mentors/{mentor}/sync",
            json={"reason": REASON},
            headers={"authorization": f"Bearer {self.token(coordinator)}"},
        )

    def database(self) -> psycopg.Connection[Any]:
        """Return a connection of the owner."""
        return psycopg.connect(self.stack.dsn, autocommit=True)


@contextmanager
def bench(mentors: int, progress: Progress) -> Iterator[Bench]:
    """Yield the stack with `mentors` mentors whom the website shows, and COORDINATORS coordinators."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="force-", dir=HOME) as folder,
        local_stack(Path(folder), fresh=True, progress=progress) as stack,
        EmulatorControl(stack.dataverse.url, timeout=60) as control,
    ):
        progress(f"Loading {mentors:,} mentors")
        # 6,750 requests in a minute are more than Dynamics takes in five: it would throttle, and the replies be 202.
        control.limits(enabled=False)
        with psycopg.connect(stack.dsn, autocommit=True) as connection:
            for statement in _LOAD:
                connection.execute(statement.format(mentors=mentors, coordinators=COORDINATORS).encode())
            connection.execute("VACUUM ANALYZE")
            people = [row[0] for row in connection.execute("SELECT id FROM public.peer_mentors ORDER BY id").fetchall()]
            rows = connection.execute("SELECT id FROM public.coordinators ORDER BY id").fetchall()
        wait_until_synced(stack.dsn)
        yield Bench(
            stack,
            stack.identity,
            control,
            stack.urls.url("ForceSync"),
            people,
            [row[0] for row in rows],
        )
