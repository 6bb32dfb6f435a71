"""The options that the commands of operations share."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.errors import NotUnderstoodError
from shared.domain.wording import texts as wording

PANEL = "Operations, here and deployed"

Database = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="DATABASE_URL",
        help="A libpq connection string or URL; without it the stack's, or the local database.",
        show_default=False,
    ),
]
Deployed = Annotated[
    str | None,
    typer.Option("--stack", help="The CloudFormation stack; without it the local one.", show_default=False),
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


def require_named(actor: str, reason: str) -> None:
    """Raise NotUnderstoodError where who or why is blank, or no plain text: what a person does by hand has both."""
    for name, value in (("--actor", actor), ("--reason", reason)):
        if not value.strip():
            raise NotUnderstoodError(f"{name} is empty: say who does this and why, it is kept in certification.audit")
        if len(value) > _LONGEST[name] or not value.isprintable():
            raise NotUnderstoodError(f"{name} must be one line of plain text, of {_LONGEST[name]} characters at most")
