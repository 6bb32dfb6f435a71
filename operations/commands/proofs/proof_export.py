"""Write the proofs and the audit of a time into a file that anybody can verify."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from operations.commands.proofs.proof_file import FORMAT, HOW_TO_VERIFY
from operations.errors import OperationsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import psycopg


@dataclass(frozen=True)
class ProofExport:
    """Describe the file that was written."""

    file: str
    links: int
    unlinked: int
    first_position: int | None
    last_position: int | None
    last_hash: str | None


def read(connection: psycopg.Connection, since: datetime, until: datetime) -> list[str]:
    """Return the lines of the file: what it is, and each link of the chain."""
    names = ("position", "source", "record", "at", "content", "content_hash", "previous_hash", "hash")
    rows = [
        dict(zip(names, row, strict=True))
        for row in connection.execute(
            "SELECT e.position, e.source, e.record, e.at, e.content, e.content_hash, e.previous_hash, e.hash"
            "  FROM certification.export_chain(%s, %s) AS e",
            (since, until),
        ).fetchall()
    ]
    end = connection.execute(
        "SELECT c.position, c.hash, (SELECT min(b.position) FROM certification.chain AS b)"
        "  FROM certification.chain AS c ORDER BY c.position DESC LIMIT 1"
    ).fetchone()
    kept = connection.execute(
        "SELECT (s.stored -> 'keep_audit_days')::integer FROM certification.all_settings() AS s"
        " WHERE s.organisation_id IS NULL"
    ).fetchone()
    linked = sum(row["position"] is not None for row in rows)
    header = {
        "format": FORMAT,
        "how_to_verify": HOW_TO_VERIFY,
        "from": since,
        "to": until,
        "exported_at": datetime.now(UTC),
        "kept_days": kept[0] if kept else None,
        "links": linked,
        "unlinked": len(rows) - linked,
        "chain_begins_with": end[2] if end else None,
        "chain_end": {"position": end[0], "hash": end[1]} if end else None,
    }
    return [json.dumps(row, ensure_ascii=False, default=_plain) for row in (header, *rows)]


def write(lines: Sequence[str], file: Path) -> ProofExport:
    """Write the file, for its owner alone. Raises OperationsError if it is there already."""
    _write(file, lines)
    rows = [json.loads(line) for line in lines[1:]]
    linked = [row for row in rows if row["position"] is not None]
    first, last = (linked[0], linked[-1]) if linked else ({}, {})
    return ProofExport(
        str(file),
        len(linked),
        len(rows) - len(linked),
        first.get("position"),
        last.get("position"),
        last.get("hash"),
    )


def _write(file: Path, lines: Sequence[str]) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise OperationsError(f"{file} is there already: give another name") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as out:
            for line in lines:
                out.write(line + "\n")
    except BaseException:
        with suppress(OSError):  # half a file proves nothing
            file.unlink()
        raise


def _plain(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)
