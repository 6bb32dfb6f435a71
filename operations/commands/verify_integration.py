"""Verify the integration: by the deployed function, and by the database itself where no function can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.adapters.postgres.integration.data import data_findings
from shared.adapters.postgres.integration.server import server_findings
from shared.adapters.postgres.integration.structure import structure_findings
from shared.domain.integration.findings import Report

if TYPE_CHECKING:
    import psycopg


def read_database(connection: psycopg.Connection[Any]) -> Report:
    """Return the findings of structure, server and data. The connection is in autocommit: no lock is kept."""
    return Report(
        (
            *structure_findings(connection),
            *server_findings(connection),
            *data_findings(connection),
        )
    )
