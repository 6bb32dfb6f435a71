"""Give each command the system it works on: one definition of a command, whatever program it is mounted in.

A command takes `system` first. A program says by a function how its system is named, whose parameters become options
of every command: `operations.target.named` has --stack and --database-url, `local.target.local_system` has none.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from operations.options import Language
from operations.wording import speech

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from operations.target import System

type Command = Callable[..., None]

_LANGUAGE = inspect.Parameter("language", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Language)


@dataclass(frozen=True)
class Group:
    """Commands under a word of their own, such as `rejected list`."""

    help: str
    commands: Mapping[str, Command]


@dataclass(frozen=True)
class Program:
    """How the system is named, how errors are told, and the heading of the commands in the program's help."""

    open_system: Callable[..., System]
    in_sentences: Callable[[], AbstractContextManager[None]]
    panel: str | None = None

    def mount(self, app: typer.Typer, commands: Mapping[str, Command | Group]) -> None:
        """Add the commands to an application."""
        for name, command in commands.items():
            if isinstance(command, Group):
                group = typer.Typer(no_args_is_help=True, help=command.help)
                app.add_typer(group, name=name, rich_help_panel=self.panel)
                for inner, made in command.commands.items():
                    group.command(inner)(self._on_its_system(made))
            else:
                app.command(name, rich_help_panel=self.panel)(self._on_its_system(command))

    def _on_its_system(self, command: Command) -> Command:
        naming = inspect.signature(self.open_system, eval_str=True).parameters
        _, *own = inspect.signature(command, eval_str=True).parameters.values()

        def run(**given: Any) -> None:  # noqa: ANN401 - whatever the options hold
            with self.in_sentences():
                language = given.pop("language")
                system = self.open_system(**{name: given.pop(name) for name in naming})
                speech.use(language or system.language, system.target)
                command(system, **given)

        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [one.replace(kind=keyword) for one in (*own, *naming.values())] + [_LANGUAGE]
        run.__doc__ = command.__doc__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run
