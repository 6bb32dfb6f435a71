"""What becomes of an accepted mail: delivered, unless its address is one of the simulator's, or a fault was requested.

The mailbox simulator: https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator,
with labels (`bounce+label@…`). The account's suppression list:
https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from emulators.ses import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulators.ses.events import MailEvent, SentMail

SIMULATOR = "simulator.amazonses.com"
# How long after the acceptance an event says that it happened; nothing here waits that long.
_SOON, _LATER, _LONG_AFTER = timedelta(milliseconds=600), timedelta(seconds=5), timedelta(hours=14)


@dataclass(frozen=True)
class Fate:
    """What becomes of a mail, as the events that tell of it, in their true order.

    `suppresses` is the reason for which its address comes on the account's suppression list, if it does.
    """

    events_of: Callable[[SentMail, datetime], list[MailEvent]]
    suppresses: str | None = None


def delivered() -> Fate:
    """Return the fate of a mail that is delivered."""
    return Fate(lambda mail, at: [events.delivery(mail, at + _SOON)])


def bounced(kind: str = "Permanent", subtype: str | None = None, *, after_delivery: bool = False) -> Fate:
    """Return the fate of a mail that bounces, or that is delivered and bounces later. Raises ValueError."""
    chosen = subtype or ("Undetermined" if kind == "Undetermined" else "General")
    if chosen not in events.BOUNCE_SUBTYPES.get(kind, {}):
        raise ValueError(f"there is no bounce {kind} {chosen}")

    def events_of(mail: SentMail, at: datetime) -> list[MailEvent]:
        first = [events.delivery(mail, at + _SOON)] if after_delivery else []
        return [*first, events.bounce(mail, at + (_LATER if after_delivery else _SOON), kind, chosen)]

    is_hard = kind == "Permanent" and chosen in {"General", "NoEmail"}
    return Fate(events_of, "BOUNCE" if is_hard else None)


def complained(feedback_type: str = "abuse") -> Fate:
    """Return the fate of a mail that is delivered and whose recipient complains. Raises ValueError."""
    if feedback_type not in events.COMPLAINT_TYPES:
        raise ValueError(f"there is no complaint {feedback_type}")
    return Fate(
        lambda mail, at: [
            events.delivery(mail, at + _SOON),
            events.complaint(mail, at + _LATER, feedback_type),
        ],
        "COMPLAINT",
    )


def suppressed(reason: str = "BOUNCE") -> Fate:
    """Return the fate of a mail to an address on the account's suppression list: it is not sent. Raises ValueError."""
    if reason not in {"BOUNCE", "COMPLAINT"}:
        raise ValueError(f"an address is suppressed for BOUNCE or COMPLAINT, not {reason}")
    if reason == "COMPLAINT":
        return Fate(lambda mail, at: [events.suppressed_complaint(mail, at + _SOON)])
    return bounced("Permanent", "OnAccountSuppressionList")


def delayed(delay_type: str = "MailboxFull", *, then_bounces: bool = False) -> Fate:
    """Return the fate of a mail that is delayed, then delivered or bounced as transient. Raises ValueError."""
    if delay_type not in events.DELAY_TYPES:
        raise ValueError(f"there is no delay {delay_type}")

    def events_of(mail: SentMail, at: datetime) -> list[MailEvent]:
        subtype = "MailboxFull" if delay_type == "MailboxFull" else "General"
        end = at + _LONG_AFTER
        last = events.bounce(mail, end, "Transient", subtype) if then_bounces else events.delivery(mail, end)
        return [events.delivery_delay(mail, at + _LATER, delay_type), last]

    return Fate(events_of)


def rejected() -> Fate:
    """Return the fate of a mail in which SES finds a virus after accepting it."""
    return Fate(lambda mail, at: [events.reject(mail, at + _SOON)])


# "The mailbox simulator email address isn't placed on the Amazon SES suppression list".
_SIMULATED: Mapping[str, Fate] = {
    "success": delivered(),
    "bounce": Fate(bounced().events_of),
    "complaint": Fate(complained().events_of),
    "ooto": delivered(),
    # "as if the recipient's address is on the global suppression list"
    "suppressionlist": bounced("Permanent", "Suppressed"),
}


def simulated(recipient: str) -> Fate | None:
    """Return what the mailbox simulator does with this address; None if the address is not one of its."""
    local, _, domain = recipient.lower().rpartition("@")
    return _SIMULATED.get(local.partition("+")[0]) if domain == SIMULATOR else None
