"""Operations sent in `$batch` requests, a few at a time. The outcome of each is its own part's or that of its batch."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from shared.adapters.dataverse import multipart
from shared.adapters.dataverse.keys import API, NotAddressableError
from shared.adapters.dataverse.service import ReplyLostError, is_multipart
from shared.adapters.dataverse.statuses import (
    error_code,
    is_error,
    not_authorised,
    outcome_of_batch,
    reason,
    to_be_split,
    waiting_time,
)
from shared.adapters.dataverse.threads import in_parallel
from shared.domain.errors import (
    WebsiteAuthError,
    WebsiteBackoffError,
    WebsiteRefusedError,
    WebsiteUnavailableError,
)
from shared.domain.listings import NotNow, OutcomeUnknown, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shared.adapters.dataverse.multipart import ReplyPart
    from shared.adapters.dataverse.operations import Operation
    from shared.adapters.dataverse.service import Service
    from shared.adapters.http.exchange import Reply
    from shared.domain.listings import PushOutcome
    from shared.ports import Backoff

    type Record = Callable[[int, ReplyPart | PushOutcome], None]
    """Called once for every place, from any thread."""

SMALLEST_BATCH = 25
"""Below this many operations a further request costs more of the allowance (I9) than it saves in time."""


class Batches:
    """The sender of operations in `$batch` requests.

    An operation is resent only when Dataverse rejected the whole batch; the batch is then retried in halves.
    """

    def __init__(
        self, service: Service, backoff: Backoff, *, time_left: Callable[[], float], size: int, parallel: int
    ) -> None:
        """`size`: operations in a batch. `parallel`: the most batches at a time; Dataverse's hint can lower it."""
        self._service = service
        self._backoff = backoff
        self._time_left = time_left
        self._size = size
        self._parallel = parallel

    def send(
        self, places: Sequence[int], write: Callable[[int], Operation], record: Record
    ) -> WebsiteRefusedError | None:
        """Send the operation that `write` returns for each place, and pass its result to `record`.

        Return the error for which the rest was not sent, if the website refused us. A batch is written only when its
        turn comes, while Dataverse works on the batches before it.
        """
        chunks = evenly(places, self._size, max(self._at_a_time(), 1))
        refusals: list[WebsiteRefusedError] = []

        def work(chunk: Sequence[int]) -> None:
            operations = []
            for place in chunk:
                try:
                    operations.append(write(place))
                except NotAddressableError as error:
                    record(place, Refused(str(error)))
            if operations:
                self._send(operations, record, refusals)

        in_parallel(chunks, work, self._at_a_time)
        return refusals[0] if refusals else None

    def _at_a_time(self) -> int:
        return min(self._parallel, self._service.parallel_hint or self._parallel)

    def _send(self, chunk: Sequence[Operation], record: Record, refusals: list[WebsiteRefusedError]) -> None:
        outcome = NotNow(refusals[0].code) if refusals else self._batch_outcome(chunk, record, refusals)
        if outcome is not None:
            for operation in chunk:
                record(operation.place, outcome)

    def _batch_outcome(
        self, chunk: Sequence[Operation], record: Record, refusals: list[WebsiteRefusedError]
    ) -> PushOutcome | None:
        """Return the one outcome of the whole batch; None if each operation has its own and it is recorded."""
        try:
            reply = self._post(chunk)
            if is_multipart(reply):
                self._read(reply, chunk, record, refusals)
                return None
            if to_be_split(reply.status) and len(chunk) > 1:
                half = len(chunk) // 2
                self._send(chunk[:half], record, refusals)
                self._send(chunk[half:], record, refusals)
                return None
            return outcome_of_batch(reply)
        except WebsiteRefusedError as error:
            refusals.append(error)
            return NotNow(error.code)
        except ReplyLostError as error:
            return OutcomeUnknown(str(error))
        except WebsiteUnavailableError as error:
            return NotNow(str(error), error.seconds if isinstance(error, WebsiteBackoffError) else None)

    def _post(self, chunk: Sequence[Operation]) -> Reply:
        boundary = multipart.boundary()
        return self._service.request(
            "POST",
            f"{API}$batch",
            backoff=self._backoff,
            time_left=self._time_left,
            headers={"content-type": f'multipart/mixed; boundary="{boundary}"', "prefer": "odata.continue-on-error"},
            content=multipart.write([operation.content for operation in chunk], boundary),
        )

    def _read(
        self, reply: Reply, chunk: Sequence[Operation], record: Record, refusals: list[WebsiteRefusedError]
    ) -> None:
        parts = multipart.read(reply.body, reply.headers["content-type"], len(chunk))
        errors = [part for part in parts if part is not None and is_error(part.status)]
        waits = [wait for part in errors if (wait := waiting_time(part.status, part.header("retry-after")))]
        if waits:
            self._service.block_for(self._backoff, max(waits), "dataverse_part")
        refusals += [
            WebsiteAuthError(reason(part.status, code))
            for part in errors
            if not_authorised(part.status, code := error_code(part.body()))
        ]
        lost = OutcomeUnknown(f"dataverse_{reply.flaw or 'part_missing'}")
        for operation, response in zip(chunk, parts, strict=True):
            record(operation.place, response or lost)


def evenly(places: Sequence[int], most: int, at_a_time: int) -> list[Sequence[int]]:
    """Return the places in batches of at most `most`, as equal as can be, in as few rounds of `at_a_time` as can be.

    Dataverse takes its time for each operation, so an uneven last round leaves requests idle.
    """
    rounds = ceil(len(places) / (most * at_a_time))
    number = min(rounds * at_a_time, ceil(len(places) / min(SMALLEST_BATCH, most)))
    size, larger = divmod(len(places), max(number, 1))
    ends = [size * place + min(place, larger) for place in range(number + 1)]
    return [places[first:end] for first, end in pairwise(ends)]
