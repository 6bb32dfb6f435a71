"""One mail that does not arrive, and what becomes of it: the bounce, and the coordinator's next digest (I17)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from emulators.ses import fates
from local.demo.simulated_night import send_again

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from email.message import EmailMessage
    from uuid import UUID

    from local.stack.session import Session
    from local.stack.stack import LocalStack
    from operations.console import Progress

_EVENTS_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.2


@dataclass(frozen=True)
class Bounce:
    """The mail that came back. `reported_in` is the mail to the coordinator that names the mentor, if there is one."""

    mentor_id: UUID
    mentor_name: str
    kind: str
    code: str
    reported_in: EmailMessage | None


@dataclass(frozen=True)
class Arrivals:
    """What became of every mail so far: how many by kind and arrival. An arrival of None is not known yet."""

    counts: dict[tuple[str, str | None], int]
    bounce: Bounce | None


class _FirstOf:
    """Matches the first of these addresses that a mail goes to, and then no other."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = frozenset(addresses)
        self._chosen: str | None = None

    def __call__(self, recipient: str) -> bool:
        if self._chosen is None and recipient in self._addresses:
            self._chosen = recipient
        return recipient == self._chosen


def prepare(stack: LocalStack, day: date) -> None:
    """Have the first reminder of that day bounce whose mentor has a coordinator that can be written to.

    What SES tells of the mails is held back until `follow`: it would come between two simulated nights that are to be
    the same, and a bounce makes a digest.
    """
    with psycopg.connect(stack.dsn) as connection:
        rows = connection.execute(
            "SELECT m.email FROM certification.preview(%s, 1) AS p"
            " JOIN public.peer_mentors AS m ON m.id = p.mentor_id"
            " JOIN public.coordinators AS k ON k.id = m.coordinator_id"
            " WHERE p.event = 'reminder' AND p.problem IS NULL"
            " AND certification.address_problem(k.email::text) IS NULL",
            (day,),
        ).fetchall()
    stack.ses.decide(_FirstOf(row[0] for row in rows), fates.bounced())
    stack.ses.events.hold()


def follow(stack: LocalStack, here: Session, day: date, progress: Progress, *, simulated: bool) -> Arrivals:
    """Let SES tell what became of the mails, send what that leads to, and return it."""
    progress("Hearing from SES what became of the mails")
    stack.ses.events.release()
    stack.ses.events.wait()
    wait_for_arrivals(stack.dsn)
    if _bounced(stack.dsn) is None:
        return Arrivals(_counts(stack.dsn), None)
    send_again(here, day, progress, simulated=simulated)
    wait_for_arrivals(stack.dsn)
    return Arrivals(_counts(stack.dsn), _bounce(stack))


def wait_for_arrivals(dsn: str, *, since: datetime | None = None, seconds: float = _EVENTS_SECONDS) -> bool:
    """Wait until it is known what became of every mail that was accepted since then, and return whether it is."""
    deadline = time.monotonic() + seconds
    with psycopg.connect(dsn, autocommit=True) as connection:
        while True:
            row = connection.execute(
                "SELECT EXISTS (SELECT 1 FROM certification.notices"
                " WHERE state = 'sent' AND arrival IS NULL AND settled_at >= %s)",
                (since or datetime.min.replace(tzinfo=UTC),),
            ).fetchone()
            if row == (False,) or time.monotonic() > deadline:
                return row == (False,)
            time.sleep(_LOOK_EVERY_SECONDS)


def _counts(dsn: str) -> dict[tuple[str, str | None], int]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT kind, arrival, count(*) FROM certification.notices WHERE state = 'sent' GROUP BY 1, 2"
        ).fetchall()
    return {(kind, arrival): n for kind, arrival, n in rows}


def _bounced(dsn: str) -> dict[str, Any] | None:
    with psycopg.connect(dsn, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(
            "SELECT n.mentor_id, n.kind, n.arrival_code, m.first_name || ' ' || m.last_name AS name,"
            " d.message_id AS told"
            " FROM certification.notices AS n"
            " JOIN public.peer_mentors AS m ON m.id = n.mentor_id"
            " LEFT JOIN certification.notices AS d ON d.id = n.reported_in"
            " WHERE n.arrival = 'bounced' ORDER BY n.id LIMIT 1"
        ).fetchone()


def _bounce(stack: LocalStack) -> Bounce | None:
    row = _bounced(stack.dsn)
    if row is None:
        return None
    mails = (mail.parsed() for mail in stack.ses.messages if mail.message_id == row["told"])
    reported_in = next((mail for mail in mails if row["name"] in text_of(mail)), None)
    return Bounce(row["mentor_id"], row["name"], row["kind"], row["arrival_code"] or "", reported_in)


def text_of(mail: EmailMessage) -> str:
    """Return the text of a mail."""
    body = mail.get_body(("plain",))
    return str(body.get_content()).strip() if body else ""
