"""Operations sent by $batch: in chunks, a few at a time, each answered by its own part or by what befell its batch."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from shared.adapters.dataverse import multipart
from shared.adapters.dataverse.answers import error_code, not_let_in, reason
from shared.adapters.dataverse.keys import API, NotAddressableError
from shared.adapters.dataverse.service import ReplyLostError, is_multipart, waiting_time
from shared.adapters.dataverse.threads import in_parallel
from shared.domain.errors import (
    WebsiteAuthError,
    WebsiteClosedError,
    WebsiteMisconfiguredError,
    WebsiteRefusedError,
    WebsiteUnavailableError,
)
from shared.domain.listings import InDoubt, NotNow, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.adapters.dataverse.http import Reply
    from shared.adapters.dataverse.multipart import Part
    from shared.adapters.dataverse.operations import Operation
    from shared.adapters.dataverse.service import Service
    from shared.domain.listings import Answer
    from shared.ports import Gate

    type Note = Callable[[int, Part | Answer], None]
    """Told once of every place, by whatever thread."""

# Too much for one body, or one row in it that spoils all: each half is tried alone.
_SPLIT = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}


class Batches:
    """Sends what it is given. Nothing is sent twice, but the halves of a batch that was refused whole."""

    def __init__(
        self, service: Service, gate: Gate, *, time_left: Callable[[], float], size: int, parallel: int
    ) -> None:
        """`size` operations to a batch, `parallel` batches at a time or as many as Dataverse last advised."""
        self._service = service
        self._gate = gate
        self._time_left = time_left
        self._size = size
        self._parallel = parallel

    def send(self, places: Sequence[int], write: Callable[[int], Operation], note: Note) -> WebsiteRefusedError | None:
        """Send what `write` says for each place, and tell `note` what came of it.

        Answers why the rest was held back, if the website let nothing in. A batch is written when its turn comes:
        while Dataverse is busy with those before it.
        """
        chunks = [places[first : first + self._size] for first in range(0, len(places), self._size)]
        trouble: list[WebsiteRefusedError] = []

        def work(chunk: Sequence[int]) -> None:
            operations = []
            for place in chunk:
                try:
                    operations.append(write(place))
                except NotAddressableError as error:
                    note(place, Refused(str(error)))
            if operations:
                self._send(operations, note, trouble)

        in_parallel(chunks, work, self._at_a_time)
        return trouble[0] if trouble else None

    def _at_a_time(self) -> int:
        return min(self._parallel, self._service.parallel_hint or self._parallel)

    def _send(self, chunk: Sequence[Operation], note: Note, trouble: list[WebsiteRefusedError]) -> None:
        answer = NotNow(trouble[0].code) if trouble else self._answered(chunk, note, trouble)
        if answer is not None:
            for operation in chunk:
                note(operation.place, answer)

    def _answered(self, chunk: Sequence[Operation], note: Note, trouble: list[WebsiteRefusedError]) -> Answer | None:
        """What befell the batch; None if each operation was answered and noted."""
        try:
            reply = self._post(chunk)
            if is_multipart(reply):
                self._read(reply, chunk, note, trouble)
                return None
            if reply.status in _SPLIT and len(chunk) > 1:
                half = len(chunk) // 2
                self._send(chunk[:half], note, trouble)
                self._send(chunk[half:], note, trouble)
                return None
            return _of_all(reply)
        except WebsiteRefusedError as error:
            trouble.append(error)
            return NotNow(error.code)
        except ReplyLostError as error:
            return InDoubt(str(error))
        except WebsiteUnavailableError as error:
            return NotNow(str(error), error.seconds if isinstance(error, WebsiteClosedError) else None)

    def _post(self, chunk: Sequence[Operation]) -> Reply:
        boundary = multipart.boundary()
        return self._service.request(
            "POST",
            f"{API}$batch",
            gate=self._gate,
            time_left=self._time_left,
            headers={"content-type": f'multipart/mixed; boundary="{boundary}"', "prefer": "odata.continue-on-error"},
            content=multipart.write([operation.content for operation in chunk], boundary),
        )

    def _read(self, reply: Reply, chunk: Sequence[Operation], note: Note, trouble: list[WebsiteRefusedError]) -> None:
        parts = multipart.read(reply.body, reply.headers["content-type"], len(chunk))
        errors = [part for part in parts if part is not None and part.status >= HTTPStatus.BAD_REQUEST]
        waits = [wait for part in errors if (wait := waiting_time(part.status, part.header("retry-after")))]
        if waits:
            self._service.close_gate(self._gate, max(waits), "dataverse_part")
        trouble += [
            WebsiteAuthError(reason(part.status, code))
            for part in errors
            if not_let_in(part.status, code := error_code(part.body()))
        ]
        lost = InDoubt(f"dataverse_{reply.flaw or 'part_missing'}")
        for operation, answered in zip(chunk, parts, strict=True):
            note(operation.place, answered or lost)


def _of_all(reply: Reply) -> Answer:
    """What one answer to a whole batch means for each change in it. Raises WebsiteMisconfiguredError."""
    why = reason(reply.status, error_code(reply.body))
    if reply.status in _SPLIT:
        return Refused(why)
    if reply.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}:
        return NotNow(why, waiting_time(reply.status, reply.headers.get("retry-after")))
    if reply.status < HTTPStatus.MULTIPLE_CHOICES or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return InDoubt(why)
    raise WebsiteMisconfiguredError(why)
