"""What a user would write: a program that brings changed mentors to the website with Microsoft's own SDK for Python.

One SELECT of the published fields of the mentors that are not synced, one UpsertMultiple for so many of them, one
UPDATE that marks them. It has no claims, so two of it must not meet; no unknown outcomes, no hiding, no mass-change
limit; and one row that the website rejects stops it.

`python -m benchmarks.sync.sdk_script URL TOKEN DSN` connects, and reads commands from its input, one JSON to a line:
{"send": [PART, PARTS, SIZE]} syncs one part of the mentors, SIZE at a time; anything else asks whether it is ready. It
answers each with a line. For an interpreter that has the SDK and psycopg (.rival-venv).
"""

from __future__ import annotations

import json
import sys
import time
from itertools import batched
from typing import Any, Final

import psycopg

# Only there, and so unknown to the type checker here.
from PowerPlatform.Dataverse.models import UpsertItem  # type: ignore[import-not-found]
from psycopg.rows import dict_row

from benchmarks.sync.sdk_client import sdk_client

_TABLE: Final = "hlf_PeerMentor"
_KEY: Final = "hlf_mentorid"
_UNSYNCED: Final = """
    SELECT p.mentor_id, p.version, concat_ws(' ', m.first_name, m.last_name) AS hlf_name,
           m.first_name AS hlf_firstname, m.last_name AS hlf_lastname, m.phone AS hlf_phone, m.email AS hlf_email,
           m.area AS hlf_area, o.name AS hlf_organisation
      FROM rival.published AS p
      JOIN public.peer_mentors AS m ON m.id = p.mentor_id
      JOIN public.organisations AS o ON o.id = m.organisation_id
      JOIN public.certifications AS c ON c.mentor_id = m.id
     WHERE p.synced_version < p.version AND m.status = 'active' AND m.listing_consent
       AND c.expires_on >= current_date AND get_byte(uuid_send(p.mentor_id), 0) %% %(parts)s = %(part)s
"""
_MARK: Final = """
    UPDATE rival.published AS p SET synced_version = s.version, synced_at = clock_timestamp()
      FROM unnest(%s::uuid[], %s::bigint[]) AS s (mentor_id, version)
     WHERE p.mentor_id = s.mentor_id
"""
_SHOWN: Final = {"statecode": 0, "statuscode": 1}


def main() -> None:
    """Do what is asked, until the input ends."""
    url, token, dsn = sys.argv[1:]
    with (
        sdk_client(url, token) as client,
        psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection,
    ):
        client.records.list(_TABLE, top=1)  # so that it is connected before the clock starts
        for line in sys.stdin:
            command = json.loads(line)
            began = time.perf_counter()
            if "send" in command:
                _sync(client, connection, *command["send"])
            print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


def _sync(client: Any, connection: psycopg.Connection[dict[str, Any]], part: int, parts: int, size: int) -> None:  # noqa: ANN401
    rows = connection.execute(_UNSYNCED, {"part": part, "parts": parts}).fetchall()
    for some in batched(rows, size, strict=False):
        ids, versions = [row.pop("mentor_id") for row in some], [row.pop("version") for row in some]
        items = [
            UpsertItem(alternate_key={_KEY: str(mentor_id)}, record=row | _SHOWN)
            for mentor_id, row in zip(ids, some, strict=True)
        ]
        client.records.upsert(_TABLE, items)
        connection.execute(_MARK, (ids, versions))


if __name__ == "__main__":
    main()
