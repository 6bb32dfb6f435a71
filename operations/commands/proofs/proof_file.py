"""Verify a file of `export-proofs`. It takes the standard library alone, so that an auditor can read it whole."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMAT: Final = "hlf-certification-proofs/1"
HOW_TO_VERIFY: Final = (
    "The first line is this header; every other line is a JSON object. Text is UTF-8, hashes are SHA-256 in lower-case"
    " hexadecimal. For each line with a position: (1) content_hash is the hash of content, character for character;"
    " (2) hash is the hash of previous_hash, a line feed and content_hash; (3) position is one more than that of the"
    " line before, and previous_hash is its hash; position 1 has an empty previous_hash; (4) content is a JSON object"
    " whose record and id are source and record. A content of null is a record that is missing; one older than"
    " kept_days was deleted on purpose. A position of null is a record that is not in the chain; the next sweep links"
    " it within minutes. There are as many lines as links and unlinked say, and chain_begins_with is 1."
    " That the end of the chain is the one of"
    " that night, and not a chain made anew, is shown by chain_position and chain_hash in that night's log line of"
    " reconciliation_full."
)
# A sweep links what the writing transaction could not; it comes every five minutes.
_MAY_BE_UNLINKED = timedelta(minutes=30)
_FIRST = 1
# Links are made within minutes, and a comparison is recorded with the time at which it began.
_LATE = timedelta(days=2)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class NotAProofFileError(ValueError):
    """The file is no export of proofs, or of a form that this program does not know."""


@dataclass
class Verification:
    """Describe what a file holds, and each fault in one sentence; the chain is whole if there are none."""

    first: int | None = None
    last: int | None = None
    links: int = 0
    no_longer_kept: int = 0
    unlinked: int = 0
    end: str = ""
    problems: list[str] = field(default_factory=list)


def verify(lines: Iterable[str], anchors: Sequence[str] = ()) -> Verification:
    """Verify the lines of a file. `anchors`: hashes that a log has, each of which must be in the chain.

    Raises NotAProofFileError.
    """
    header, *rows = _parsed(lines)
    if header.get("format") != FORMAT:
        raise NotAProofFileError(f"the first line is not that of a file of the form {FORMAT}")
    if not all(anchors):
        raise NotAProofFileError("a hash of the log is empty")
    try:
        return _verified(header, rows, anchors)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise NotAProofFileError(f"a line has not the form of an export ({type(error).__name__})") from None


def _verified(header: dict[str, Any], rows: Sequence[dict[str, Any]], anchors: Sequence[str]) -> Verification:
    found = Verification()
    newest = ""
    hashes: set[str] = set()
    previous: dict[str, Any] | None = None
    exported_at = datetime.fromisoformat(header["exported_at"])
    for row in rows:
        if row["position"] is None:
            _check_unlinked(row, exported_at, found)
            continue
        _check_link(row, previous, found)
        newest = _check_content(row, exported_at - timedelta(days=header["kept_days"]), newest, found)
        previous = row
        hashes.add(row["hash"])
        found.links += 1
        found.first = row["position"] if found.first is None else found.first
        found.last, found.end = row["position"], row["hash"]
    _check_whole(header, found)
    found.problems += [f"the hash {hash_} of the log is not in this chain" for hash_ in anchors if hash_ not in hashes]
    return found


def sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _parsed(lines: Iterable[str]) -> list[dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in lines if line.strip()]
    except ValueError:
        raise NotAProofFileError("a line is not JSON") from None
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise NotAProofFileError("the file has no lines, or a line is no JSON object")
    return rows


def _check_link(row: dict[str, Any], previous: dict[str, Any] | None, found: Verification) -> None:
    position = row["position"]
    if row["hash"] != sha256(f"{row['previous_hash']}\n{row['content_hash']}"):
        found.problems.append(f"link {position} was changed: its hash is not that of its parts")
    if previous is not None and position != previous["position"] + 1:
        found.problems.append(f"links are missing between {previous['position']} and {position}")
    elif previous is not None and row["previous_hash"] != previous["hash"]:
        found.problems.append(f"link {position} does not follow link {previous['position']}")
    elif position == _FIRST and row["previous_hash"]:
        found.problems.append("link 1 says that another came before it")


def _check_content(row: dict[str, Any], kept_since: datetime, newest: str, found: Verification) -> str:
    """Check what a link is of, and return the newest time that a record so far has within its hash.

    The line's own time is not hashed. So a record that is missing may only be older than what is kept, and come before
    every record that is not; and none may be older than one that was linked before it.
    """
    name = f"{row['source']} {row['record']} (link {row['position']})"
    if row["content"] is None:
        is_old = datetime.fromisoformat(row["at"]) < kept_since
        if is_old and (not newest or datetime.fromisoformat(newest) < kept_since + _LATE):
            found.no_longer_kept += 1
        else:
            found.problems.append(f"{name} is missing")
    elif sha256(row["content"]) != row["content_hash"]:
        found.problems.append(f"{name} was changed after it was linked")
    else:
        content = json.loads(row["content"])
        if (content["record"], str(content["id"])) != (row["source"], row["record"]):
            found.problems.append(f"{name} holds another record: {content['record']} {content['id']}")
        if "at" not in content:  # what became of a forced sync has no time of its own
            return newest
        at = str(content["at"])
        if newest and datetime.fromisoformat(at) < datetime.fromisoformat(newest) - _LATE:
            found.problems.append(f"{name} is of {at}, and was linked after a record of {newest}")
        return max(newest, at, key=lambda text: datetime.fromisoformat(text) if text else _LONG_AGO)
    return newest


def _check_unlinked(row: dict[str, Any], exported_at: datetime, found: Verification) -> None:
    found.unlinked += 1
    if datetime.fromisoformat(row["at"]) < exported_at - _MAY_BE_UNLINKED:
        found.problems.append(f"{row['source']} {row['record']} has no link, although it is of {row['at']}")


def _check_whole(header: dict[str, Any], found: Verification) -> None:
    if found.links != header["links"] or found.unlinked != header["unlinked"]:
        found.problems.append(
            f"lines are missing, or were added: {found.links} links and {found.unlinked} records without one,"
            f" and the header says {header['links']} and {header['unlinked']}"
        )
    end = header["chain_end"]
    if end and header["chain_begins_with"] != _FIRST:
        found.problems.append(f"the chain begins with link {header['chain_begins_with']}: those before it are missing")
    if found.last is not None and end and found.last == end["position"] and found.end != end["hash"]:
        found.problems.append("the last link is not the end of the chain that the header names")
