"""Mount the commands in a program and give each command the system it works on.

A command is defined once and takes `system` as its first parameter. Each program passes a function that opens its
system. The parameters of that function become options of every command: `operations.target.named` adds --stack and
--database-url, `local.target.local_system` adds none.
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
    """Hold the commands of one group, such as `rejected list` and `rejected retry`."""

    help: str
    commands: Mapping[str, Command]


@dataclass(frozen=True)
class Program:
    """Describe a program: how it opens its system, how it reports errors, and the commands' heading in its help."""

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

        def run(**given: Any) -> None:  # noqa: ANN401 - any option value
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
