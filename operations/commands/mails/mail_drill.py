"""Send mails to the mailbox simulator of SES, and wait until their events have come back.

https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from botocore.exceptions import BotoCoreError, ClientError

from operations.errors import NotKnownError
from operations.wording.speech import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_sesv2 import SESV2Client

    from operations.console import Progress

_SIMULATOR: Final = "simulator.amazonses.com"
_EVERY_SECONDS: Final = 2.0
TAG: Final = "drill_id"


class Mailbox(StrEnum):
    """A mailbox of the simulator. None of them counts for the account's rates or its suppression list."""

    SUCCESS = "success"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    SUPPRESSION_LIST = "suppressionlist"

    @property
    def address(self) -> str:
        """Return the address to send to."""
        return f"{self}@{_SIMULATOR}"


class Arrival(StrEnum):
    """What became of a mail, the weakest first: a complaint comes after the delivery."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


EXPECTED: Final = {
    Mailbox.SUCCESS: Arrival.DELIVERED,
    Mailbox.BOUNCE: Arrival.BOUNCED,
    Mailbox.COMPLAINT: Arrival.COMPLAINED,
    Mailbox.SUPPRESSION_LIST: Arrival.BOUNCED,
}


class LineVerdict(StrEnum):
    """Whether a mail became what its mailbox makes of it."""

    HELD = "held"
    WRONG = "wrong"
    NOT_YET = "not_yet"


@dataclass(frozen=True)
class Line:
    """One mail of a drill. `refused`: the code with which SES did not accept it. `arrival_at` is as SES states it."""

    id: UUID
    mailbox: Mailbox
    expected: Arrival
    refused: str | None = None
    arrival: Arrival | None = None
    arrival_at: datetime | None = None
    code: str | None = None

    @property
    def verdict(self) -> LineVerdict:
        """Return WRONG once it can no longer become what is expected."""
        if self.refused is not None:
            return LineVerdict.WRONG
        if self.arrival is self.expected:
            return LineVerdict.HELD
        order = list(Arrival)
        if self.arrival is not None and order.index(self.arrival) > order.index(self.expected):
            return LineVerdict.WRONG
        return LineVerdict.NOT_YET


@dataclass(frozen=True)
class Drill:
    """A drill and its mails."""

    id: UUID
    lines: tuple[Line, ...]

    @property
    def is_settled(self) -> bool:
        """Return whether nothing is waited for."""
        return all(line.verdict is not LineVerdict.NOT_YET for line in self.lines)

    @property
    def exit_code(self) -> int:
        """Return 0 if every mail held, 1 if one went wrong, 3 if one is still waited for."""
        verdicts = {line.verdict for line in self.lines}
        return 1 if LineVerdict.WRONG in verdicts else 3 if LineVerdict.NOT_YET in verdicts else 0


@dataclass(frozen=True)
class Sender:
    """Sends a plain mail from the stack's sender, with the stack's configuration set."""

    ses: SESV2Client
    address: str
    configuration_set: str

    def send(self, line: Line) -> Line:
        """Send one mail and return its line. Raises NotKnownError if SES cannot be asked."""
        try:
            self.ses.send_email(
                FromEmailAddress=self.address,
                Destination={"ToAddresses": [line.mailbox.address]},
                Content={"Raw": {"Data": _message(self.address, line.mailbox.address)}},
                ConfigurationSetName=self.configuration_set,
                EmailTags=[{"Name": TAG, "Value": str(line.id)}],
            )
        except ClientError as refusal:
            return replace(line, refused=str(refusal.response["Error"].get("Code", "refused")))
        except BotoCoreError as failure:
            raise NotKnownError(f"SES could not be called, so nothing is known: {failure}") from None
        return line


def _message(sender: str, recipient: str) -> bytes:
    return (
        f"From: {sender}\r\nTo: {recipient}\r\nSubject: Mail drill\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n\r\nA drill of the mail. It is for nobody.\r\n"
    ).encode("ascii")


def run_drill(
    step: Callable[..., list[Any]],
    sender: Sender,
    named: tuple[str, str],
    *,
    wait: float,
    progress: Progress,
    every: float = _EVERY_SECONDS,
) -> Drill:
    """Send a mail to each mailbox and return the drill once each is settled, or after `wait` seconds."""
    drill = uuid4()
    progress(say("sending mails to the mailbox simulator of SES"))
    ids = {row["mailbox"]: UUID(row["id"]) for row in step("start-mail-drill", drill, list(Mailbox), *named)}
    lines = tuple(sender.send(Line(ids[mailbox], mailbox, EXPECTED[mailbox])) for mailbox in Mailbox)
    until = time.monotonic() + wait
    found = Drill(drill, lines)
    said = ""
    while True:
        found = read_drill(step, found)
        if found.is_settled or time.monotonic() >= until:
            return found
        if (waiting := _waiting(found.lines)) != said:
            said = waiting
            progress(waiting)
        time.sleep(min(every, max(until - time.monotonic(), 0)))


def _waiting(lines: Sequence[Line]) -> str:
    names = [line.mailbox.value for line in lines if line.verdict is LineVerdict.NOT_YET]
    return say("waiting for the events of {names}", names=", ".join(names))


def read_drill(step: Callable[..., list[Any]], drill: Drill) -> Drill:
    """Return the drill with what has come back by now. `step` makes a statement of operations.commands.steps."""
    known = {UUID(row["id"]): row for row in step("mail-drill", drill.id)}
    return replace(
        drill, lines=tuple(_with(line, known[line.id]) if line.id in known else line for line in drill.lines)
    )


def _with(line: Line, row: Mapping[str, Any]) -> Line:
    return replace(
        line,
        arrival=Arrival(row["arrival"]) if row["arrival"] else None,
        arrival_at=datetime.fromisoformat(row["at"]) if row["at"] else None,
        code=row["code"],
    )
