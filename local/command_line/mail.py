"""Tell the local mail service what is to become of mails: the commands `mail …`, while `up` runs."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import psycopg
import typer

from emulators.ses.client import SesControl
from local import surroundings
from local.exit_codes import expected_errors
from local.stack import session
from operations import console
from operations.errors import OperationsError, StackNotFoundError
from shared.domain.errors import UnusableAddressError
from shared.domain.mail.addresses import deliverable_address

app = typer.Typer(
    help="Say what becomes of the mails of a stack that `up` runs: bounce, complain, lose events, and more.",
    no_args_is_help=True,
)

Who = Annotated[str, typer.Argument(help="An address, or the id of a mentor or coordinator.", show_default=False)]


class BounceType(StrEnum):
    """The types of bounce, as SES has them."""

    PERMANENT = "Permanent"
    TRANSIENT = "Transient"
    UNDETERMINED = "Undetermined"


class Reason(StrEnum):
    """Why an address is on the suppression list."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"


class Disturbance(StrEnum):
    """What may happen to events."""

    LOSE = "lose"
    DOUBLE = "double"
    EARLY = "early"
    LATE = "late"
    REVERSE = "reverse"


@app.command()
def bounce(
    who: Who,
    kind: Annotated[BounceType, typer.Option("--type", help="The type of the bounce.")] = BounceType.PERMANENT,
    subtype: Annotated[
        str | None, typer.Option(help="Its subtype, like MailboxFull; the general one of its type.", show_default=False)
    ] = None,
    *,
    after_delivery: Annotated[bool, typer.Option("--after-delivery", help="Take the mail first.")] = False,
) -> None:
    """Send every mail to this address back."""
    _decide(who, "bounce", kind=kind.value, subtype=subtype, after_delivery=after_delivery)


@app.command()
def complain(
    who: Who, feedback: Annotated[str, typer.Option("--type", help="The type of the complaint.")] = "abuse"
) -> None:
    """Deliver every mail to this address, and complain of it."""
    _decide(who, "complain", feedback_type=feedback)


@app.command()
def suppress(
    who: Who, reason: Annotated[Reason, typer.Option("--for", help="What put it on the list.")] = Reason.BOUNCE
) -> None:
    """Have this address on the account's suppression list: no mail is sent to it."""
    _decide(who, "suppress", reason=reason.value.upper())


@app.command()
def delay(
    who: Who,
    *,
    then_bounces: Annotated[bool, typer.Option("--then-bounces", help="Give the mail up in the end.")] = False,
) -> None:
    """Try every mail to this address for hours, then deliver it."""
    _decide(who, "delay", then_bounces=then_bounces)


@app.command()
def reject(who: Who) -> None:
    """Find a virus in every mail to this address."""
    _decide(who, "reject")


@app.command()
def events(
    what: Annotated[Disturbance, typer.Argument(help="What happens to them.", show_default=False)],
    to: Annotated[str | None, typer.Option("--to", help="Only those of mails to this one.", show_default=False)] = None,
    mails: Annotated[int | None, typer.Option(help="Only those of so many mails.", min=1, show_default=False)] = None,
    hours: Annotated[float, typer.Option(help="For late: how much later a time they state.", min=0)] = 24,
) -> None:
    """Lose or double the events of the next mails, or have them come early, late or the last one first."""
    with expected_errors():
        ses, dsn = _running()
        recipient = None if to is None else _address(dsn, to)
        ses.disturb_events(what.value, recipient=recipient, mails=mails, seconds=hours * 3600)
        console.out.print("Done. [dim]mail heal[/dim] undoes it")


@app.command()
def heal() -> None:
    """Forget all of this: mails are delivered, and events come once. The suppression list stays."""
    with expected_errors():
        _running()[0].heal()
        console.out.print("Mails are delivered again")


def _decide(who: str, fate: str, **parameters: object) -> None:
    with expected_errors():
        ses, dsn = _running()
        ses.decide(_address(dsn, who), fate, **parameters)
        console.out.print("Done: so it is with every mail to that address. [dim]mail heal[/dim] undoes it")


def _running() -> tuple[SesControl, str]:
    addresses = session.announced_addresses()
    if addresses is None:
        raise StackNotFoundError(f"no local stack is up: start one with {surroundings.this_program()} up")
    return SesControl(addresses["ses"]), addresses["dsn"]


def _address(dsn: str, who: str) -> str:
    """Return the address of a person, as a mail to that person has it."""
    if "@" in who:
        return who
    try:
        person = UUID(who)
    except ValueError:
        raise OperationsError(f"{who} is neither an address nor an id") from None
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT p.email FROM (SELECT m.id, m.email::text FROM public.peer_mentors AS m"
            " UNION ALL SELECT k.id, k.email::text FROM public.coordinators AS k) AS p (id, email) WHERE p.id = %s",
            (person,),
        ).fetchone()
    if row is None:
        raise OperationsError(f"there is no mentor or coordinator {who} in this database")
    try:
        return deliverable_address(row[0] or "")
    except UnusableAddressError:
        raise OperationsError(f"{who} has no address that a mail could go to") from None
