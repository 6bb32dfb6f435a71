"""Write the export from which break-glass hides mentors when the database cannot be reached."""

from __future__ import annotations

import csv
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from operations.errors import OperationsError
from shared.domain.break_glass_export import COLUMNS

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class WrittenExport:
    """Describe the file that was written."""

    file: str
    mentors: int


def write(connection: psycopg.Connection, path: Path) -> WrittenExport:
    """Replace the file as a whole, readable by its owner only."""
    rows = connection.execute(
        "SELECT mentor_id, organisation_id, listed, why, last_valid_day, timezone, website_table, website_key, show,"
        " hide, exported_at FROM certification.break_glass_export()"
    ).fetchall()
    if not rows:
        raise OperationsError("the app has no mentors: nothing was written")
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.absolute().parent, delete=False
        ) as new:  # mode 0600
            writer = csv.writer(new)
            writer.writerow(COLUMNS)
            writer.writerows([*row[:-1], row[-1].isoformat()] for row in rows)
            new.flush()
            os.fsync(new.fileno())
        Path(new.name).replace(path)
    except OSError as error:
        raise OperationsError(f"{path} cannot be written: {error.strerror}") from None
    return WrittenExport(str(path), len(rows))
