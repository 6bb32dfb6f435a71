"""Mails and what SES says of them: the sender, the events and the sweep on one database, each under its own login."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from shared.adapters.postgres.connection import connect
from shared.adapters.postgres.mail_events import PostgresMailEvents
from shared.adapters.postgres.outbox import PostgresOutbox
from shared.adapters.postgres.reconciliation import PostgresReconciliation
from shared.adapters.postgres.runs import PostgresRuns
from shared.domain.mail.events import BounceType, MailEvent, MailEventKind, RecordOutcome
from shared.domain.mail.notices import Sent
from tests.support.foundation import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from uuid import UUID

    from shared.domain.mail.notices import Notice, Outcome
    from tests.support.foundation import Foundation

_numbers = itertools.count(1)
A_MINUTE = timedelta(minutes=1)


def message_id(notice: int, sending: int = 1) -> str:
    """A message id of SES's form."""
    return f"0110018f3c2a7d41-{sending:08d}-{notice:012d}-000000"


def an_event(
    notice: int,
    kind: str = "delivery",
    *,
    bounce_type: str | None = None,
    message: str | None = None,
    accepted_at: datetime | None = None,
    after: timedelta = A_MINUTE,
    key: str | None = None,
) -> MailEvent:
    """Return what SES says of a notice; the same each time it is asked for with the same words."""
    message = message or message_id(notice)
    accepted = accepted_at or datetime.now(UTC)
    of_bounce = BounceType(bounce_type or "permanent") if kind == "bounce" else None
    return MailEvent(
        key=key or f"{message}:{kind}:{of_bounce}",
        notice_id=notice,
        kind=MailEventKind(kind),
        message_id=message,
        accepted_at=accepted,
        occurred_at=accepted + after,
        bounce_type=of_bounce,
        code={"bounce": "General", "complaint": "abuse", "delay": "MailboxFull", "reject": "reject"}.get(kind),
        status={"bounce": "5.1.1", "delivery": "2.0.0", "delay": "4.2.2"}.get(kind),
    )


class Mails:
    """A sender, SES's events and the sweep. A context manager."""

    def __init__(self, login: Callable[[str], Mapping[str, Any]], foundation: Foundation) -> None:
        self._login, self.foundation = login, foundation
        self._open = ExitStack()
        self._connections: dict[str, Any] = {}
        self.run_id = self.new_run()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def connection(self, function: str) -> Any:
        if function not in self._connections:
            secret = self._login(function)
            self._connections[function] = self._open.enter_context(connect(lambda _: secret))
        return self._connections[function]

    @property
    def outbox(self) -> PostgresOutbox:
        return PostgresOutbox(self.connection("SendNotices"))

    def new_run(self) -> UUID:
        """Another sending begins."""
        self.run_id = PostgresRuns(self.connection("SendNotices")).start("send_notices", datetime.now(UTC), "r")
        return self.run_id

    def claim(self, organisation: UUID, *, digests: bool = False, day: date = DAY) -> Notice | None:
        return self.outbox.claim(self.run_id, organisation, day, digests=digests)

    def settle(self, notice: int, outcome: Outcome | None = None) -> None:
        self.outbox.settle(notice, self.run_id, outcome or Sent(message_id(notice)))

    def send(self, organisation: UUID, *, digests: bool = False, day: date = DAY) -> list[Notice]:
        """Send everything that is pending, and return it."""
        sent = []
        while notice := self.claim(organisation, digests=digests, day=day):
            self.settle(notice.id)
            sent.append(notice)
        return sent

    def send_all(self, organisation: UUID, day: date = DAY) -> list[Notice]:
        """A whole sending: the mentors, then the digests. Return the digests."""
        PostgresRuns(self.connection("SendNotices")).start_organisation(self.new_run(), organisation, day)
        self.send(organisation, day=day)
        self.outbox.complete_digests(self.run_id, organisation)
        return self.send(organisation, digests=True, day=day)

    def says(self, notice: int, kind: str = "delivery", **words: Any) -> RecordOutcome:
        """SES says what became of it."""
        return self.record(an_event(notice, kind, **words))

    def record(self, event: MailEvent) -> RecordOutcome:
        return PostgresMailEvents(self.connection("MailEvents")).record(event)

    def sweep(self) -> dict[str, int]:
        return PostgresReconciliation(self.connection("Reconciliation")).settle_mail_events(1000)

    def time_passes(self, by: timedelta) -> None:
        """For everything that is written down of mails; nothing else changes."""
        self.foundation.do(
            "UPDATE certification.notices SET claimed_at = claimed_at - %s, settled_at = settled_at - %s", by, by
        )
        self.foundation.do("UPDATE certification.mail_events SET waits_until = waits_until - %s", by)

    def state(self, notice: int) -> tuple[Any, ...]:
        """(state, arrival, code, message id)."""
        [found] = self.foundation.all(
            "SELECT state, arrival, arrival_code, message_id FROM certification.notices WHERE id = %s", notice
        )
        return tuple(found)

    def problem(self, address: str) -> str | None:
        problem: str | None = self.foundation.one("SELECT certification.address_problem(%s)", address)
        return problem

    def kinds(self, notice: int) -> list[str]:
        return self.foundation.all(
            "SELECT kind FROM certification.mail_events WHERE notice_id = %s ORDER BY kind", notice
        )
