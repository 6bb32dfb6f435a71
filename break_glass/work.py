"""Open what a run works on: the database or an export, and Dynamics with a credential that was examined."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from break_glass.errors import GlassError, NotKnownError
from break_glass.state import OwnState
from shared.adapters.dataverse.examining import DataverseExaminer
from shared.adapters.dataverse.reader import DataverseReader
from shared.adapters.dataverse.service import Service
from shared.adapters.dataverse.website import DataverseWebsite
from shared.adapters.postgres.connection import connect
from shared.domain.credentials.examination import CredentialFault
from shared.domain.errors import WebsiteMisconfiguredError
from shared.domain.wording.credential_faults import in_words
from shared.use_cases.break_glass import make_plan
from shared.use_cases.examine_credential import examine_credential
from shared.use_cases.sync_listings import sync_listings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

    from break_glass.access import Access, DynamicsAccess
    from break_glass.terminal import Terminal
    from shared.adapters.postgres.connection import Connection
    from shared.domain.break_glass.changes import Plan
    from shared.domain.credentials.examination import Examination
    from shared.domain.listings import ListingTable, SyncResult
    from shared.ports import Backoff, BreakGlass, Listings

BATCH_SIZE = 25
_PARALLEL = 2
_READ_SECONDS = 600.0
_BATCH_SECONDS = 90.0
_EXAMINE_SECONDS = 60.0
_STOPPING_SECONDS = 3.0
_TRIES = 5


@contextmanager
def database(access: Access) -> Iterator[Connection]:
    """Sign in to the database. Raises ConnectionLostError."""
    login = access.database()
    with connect(lambda _: login) as connection:
        yield connection


@dataclass(slots=True)
class Work:
    """One run's way to the website and to what the app wants."""

    glass: BreakGlass
    listings: Listings
    backoff: Backoff
    service: Service

    def plan(self, *, hide_only: bool) -> Plan:
        """Read the website and compare."""
        reader = DataverseReader(
            self.service, self.backoff, time_left=_until(_READ_SECONDS), batch_size=BATCH_SIZE, parallel=_PARALLEL
        )
        return make_plan(self.glass, reader, hide_only=hide_only)

    def sync(self, mentors: Sequence[UUID], stopping: Callable[[], bool], pause: Callable[[float], None]) -> SyncResult:
        """Sync these listings as every worker does."""
        left = _until(_BATCH_SECONDS)

        def time_left() -> float:
            return min(left(), _STOPPING_SECONDS) if stopping() else left()

        website = DataverseWebsite(
            self.service, self.backoff, time_left=time_left, batch_size=BATCH_SIZE, parallel=_PARALLEL
        )
        return sync_listings(
            mentors,
            listings=self.listings,
            website=website,
            state=OwnState(self.backoff),
            time_left=time_left,
            pause=pause,
        )


@contextmanager
def dynamics(access: Access, tables: Sequence[ListingTable], backoff: Backoff, terminal: Terminal) -> Iterator[Service]:
    """Sign in to Dynamics by a credential that was examined. Raises GlassError.

    Where a person can type another, a wrong one is asked for again.
    """
    if (seconds := backoff.seconds_left()) > 0:
        raise NotKnownError("website_waits", seconds=round(seconds))
    for attempt in range(_TRIES):
        how = access.dynamics(again=attempt > 0)
        with closing(service_of(how)) as service:
            terminal.say("examining")
            found = examined(service, how, tables, backoff)
            show_examination(found, terminal)
            if found.usable:
                yield service
                return
            if not found.wrong:
                raise NotKnownError("nothing_changed")
            if not (access.was_asked and terminal.is_there and is_of_what_was_typed(found)):
                break
    raise GlassError("nothing_changed")


def examined(service: Service, how: DynamicsAccess, tables: Sequence[ListingTable], backoff: Backoff) -> Examination:
    """Return what is wrong with the credential."""
    examiner = DataverseExaminer(service, backoff, time_left=_until(_EXAMINE_SECONDS))
    return examine_credential(how.secret, tables, examiner=examiner)


_TYPED = {
    CredentialFault.INCOMPLETE,
    CredentialFault.SECRET_WRONG,
    CredentialFault.SECRET_ID_PASTED,
    CredentialFault.SECRET_ENDED,
    CredentialFault.UNKNOWN_APPLICATION,
    CredentialFault.UNKNOWN_TENANT,
}


def is_of_what_was_typed(found: Examination) -> bool:
    """Return whether other answers may put it right, rather than something in Entra or Dynamics."""
    return all(finding.fault in _TYPED for finding in found.wrong)


def show_examination(found: Examination, terminal: Terminal) -> None:
    """Say what is wrong, precisely, and what to do about it."""
    for heading, findings in (("credential_wrong", found.wrong), ("credential_undetermined", found.undetermined)):
        if findings:
            terminal.say(heading)
        for finding in findings:
            text = in_words(finding, terminal.language)
            code = f" ({finding.code})" if finding.code and finding.code not in text.what else ""
            terminal.show(f"- {text.what}{code} {text.to_do}", indent="  ")
    if found.usable:
        terminal.say("credential_good")


def service_of(how: DynamicsAccess) -> Service:
    """Return a client that signs in by this access. Raises GlassError."""
    try:
        return Service(how.url, how.authority, lambda _: how.secret)
    except WebsiteMisconfiguredError as error:
        name = how.authority if error.code.startswith("entra") else how.url
        raise GlassError("address_refused", name=name, code=error.code) from None


def _until(seconds: float) -> Callable[[], float]:
    ends_at = time.monotonic() + seconds
    return lambda: ends_at - time.monotonic()
