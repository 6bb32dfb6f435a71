"""A call that is given up after a time, whatever it waits for.

botocore bounds each piece of a reply and each address of a host, not the whole: a reply that trickles, or a name that
nobody resolves, would hold a function until it is stopped (I18).
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from shared.domain.deadlines import at_most
from shared.domain.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable


class DeadlineExceededError(TransientError):
    """When a call had not returned in its time. It may have been carried out, and may be yet."""


def within[Result](seconds: float, call: Callable[[], Result]) -> Result:
    """Return what `call` returns, or raise what it raises. Raises DeadlineExceededError after `seconds`.

    It is also given up shortly before the function's own time ends. With no time left it is not made at all.
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
        except BaseException as error:  # noqa: BLE001 - it is raised again below, by whoever waits
            errors.append(error)
        finally:
            ended.set()

    # A daemon: what was given up keeps no process from ending.
    Thread(target=work, name="within", daemon=True).start()
    if not ended.wait(seconds):
        raise DeadlineExceededError("no_reply_in_time")
    if errors:
        raise errors[0]
    return results[0]
