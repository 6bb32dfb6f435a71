"""A local SES v2 that keeps every mail as it was sent, and fails on request.

ministack's SES drops the raw message and cannot fail, so a mail could be neither read nor tested. This one speaks
`POST /v2/email/outbound-emails` as boto3 sends it: point AWS_ENDPOINT_URL_SESV2 at `url`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from http import HTTPStatus
from pathlib import Path
from typing import override

from emulators.local_server import LocalServer
from emulators.ses.http import SesServer
from emulators.ses.request_checks import RefusalError, checked_request


@dataclass(frozen=True, slots=True)
class Mail:
    """One accepted message. `raw` is the message as the recipient's server would have got it."""

    recipient: str
    raw: bytes
    message_id: str
    received_at: datetime

    def parsed(self) -> EmailMessage:
        """Return the message as the standard library reads it."""
        return message_from_bytes(self.raw, policy=SMTP)


@dataclass(slots=True)
class Counts:
    """The counts since the start. `requests` is the sum of the others."""

    requests: int = 0
    accepted: int = 0
    refused: int = 0
    throttled: int = 0


@dataclass(slots=True)
class _Faults:
    next: deque[tuple[str, int]] = field(default_factory=deque)
    recipients: list[tuple[Callable[[str], bool], str, int]] = field(default_factory=list)
    replies_to_drop: int = 0
    replies_to_hold: int = 0
    hold_seconds: float = 0.0
    rate: float | None = None
    free_at: float = 0.0


class LocalSes(LocalServer):
    """The server: a context manager, or start() and stop(). Listens on 127.0.0.1, on a free port.

    `messages` are the accepted ones in order, also written to `folder` as 0001.eml, 0002.eml, …
    `violations` are requests that SES accepts and our own rule forbids: a message has one recipient.
    `in_sandbox` and `unverified`, identities that are known and not verified, are the state of the account.
    """

    def __init__(self, folder: Path | None = None, *, port: int = 0) -> None:
        super().__init__(port)
        self.messages: list[Mail] = []
        self.violations: list[str] = []
        self.counts = Counts()
        self.in_sandbox = False
        self.unverified: set[str] = set()
        self._folder = folder
        self._faults = _Faults()
        self._lock = threading.Lock()

    def account(self) -> dict[str, object]:
        """Return the account as GetAccount does."""
        return {"ProductionAccessEnabled": not self.in_sandbox, "SendingEnabled": True, "EnforcementStatus": "HEALTHY"}

    def identity(self, name: str) -> dict[str, object] | None:
        """Return an identity as GetEmailIdentity does. Domains are identities here, and single addresses are none."""
        if "@" in name:
            return None
        pending = name in self.unverified
        return {
            "IdentityType": "DOMAIN",
            "VerifiedForSendingStatus": not pending,
            "VerificationStatus": "PENDING" if pending else "SUCCESS",
        }

    @override
    def _listen(self, address: tuple[str, int]) -> SesServer:
        return SesServer(address, self)

    def fail_next(self, n: int, code: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        """Refuse the next n requests with this error."""
        self._faults.next.extend([(code, status)] * n)

    def fail_for(self, recipient: str | Callable[[str], bool], code: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        """Refuse everything for this address, or for every address that the function returns true for."""
        matches = recipient if callable(recipient) else recipient.__eq__
        self._faults.recipients.append((matches, code, status))

    def throttle(self, per_second: float) -> None:
        """Accept no more than this, as SES does: 429 TooManyRequestsException beyond it."""
        self._faults.rate = per_second

    def drop_reply_next(self, n: int) -> None:
        """Accept and keep the next n messages, and close the connection without a reply."""
        self._faults.replies_to_drop += n

    def hold_reply_next(self, n: int, seconds: float) -> None:
        """Accept and keep the next n messages, and reply only after so long."""
        self._faults.replies_to_hold += n
        self._faults.hold_seconds = seconds

    def refuse_connections(self) -> None:
        """Stop listening, so that the operating system refuses; start() undoes it."""
        self.stop()

    def heal(self) -> None:
        """Forget every requested fault. Messages and counts stay."""
        self._faults = _Faults()

    def accept(self, body: bytes, *, signed: bool) -> str:
        """Take one request. Return the message id, or raise the refusal that becomes the reply."""
        with self._lock:
            self.counts.requests += 1
            try:
                mail = self._checked(body, signed=signed)
            except RefusalError as refusal:
                if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
                    self.counts.throttled += 1
                else:
                    self.counts.refused += 1
                raise
            self.counts.accepted += 1
            self.messages.append(mail)
            if self._folder:
                self._folder.mkdir(parents=True, exist_ok=True)
                (self._folder / f"{len(self.messages):04d}.eml").write_bytes(mail.raw)
            return mail.message_id

    def reply_allowed(self) -> bool:
        """Return whether the reply to an accepted request may be sent; wait first if it is to be held."""
        with self._lock:
            if self._faults.replies_to_drop:
                self._faults.replies_to_drop -= 1
                return False
            held = self._faults.replies_to_hold > 0
            self._faults.replies_to_hold -= held
        if held:
            self._released.wait(self._faults.hold_seconds)
        return True

    def _checked(self, body: bytes, *, signed: bool) -> Mail:
        if self._faults.next:
            raise RefusalError(*self._faults.next.popleft())
        if not signed:
            raise RefusalError("MissingAuthenticationTokenException", HTTPStatus.FORBIDDEN)
        self._wait_our_turn()
        recipients, raw, parsed = checked_request(body)
        for matches, code, status in self._faults.recipients:
            if any(matches(recipient) for recipient in recipients):
                raise RefusalError(code, status)
        self._record_violations(recipients, parsed)
        return Mail(
            recipient=recipients[0],
            raw=raw,
            message_id=f"local-{len(self.messages) + 1:08d}",
            received_at=datetime.now(UTC),
        )

    def _wait_our_turn(self) -> None:
        if not self._faults.rate:
            return
        now = time.monotonic()
        if now < self._faults.free_at:
            raise RefusalError(
                "TooManyRequestsException", HTTPStatus.TOO_MANY_REQUESTS, "Maximum sending rate exceeded."
            )
        self._faults.free_at = now + 1 / self._faults.rate

    def _record_violations(self, recipients: list[str], parsed: EmailMessage) -> None:
        named = [
            address.addr_spec
            for header in ("To", "Cc", "Bcc")
            for value in parsed.get_all(header, [])
            for address in value.addresses
        ]
        if len(recipients) != 1:
            self.violations.append(f"{len(recipients)} recipients in one request")
        if named != recipients[:1]:
            self.violations.append("the headers name other recipients than the request")
