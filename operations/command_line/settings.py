"""Define the `settings` commands: show, set and history."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import psycopg
import typer

from operations import console
from operations.commands import organisations
from operations.commands.configuration import setting_values
from operations.commands.configuration import settings as configuring
from operations.errors import NotUnderstoodError, OperationsError
from operations.mounting import InFunction
from operations.options import Actor, AsJson, Reason, require_named
from operations.screens import settings_view
from operations.target import System
from operations.through_function import show as show_reply
from operations.wording import words
from operations.wording.speech import say

Organisation = Annotated[str | None, typer.Option("--org", help="The organisation's name or id.", show_default=False)]
Standard = Annotated[bool, typer.Option("--standard", help="The HLF standard.")]
_MOST_CHANGES = 200


def show(
    system: System, *, organisation: Organisation = None, standard: Standard = False, as_json: AsJson = False
) -> None:
    """Show the settings in force, and whose they are: of one organisation, of the standard, or of all."""
    with system.reading() as connection:
        found = configuring.read_settings(connection)
        if organisation is not None or standard:
            found = (configuring.settings_of(found, _subject(connection, organisation, standard=standard)),)
    if as_json:
        words.print_json(found)
    else:
        settings_view.settings(found)


def set_(
    system: System,
    changes: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME=VALUE...",
            help="Such as thresholds='45 21 7' or listing_mapping=@FILE. The value standard takes back an own one.",
        ),
    ],
    *,
    actor: Actor,
    reason: Reason,
    organisation: Organisation = None,
    standard: Standard = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: needed where there is no terminal.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Change settings. Says first what that would do to mentors and listings, and asks."""
    require_named(actor, reason)
    parsed = setting_values.parse(changes, files=system.reads_files)
    _require_somebody_to_ask(yes=yes, dry_run=dry_run)
    with system.reading() as connection:
        subject = _subject(connection, organisation, standard=standard)
        shown = configuring.settings_of(configuring.read_settings(connection), subject)
        made = configuring.preview(connection, shown, parsed)
    if not as_json:
        settings_view.change(made)
    if dry_run:
        _print_json(made, as_json=as_json)
        return
    if not yes:
        _confirm()
    with system.writing() as connection:
        configuring.change(connection, shown, made.after, actor, reason)
    _print_json(replace(made, changed=True), as_json=as_json)
    if not as_json:
        console.out.print(say("Changed. Reminders follow with the next nightly check, the website at once."))


def set_in_function(given: dict[str, Any], in_function: InFunction) -> None:
    """Show what the change would do, ask here, and make it there."""
    require_named(given["actor"], given["reason"])
    setting_values.parse(given["changes"])
    given["changes"] = setting_values.with_files_read(given["changes"])
    _require_somebody_to_ask(yes=given["yes"], dry_run=given["dry_run"])
    if not given["yes"] and not given["dry_run"]:
        if not given["as_json"]:
            show_reply(in_function(given | {"dry_run": True}))
        _confirm()
        given["yes"] = True
    show_reply(in_function(given))


def history(
    system: System, *, organisation: Organisation = None, standard: Standard = False, as_json: AsJson = False
) -> None:
    """List who has changed which settings, when, why, and from what to what."""
    with system.reading() as connection:
        everything = organisation is None and not standard
        subject = None if everything else _subject(connection, organisation, standard=standard)
        found = configuring.read_history(connection, subject, _MOST_CHANGES, everything=everything)
    if as_json:
        words.print_json(found)
    else:
        settings_view.history(found, datetime.now(UTC))


def _require_somebody_to_ask(*, yes: bool, dry_run: bool) -> None:
    if not (yes or dry_run) and not sys.stdin.isatty():
        raise NotUnderstoodError("nobody can be asked here: say --yes to change it, or --dry-run to see what that does")


def _confirm() -> None:
    if not typer.confirm(say("Change it?"), err=True):
        raise OperationsError(say("Nothing was changed."))


def _print_json(made: configuring.SettingsChange, *, as_json: bool) -> None:
    if as_json:
        words.print_json(made)


def _subject(connection: psycopg.Connection, name: str | None, *, standard: bool) -> organisations.Organisation | None:
    """Return the organisation that is meant; None is the standard. Raises NotUnderstoodError unless one is named."""
    if (name is not None) == standard:
        raise NotUnderstoodError("say whose settings: --org NAME, or --standard for the HLF standard; not both")
    return None if name is None else organisations.find(connection, name)
