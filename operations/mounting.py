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

from operations.options import Language as LanguageOption
from operations.wording import speech
from shared.domain.alerts import Language
from shared.domain.commands import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from operations.target import System

type Command = Callable[..., None]

_LANGUAGE = inspect.Parameter("language", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=LanguageOption)


@dataclass(frozen=True)
class Group:
    """Hold the commands of one group, such as `rejected list` and `rejected retry`."""

    help: str
    commands: Mapping[str, Command]


@dataclass(frozen=True)
class WithoutSystem:
    """Hold a command that works on no system, such as one that reads a file."""

    command: Command


@dataclass(frozen=True)
class Program:
    """Describe a program: how it opens its system, how it reports errors, and the commands' heading in its help."""

    open_system: Callable[..., System]
    in_sentences: Callable[[], AbstractContextManager[None]]
    panel: str | None = None

    def mount(self, app: typer.Typer, commands: Mapping[str, Command | Group | WithoutSystem]) -> None:
        """Add the commands to an application."""
        for name, command in commands.items():
            if isinstance(command, Group):
                group = typer.Typer(no_args_is_help=True, help=command.help)
                app.add_typer(group, name=name, rich_help_panel=self.panel)
                for inner, made in command.commands.items():
                    group.command(inner)(self._on_its_system(made))
            elif isinstance(command, WithoutSystem):
                app.command(name, rich_help_panel=self.panel)(self._alone(command.command))
            else:
                app.command(name, rich_help_panel=self.panel)(self._on_its_system(command))

    def _alone(self, command: Command) -> Command:
        own = list(inspect.signature(command, eval_str=True).parameters.values())

        def run(**given: Any) -> None:  # noqa: ANN401 - any option value
            with self.in_sentences():
                speech.use(given.pop("language") or Language.EN, Target())
                command(**given)

        return _described(run, own, command)

    def _on_its_system(self, command: Command) -> Command:
        naming = inspect.signature(self.open_system, eval_str=True).parameters
        _, *own = inspect.signature(command, eval_str=True).parameters.values()

        def run(**given: Any) -> None:  # noqa: ANN401 - any option value
            with self.in_sentences():
                language = given.pop("language")
                system = self.open_system(**{name: given.pop(name) for name in naming})
                speech.use(language or system.language, system.target)
                command(system, **given)

        return _described(run, [*own, *naming.values()], command)


def _described(run: Command, own: list[inspect.Parameter], command: Command) -> Command:
    """Give the function that is run the help and the options of the command, and --language."""
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + [_LANGUAGE]
    run.__doc__ = command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
