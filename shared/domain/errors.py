"""The errors of this system. A message may be logged, so it never holds personal data (I11)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from shared.domain.listings import RefusedKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.domain.listings import PushOutcome


class CertificationError(Exception):
    """When something this system foresees went wrong. The subclass says what to do about it."""


class TransientError(CertificationError):
    """When the same call may succeed later: give the work back and try again."""


class PermanentError(CertificationError):
    """When the same call will fail every time: record it with its reason, alert, go on (I13)."""


class UnusableAddressError(PermanentError):
    """When a name or an address cannot stand in a mail header, or SES cannot send to it."""


class IncompleteNoticeError(PermanentError):
    """When a notice lacks what its kind of message has to say."""


class StoreUnavailableError(TransientError):
    """When the database refuses for now: a deadlock, a lock that was not to be had, no connection free."""


class ScheduledAheadError(PermanentError):
    """When a run's scheduled time has not come: a wrong digit in an event, or a clock that is wrong."""

    CODE = "scheduled_time_ahead"

    def __init__(self, scheduled_at: datetime, latest: datetime) -> None:
        """`latest` is the latest time that would be taken now."""
        super().__init__(
            f"scheduled_time: {scheduled_at.astimezone(UTC):%Y-%m-%dT%H:%MZ} has not come, so nothing was done."
            f" Now it may be {latest.astimezone(UTC):%Y-%m-%dT%H:%MZ} at the latest, 36 hours ahead; is a digit wrong?"
        )


class DayAheadError(PermanentError):
    """When the database refuses to evaluate a day that has not come."""


class StoreRefusedError(PermanentError):
    """When the database refuses a call: a constraint, a missing privilege, a missing function."""


class ConnectionLostError(TransientError):
    """When the connection to the database is gone or cannot be made; the run cannot go on."""


class SecretMalformedError(ConnectionLostError):
    """When a secret is not a JSON object: what a person put in has to be put right."""


class WebsiteUnavailableError(TransientError):
    """When the website, or the service that signs us in there, cannot be reached or has a fault of its own."""


class WebsiteBackoffError(WebsiteUnavailableError):
    """When the website has said to wait and the time is not over (I9)."""

    def __init__(self, code: str, seconds: float, *, server_fault: bool = False) -> None:
        """`seconds` until a request may be sent again. `server_fault`: not because we ask much."""
        super().__init__(code)
        self.seconds = seconds
        self.server_fault = server_fault


class WebsiteRefusedError(PermanentError):
    """When the website refuses whole requests, whichever listings they concern: nothing goes until a person acts.

    `outcomes` is what became of each change of a push, in order: some may have been accepted before.
    """

    def __init__(
        self, code: str, kind: RefusedKind = RefusedKind.OTHER, *, outcomes: Sequence[PushOutcome] = ()
    ) -> None:
        """`code` is for people, as in entra_7000222; decisions ask the kind."""
        super().__init__(code)
        self.code = code
        self.kind = kind
        self.outcomes = outcomes


class WebsiteAuthError(WebsiteRefusedError):
    """When we cannot sign in to the website, or are signed in and not authorised (I10)."""


class WebsiteMisconfiguredError(WebsiteRefusedError):
    """When the website's address, a table or a setting of the client cannot be right."""


class QueueUnavailableError(TransientError):
    """When the queue did not take, or give back, every message."""


class OperationsUnreachableError(TransientError):
    """When a message to operations was not taken."""
