"""Run one command of `hlf-break-glass`. Every expected error is a sentence and an exit code, never a traceback."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from break_glass import arguments, checking, importing, running
from break_glass.access import Access
from break_glass.errors import GlassError, NotKnownError
from break_glass.terminal import Terminal
from shared.domain.alerts import Language
from shared.domain.errors import (
    ConnectionLostError,
    StoreRefusedError,
    StoreUnavailableError,
    WebsiteBackoffError,
    WebsiteRefusedError,
    WebsiteUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from break_glass.arguments import Arguments
    from shared.domain.errors import CertificationError

_COMMANDS = {"run": running.run, "check": checking.check, "import-journal": importing.import_journal}
_OF_DATABASE = {
    "database_tls_failed": "database_tls",
    "secret_sslmode_refused": "database_tls",
    "database_connection_lost": "database_lost",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0: done; 1: something is wrong; 2: not understood; 3: not done yet, or not known."""
    # Nothing is logged, not even by the libraries (I11).
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    finally:
        logging.disable(before)


def _run(words: list[str]) -> int:
    terminal = Terminal(Language.NB)
    try:
        language = arguments.language_of(words)
        terminal = Terminal(language)
        said = arguments.parse(words, language)
        terminal = Terminal(language, to_stderr=said.json)
        return _run_command(said, terminal)
    except GlassError as error:
        terminal.say(error.sentence, **error.facts)
        return error.exit_code
    except KeyboardInterrupt:
        terminal.show_as_is("")
        terminal.say("nothing_changed")
        return NotKnownError.exit_code


def _run_command(said: Arguments, terminal: Terminal) -> int:
    try:
        return _COMMANDS[said.command](said, Access(said.settings, said.credentials, terminal), terminal)
    except (
        ConnectionLostError,
        StoreRefusedError,
        StoreUnavailableError,
        WebsiteRefusedError,
        WebsiteUnavailableError,
    ) as error:
        raise _in_words(error, terminal.meaning) from None


def _in_words(error: CertificationError, meaning: Callable[[Iterable[str]], str]) -> GlassError:
    code = str(error)
    match error:
        case ConnectionLostError():
            return NotKnownError(_OF_DATABASE.get(code, "no_database"), code=code)
        case StoreRefusedError():
            return GlassError("database_refused", code=code)
        case StoreUnavailableError():
            return NotKnownError("database_busy", code=code)
        case WebsiteBackoffError(seconds=seconds):
            return NotKnownError("website_waits", seconds=round(seconds))
        case WebsiteRefusedError():
            return GlassError("website_refused", code=meaning([code]))
        case _:
            return NotKnownError("website_unreachable", code=meaning([code]))
