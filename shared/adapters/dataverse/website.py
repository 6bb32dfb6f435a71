"""shared.ports.Website: the listings in Dataverse."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from shared.adapters.dataverse.answers import ACCEPTED, answer_of, error_code, no_such_row, reason
from shared.adapters.dataverse.batches import Batches
from shared.adapters.dataverse.keys import API, NotAddressableError, identifier
from shared.adapters.dataverse.multipart import Part
from shared.adapters.dataverse.operations import Writer, expected, reading
from shared.adapters.dataverse.service import waiting_time
from shared.adapters.dataverse.shown import is_shown
from shared.domain.errors import WebsiteClosedError, WebsiteMisconfiguredError, WebsiteUnavailableError
from shared.domain.listings import Action, NotNow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.adapters.dataverse.service import Service
    from shared.domain.listings import Answer, Change
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
        answers: list[Answer] = [_NOT_SENT] * len(changes)
        writer = Writer()

        def note(place: int, answered: Part | Answer) -> None:
            answers[place] = _answer(changes[place].action, answered) if isinstance(answered, Part) else answered

        trouble = self._batches.send(_newest(changes), lambda place: writer.operation(place, changes[place]), note)
        if trouble:
            raise type(trouble)(trouble.code, answers)
        return answers

    def shows(self, changes: Sequence[Change]) -> Sequence[bool | None]:
        """Whether each is shown exactly so, read now by its key. None: it could not be read."""
        shown: list[bool | None] = [None] * len(changes)

        def note(place: int, answered: Part | Answer) -> None:
            shown[place] = _is_shown(changes[place], answered) if isinstance(answered, Part) else None

        self._batches.send(range(len(changes)), lambda place: reading(place, changes[place]), note)
        return shown

    def check(self, table: str | None) -> None:
        """Sign in by the secret as it is now, ask who we are and read the table, without anything personal in it.

        Raises WebsiteUnavailableError, as WebsiteClosedError where a time to wait is known, or WebsiteRefusedError.
        """
        targets = [f"{API}WhoAmI"]
        if table is not None:
            try:
                targets.append(f"{API}{identifier(table, 'table_not_an_identifier')}?$select=createdon&$top=1")
            except NotAddressableError as error:
                raise WebsiteMisconfiguredError(str(error)) from None
        self._service.tokens.renewed(None, self._time_left())
        for target in targets:
            reply = self._service.request("GET", target, gate=self._gate, time_left=self._time_left)
            if reply.status == HTTPStatus.OK:
                continue
            why = reason(reply.status, error_code(reply.body))
            wait = waiting_time(reply.status, reply.headers.get("retry-after"))
            if wait is not None:
                raise WebsiteClosedError(why, wait)
            if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise WebsiteUnavailableError(why)
            raise WebsiteMisconfiguredError(why)


_NOT_SENT = NotNow("newer_change_in_this_push")


def _newest(changes: Sequence[Change]) -> Sequence[int]:
    """The places of the changes to send: for each listing that of the highest version, the last of equals."""
    newest: dict[tuple[str, object], int] = {}
    for place, change in enumerate(changes):
        before = newest.setdefault((change.table, change.mentor_id), place)
        if before != place and changes[before].version <= change.version:
            newest[change.table, change.mentor_id] = place
    return list(newest.values())


def _answer(action: Action, part: Part) -> Answer:
    if HTTPStatus.OK <= part.status < HTTPStatus.MULTIPLE_CHOICES:
        return ACCEPTED
    return answer_of(
        action, part.status, error_code(part.body()), waiting_time(part.status, part.header("retry-after"))
    )


def _is_shown(change: Change, part: Part) -> bool | None:
    if part.status == HTTPStatus.OK:
        try:
            row = json.loads(part.body())
        except ValueError:
            return None
        return is_shown(expected(change), row) if isinstance(row, dict) else None
    if no_such_row(part.status, error_code(part.body())):
        return change.action is Action.HIDE
    return None
