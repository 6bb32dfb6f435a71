"""The options that the commands of operations share."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.errors import NotUnderstoodError
from shared.domain.wording import texts as wording

Stack = Annotated[
    str | None,
    typer.Option("--stack", help="The CloudFormation stack of a deployed system.", show_default=False),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help=(
            "The database itself, as a libpq connection string or URL without a password: that is read from"
            " PGPASSFILE or PGPASSWORD, or asked for."
        ),
        show_default=False,
    ),
]
Language = Annotated[
    wording.Language | None,
    typer.Option(
        envvar="OPERATIONS_LANGUAGE", help="What is said in; without it the stack's, or English.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
Actor = Annotated[str, typer.Option("--actor", help="Who you are; it is kept.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]


_LONGEST = {"--actor": 200, "--reason": 2000}  # as in certification.audit
_SYSTEM = "system:"  # what the functions call themselves in the app's status log


def require_named(actor: str, reason: str) -> None:
    """Raise NotUnderstoodError unless a person is named and says why: a manual action has both."""
    for name, value in (("--actor", actor), ("--reason", reason)):
        if not value.strip():
            raise NotUnderstoodError(f"{name} is empty: say who does this and why, it is kept in certification.audit")
        if len(value) > _LONGEST[name] or not value.isprintable():
            raise NotUnderstoodError(f"{name} must be one line of plain text, of {_LONGEST[name]} characters at most")
    if actor.strip().lower().startswith(_SYSTEM):
        raise NotUnderstoodError(
            f"--actor must be a person's name: {_SYSTEM}… is what the functions call themselves in the status log"
        )
