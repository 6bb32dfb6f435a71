"""Find what no program can do, and a person still has to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from operations import deployed
from operations.deployed import refusals
from operations.errors import StackNotFoundError
from shared.adapters.aws.recipients import RECOMMENDED, count_recipients
from shared.domain.integration.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from operations.commands.setup.secret_values import SecretValues
    from operations.deployed import Deployment
    from shared.domain.integration.findings import Report

_MAIL: Final = "dependencies.mail."
_CONCURRENCY: Final = "Concurrency"
_KEPT_BY_AWS: Final = 100  # what an account keeps unreserved, whatever its quota


class Task(StrEnum):
    """What a person has to do."""

    LOGIN = "login"
    PLACE = "place"
    OLD_LOGINS = "old_logins"
    WEBHOOK = "webhook"
    CREDENTIAL = "credential"
    CONFIRM = "confirm"
    RECIPIENTS = "recipients"
    MAIL = "mail"
    QUOTA = "quota"
    LIMIT = "limit"
    BREAK_GLASS = "break_glass"
    ROLES = "roles"
    INTEGRATION = "integration"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Remaining:
    """One thing that remains, with what the text about it names."""

    task: Task
    values: Mapping[str, str | int]


def of_the_account(stack: str, deployment: Deployment, values: SecretValues) -> tuple[Remaining, ...]:
    """Return what remains to be done in AWS. What may not be read is a task of its own."""
    found: list[Remaining] = []
    for what, look in (
        ("DataverseSecret", lambda: _credential(deployment, values)),
        ("sns:ListSubscriptionsByTopic", lambda: _recipients(deployment)),
        ("lambda:GetAccountSettings", lambda: _concurrency(stack, deployment)),
    ):
        found += _unless_refused(what, look)
    return tuple(found)


def of_the_report(report: Report | None, why: str) -> Iterator[Remaining]:
    """Yield what remains by the report of `verify-integration`; `why` it could not be had, if there is none."""
    if report is None:
        yield Remaining(Task.INTEGRATION, {"why": why})
        return
    broken = [finding.point for finding in report.findings if finding.verdict is not Verdict.HOLDS]
    if mail := [point.removeprefix(_MAIL) for point in broken if point.startswith(_MAIL)]:
        yield Remaining(Task.MAIL, {"points": ", ".join(mail)})
    if others := [point for point in broken if not point.startswith(_MAIL)]:
        yield Remaining(Task.INTEGRATION, {"why": f"{len(others)}: {', '.join(others[:3])}"})


def _unless_refused(what: str, look: Callable[[], Iterator[Remaining]]) -> list[Remaining]:
    try:
        return list(look())
    except StackNotFoundError as error:
        return [Remaining(Task.UNREADABLE, {"what": what, "why": str(error)})]


def _credential(deployment: Deployment, values: SecretValues) -> Iterator[Remaining]:
    value = values.read(deployment.output("DataverseSecretArn"))
    if not all(isinstance(value.get(name), str) and value[name] for name in ("tenant_id", "client_id")):
        yield Remaining(Task.CREDENTIAL, {})


def _recipients(deployment: Deployment) -> Iterator[Remaining]:
    with refusals():
        found = count_recipients(deployment.sns, deployment.output("OperationsTopicArn"))
    if found.pending:
        yield Remaining(Task.CONFIRM, {"n": found.pending})
    if found.confirmed < RECOMMENDED:
        yield Remaining(Task.RECIPIENTS, {"n": found.confirmed})


def _concurrency(stack: str, deployment: Deployment) -> Iterator[Remaining]:
    """Yield a task where a public address has no limit. On dev that is meant so."""
    if deployment.parameters.get("Stage") == "dev":
        return
    unlimited = [name for name, value in deployment.parameters.items() if name.endswith(_CONCURRENCY) and value == "0"]
    if not unlimited:
        return
    with refusals():
        limit = deployed.client("lambda").get_account_settings()["AccountLimit"]
    wanted = _KEPT_BY_AWS + sum(_recommended(stack).get(name, 0) for name in unlimited)
    quota, parameters = int(limit["ConcurrentExecutions"]), ", ".join(sorted(unlimited))
    if quota < wanted:
        yield Remaining(Task.QUOTA, {"parameters": parameters, "quota": quota, "wanted": wanted})
    else:
        yield Remaining(Task.LIMIT, {"parameters": parameters})


def _recommended(stack: str) -> dict[str, int]:
    """Return the limits that the template has as defaults; empty where they cannot be read."""
    try:
        summary: Mapping[str, Any] = deployed.client("cloudformation").get_template_summary(StackName=stack)
    except ClientError:
        return {}
    defaults = {one["ParameterKey"]: one.get("DefaultValue", "") for one in summary.get("Parameters", [])}
    return {name: int(value) for name, value in defaults.items() if value.isdecimal()}
