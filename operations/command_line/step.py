"""Define `step`, which a function runs for the commands that reach the database through it. No person types it."""

import json
import sys
from typing import Annotated

import typer

from operations.commands import steps
from operations.errors import NotUnderstoodError
from operations.target import System


def step(
    system: System,
    name: Annotated[str, typer.Argument()],
    parameters: Annotated[str, typer.Argument(help="A JSON list.")],
) -> None:
    """Make one statement of a command that calls AWS in between, and print its rows as JSON."""
    try:
        values = json.loads(parameters)
    except ValueError:
        values = None
    if not isinstance(values, list):
        raise NotUnderstoodError("the parameters of a step are a JSON list")
    with system.writing() as connection:
        made = steps.make(connection, name, values)
    sys.stdout.write(json.dumps(made))
