"""Sign in as a coordinator of the loaded data: the command `sign-in`."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape

from local import surroundings
from local.exit_codes import expected_errors
from local.stack import session
from local.stack.coordinators import Coordinator, read_coordinators, signed_in_page
from operations import console
from operations.errors import NotUnderstoodError, OperationsError, StackNotFoundError
from operations.options import AsJson
from operations.screens.tables import new_table


def sign_in(
    coordinator: Annotated[
        str | None, typer.Argument(help="The coordinator's id or full name.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the address of the coordinators' page, signed in as one of them; without one, list the coordinators."""
    with expected_errors():
        addresses = session.announced_addresses()
        if addresses is None:
            raise StackNotFoundError(f"no local stack is up: start one with {surroundings.this_program()} up")
        coordinators = read_coordinators(addresses["dsn"])
        if coordinator is None:
            _print_all(coordinators, as_json=as_json)
            return
        who = chosen(coordinators, coordinator)
        if "dashboard" not in addresses:
            raise StackNotFoundError("the template of the running stack has no page for coordinators")
        page = signed_in_page(addresses["identity"], addresses["dashboard"], who.id)
        # Unwrapped, because it is to be copied.
        sys.stdout.write(f"{json.dumps({'id': str(who.id), 'page': page}) if as_json else page}\n")


def chosen(coordinators: Sequence[Coordinator], text: str) -> Coordinator:
    """Return the one coordinator with this id or name. Raises an OperationsError that says what to do."""
    wanted = " ".join(text.split()).casefold()
    found = [one for one in coordinators if wanted in {str(one.id), one.name.casefold()}]
    if not found:
        raise OperationsError(
            f"there is no such coordinator: {surroundings.this_program()} sign-in lists those that there are"
        )
    if len(found) > 1:
        raise NotUnderstoodError(f"several have this name, so give an id: {', '.join(str(one.id) for one in found)}")
    return found[0]


def _print_all(coordinators: Sequence[Coordinator], *, as_json: bool) -> None:
    if as_json:
        rows = [{"id": str(one.id), "organisation": one.organisation} for one in coordinators]
        sys.stdout.write(f"{json.dumps(rows, indent=2, ensure_ascii=False)}\n")
        return
    table = new_table("Coordinators of the loaded data")
    table.add_column("Id", no_wrap=True)
    table.add_column("Organisation")
    for one in coordinators:
        table.add_row(str(one.id), escape(one.organisation))
    console.out.print(table)
