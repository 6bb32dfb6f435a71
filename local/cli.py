"""Mount the commands of `python -m local`, which runs the system on this machine."""

from __future__ import annotations

import typer

from local.command_line import break_glass, dataset, deploy_check, mail, night, sign_in, stack
from local.exit_codes import expected_errors
from local.target import local_system
from operations.cli import COMMANDS
from operations.mounting import Program

app = typer.Typer(
    help="The system on this machine: PostgreSQL, the AWS APIs, a mail service, the functions of template.yaml.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
Program(local_system, expected_errors, "Operations, as on a deployed system").mount(app, COMMANDS)
app.command()(night.run)
app.command()(stack.up)
app.command()(stack.invoke)
app.command()(sign_in.sign_in)
app.command()(night.nightly)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(stack.psql)
app.command()(stack.dataverse)
app.add_typer(mail.app, name="mail")
app.command()(dataset.dataset)
app.command()(break_glass.rehearse_break_glass)
app.command()(deploy_check.deploy_check)
