"""A local SES v2 that keeps every mail as it was sent, tells what became of it, and fails on request.

ministack's SES drops the raw message, publishes no events and cannot fail, so a mail could be neither read nor tested.
This one speaks `POST /v2/email/outbound-emails` as boto3 sends it: point AWS_ENDPOINT_URL_SESV2 at `url`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from http import HTTPStatus
from pathlib import Path
from typing import override

from emulators.local_server import LocalServer
from emulators.ses import fates
from emulators.ses.account import ConfigurationSet, Identity, SuppressedAddress
from emulators.ses.control import control
from emulators.ses.events import MailEvent, SentMail, new_id
from emulators.ses.fates import Fate
from emulators.ses.http import SesServer
from emulators.ses.publishing import EventFault, EventFaultKind, Publisher
from emulators.ses.request_checks import RefusalError, SendRequest, checked_request

_EVENTS_AFTER_SECONDS = 0.05  # the reply is on its way by then
_SOURCE_IP = "127.0.0.1"


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
    fates: list[tuple[Callable[[str], bool], Fate]] = field(default_factory=list)
    replies_to_drop: int = 0
    replies_to_hold: int = 0
    hold_seconds: float = 0.0
    rate: float | None = None
    free_at: float = 0.0


class LocalSes(LocalServer):
    """The server: a context manager, or start() and stop(). Listens on 127.0.0.1, on a free port.

    `messages` are the accepted ones in order, also written to `folder` as 0001.eml, 0002.eml, …
    `violations` are requests that SES accepts and our own rule forbids: a message has one recipient.
    `in_sandbox`, `unverified`, identities that are known and not verified, `identities`, those that differ from a
    domain in good order, `configuration_sets` and `suppressed` are the state of the account.
    `publish_to` names who gets the events of mails that are sent with a configuration set; `clock` dates them.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int = 0,
        events_after_seconds: float = _EVENTS_AFTER_SECONDS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(port)
        self.messages: list[Mail] = []
        self.violations: list[str] = []
        self.counts = Counts()
        self.in_sandbox = False
        self.unverified: set[str] = set()
        self.identities: dict[str, Identity] = {}
        self.configuration_sets: dict[str, ConfigurationSet] = {}
        self.suppressed: dict[str, SuppressedAddress] = {}
        self.events = Publisher(events_after_seconds)
        self.clock = clock
        self._folder = folder
        self._faults = _Faults()
        self._lock = threading.Lock()

    @override
    def start(self) -> None:
        """Listen, also again after refuse_connections(), on the same port, and publish events."""
        super().start()
        self.events.start()

    @override
    def stop(self) -> None:
        """Stop listening and let held requests and replies go. Events that are not published yet are lost."""
        super().stop()
        self.events.stop()

    def publish_to(self, publish: Callable[[MailEvent], object] | None) -> None:
        """Give every event to this function from now on, from a thread of its own; None gives them to nobody."""
        self.events.publish = publish

    def create_configuration_set(self, found: ConfigurationSet) -> None:
        """Make a configuration set, or change the one that there is by this name."""
        self.configuration_sets[found.name] = found

    def account(self) -> dict[str, object]:
        """Return the account as GetAccount does."""
        return {"ProductionAccessEnabled": not self.in_sandbox, "SendingEnabled": True, "EnforcementStatus": "HEALTHY"}

    def identity(self, name: str) -> dict[str, object] | None:
        """Return an identity as GetEmailIdentity does. Domains are identities here, and single addresses are none."""
        if "@" in name:
            return None
        in_order = Identity(verified=name not in self.unverified, mail_from_domain=f"mail.{name}")
        return self.identities.get(name, in_order).shown()

    def read(self, resource: str, name: str, part: str) -> dict[str, object]:
        """Return what a GET of /v2/email/RESOURCE/NAME/PART returns. Raises RefusalError."""
        found: dict[str, object] | None = None
        chosen = self.configuration_sets.get(name)
        match resource, part:
            case "account", "":
                found = self.account()
            case "identities", "":
                found = self.identity(name)
            case "configuration-sets", "":
                found = chosen.shown() if chosen else None
            case "configuration-sets", "event-destinations":
                found = {"EventDestinations": [one.shown() for one in chosen.destinations]} if chosen else None
            case "suppression", "":
                known = self.suppressed.get(name.lower())
                found = known.shown() if known else None
            case _:
                raise RefusalError("UnknownOperationException", HTTPStatus.NOT_FOUND, "unknown")
        if found is None:
            raise RefusalError("NotFoundException", HTTPStatus.NOT_FOUND, f"{name} does not exist")
        return found

    def forget_suppressed(self, address: str) -> None:
        """Take an address from the suppression list. Raises RefusalError."""
        if self.suppressed.pop(address.lower(), None) is None:
            raise RefusalError("NotFoundException", HTTPStatus.NOT_FOUND, f"{address} does not exist")

    def control(self, method: str, name: str, body: bytes) -> dict[str, object]:
        """Carry out a request to /_emulator/NAME (control.py). Raises RefusalError."""
        return control(self, method, name, body)

    @override
    def _listen(self, address: tuple[str, int]) -> SesServer:
        return SesServer(address, self)

    def fail_next(self, n: int, code: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        """Refuse the next n requests with this error."""
        self._faults.next.extend([(code, status)] * n)

    def fail_for(self, recipient: str | Callable[[str], bool], code: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        """Refuse everything for this address, or for every address that the function returns true for."""
        self._faults.recipients.append((_matcher(recipient), code, status))

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
        """Stop listening, so that the operating system refuses; start() undoes it. Events go on."""
        super().stop()

    def decide(self, recipient: str | Callable[[str], bool], fate: Fate) -> None:
        """Apply a fate (fates.py) to every mail to the address from now on. The latest one for an address wins."""
        self._faults.fates.insert(0, (_matcher(recipient), fate))

    def disturb_events(
        self,
        kind: EventFaultKind,
        recipient: str | Callable[[str], bool] | None = None,
        *,
        mails: int | None = None,
        by: timedelta = timedelta(days=1),
    ) -> None:
        """Apply a fault (publishing.EventFault) to the events of the next mails, to this address or to any."""
        matches = _matcher(recipient) if recipient is not None else lambda _: True
        self.events.faults.append(EventFault(kind, matches, mails, by))

    def heal(self) -> None:
        """Forget every requested fault. Messages, counts and the suppression list stay."""
        self._faults = _Faults()
        self.events.faults.clear()

    def accept(self, body: bytes, *, signed: bool) -> str:
        """Take one request. Return the message id, or raise the refusal that becomes the reply."""
        with self._lock:
            self.counts.requests += 1
            try:
                request = self._checked(body, signed=signed)
            except RefusalError as refusal:
                if refusal.status == HTTPStatus.TOO_MANY_REQUESTS:
                    self.counts.throttled += 1
                else:
                    self.counts.refused += 1
                raise
            self.counts.accepted += 1
            mail = Mail(request.recipients[0], request.raw, new_id(), self.clock())
            self.messages.append(mail)
            if self._folder:
                self._folder.mkdir(parents=True, exist_ok=True)
                (self._folder / f"{len(self.messages):04d}.eml").write_bytes(mail.raw)
            fate = self._fate(request.recipients)
            chosen = self.configuration_sets.get(request.configuration_set or "")
            if fate.suppresses and chosen and fate.suppresses in chosen.suppressed_reasons:
                for address in request.recipients:
                    self.suppressed[address.lower()] = SuppressedAddress(address, fate.suppresses, mail.received_at)
        if chosen:
            self._publish(request, mail, chosen, fate)
        return mail.message_id

    def _fate(self, recipients: tuple[str, ...]) -> Fate:
        """Return what becomes of a mail: what was requested, then the simulator's, then the suppression list's."""
        for matches, fate in self._faults.fates:
            if any(matches(recipient) for recipient in recipients):
                return fate
        for recipient in recipients:
            if known := fates.simulated(recipient):
                return known
            if listed := self.suppressed.get(recipient.lower()):
                return fates.suppressed(listed.reason)
        return fates.delivered()

    def _publish(self, request: SendRequest, mail: Mail, chosen: ConfigurationSet, fate: Fate) -> None:
        about = SentMail(
            message_id=mail.message_id,
            raw=mail.raw,
            source=request.source,
            recipients=request.recipients,
            configuration_set=chosen.name,
            tags=request.tags,
            source_ip=_SOURCE_IP,
            accepted_at=mail.received_at,
        )

        def events_at(later: timedelta) -> list[MailEvent]:
            events = fate.events_of(about, mail.received_at + later)
            return [event for event in events if chosen.publishes(event.event_type)]

        self.events.take(about, events_at)

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

    def _checked(self, body: bytes, *, signed: bool) -> SendRequest:
        if self._faults.next:
            raise RefusalError(*self._faults.next.popleft())
        if not signed:
            raise RefusalError("MissingAuthenticationTokenException", HTTPStatus.FORBIDDEN)
        self._wait_our_turn()
        request = checked_request(body)
        for matches, code, status in self._faults.recipients:
            if any(matches(recipient) for recipient in request.recipients):
                raise RefusalError(code, status)
        name = request.configuration_set
        if name is not None and name not in self.configuration_sets:
            # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
            raise RefusalError("NotFoundException", HTTPStatus.NOT_FOUND, f"Configuration set <{name}> does not exist.")
        if name is not None and not self.configuration_sets[name].sending:
            raise RefusalError(
                "SendingPausedException", HTTPStatus.BAD_REQUEST, f"Sending is paused for configuration set <{name}>."
            )
        self._record_violations(list(request.recipients), request.parsed)
        return request

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


def _matcher(recipient: str | Callable[[str], bool]) -> Callable[[str], bool]:
    return recipient if callable(recipient) else recipient.__eq__
