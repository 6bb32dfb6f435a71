"""The errors of this system. A message may be logged, so it never holds personal data (I11)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from shared.domain.listings import RefusedKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.domain.listings import PushOutcome
    from shared.domain.sign_in import SignInRefusal


class CertificationError(Exception):
    """An expected error. The subclass says what to do about it."""


class TransientError(CertificationError):
    """The same call may succeed later: give the work back and try again."""


class PermanentError(CertificationError):
    """The same call will always fail: record it with its reason, alert, go on (I13)."""


class UnusableAddressError(PermanentError):
    """A name or an address cannot stand in a mail header, or SES cannot send to it."""


class IncompleteNoticeError(PermanentError):
    """A notice lacks what its kind of message must say."""


class StoreUnavailableError(TransientError):
    """The database refuses for now: a deadlock, a lock that is held, or no free connection."""


class ScheduledAheadError(PermanentError):
    """A run's scheduled time has not come: a wrong digit in an event, or a wrong clock."""

    CODE = "scheduled_time_ahead"

    def __init__(self, scheduled_at: datetime, latest: datetime) -> None:
        """`latest` is the latest time that is accepted now."""
        super().__init__(
            f"scheduled_time: {scheduled_at.astimezone(UTC):%Y-%m-%dT%H:%MZ} has not come, so nothing was done."
            f" Now it may be {latest.astimezone(UTC):%Y-%m-%dT%H:%MZ} at the latest, 36 hours ahead; is a digit wrong?"
        )


class DayAheadError(PermanentError):
    """The database refuses to evaluate a day that has not come."""


class StoreRefusedError(PermanentError):
    """The database refuses a call: a constraint, a missing privilege, or a missing function."""


class ConnectionLostError(TransientError):
    """The connection to the database is lost or cannot be made, so the run cannot go on."""


class SecretMalformedError(ConnectionLostError):
    """A secret is not a JSON object: a person must correct it."""


class WebsiteUnavailableError(TransientError):
    """The website, or the service that signs us in there, cannot be reached or has a server fault."""


class WebsiteBackoffError(WebsiteUnavailableError):
    """The website has said to wait, and the time is not over (I9)."""

    def __init__(self, code: str, seconds: float, *, server_fault: bool = False) -> None:
        """`seconds` until a request may be sent again. `server_fault`: not because we send too many."""
        super().__init__(code)
        self.seconds = seconds
        self.server_fault = server_fault


class WebsiteRefusedError(PermanentError):
    """The website refuses whole requests, whatever listings they concern: nothing is sent until a person acts.

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
    """We cannot sign in to the website, or are signed in and not authorised (I10)."""


class WebsiteMisconfiguredError(WebsiteRefusedError):
    """The website's address, a table or a setting of the client is wrong."""


class QueueUnavailableError(TransientError):
    """The queue did not accept or return every message."""


class OperationsUnreachableError(TransientError):
    """A message to operations was not accepted."""


class NotACoordinatorError(PermanentError):
    """The person who is signed in is no coordinator."""


class NoSuchMentorError(PermanentError):
    """No mentor of the coordinator's organisation has this id, whoever else's may."""


class ForceSyncLimitError(TransientError):
    """The mentor was forced, or the coordinator has forced, as often as a minute allows."""

    def __init__(self, seconds: float) -> None:
        """`seconds` until it may be tried again."""
        super().__init__("force_sync_limit")
        self.seconds = seconds


class NotSignedInError(PermanentError):
    """The caller has no valid sign-in token. The message is a code for a metric, never the token or a part of it."""

    def __init__(self, refusal: SignInRefusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


class KeysUnavailableError(TransientError):
    """The keys of sign-in tokens cannot be had now. The message is an error's type or a code."""
