"""Verify the integration: by the deployed function, or by the database alone; and the behaviour, as its owner."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from operations import databases
from operations.errors import DatabaseNotReadableError, NotKnownError
from shared.adapters.postgres.integration.behaviour.concurrent import concurrent_findings, concurrent_points
from shared.adapters.postgres.integration.behaviour.points import behaviour_findings, behaviour_points
from shared.adapters.postgres.integration.data import data_findings, data_points
from shared.adapters.postgres.integration.server import server_findings, server_points
from shared.adapters.postgres.integration.structure import structure_findings, structure_points
from shared.domain.integration.contract import CONTRACT_VERSION
from shared.domain.integration.findings import Report, report_from_json, unchecked
from shared.use_cases.verify_integration import Part, verify_integration

if TYPE_CHECKING:
    import psycopg

FUNCTION = "VerifyIntegration"
DOING = "Verifying the database, the website and the stack"
DOING_BEHAVIOUR = "Trying pause, resume, night and listing on rows that are rolled back"


def of_function(payload: Any) -> Report:  # noqa: ANN401 - any JSON value
    """Parse the function's result. Raises NotKnownError for one of another version."""
    try:
        report = report_from_json(payload)
    except (KeyError, TypeError, ValueError):
        raise NotKnownError("the function's report cannot be read: is it of the version of this program?") from None
    if report.contract_version != CONTRACT_VERSION:
        raise NotKnownError(
            f"the function verifies contract {report.contract_version}, and this program knows {CONTRACT_VERSION}:"
            " deploy and install the same version"
        )
    known = {finding.point for finding in report.findings}
    missing = {point: expected for point, expected in _read_only_points().items() if point not in known}
    return Report(
        (
            *report.findings,
            *(
                unchecked(point, expected, "the deployed function does not know it")
                for point, expected in missing.items()
            ),
        )
    )


def _read_only_points() -> dict[str, str]:
    return structure_points() | server_points() | data_points()


def of_database(connection: psycopg.Connection[Any]) -> Report:
    """Return the findings of structure, server and data. The connection is in autocommit: no lock is kept."""
    return verify_integration(
        [
            Part(structure_points(), partial(structure_findings, connection)),
            Part(server_points(), partial(server_findings, connection)),
            Part(data_points(), partial(data_findings, connection)),
        ]
    )


def of_behaviour(address: str, *, copy: bool) -> Report:
    """Return the findings of the behaviour, by the login that owns the schema.

    `copy`: the database is a copy, so that rows may be committed for what takes two connections.
    """
    try:
        with databases.connected(address) as connection:
            alone = verify_integration([Part(behaviour_points(), partial(behaviour_findings, connection))])
    except DatabaseNotReadableError as error:
        points = behaviour_points() | concurrent_points()
        return Report(tuple(unchecked(point, expected, str(error)) for point, expected in points.items()))
    connect = partial(databases.connected, address) if copy else None
    return Report((*alone.findings, *concurrent_findings(connect)))
