"""Read the command line, in the person's language."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from break_glass.errors import NotUnderstoodError
from break_glass.wording import SENTENCES
from shared.domain.alerts import Language

PROGRAM = "hlf-break-glass"
_DEFAULT_PATIENCE, _LONGEST_PATIENCE = 240.0, 3600.0


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line."""

    command: str
    file: Path | None
    dry_run: bool
    hide_only: bool
    everything: bool
    from_csv: Path | None
    journal: Path | None
    settings: Path | None
    credentials: Path | None
    actor: str
    reason: str
    yes: bool
    confirm: tuple[str, ...]
    patience: float
    json: bool


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise NotUnderstoodError("bad_arguments", said=message)


def typed_program() -> str:
    """Return how this program is typed here: the file that a person has, or the repository's module."""
    name = Path(sys.argv[0]).name
    return f"python3.13 {name}" if name.endswith(".pyz") else "python -m break_glass"


def language_of(argv: list[str]) -> Language:
    """Return the language of the command line, before the rest of it is read; bokmål unless it says English."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("--lang", choices=list(Language), default=Language.NB)
    return Language(parser.parse_known_args(argv)[0].lang)


def parse(argv: list[str], language: Language) -> Arguments:
    """Return what the command line says. Raises NotUnderstoodError; SystemExit after --help."""

    def words(name: str) -> str:
        nb, en = SENTENCES[name]
        return (nb if language is Language.NB else en).replace("%", "%%")

    parser = _Parser(
        prog=PROGRAM,
        description=words("help_program"),
        add_help=False,
        allow_abbrev=False,
        usage=argparse.SUPPRESS,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=28, width=79),
    )
    arguments, options = parser.add_argument_group(words("arguments")), parser.add_argument_group(words("options"))
    commands = ("run", "check", "import-journal")
    arguments.add_argument("command", nargs="?", choices=commands, default="run", help=words("help_command"))
    arguments.add_argument("file", nargs="?", type=Path, help=words("help_file"))
    for name in ("dry-run", "hide-only", "everything"):
        options.add_argument(f"--{name}", action="store_true", help=words(f"help_{name.replace('-', '_')}"))
    for name in ("from-csv", "journal", "settings", "credentials"):
        options.add_argument(f"--{name}", type=Path, metavar="F", help=words(f"help_{name.replace('-', '_')}"))
    for name in ("actor", "reason"):
        options.add_argument(f"--{name}", default="", metavar="T", help=words(f"help_{name}"))
    options.add_argument("--yes", action="store_true", help=words("help_yes"))
    options.add_argument("--confirm", action="append", default=[], metavar="T", help=words("help_confirm"))
    options.add_argument("--patience", type=float, default=_DEFAULT_PATIENCE, metavar="S", help=words("help_patience"))
    options.add_argument("--json", action="store_true", help=words("help_json"))
    options.add_argument("--lang", choices=list(Language), default=Language.NB, help=words("help_lang"))
    options.add_argument("-h", "--help", action="help", help=words("help_help"))
    said = parser.parse_args(argv)
    values = {name: value for name, value in vars(said).items() if name not in {"lang", "help"}}
    found = Arguments(**values | {"confirm": tuple(said.confirm)})
    _check(found, parser)
    return found


def _check(found: Arguments, parser: _Parser) -> None:
    if (found.command == "import-journal") is (found.file is None):
        parser.error("import-journal FILE")
    if found.hide_only and found.everything:
        parser.error("--hide-only --everything")
    if found.from_csv and found.everything:
        raise NotUnderstoodError("csv_hides_only")
    if found.journal and not found.from_csv:
        raise NotUnderstoodError("journal_needs_csv")
    if not 0 <= found.patience <= _LONGEST_PATIENCE:
        parser.error("--patience 0…3600")
