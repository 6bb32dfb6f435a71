"""Define the options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.errors import NotUnderstoodError
from shared.domain import alerts

Stack = Annotated[
    str | None,
    typer.Option("--stack", help="The CloudFormation stack of a deployed system.", show_default=False),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help=(
            "The database itself, as a libpq connection string or URL without a password. The password is read from"
            " PGPASSFILE or PGPASSWORD, or asked for."
        ),
        show_default=False,
    ),
]
Language = Annotated[
    alerts.Language | None,
    typer.Option(
        envvar="OPERATIONS_LANGUAGE",
        help="The language of the screens. The default is the stack's, or English.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Actor = Annotated[str, typer.Option("--actor", help="Who you are. It is recorded.")]
Reason = Annotated[str, typer.Option("--reason", help="Why you do this. It is recorded.")]


_LONGEST = {"--actor": 200, "--reason": 2000}  # the limits of certification.audit
_SYSTEM = "system:"  # the prefix of the functions' own names in the app's status log


def require_named(actor: str, reason: str) -> None:
    """Raise NotUnderstoodError unless a person is named and gives a reason: every manual action needs both."""
    for name, value in (("--actor", actor), ("--reason", reason)):
        if not value.strip():
            raise NotUnderstoodError(f"{name} is empty: say who does this and why; certification.audit records it")
        if len(value) > _LONGEST[name] or not value.isprintable():
            raise NotUnderstoodError(f"{name} must be one line of plain text, of {_LONGEST[name]} characters at most")
    if actor.strip().lower().startswith(_SYSTEM):
        raise NotUnderstoodError(f"--actor must be a person's name: the functions sign the status log as {_SYSTEM}…")
