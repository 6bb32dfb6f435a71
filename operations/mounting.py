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

from operations import through_function
from operations.options import Language as LanguageOption
from operations.wording import speech
from shared.domain.alerts import Language
from shared.domain.commands import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from operations.target import System
    from operations.through_function import Entry, Reply

type Command = Callable[..., None]
type InFunction = Callable[[Mapping[str, Any]], Reply]
"""Run the command in its function with these values of its options, and return what it printed there."""

_LANGUAGE = inspect.Parameter("language", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=LanguageOption)


@dataclass(frozen=True)
class ForDatabase:
    """Hold a command that needs the database and nothing else: on a stack, a function runs the whole of it.

    `here` does what has to be done where the person is, such as asking or writing a file, and gets the options' values
    and the means to run the command.
    """

    command: Command
    entry: Entry
    here: Callable[[dict[str, Any], InFunction], None] | None = None


@dataclass(frozen=True)
class Group:
    """Hold the commands of one group, such as `rejected list` and `rejected retry`."""

    help: str
    commands: Mapping[str, Command | ForDatabase]


@dataclass(frozen=True)
class WithoutSystem:
    """Hold a command that works on no system, such as one that reads a file."""

    command: Command


type Mounted = Command | ForDatabase | Group | WithoutSystem


@dataclass(frozen=True)
class Program:
    """Describe a program: how it opens its system, how it reports errors, and the commands' heading in its help."""

    open_system: Callable[..., System]
    in_sentences: Callable[[], AbstractContextManager[None]]
    panel: str | None = None

    def mount(self, app: typer.Typer, commands: Mapping[str, Mounted]) -> None:
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

    def _on_its_system(self, mounted: Command | ForDatabase) -> Command:
        command = mounted.command if isinstance(mounted, ForDatabase) else mounted
        naming = inspect.signature(self.open_system, eval_str=True).parameters
        _, *own = inspect.signature(command, eval_str=True).parameters.values()

        def run(**given: Any) -> None:  # noqa: ANN401 - any option value
            with self.in_sentences():
                language = given.pop("language")
                named = {name: given.pop(name) for name in naming}
                system = self.open_system(**named)
                spoken = language or system.language
                speech.use(spoken, system.target)
                if isinstance(mounted, ForDatabase) and system.is_reached_by_functions:
                    _through_function(system, mounted, named["context"], given, spoken)
                else:
                    command(system, **given)

        return _described(run, [*own, *naming.values()], command)


def _through_function(
    system: System, mounted: ForDatabase, context: typer.Context, given: dict[str, Any], language: Language
) -> None:
    def in_function(values: Mapping[str, Any]) -> Reply:
        words = through_function.arguments_of(context, values)
        return through_function.ask(system.functions(lambda _: None), mounted.entry, words, language)

    if mounted.here is None:
        through_function.show(in_function(given))
    else:
        mounted.here(given, in_function)


def _described(run: Command, own: list[inspect.Parameter], command: Command) -> Command:
    """Give the function that is run the help and the options of the command, and --language."""
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + [_LANGUAGE]
    run.__doc__ = command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run
