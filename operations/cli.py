"""`hlf-operations`: the commands of operations on the system that --stack or --database-url names.

The same commands are mounted on the local stack by `python -m local`.
"""

from __future__ import annotations

import typer

from operations.command_line import changing, dead_letters, mentors, reading, reconcile, review
from operations.exit_codes import in_sentences
from operations.mounting import Command, Group, Program
from operations.target import named
from shared.domain.commands import DEPLOYED

COMMANDS: dict[str, Command | Group] = {
    "status": reading.status,
    "alerts": reading.alerts,
    "proof": reading.proof,
    "explain": mentors.explain,
    "preview": mentors.preview,
    "reconcile": reconcile.reconcile,
    "release-brake": changing.release_brake,
    "undo-run": changing.undo_run,
    "thresholds": changing.thresholds,
    "rejected": Group(
        "Listings that the website refused: list them, try them again.",
        {"list": review.list_rejected, "retry": review.retry},
    ),
    "dlq": Group(
        "Messages that were given up: list them, ask for the syncs again, remove the others.",
        {"list": dead_letters.list_, "replay": dead_letters.replay, "drop": dead_letters.drop},
    ),
    "duplicates": Group(
        "What was done twice: list it, say that it was looked at.",
        {"list": review.list_duplicates, "review": review.review},
    ),
    "migrate": changing.migrate,
}

app = typer.Typer(
    help=(
        "Certification expiry and website sync, for who operates a deployed system. Exit codes: 0 yes or done;"
        " 1 no, or something is wrong; 2 the command line was not understood; 3 not yet, or it could not be told."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
Program(named, in_sentences).mount(app, COMMANDS)


def main() -> None:
    """Run the program."""
    app(prog_name=DEPLOYED)
