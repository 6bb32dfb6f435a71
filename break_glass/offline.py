"""Hide from an export, without the database: the same ports, on the file and on a journal."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from break_glass.errors import NotKnownError, NotUnderstoodError
from shared.domain.break_glass.changes import MassLimits, Taken
from shared.domain.break_glass.export import Export, ExportMalformedError, read_export
from shared.domain.break_glass.journal import JournalOutcome, entry_line, first_line
from shared.domain.listings import (
    Accepted,
    Action,
    Change,
    Claim,
    ListingTable,
    Refused,
    Result,
    SettleOutcome,
)
from shared.domain.website_rows import Site

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path
    from typing import TextIO
    from uuid import UUID

    from shared.domain.break_glass.changes import AppListing, PlannedChange
    from shared.domain.listings import PushOutcome, SyncRequest

# The limits of the HLF standard (shared/database/tables/0003_settings.sql).
_COUNT, _PERCENT = 10, 20


def read_file(path: Path, now: datetime) -> Export:
    """Return the export. Raises NotUnderstoodError."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            return read_export(file, now)
    except OSError:
        raise NotUnderstoodError("file_not_found", path=path) from None
    except ExportMalformedError as error:
        raise NotUnderstoodError("export_malformed", path=path, line=error.line, code=error.code) from None


def tables_of(export: Export) -> Sequence[ListingTable]:
    """Return the tables that the export names."""
    return [ListingTable(*place) for place in sorted({(one.table, one.key) for one in export.mentors.values()})]


class JournalFile:
    """The journal, on the disk before a request is sent and after its reply came. It is made when the run begins."""

    def __init__(self, path: Path) -> None:
        """`path` must not exist then: what was done before is never overwritten."""
        self.path = path
        self._file: TextIO | None = None

    @property
    def is_begun(self) -> bool:
        """Return whether there is anything in it."""
        return self._file is not None

    def begin(self, actor: str, reason: str) -> None:
        """Write who, why and when. Raises NotUnderstoodError."""
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise NotUnderstoodError("journal_exists", path=self.path) from None
        except OSError:
            raise NotUnderstoodError("journal_unwritable", path=self.path) from None
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", newline="\n")
        self._write([first_line(uuid4(), actor, reason, datetime.now(UTC))])

    def record(self, outcomes: Sequence[tuple[UUID, JournalOutcome]]) -> None:
        """Write what is about to happen, or what has."""
        now = datetime.now(UTC)
        self._write([entry_line(mentor, outcome, now) for mentor, outcome in outcomes])

    def _write(self, lines: Sequence[str]) -> None:
        if self._file is None:
            raise RuntimeError("nothing is claimed before the journal begins")
        try:
            self._file.write("".join(f"{line}\n" for line in lines))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError:
            raise NotKnownError("journal_unwritable_midway", path=self.path) from None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class FileBreakGlass:
    """shared.ports.BreakGlass on an export."""

    def __init__(self, export: Export, journal: JournalFile) -> None:
        self._export = export
        self._journal = journal

    def sites(self) -> Sequence[Site]:
        """Return the tables that the export names."""
        places = dict.fromkeys((one.table, one.key, one.show, one.hide) for one in self._export.mentors.values())
        return [
            Site(number, table, key, (), json.loads(show), json.loads(hide))
            for number, (table, key, show, hide) in enumerate(places)
        ]

    def listings(self) -> Iterable[AppListing]:
        """Return every mentor of the export."""
        return [one.listing for one in self._export.mentors.values()]

    def limits(self) -> Sequence[MassLimits]:
        """Return the standard limits for each organisation; nobody knows here how many mentors are active."""
        sizes: dict[UUID, int] = {}
        for one in self._export.mentors.values():
            sizes[one.listing.organisation_id] = sizes.get(one.listing.organisation_id, 0) + 1
        return [MassLimits(who, str(who), _COUNT, _PERCENT, n) for who, n in sizes.items()]

    def begin(self, actor: str, reason: str, mode: str, planned: Mapping[str, int]) -> None:
        """Begin the journal."""
        del mode, planned  # it only hides, and says of each mentor what was done
        self._journal.begin(actor, reason)

    def take(self, changes: Sequence[PlannedChange]) -> Mapping[UUID, Taken]:
        """Take what hides."""
        return {change.mentor_id: Taken.TAKEN if change.action is Action.HIDE else Taken.CHANGED for change in changes}

    def end(self, outcome: str, counts: Mapping[str, int]) -> None:
        """Write nothing: what was done stands in the journal already."""


class FileListings:
    """shared.ports.Listings on an export: whoever is asked for is to be hidden."""

    def __init__(self, export: Export, journal: JournalFile) -> None:
        self._export = export
        self._journal = journal
        self._settled: dict[UUID, Result] = {}

    def claim(self, mentor_ids: Sequence[UUID], worker: UUID, lease: timedelta) -> Claim:
        """Claim those that are not done. They are in the journal before anything is sent."""
        del worker, lease  # there is no other worker
        changes = []
        for mentor in mentor_ids:
            one = self._export.mentors.get(mentor)
            if one is not None and mentor not in self._settled:
                changes.append(Change(mentor, 1, Action.HIDE, one.table, one.key, one.hide, one.hide))
        self._journal.record([(change.mentor_id, JournalOutcome.SENT) for change in changes])
        done = {mentor: self._settled.get(mentor, Result.UNKNOWN) for mentor in mentor_ids}
        for change in changes:
            del done[change.mentor_id]
        return Claim(tuple(changes), done, (), dict.fromkeys(mentor_ids, 1))

    def settle(
        self,
        worker: UUID,
        outcomes: Sequence[tuple[Change, PushOutcome]],
        outcome_unknown: Container[tuple[UUID, int]] = (),
    ) -> SettleOutcome:
        """Write what became of each into the journal."""
        del worker, outcome_unknown  # hiding twice is hiding
        written = []
        for change, outcome in outcomes:
            match outcome:
                case Accepted():
                    self._settled[change.mentor_id] = Result.HIDDEN
                    written.append((change.mentor_id, JournalOutcome.HIDDEN))
                case Refused():
                    self._settled[change.mentor_id] = Result.REJECTED
                    written.append((change.mentor_id, JournalOutcome.REFUSED))
                case _:
                    written.append((change.mentor_id, JournalOutcome.NOT_NOW))
        self._journal.record(written)
        return SettleOutcome()

    def unsynced(self, after: UUID | None, limit: int) -> Sequence[SyncRequest]:
        """Return none."""
        del after, limit
        return ()

    def tables(self) -> Sequence[ListingTable]:
        """Return the tables that the export names."""
        return tables_of(self._export)
