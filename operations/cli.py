"""Define `hlf-operations`: the commands on the system that --stack or --database-url names.

`python -m local` mounts the same commands on the local stack.
"""

from __future__ import annotations

import typer

from operations.command_line import (
    break_glass,
    changing,
    dead_letters,
    forgetting,
    mail,
    mentors,
    reading,
    reconcile,
    records,
    review,
    rotation,
    settings,
    setup,
    verifying,
)
from operations.exit_codes import in_sentences
from operations.mounting import Command, Group, Program, WithoutSystem
from operations.target import named
from shared.domain.commands import DEPLOYED

COMMANDS: dict[str, Command | Group | WithoutSystem] = {
    "status": reading.status,
    "alerts": reading.alerts,
    "proof": reading.proof,
    "explain": mentors.explain,
    "preview": mentors.preview,
    "reconcile": reconcile.reconcile,
    "release-brake": changing.release_brake,
    "undo-run": changing.undo_run,
    "settings": Group(
        "Show and change the settings of an organisation or of the HLF standard, and who has changed them.",
        {"show": settings.show, "set": settings.set_, "history": settings.history},
    ),
    "rejected": Group(
        "List the listings that the website rejected, and retry them.",
        {"list": review.list_rejected, "retry": review.retry},
    ),
    "dlq": Group(
        "List dead letters, request their syncs again, and remove the others.",
        {"list": dead_letters.list_, "replay": dead_letters.replay, "drop": dead_letters.drop},
    ),
    "duplicates": Group(
        "List duplicates, and mark them as reviewed.",
        {"list": review.list_duplicates, "review": review.review},
    ),
    "break-glass-export": break_glass.export,
    "allow-mail": mail.allow_mail,
    "mail-drill": mail.mail_drill,
    "verify-integration": verifying.verify_integration,
    "rotate-credential": rotation.rotate_credential,
    "retention": records.retention,
    "export-proofs": records.export_proofs,
    "verify-proofs": WithoutSystem(records.verify_proofs),
    "forget-person": forgetting.forget_person,
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
