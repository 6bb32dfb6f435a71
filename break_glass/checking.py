"""`hlf-break-glass check`: examine the credentials and change nothing."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from break_glass import work
from break_glass.errors import GlassError, NotKnownError
from break_glass.offline import read_file, tables_of
from break_glass.state import LocalBackoff
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from break_glass.access import Access
    from break_glass.arguments import Arguments
    from break_glass.terminal import Terminal
    from shared.domain.credentials.examination import Examination
    from shared.domain.listings import ListingTable
    from shared.ports import Backoff


def check(said: Arguments, access: Access, terminal: Terminal) -> int:
    """Examine the credentials against the tables of the database, or of an export."""
    if said.from_csv:
        named = tables_of(read_file(said.from_csv, datetime.now(UTC)))
        return _shown(_examine(access, named, LocalBackoff(), terminal), said, terminal)
    with work.database(access) as connection:
        tables, state = PostgresListings(connection).tables(), PostgresSyncState(connection)
        return _shown(_examine(access, tables, state, terminal), said, terminal)


def _examine(access: Access, tables: Sequence[ListingTable], backoff: Backoff, terminal: Terminal) -> Examination:
    how = access.dynamics()
    with closing(work.service_of(how)) as service:
        terminal.say("examining")
        return work.examined(service, how, tables, backoff)


def _shown(found: Examination, said: Arguments, terminal: Terminal) -> int:
    work.show_examination(found, terminal)
    if said.json:
        findings = [
            {"fault": f.fault, "code": f.code, "table": f.table, "privilege": f.privilege} for f in found.findings
        ]
        print(json.dumps({"usable": found.usable, "findings": findings}))
    if found.usable:
        return 0
    return GlassError.exit_code if found.wrong else NotKnownError.exit_code
