"""The parts of verify_integration: the database, the website and AWS."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypedDict

import psycopg

from shared.adapters.aws.codedeploy import CodeDeployHookStatus
from shared.adapters.aws.deliverability import POINTS as DELIVERABILITY_POINTS
from shared.adapters.aws.deliverability import deliverability_findings
from shared.adapters.aws.deployment import POINTS as DEPLOYMENT_POINTS
from shared.adapters.aws.deployment import deployment_findings
from shared.adapters.aws.people import POINTS as PEOPLE_POINTS
from shared.adapters.aws.people import people_findings
from shared.adapters.aws.secrets import read_secret
from shared.adapters.aws.sns import SnsAlertPublisher
from shared.adapters.dataverse.definitions import Definitions
from shared.adapters.dataverse.examining import DataverseExaminer
from shared.adapters.dataverse.sign_in.certificate import last_day
from shared.adapters.postgres.integration.asking import why
from shared.adapters.postgres.integration.data import data_findings, data_points
from shared.adapters.postgres.integration.mappings import mappings_in_force, values_too_long
from shared.adapters.postgres.integration.server import server_findings, server_points
from shared.adapters.postgres.integration.structure import structure_findings, structure_points
from shared.adapters.postgres.listings import PostgresListings, PostgresSyncState
from shared.bootstrap.database import database_connection, login_reader
from shared.bootstrap.init import in_init
from shared.bootstrap.website import website_service
from shared.domain.alerts import Language
from shared.domain.errors import CertificationError, ConnectionLostError, StoreRefusedError
from shared.domain.integration.findings import Verdict, broken, holds, unchecked
from shared.domain.integration.secrets import expected_of, point_of, secret_finding
from shared.domain.integration.website_tables import POINTS as TABLE_POINTS
from shared.domain.integration.website_tables import website_findings
from shared.domain.wording.credential_faults import in_words
from shared.settings import operations_settings, settings, verification_settings, website_settings
from shared.use_cases.examine_credential import examine_credential
from shared.use_cases.verify_integration import Part, verify_integration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shared.adapters.postgres.connection import Connection
    from shared.domain.credentials.examination import Finding as CredentialFinding
    from shared.domain.integration.findings import Finding, Report
    from shared.ports import AlertPublisher, Backoff, HookStatus
    from shared.ports import Report as RunReport

_CREDENTIAL = "dependencies.website.credential"
_PRIVILEGES = "dependencies.website.privileges"
_WEBSITE_POINTS = {
    _CREDENTIAL: "the website accepts our credential",
    _PRIVILEGES: "the application user may read, create and write rows of every table of the mappings",
}


_SECONDS_TO_REPORT = 30.0  # to CodeDeploy, and then to operations


class HookPorts(TypedDict):
    """What verify_deployment verifies with, what it reports to, and in which words."""

    verify: Callable[[], Report]
    status: HookStatus
    operations: AlertPublisher
    language: Language
    stack: str


def verifier(time_left: Callable[[], float], log: RunReport, *, deploying: bool = False) -> Callable[[], Report]:
    """Return what verifies every point once and logs those that do not hold."""

    def verify() -> Report:
        with verification_parts(time_left, deploying=deploying) as parts:
            report = verify_integration(parts, time_left)
        log.work(
            "verify_integration",
            {f"points_{verdict}": n for verdict, n in report.counts.items()},
            points=[finding.point for finding in report.findings if finding.verdict is not Verdict.HOLDS],
        )
        return report

    return verify


def hook_ports(time_left: Callable[[], float], log: RunReport) -> HookPorts:
    """Return the ports of a deployment's hook. Verifying ends early enough for the report."""
    own = operations_settings()
    return {
        "verify": verifier(lambda: time_left() - _SECONDS_TO_REPORT, log, deploying=True),
        "status": CodeDeployHookStatus(own.region),
        "operations": SnsAlertPublisher(own.region, own.topic_arn),
        "language": own.language,
        "stack": own.stack,
    }


