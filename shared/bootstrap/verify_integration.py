"""The parts of verify_integration: the database, the website and AWS."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import psycopg

from shared.adapters.aws.deployment import POINTS as DEPLOYMENT_POINTS
from shared.adapters.aws.deployment import deployment_findings
from shared.adapters.aws.people import POINTS as PEOPLE_POINTS
from shared.adapters.aws.people import people_findings
from shared.adapters.aws.secrets import read_secret
from shared.adapters.dataverse.definitions import Definitions
from shared.adapters.dataverse.website import DataverseWebsite
from shared.adapters.postgres.integration.asking import why
from shared.adapters.postgres.integration.data import data_findings, data_points
from shared.adapters.postgres.integration.mappings import mappings_in_force, values_too_long
from shared.adapters.postgres.integration.server import server_findings, server_points
from shared.adapters.postgres.integration.structure import structure_findings, structure_points
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.bootstrap.database import database_connection
from shared.bootstrap.website import website_service
from shared.domain.errors import CertificationError, ConnectionLostError, StoreRefusedError, WebsiteRefusedError
from shared.domain.integration.findings import broken, holds, unchecked
from shared.domain.integration.secrets import expected_of, point_of, secret_finding
from shared.domain.integration.website_tables import POINTS as TABLE_POINTS
from shared.domain.integration.website_tables import website_findings
from shared.settings import settings, verification_settings
from shared.use_cases.verify_integration import Part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shared.adapters.postgres.connection import Connection
    from shared.domain.integration.findings import Finding

_CREDENTIAL = "dependencies.website.credential"
_PRIVILEGES = "dependencies.website.privileges"
_WEBSITE_POINTS = {
    _CREDENTIAL: "the website accepts our credential",
    _PRIVILEGES: "the application user may read and write every table of the mappings",
}


@contextmanager
def verification_parts(time_left: Callable[[], float]) -> Iterator[Sequence[Part]]:
    """Yield the parts. Where the database cannot be reached, its parts say so and the others are still checked."""
    own, region = verification_settings(), settings().region
    secrets = Part(
        {point_of(name): expected_of(name) for name in own.secret_arns}, partial(_secrets, own.secret_arns, region)
    )
    aws = (
        secrets,
        Part(PEOPLE_POINTS, lambda: people_findings(region, own.sender, own.topic_arn)),
        Part(DEPLOYMENT_POINTS, lambda: deployment_findings(region, own.stack)),
    )
    database_points = structure_points(), server_points(), _WEBSITE_POINTS | TABLE_POINTS, data_points()
    try:
        with database_connection() as connection:
            checks = (
                lambda: structure_findings(connection),
                lambda: server_findings(connection),
                lambda: _website(connection, time_left),
                lambda: data_findings(connection),
            )
            yield [*(Part(points, check) for points, check in zip(database_points, checks, strict=True)), *aws]
    except ConnectionLostError as error:
        code = str(error)

        def unreachable() -> Sequence[Finding]:
            raise ConnectionLostError(code)

        yield [*(Part(points, unreachable) for points in database_points), *aws]


def _website(connection: Connection, time_left: Callable[[], float]) -> Iterator[Finding]:
    listings, state, service = PostgresListings(connection), PostgresSyncState(connection), website_service()
    website = DataverseWebsite(service, state, time_left=time_left, batch_size=1, parallel=1)
    try:
        refused = website.check(listings.tables())
    except WebsiteRefusedError as error:
        advice = "replace the credential, or have HLF IT put its rights right (docs/operations/runbook.md)"
        yield broken(_CREDENTIAL, _WEBSITE_POINTS[_CREDENTIAL], f"refused: {error.code}", advice)
        return
    yield holds(_CREDENTIAL, _WEBSITE_POINTS[_CREDENTIAL])
    if refused:
        said = ", ".join(f"{table}: {code}" for table, code in sorted(refused.items()))
        advice = "have HLF IT give the application user's role read, create and write on the table"
        yield broken(_PRIVILEGES, _WEBSITE_POINTS[_PRIVILEGES], said, advice, n=len(refused))
    else:
        yield holds(_PRIVILEGES, _WEBSITE_POINTS[_PRIVILEGES])
    try:
        mappings = mappings_in_force(connection)
        definitions = Definitions(service, state, time_left=time_left)
        tables = {name: definitions.table(name) for name in {mapping["table"] for mapping in mappings}}
        yield from website_findings(mappings, tables, partial(values_too_long, connection))
    except psycopg.Error as error:
        raise StoreRefusedError(why(error)) from None


def _secrets(arns: dict[str, str], region: str) -> Iterator[Finding]:
    for name, arn in arns.items():
        try:
            yield secret_finding(name, read_secret(arn, region, fresh=True))
        except CertificationError as error:
            yield unchecked(point_of(name), expected_of(name), str(error))
