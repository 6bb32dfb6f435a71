"""`hlf-break-glass import-journal`: write into the audit what was done without the database. Safe to repeat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from break_glass import work
from break_glass.errors import NotUnderstoodError
from shared.adapters.postgres import break_glass as store
from shared.domain.break_glass.journal import JournalMalformedError, read_journal

if TYPE_CHECKING:
    from break_glass.access import Access
    from break_glass.arguments import Arguments
    from break_glass.terminal import Terminal


def import_journal(said: Arguments, access: Access, terminal: Terminal) -> int:
    """Import a journal. A line that was imported before changes nothing."""
    path = said.file or Path()
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            journal = read_journal(file)
    except (OSError, UnicodeDecodeError):
        raise NotUnderstoodError("file_not_found", path=path) from None
    except JournalMalformedError as error:
        raise NotUnderstoodError("journal_malformed", path=path, line=error.line) from None
    with work.database(access) as connection:
        new = store.import_journal(connection, journal)
    known = len(journal.entries) - new
    terminal.say("imported", new=new, known=known)
    if said.json:
        print(json.dumps({"journal": str(journal.id), "new": new, "known": known}))
    return 0
