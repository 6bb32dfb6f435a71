"""shared.ports.Website: the listings in Dataverse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from shared.adapters.dataverse.batches import Batches
from shared.adapters.dataverse.keys import API, NotAddressableError, identifier
from shared.adapters.dataverse.multipart import ReplyPart
from shared.adapters.dataverse.operations import Writer, expected, reading
from shared.adapters.dataverse.row_equality import is_shown
from shared.adapters.dataverse.statuses import (
    ACCEPTED,
    error_code,
    error_of,
    error_of_refusal,
    is_read,
    is_success,
    keeps_no_versions,
    no_such_row,
    outcome_of,
    waiting_time,
)
from shared.adapters.http.json_body import read_json
from shared.domain.errors import (
    WebsiteBackoffError,
    WebsiteMisconfiguredError,
    WebsiteRefusedError,
    WebsiteUnavailableError,
)
from shared.domain.listings import (
    Accepted,
    Action,
    Change,
    NotNow,
    OutcomeUnknown,
    Refused,
    RefusedKind,
    RowState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shared.adapters.dataverse.service import Service
    from shared.domain.listings import ListingTable, PushOutcome
    from shared.ports import Backoff


class DataverseWebsite:
    """One invocation's view of the service; the service itself lives as long as the container."""

    def __init__(
        self, service: Service, backoff: Backoff, *, time_left: Callable[[], float], batch_size: int, parallel: int
    ) -> None:
        """`time_left`: the seconds in which requests may still be under way, without the time to settle afterwards."""
        self._service = service
        self._backoff = backoff
        self._time_left = time_left
        self._batches = Batches(service, backoff, time_left=time_left, size=batch_size, parallel=parallel)

    def push(self, changes: Sequence[Change]) -> Sequence[PushOutcome]:
        """Return one outcome for each change, in order.

        Of two changes of one listing only the newer is sent, because they could overtake each other (I6).
        Raises WebsiteRefusedError, with the outcomes, when the website refuses us altogether.
        """
        outcomes = self._push(changes)
        # A column that is to be emptied must never make hiding fail. If it is gone from Dynamics, there is nothing to
        # empty, so the change is pushed again without it.
        again = [place for place, outcome in enumerate(outcomes) if _may_be_the_emptying(changes[place], outcome)]
        if again:
            bare = [replace(changes[place], body=changes[place].bare_body or "") for place in again]
            for place, outcome in zip(again, self._push(bare), strict=True):
                outcomes[place] = replace(outcome, emptied=False) if isinstance(outcome, Accepted) else outcome
        return outcomes

    def _push(self, changes: Sequence[Change]) -> list[PushOutcome]:
        outcomes: list[PushOutcome] = [_NOT_SENT] * len(changes)
        writer = Writer(self._service.without_versions)

        def record(place: int, response: ReplyPart | PushOutcome) -> None:
            outcomes[place] = self._outcome(changes[place], response)

        refusal = self._batches.send(_newest(changes), lambda place: writer.operation(place, changes[place]), record)
        if refusal:
            raise type(refusal)(refusal.code, refusal.kind, outcomes=outcomes)
        return outcomes

    def _outcome(self, change: Change, response: ReplyPart | PushOutcome) -> PushOutcome:
        versioned = change.table not in self._service.without_versions
        conditional = versioned and bool(change.row_version)
        if isinstance(response, OutcomeUnknown):
            return replace(response, harmless=conditional)
        if not isinstance(response, ReplyPart):
            return response
        if is_success(response.status):
            return Accepted(response.row_version()) if versioned else ACCEPTED
        code = error_code(response.body())
        if keeps_no_versions(code):
            self._service.without_versions.add(change.table)
        wait = waiting_time(response.status, response.header("retry-after"))
        return outcome_of(change.action, response.status, code, wait, conditional=conditional)

    def read(self, changes: Sequence[Change]) -> Sequence[RowState | None]:
        """Read the row of each change now, by its key. None means that it could not be read."""
        rows: list[RowState | None] = [None] * len(changes)

        def record(place: int, response: ReplyPart | PushOutcome) -> None:
            rows[place] = self._row_state(changes[place], response) if isinstance(response, ReplyPart) else None

        self._batches.send(range(len(changes)), lambda place: reading(place, changes[place]), record)
        return rows

    def _row_state(self, change: Change, part: ReplyPart) -> RowState | None:
        if is_read(part.status):
            try:
                row = read_json(part.body())
            except ValueError:
                return None
            if not isinstance(row, dict):
                return None
            version = None if change.table in self._service.without_versions else part.row_version()
            return RowState(exists=True, version=version, as_sent=is_shown(expected(change), row))
        if no_such_row(part.status, error_code(part.body())):
            return RowState(exists=False, version=None, as_sent=change.action.needs_no_row)
        return None

    def writable(self, tables: Sequence[ListingTable]) -> Sequence[PushOutcome]:
        """Return the outcome of hiding a row that cannot exist, for each table.

        Nothing is written. Dataverse responds with 403 only to an account that may not write the table.
        """
        probes = {table.name: Change(_NOBODY, 0, Action.HIDE, table.name, table.key, "{}") for table in tables}
        outcomes = dict(zip(probes, self.push(list(probes.values())), strict=True))
        return [outcomes[table.name] for table in tables]

    def check(self, tables: Sequence[ListingTable]) -> Mapping[str, str]:
        """Sign in by the secret as it is now, ask who we are, and try to read and write each table.

        No personal data is read or written. Return the tables that refuse us, each with the code, as long as another
        does not (I13). Raises WebsiteUnavailableError (WebsiteBackoffError where a time to wait is known) or
        WebsiteRefusedError.
        """
        self._service.check_backoff(self._backoff)  # during the backoff a token could not be tried
        self._service.tokens.renewed(None, self._time_left())
        self._ask("WhoAmI")
        refused: dict[str, WebsiteRefusedError] = {}
        for table in tables:
            try:
                self._ask(f"{identifier(table.name, 'table_not_an_identifier')}?$select=createdon&$top=1")
            except NotAddressableError as error:
                refused[table.name] = WebsiteMisconfiguredError(str(error))
            except WebsiteRefusedError as error:
                refused[table.name] = error
        readable = [table for table in tables if table.name not in refused]
        for table, outcome in zip(readable, self.writable(readable), strict=True):
            match outcome:
                case Refused():
                    refused[table.name] = error_of_refusal(outcome)
                case NotNow(why, seconds):
                    raise WebsiteBackoffError(why, seconds) if seconds else WebsiteUnavailableError(why)
                case OutcomeUnknown(why):
                    raise WebsiteUnavailableError(why)
        if refused and len(refused) == len({table.name for table in tables}):
            raise next(iter(refused.values()))
        return {name: error.code for name, error in refused.items()}

    def _ask(self, what: str) -> None:
        """Send a GET. Raises what a failed reply means for the whole website."""
        reply = self._service.request("GET", f"{API}{what}", backoff=self._backoff, time_left=self._time_left)
        if not is_read(reply.status):
            raise error_of(reply.status, error_code(reply.body), reply.headers.get("retry-after"))


_NOBODY = UUID(int=0)
_NOT_SENT = NotNow("newer_change_in_this_push")


def _newest(changes: Sequence[Change]) -> Sequence[int]:
    """Return the places of the changes to send: for each listing the highest version, and the last of equal ones."""
    newest: dict[tuple[str, object], int] = {}
    for place, change in enumerate(changes):
        before = newest.setdefault((change.table, change.mentor_id), place)
        if before != place and changes[before].version <= change.version:
            newest[change.table, change.mentor_id] = place
    return list(newest.values())


def _may_be_the_emptying(change: Change, outcome: PushOutcome) -> bool:
    return (
        isinstance(outcome, Refused)
        and outcome.kind is RefusedKind.BAD_REQUEST
        and change.bare_body is not None
        and change.bare_body != change.body
    )
