"""A call that is given up after a time, whatever it waits for.

botocore bounds the wait for each piece of a reply and for each address of a host, not the whole. A reply that trickles
in, or a host name that is never resolved, would hold a function until it is stopped (I18).
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from shared.domain.deadlines import at_most
from shared.domain.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable


class DeadlineExceededError(TransientError):
    """A call has not returned in its time. It may have been carried out, or may be carried out later."""


def within[Result](seconds: float, call: Callable[[], Result]) -> Result:
    """Return what `call` returns, or raise what it raises. Raises DeadlineExceededError after `seconds`.

    The call is also given up shortly before the function's own time ends. With no time left it is not made at all.
    """
    seconds = at_most(seconds)
    if seconds <= 0:
        raise DeadlineExceededError("no_time_left")
    ended = Event()
    results: list[Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - the waiting thread raises it again below
            errors.append(error)
        finally:
            ended.set()

    # A daemon thread, so that a call that was given up does not keep the process from ending.
    Thread(target=work, name="within", daemon=True).start()
    if not ended.wait(seconds):
        raise DeadlineExceededError("no_reply_in_time")
    if errors:
        raise errors[0]
    return results[0]
