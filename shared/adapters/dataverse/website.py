"""shared.ports.Website: the listings in Dataverse."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import UUID

from shared.adapters.dataverse.answers import (
    ACCEPTED,
    answer_of,
    error_code,
    keeps_no_versions,
    no_such_row,
    reason,
    row_version,
)
from shared.adapters.dataverse.batches import Batches
from shared.adapters.dataverse.json_body import read_json
from shared.adapters.dataverse.keys import API, NotAddressableError, identifier
from shared.adapters.dataverse.multipart import Part
from shared.adapters.dataverse.operations import Writer, expected, reading
from shared.adapters.dataverse.row_equality import is_shown
from shared.adapters.dataverse.service import waiting_time
from shared.domain.errors import (
    WebsiteAuthError,
    WebsiteClosedError,
    WebsiteMisconfiguredError,
    WebsiteRefusedError,
    WebsiteUnavailableError,
)
from shared.domain.listings import (
    BAD_REQUEST,
    FORBIDDEN,
    Accepted,
    Action,
    Change,
    InDoubt,
    NotNow,
    Refused,
    RowState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shared.adapters.dataverse.service import Service
    from shared.domain.listings import Answer, Table
    from shared.ports import Gate


class DataverseWebsite:
    """One function's view of the service; the service itself is the container's."""

    def __init__(
        self, service: Service, gate: Gate, *, time_left: Callable[[], float], batch_size: int, parallel: int
    ) -> None:
        """`time_left`: seconds in which requests may still be under way; what follows them is not in it."""
        self._service = service
        self._gate = gate
        self._time_left = time_left
        self._batches = Batches(service, gate, time_left=time_left, size=batch_size, parallel=parallel)

    def push(self, changes: Sequence[Change]) -> Sequence[Answer]:
        """One answer a change, in order. Raises WebsiteRefusedError, with the answers, when nothing is let in.

        Of two changes of one listing only the newer is sent: they could meet on their way (I6).
        """
        answers = self._push(changes)
        # Hiding never fails because of a column that is to be emptied, and one that is gone from Dynamics is empty.
        again = [place for place, answer in enumerate(answers) if _may_be_the_emptying(changes[place], answer)]
        if again:
            bare = [replace(changes[place], body=changes[place].bare_body or "") for place in again]
            for place, answer in zip(again, self._push(bare), strict=True):
                answers[place] = replace(answer, emptied=False) if isinstance(answer, Accepted) else answer
        return answers

    def _push(self, changes: Sequence[Change]) -> list[Answer]:
        answers: list[Answer] = [_NOT_SENT] * len(changes)
        writer = Writer(self._service.without_versions)

        def note(place: int, answered: Part | Answer) -> None:
            answers[place] = self._answer(changes[place], answered)

        trouble = self._batches.send(_newest(changes), lambda place: writer.operation(place, changes[place]), note)
        if trouble:
            raise type(trouble)(trouble.code, answers)
        return answers

    def _answer(self, change: Change, answered: Part | Answer) -> Answer:
        versioned = change.table not in self._service.without_versions
        conditional = versioned and bool(change.row_version)
        if isinstance(answered, InDoubt):
            return replace(answered, harmless=conditional)
        if not isinstance(answered, Part):
            return answered
        if HTTPStatus.OK <= answered.status < HTTPStatus.MULTIPLE_CHOICES:
            return Accepted(row_version(answered.message)) if versioned else ACCEPTED
        code = error_code(answered.body())
        if keeps_no_versions(code):
            self._service.without_versions.add(change.table)
        wait = waiting_time(answered.status, answered.header("retry-after"))
        return answer_of(change.action, answered.status, code, wait, conditional=conditional)

    def read(self, changes: Sequence[Change]) -> Sequence[RowState | None]:
        """Read the row of each change now, by its key. None: it could not be read."""
        rows: list[RowState | None] = [None] * len(changes)

        def note(place: int, answered: Part | Answer) -> None:
            rows[place] = self._row_state(changes[place], answered) if isinstance(answered, Part) else None

        self._batches.send(range(len(changes)), lambda place: reading(place, changes[place]), note)
        return rows

    def _row_state(self, change: Change, part: Part) -> RowState | None:
        if part.status == HTTPStatus.OK:
            try:
                row = read_json(part.body())
            except ValueError:
                return None
            if not isinstance(row, dict):
                return None
            version = None if change.table in self._service.without_versions else row_version(part.message)
            return RowState(exists=True, version=version, as_sent=is_shown(expected(change), row))
        if no_such_row(part.status, error_code(part.body())):
            return RowState(exists=False, version=None, as_sent=change.action is Action.HIDE)
        return None

    def writable(self, tables: Sequence[Table]) -> Sequence[Answer]:
        """Hide a row that cannot exist: nothing is written, and 403 only to whoever may write nothing there."""
        probes = {table.name: Change(_NOBODY, 0, Action.HIDE, table.name, table.key, "{}") for table in tables}
        answers = dict(zip(probes, self.push(list(probes.values())), strict=True))
        return [answers[table.name] for table in tables]

    def check(self, tables: Sequence[Table]) -> Mapping[str, str]:
        """Sign in by the secret as it is now, ask who we are, read and write each table, without anything personal.

        Answers the tables that refuse us, each with the code, as long as one does not (I13). Raises
        WebsiteUnavailableError, as WebsiteClosedError where a time to wait is known, or WebsiteRefusedError.
        """
        self._service.look_at_gate(self._gate)  # a token is not asked for that could not be tried
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
        for table, answer in zip(readable, self.writable(readable), strict=True):
            match answer:
                case Refused(why):
                    kind = WebsiteAuthError if why.startswith(FORBIDDEN) else WebsiteMisconfiguredError
                    refused[table.name] = kind(why)
                case NotNow(why, seconds):
                    raise WebsiteClosedError(why, seconds) if seconds else WebsiteUnavailableError(why)
                case InDoubt(why):
                    raise WebsiteUnavailableError(why)
        if refused and len(refused) == len({table.name for table in tables}):
            raise next(iter(refused.values()))
        return {name: error.code for name, error in refused.items()}

    def _ask(self, what: str) -> None:
        """GET it. Raises what the answer means for all of us."""
        reply = self._service.request("GET", f"{API}{what}", gate=self._gate, time_left=self._time_left)
        if reply.status == HTTPStatus.OK:
            return
        why = reason(reply.status, error_code(reply.body))
        ill = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        wait = waiting_time(reply.status, reply.headers.get("retry-after"))
        if wait is not None:
            raise WebsiteClosedError(why, wait, ill=ill)
        if ill:
            raise WebsiteUnavailableError(why)
        raise WebsiteMisconfiguredError(why)


_NOBODY = UUID(int=0)
_NOT_SENT = NotNow("newer_change_in_this_push")


def _newest(changes: Sequence[Change]) -> Sequence[int]:
    """The places of the changes to send: for each listing that of the highest version, the last of equals."""
    newest: dict[tuple[str, object], int] = {}
    for place, change in enumerate(changes):
        before = newest.setdefault((change.table, change.mentor_id), place)
        if before != place and changes[before].version <= change.version:
            newest[change.table, change.mentor_id] = place
    return list(newest.values())


def _may_be_the_emptying(change: Change, answer: Answer) -> bool:
    return (
        isinstance(answer, Refused)
        and answer.reason.startswith(BAD_REQUEST)
        and change.bare_body is not None
        and change.bare_body != change.body
    )
