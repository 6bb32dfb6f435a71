"""Syncs as dynamics_sync runs them: the use case on the real adapters, under its own login, to a real emulator."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import psycopg

from emulators.dataverse.client import EmulatorControl
from local.stack.dataverse import TABLES
from shared.adapters.dataverse.service import Service
from shared.adapters.dataverse.website import DataverseWebsite
from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.domain.listings import SyncResult
from shared.use_cases.sync_listings import sync_listings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from uuid import UUID

    from emulators.dataverse.process import LocalDataverse
    from shared.domain.listings import Result
    from tests.support.foundation import Foundation

TABLE, SECOND_TABLE = "hlf_peermentors", "hlf_likepersons"


def two_tables(path: Path) -> Path:
    """Write a schema file with a second table, for the mentors who are listed elsewhere."""
    schema = json.loads(TABLES.read_text(encoding="utf-8"))
    first = next(table for table in schema["tables"] if table["set"] == TABLE)
    schema["tables"].append(
        first
        | {
            "name": "hlf_likeperson",
            "set": SECOND_TABLE,
            "schema_name": "hlf_Likeperson",
            "primary_id": "hlf_likepersonid",
        }
    )
    schema["website"]["template"] = str(TABLES.with_name(schema["website"]["template"]))
    path.write_text(json.dumps(schema), encoding="utf-8")
    return path


class CountedSecret:
    """The application user's secret as Secrets Manager has it; `fresh` counts the readings past the cache."""

    def __init__(self, emulator: LocalDataverse) -> None:
        self.value = {
            "tenant_id": emulator.tenant_id,
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
        }
        self.fresh = 0
        self._cached: dict[str, str] | None = None

    def rotate(self, client_secret: str) -> None:
        """What the container has cached stays as it is."""
        self.value = {**self.value, "client_secret": client_secret}

    def __call__(self, fresh: bool) -> Mapping[str, str]:
        self.fresh += fresh
        if fresh or self._cached is None:
            self._cached = self.value
        return self._cached


class SyncWorker:
    """One worker of its own: a connection, a token and a client. A context manager.

    It has `seconds` left; its pauses are taken from them and written down, and slept through only if it is `patient`.
    """

    def __init__(
        self,
        login: Mapping[str, Any],
        url: str,
        secret: Callable[[bool], Mapping[str, Any]],
        *,
        batch_size: int = 100,
        parallel: int = 4,
        patient: bool = False,
        owner: str = "",
    ) -> None:
        self._open = ExitStack()
        self._owner = owner
        self.connection = self._open.enter_context(connect(lambda _: login))
        self.listings = PostgresListings(self.connection)
        self.state = PostgresSyncState(self.connection)
        self._service = Service(url, url, secret)
        self._open.callback(self._service.close)
        self.seconds = 60.0
        self.patient = patient
        self.pauses: list[float] = []
        self.website = DataverseWebsite(
            self._service, self.state, time_left=self.time_left, batch_size=batch_size, parallel=parallel
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def time_left(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds -= seconds
        if self.patient:
            time.sleep(seconds)

    def sync(self, *mentors: UUID) -> SyncResult:
        """What one invocation does for these mentors."""
        return self.sync_all(mentors)

    def sync_all(self, mentors: Iterable[UUID], **other: Any) -> SyncResult:
        ports: dict[str, Any] = {
            "listings": self.listings,
            "website": self.website,
            "state": self.state,
            "time_left": self.time_left,
            "pause": self.pause,
        }
        return sync_listings(mentors, **ports | other)

    def unsynced(self) -> SweepReport:
        """Sync everything that the website does not show yet, as if messages asked for it, while there is time.

        Only expiry_check may ask what that is; here the owner, whose address the worker then has, asks in its place.
        """
        counts, after = Counter(SyncResult({}).counts()), None
        with psycopg.connect(self._owner, autocommit=True) as owner:
            while self.seconds > 20:
                asked = "SELECT u.mentor_id FROM certification.unsynced_listings(%s, 1000) AS u"
                mentors = [mentor for (mentor,) in owner.execute(asked, (after,))]
                if not mentors:
                    return SweepReport(counts, complete=True)
                result = self.sync_all(mentors)
                counts.update(result.counts())
                if result.stopped:
                    break
                after = mentors[-1]
        return SweepReport(counts, complete=False)


class SweepReport(NamedTuple):
    """What was done, added up, and whether everything was looked at."""

    counts: Counter[str]
    complete: bool


class Crew:
    """Makes workers. A context manager; when it is left they are gone."""

    def __init__(self, login: Mapping[str, Any], owner: str, emulator: LocalDataverse) -> None:
        self.login = login
        self.owner = owner
        self.url = emulator.url
        self.secret = CountedSecret(emulator)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def worker(self, **how: Any) -> SyncWorker:
        """A worker with a container of its own; see Worker for how it may be."""
        return self._open.enter_context(SyncWorker(self.login, self.url, self.secret, owner=self.owner, **how))


class EmulatedWebsite(EmulatorControl):
    """The website as the emulator has it, and the means to disturb it."""

    def by_mentor(self) -> dict[str, dict[str, Any]]:
        """Every row by mentor id, shown or not."""
        return {row["hlf_mentorid"]: row for row in self.rows(TABLE)}

    def shows(self, mentor: UUID) -> bool:
        """Whether a visitor sees the mentor."""
        return str(mentor) in self.visible()

    def visible(self) -> dict[str, str]:
        """Return the names that visitors see, by mentor id."""
        return {row["key"]: row["hlf_name"] for row in self.website()}

    def verbs(self, mentor: UUID) -> list[str]:
        """What was written of one mentor, in order."""
        return [write.verb for write in self.writes() if write.key == str(mentor)]

    def pushes(self) -> int:
        """How many requests came to the Web API."""
        return int(self.summary()["requests"])


def outcome(result: SyncResult, mentor: UUID) -> Result:
    return result.results[mentor]


def wanted(foundation: Foundation) -> dict[str, str]:
    """Return the names that the website should show by I5, by mentor id, computed independently of the product."""
    return dict(
        foundation.all(
            "SELECT m.id::text, m.first_name || ' ' || m.last_name"
            " FROM peer_mentors AS m JOIN certifications AS c ON c.mentor_id = m.id"
            " JOIN certification.evaluated_days AS e ON e.organisation_id = m.organisation_id"
            " WHERE m.status = 'active' AND m.listing_consent AND c.expires_on >= e.day"
        )
    )


def unsynced(foundation: Foundation) -> int:
    """Return how many listings have a change that the website has not received."""
    return foundation.one("SELECT count(*) FROM certification.listings WHERE synced_version < desired_version")


def leases_end(foundation: Foundation) -> None:
    """As if every claim had been made long ago, so that no request of it can still be on its way."""
    foundation.do(
        "UPDATE certification.listings SET claimed_until = claimed_until - interval '1 hour',"
        " unknown_outcome_until = unknown_outcome_until - interval '1 hour'"
        " WHERE claimed_until IS NOT NULL OR unknown_outcome_until IS NOT NULL"
    )
