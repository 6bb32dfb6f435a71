"""What the webhook posts and the sync queue carries: {"mentors": [{"id": "<uuid>", "version": 7}, …]}, 1 to 100.

Hints (I7): ids and versions only (I11). Anything else in a message is neither read nor passed on.
"""

from __future__ import annotations

import json
import re
from itertools import batched
from typing import TYPE_CHECKING
from uuid import UUID

from shared.domain.errors import PermanentError
from shared.domain.listings import SyncRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MENTORS = 100
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_LARGEST_VERSION = 2**63 - 1  # a bigint


class MalformedMessageError(PermanentError):
    """A message is malformed. The error says where and what was expected, never what stood there."""


def parse(text: str | bytes) -> tuple[SyncRequest, ...]:
    """Return the requests of a message's JSON text, one per mentor. Raises MalformedMessageError."""
    try:
        value = json.loads(text.decode() if isinstance(text, bytes) else text)
    except (ValueError, RecursionError):  # not UTF-8, not JSON, a number of 5,000 digits, brackets without end
        raise MalformedMessageError("not JSON in UTF-8") from None
    return requests_of(value)


def requests_of(value: object) -> tuple[SyncRequest, ...]:
    """Return the requests of a parsed message. Raises MalformedMessageError."""
    mentors = value.get("mentors") if isinstance(value, dict) else None
    if not isinstance(mentors, list) or not 1 <= len(mentors) <= MAX_MENTORS:
        raise MalformedMessageError(f'expected {{"mentors": [...]}} with 1 to {MAX_MENTORS} mentors')
    return merged(_request(mentor, f"mentors[{place}]") for place, mentor in enumerate(mentors))


def merged(requests: Iterable[SyncRequest]) -> tuple[SyncRequest, ...]:
    """Return one request per mentor, with the highest version that was requested."""
    versions: dict[UUID, int] = {}
    for request in requests:
        versions[request.mentor_id] = max(request.version, versions.get(request.mentor_id, 0))
    return tuple(SyncRequest(mentor_id, version) for mentor_id, version in versions.items())


def write(requests: Iterable[SyncRequest]) -> list[str]:
    """Return the fewest messages that hold these requests, one request per mentor."""
    return [
        json.dumps(
            {"mentors": [{"id": str(request.mentor_id), "version": request.version} for request in some]},
            separators=(",", ":"),
        )
        for some in batched(merged(requests), MAX_MENTORS, strict=False)
    ]


def _request(mentor: object, place: str) -> SyncRequest:
    if not isinstance(mentor, dict):
        raise MalformedMessageError(f"{place}: expected an object with id and version")
    found, version = mentor.get("id"), mentor.get("version")
    if not isinstance(found, str) or not _UUID.fullmatch(found):
        raise MalformedMessageError(f"{place}.id: expected a UUID")
    if type(version) is not int or not 1 <= version <= _LARGEST_VERSION:  # true is an int to isinstance
        raise MalformedMessageError(f"{place}.version: expected a positive whole number")
    return SyncRequest(UUID(found), version)
