"""Define `hlf-operations`: the commands on the system that --stack or --database-url names.

`python -m local` mounts the same commands on the local stack.
"""

from __future__ import annotations

import typer

from operations.command_line import (
    changing,
    dead_letters,
    mail,
    reconcile,
    records,
    rotation,
    setup,
    testing,
    verifying,
)
from operations.database_commands import DATABASE_COMMANDS
from operations.exit_codes import in_sentences
from operations.mounting import Group, Mounted, Program, WithoutSystem
from operations.target import named
from shared.domain.commands import DEPLOYED

COMMANDS: dict[str, Mounted] = {
    **DATABASE_COMMANDS,
    "reconcile": reconcile.reconcile,
    "dlq": Group(
        "List dead letters, request their syncs again, and remove the others.",
        {"list": dead_letters.list_, "replay": dead_letters.replay, "drop": dead_letters.drop},
    ),
    "mail-drill": mail.mail_drill,
    "test-alert": testing.send_or_acknowledge,
    "verify-integration": verifying.verify_integration,
    "rotate-credential": rotation.rotate_credential,
    "verify-proofs": WithoutSystem(records.verify_proofs),
    "migrate": changing.migrate,
    "setup": setup.setup,
}

app = typer.Typer(
    help=(
        "Certification expiry and website sync: the commands to operate a deployed system. Exit codes: 0 yes or done;"
        " 1 no, or something is wrong; 2 the command line was not understood; 3 not yet, or unknown."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
Program(named, in_sentences).mount(app, COMMANDS)


def main() -> None:
    """Run the program."""
    app(prog_name=DEPLOYED)
