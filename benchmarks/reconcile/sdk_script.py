"""What a user would write: a program that compares the website with the app, with Microsoft's own SDK for Python.

It pages the table into a dictionary and holds against it one SELECT of the published fields of the mentors that should
be listed. It repairs, records and proves nothing, and one page that skips a row is a difference to it.

`python -m benchmarks.reconcile.sdk_script URL TOKEN DSN` connects, compares, and prints one line of JSON: `seconds`
from before the first page until the verdict, `peak_mb` of this process, and how many listings are equal, different,
missing and unexpected. For an interpreter that has the SDK and psycopg (.rival-venv).
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any, Final

import psycopg

from benchmarks.sync.sdk_client import sdk_client

_TABLE: Final = "hlf_PeerMentor"
_KEY: Final = "hlf_mentorid"
_COLUMNS: Final = (
    "hlf_name",
    "hlf_firstname",
    "hlf_lastname",
    "hlf_phone",
    "hlf_email",
    "hlf_area",
    "hlf_organisation",
)
_PAGE_SIZE: Final = 5000
_WANTED: Final = """
    SELECT m.id::text, concat_ws(' ', m.first_name, m.last_name), m.first_name, m.last_name, m.phone, m.email, m.area,
           o.name
      FROM public.peer_mentors AS m
      JOIN public.organisations AS o ON o.id = m.organisation_id
      JOIN public.certifications AS c ON c.mentor_id = m.id
     WHERE m.status = 'active' AND m.listing_consent AND c.expires_on >= current_date
"""


def main() -> None:
    """Compare once."""
    url, token, dsn = sys.argv[1:]
    with sdk_client(url, token) as client, psycopg.connect(dsn, autocommit=True) as connection:
        client.records.list(_TABLE, top=1)  # so that it is connected before the clock starts
        began = time.perf_counter()
        found = _compare(client, connection)
        found["seconds"] = time.perf_counter() - began
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


def _compare(client: Any, connection: psycopg.Connection[Any]) -> dict[str, float]:  # noqa: ANN401 - see sdk_client
    select = [_KEY, *_COLUMNS, "statecode", "statuscode"]
    website = {}
    for page in client.records.list_pages(_TABLE, select=select, page_size=_PAGE_SIZE):
        for row in page:
            if row["statecode"] == 0 and row["statuscode"] == 1:
                website[row[_KEY]] = tuple(row[name] for name in _COLUMNS)
    equal = different = missing = 0
    for mentor, *fields in connection.execute(_WANTED):
        shown = website.pop(mentor, None)
        if shown is None:
            missing += 1
        elif shown == tuple(fields):
            equal += 1
        else:
            different += 1
    return {"equal": equal, "different": different, "missing": missing, "unexpected": len(website)}


if __name__ == "__main__":
    main()
