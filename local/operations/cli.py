"""The commands of operations, on the local stack and on a deployed one."""

from __future__ import annotations

from typing import Annotated

import psycopg
import typer
from rich.markup import escape

from local import report
from local.foreseen import foreseen
from local.operations import brakes, databases
from local.operations.errors import DatabaseNotReadableError
from local.operations.options import Actor, Database, Reason, require_named

app = typer.Typer(no_args_is_help=True)
_STOPPED = {brakes.Kind.EXPIRY: "expire", brakes.Kind.REPAIR: "repair the listings of"}


@app.command()
def migrate(
    database_url: Annotated[
        str, typer.Option(envvar="DATABASE_URL", help="A libpq connection string or URL.", show_default=False)
    ],
) -> None:
    """Apply the migrations to a database that has the foundation tables, local or not."""
    from shared.adapters.postgres.migrate import migrate as apply  # noqa: PLC0415

    with foreseen(), databases.connected(database_url) as connection:
        try:
            applied = apply(connection)
        except psycopg.Error as error:
            raise DatabaseNotReadableError(f"the migrations were not applied: {str(error).strip()}") from None
        report.console.print(
            "\n".join(f"applied {name}" for name in applied) or "nothing to do: every migration is applied"
        )


@app.command()
def release_brake(
    actor: Actor,
    reason: Reason,
    organisation: Annotated[str, typer.Option("--org", help="The organisation's name or id.")],
    kind: Annotated[brakes.Kind | None, typer.Option(help="Which brake, if two are on.", show_default=False)] = None,
    database_url: Database = None,
) -> None:
    """Let the next run within 24 hours make the mass change that the brake has stopped."""
    with foreseen():
        require_named(actor, reason)
        with databases.writing(database_url) as connection:
            brake = brakes.release(connection, organisation, kind, actor, reason)
        report.console.print(
            f"Released: within 24 hours the next run may {_STOPPED[brake.kind]} {brake.n} of {brake.of_n} mentors of"
            f" {escape(brake.organisation)}. The brake is on again after it."
        )
