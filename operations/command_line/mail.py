"""Define the commands about mail: `mail-drill` and `allow-mail`."""

from typing import Annotated
from uuid import UUID

import typer

from operations import console
from operations.commands.mails import allow_mail as allowing
from operations.commands.mails import mail_drill as drilling
from operations.options import Actor, AsJson, Reason, require_named
from operations.screens import mail_view
from operations.target import System
from operations.wording import words


def allow_mail(
    system: System,
    identity: Annotated[
        UUID,
        typer.Argument(
            metavar="ID",
            help="The whole id of a mentor or a coordinator, or of an organisation: its fall-back address.",
        ),
    ],
    *,
    actor: Actor,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Send again to an address that bounced, once it works. A complaint is not undone.

    After a hard bounce SES keeps a list of its own, which only an account's administrator changes: the second step.
    """
    require_named(actor, reason)
    with system.writing() as connection:
        allowed = allowing.allow_mail(connection, identity, actor, reason)
    if as_json:
        words.print_json(allowed)
    else:
        mail_view.allowed(identity)


def mail_drill(
    system: System,
    *,
    actor: Actor,
    reason: Reason,
    wait: Annotated[
        int, typer.Option(help="For how many seconds to wait for the events to come back.", min=0, max=3600)
    ] = 300,
    as_json: AsJson = False,
) -> None:
    """Send mails to the mailbox simulator of SES, and wait until it is known here what became of each.

    Exit code 0 if each became what its mailbox makes of it, 1 if one did not, 3 if one has not come back in time. No
    person gets a mail, and no rate counts these.
    """
    require_named(actor, reason)
    deployment = system.deployment
    sender = drilling.Sender(
        deployment.ses, deployment.output("MailSenderAddress"), deployment.output("MailConfigurationSetName")
    )
    with console.steps(quiet=as_json) as progress:
        drill = drilling.run_drill(system.step, sender, (actor, reason), wait=wait, progress=progress)
    if as_json:
        words.print_json(drill)
    else:
        mail_view.drill(drill)
    raise typer.Exit(drill.exit_code)