@contextmanager
def verification_parts(time_left: Callable[[], float], *, deploying: bool = False) -> Iterator[Sequence[Part]]:
    """Yield the parts. Where the database cannot be reached, its parts say so and the others are still checked.

    While a deployment waits, the stack is between two templates and is not compared with either.
    """
    own, region = verification_settings(), settings().region
    aws: tuple[Part, ...] = (
        Part(
            {point_of(name): expected_of(name) for name in own.secret_arns}, partial(_secrets, own.secret_arns, region)
        ),
        Part(PEOPLE_POINTS, lambda: people_findings(region, own.sender, own.topic_arn)),
        Part(
            DELIVERABILITY_POINTS,
            lambda: deliverability_findings(region, own.sender, own.configuration_set, own.dns_server),
        ),
    )
    if not deploying:
        aws = (*aws, Part(DEPLOYMENT_POINTS, lambda: deployment_findings(region, own.stack)))
    database_points = structure_points(), server_points(), _WEBSITE_POINTS | TABLE_POINTS, data_points()
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(database_connection())
        except ConnectionLostError as error:
            unreachable = partial(_unreachable, str(error))
            yield [*(Part(points, unreachable) for points in database_points), *aws]
            return
        checks = (
            lambda: structure_findings(connection),
            lambda: server_findings(connection),
            lambda: _website(connection, time_left),
            lambda: data_findings(connection),
        )
        yield [*(Part(points, check) for points, check in zip(database_points, checks, strict=True)), *aws]


def _unreachable(code: str) -> Sequence[Finding]:
    raise ConnectionLostError(code)


def _website(connection: Connection, time_left: Callable[[], float]) -> Iterator[Finding]:
    listings, service = PostgresListings(connection), website_service()
    state = _OnlyRead(PostgresSyncState(connection))
    secret = read_secret(website_settings().secret_arn, settings().region, fresh=True)
    examination = examine_credential(
        secret, listings.tables(), examiner=DataverseExaminer(service, state, time_left=time_left)
    )
    signing_in = [one for one in examination.findings if not one.table]
    yield _examined(_CREDENTIAL, signing_in)
    if signing_in:
        return  # nothing else can be asked
    yield _examined(_PRIVILEGES, examination.findings)
    try:
        mappings = mappings_in_force(connection)
        definitions = Definitions(service, state, time_left=time_left)
        tables = {name: definitions.table(name) for name in {mapping["table"] for mapping in mappings}}
        yield from website_findings(mappings, tables, partial(values_too_long, connection))
    except psycopg.Error as error:
        raise StoreRefusedError(why(error)) from None


class _OnlyRead:
    """shared.ports.Backoff: obeys a time to wait that others have recorded, and records none (I9)."""

    def __init__(self, state: Backoff) -> None:
        self._state = state

    def seconds_left(self) -> float:
        """Return the seconds until a request may be sent."""
        return self._state.seconds_left()

    def block_for(self, seconds: float, why: str) -> None:
        """Record nothing: the checkpoint changes nothing, and the next worker is told the same."""


def _examined(point: str, faults: Sequence[CredentialFinding]) -> Finding:
    expected = _WEBSITE_POINTS[point]
    words = [in_words(fault, Language.EN) for fault in faults]
    said, to_do = (" ".join(dict.fromkeys(parts)) for parts in ([w.what for w in words], [w.to_do for w in words]))
    if any(fault.is_certain for fault in faults):
        return broken(point, expected, said, to_do, n=len(faults))
    return unchecked(point, expected, said, to_do) if faults else holds(point, expected)


def _secrets(arns: dict[str, str], region: str) -> Iterator[Finding]:
    for name, arn in arns.items():
        try:
            yield secret_finding(name, read_secret(arn, region, fresh=True), last_day)
        except CertificationError as error:
            yield unchecked(point_of(name), expected_of(name), str(error))


in_init(login_reader, website_service)
