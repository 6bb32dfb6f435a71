"""When and how often events reach the bus: soon after the acceptance and once each, or as a fault has it.

SES's events on EventBridge are delivered on a best-effort basis, and may be out of order
(https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html); EventBridge delivers at least once.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulators.ses.events import MailEvent, SentMail

_LOG = logging.getLogger(__name__)
_LAST_EVENT_SECONDS = 5.0

EventFaultKind = Literal["lose", "double", "early", "late", "reverse"]
EVENT_FAULTS: tuple[EventFaultKind, ...] = get_args(EventFaultKind)


@dataclass
class EventFault:
    """What happens to the events of the next `mails` mails to an address; None is all of them.

    lose: none is published. double: each is published twice. early: they come before the reply to the sender.
    late: they state a time later by `by`, and come at once all the same. reverse: the last comes first.
    """

    kind: EventFaultKind
    matches: Callable[[str], bool] = lambda _: True
    mails: int | None = None
    by: timedelta = timedelta(days=1)

    def takes(self, recipients: Sequence[str]) -> bool:
        """Return whether a mail to these has this fault, and count it."""
        if self.mails == 0 or not any(self.matches(recipient) for recipient in recipients):
            return False
        if self.mails is not None:
            self.mails -= 1
        return True


class Publisher:
    """Publishes events from a thread of its own. `published` are all of them in the order in which they went out."""

    def __init__(self, after_seconds: float) -> None:
        self.published: list[MailEvent] = []
        self.faults: list[EventFault] = []
        self.publish: Callable[[MailEvent], object] | None = None
        self._after = after_seconds
        self._due: list[tuple[float, int, MailEvent]] = []
        self._number = 0
        self._busy = False
        self._held = False
        self._stopped = True
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to publish, if it has not begun."""
        if self._thread is None:
            self._stopped = False
            self._thread = threading.Thread(target=self._work, name="ses-events", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Publish nothing more. What was not published yet is lost."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            self._changed.notify_all()
        if self._thread:
            self._thread.join(_LAST_EVENT_SECONDS)
            self._thread = None

    def take(self, mail: SentMail, events_at: Callable[[timedelta], list[MailEvent]]) -> None:
        """Take the events of an accepted mail. `events_at(later)` returns them with their times moved on by `later`."""
        faults = {fault.kind: fault for fault in self.faults if fault.takes(mail.recipients)}
        events = events_at(faults["late"].by if "late" in faults else timedelta(0))
        if "lose" in faults:
            return
        if "reverse" in faults:
            events.reverse()
        if "double" in faults:
            events = [event for event in events for _ in range(2)]
        if "early" in faults:
            for event in events:
                self._send(event)
            return
        with self._changed:
            for event in events:
                self._number += 1
                heapq.heappush(self._due, (time.monotonic() + self._after, self._number, event))
            self._changed.notify_all()

    def hold(self) -> None:
        """Keep events back until `release`."""
        with self._changed:
            self._held = True

    def release(self) -> None:
        """Publish what was held."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def wait(self, seconds: float = 10) -> None:
        """Wait until every event that was taken is published. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._due and not self._busy, seconds):
                raise TimeoutError(f"{len(self._due)} events are not published after {seconds} seconds")

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and (pause := self._pause()) != 0:
                    self._changed.wait(pause)
                if self._stopped:
                    return
                _, _, event = heapq.heappop(self._due)
                self._busy = True
            try:
                self._send(event)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _pause(self) -> float | None:
        """Return the seconds until the next event is due; None is until something changes."""
        if self._held or not self._due:
            return None
        return max(0.0, self._due[0][0] - time.monotonic())

    def _send(self, event: MailEvent) -> None:
        self.published.append(event)
        try:
            if self.publish:
                self.publish(event)
        except Exception:  # noqa: BLE001 - a sender gets no error for an event that is lost
            _LOG.exception("An event was not published")
