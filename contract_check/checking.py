"""The check of one database: our migrations and the points, in one transaction that is rolled back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from shared.adapters.postgres.integration.behaviour.concurrent import concurrent_findings, concurrent_points
from shared.adapters.postgres.integration.behaviour.points import behaviour_findings, behaviour_points
from shared.adapters.postgres.integration.data import data_findings, data_points
from shared.adapters.postgres.integration.structure import structure_findings, structure_points
from shared.adapters.postgres.migrate import MigrationError, migrate
from shared.domain.integration.findings import Report, unchecked
from shared.use_cases.verify_integration import Part, verify_integration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.domain.integration.findings import Finding

# What a deployment sets up and the app's developers do not.
_OF_A_DEPLOYMENT = {"structure.webhook", "structure.temporary"}


def check(address: str) -> Report:
    """Verify structure, data and behaviour in one transaction that is rolled back. Raises psycopg.OperationalError."""
    with _connected(address) as connection, connection.transaction(force_rollback=True):
        return _checked(connection, None)


def check_and_keep(address: str) -> Report:
    """Verify the same with our migrations committed, and two workflows at once. Raises psycopg.OperationalError."""
    with _connected(address) as connection:
        return _checked(connection, partial(_connected, address))


def _connected(address: str) -> psycopg.Connection[Any]:
    return psycopg.connect(address, autocommit=True, client_encoding="utf8", prepare_threshold=None, connect_timeout=10)


def _checked(connection: psycopg.Connection[Any], connect: Callable[[], psycopg.Connection[Any]] | None) -> Report:
    structure = {point: expected for point, expected in structure_points().items() if point not in _OF_A_DEPLOYMENT}
    of_the_app = Part(structure, lambda: _of_the_app(connection))
    try:
        migrate(connection)
    except MigrationError as error:
        # The structure says the same, point by point; nothing else can be tried.
        why = f"our migrations cannot be applied: {' '.join(str(error).split())}"
        rest = data_points() | behaviour_points() | concurrent_points()
        not_tried = tuple(unchecked(point, expected, why) for point, expected in rest.items())
        return Report((*verify_integration([of_the_app]).findings, *not_tried))
    return verify_integration(
        [
            of_the_app,
            Part(data_points(), partial(data_findings, connection)),
            Part(behaviour_points(), partial(behaviour_findings, connection)),
            Part(concurrent_points(), partial(concurrent_findings, connect)),
        ]
    )


def _of_the_app(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    return (finding for finding in structure_findings(connection) if finding.point not in _OF_A_DEPLOYMENT)
