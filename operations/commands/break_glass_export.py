"""Write the export from which break-glass hides mentors when the database cannot be reached."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from operations.errors import OperationsError
from shared.domain.break_glass.export import COLUMNS

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class WrittenExport:
    """Describe the file that was written."""

    file: str
    mentors: int


def read(connection: psycopg.Connection) -> str:
    """Return the content of the file. Raises OperationsError if the app has no mentors."""
    rows = connection.execute(
        "SELECT mentor_id, organisation_id, listed, why, last_valid_day, timezone, website_table, website_key, show,"
        " hide, exported_at FROM certification.break_glass_export()"
    ).fetchall()
    if not rows:
        raise OperationsError("the app has no mentors: nothing was written")
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([*row[:-1], row[-1].isoformat()] for row in rows)
    return text.getvalue()


def write(content: str, path: Path) -> WrittenExport:
    """Replace the file as a whole, readable by its owner only."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.absolute().parent, delete=False
        ) as new:  # mode 0600
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        Path(new.name).replace(path)
    except OSError as error:
        raise OperationsError(f"{path} cannot be written: {error.strerror}") from None
    return WrittenExport(str(path), sum(1 for _ in csv.reader(io.StringIO(content, newline=""))) - 1)
