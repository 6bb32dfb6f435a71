"""The whole of a set-up, in its order: check, logins and secrets, webhook, and what remains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict

from operations import databases, deployed
from operations.commands.setup.connecting import connector
from operations.commands.setup.logins import LoginOutcome, Logins
from operations.commands.setup.names import Belonging, Need, needs, whole_name
from operations.commands.setup.owner import Owner
from operations.commands.setup.place import Given, place_of
from operations.commands.setup.printed import printed_sql
from operations.commands.setup.remaining import Remaining, Task, of_the_account, of_the_report
from operations.commands.setup.secret_values import SecretValues
from operations.commands.setup.webhook import WebhookChange, settle_webhook
from operations.errors import StackNotFoundError
from operations.target import LIVE
from operations.wording.speech import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from operations.commands.setup.place import Place
    from operations.console import Progress
    from operations.deployed import Deployment
    from shared.domain.integration.findings import Report

_BREAK_GLASS = "certification_break_glass"


@dataclass(frozen=True)
class Request:
    """What the operator asks for, about which stack."""

    stack: str
    address: str
    given: Given
    actor: str
    reason: str
    rotate: bool = False


@dataclass(frozen=True)
class SetupOutcome:
    """What was done, and what remains."""

    logins: tuple[LoginOutcome, ...]
    webhook: WebhookChange
    remaining: tuple[Remaining, ...]

    @property
    def exit_code(self) -> int:
        """Return 0 if nothing remains, or else 3: not yet."""
        return 3 if self.remaining else 0


def set_up(request: Request, deployment: Deployment, progress: Progress) -> SetupOutcome:
    """Make logins, secrets and webhook whole. Raises OperationsError; what was done until then stays done."""
    needed = _needed(deployment)
    values = SecretValues(deployment.secrets)
    progress(say("Looking at the database as its owner"))
    with databases.connected(request.address) as connection:
        owner = Owner(connection, _belonging(request, needed, connection.info.dbname), request.actor, request.reason)
        owner.check()
        remaining = list(_missing_roles(owner, needed))
        current_user = _current_user(connection)
        place = place_of(request.address, request.given, _seen(connection), current_user)
        _require_agreement(place, request.given, needed, values)
        connects = connector(request.address, current_user)
        logins = Logins(owner, values, place, request.stack, connects)
        outcomes = []
        for need in needed:
            progress(say("The login of {function}", function=need.function))
            outcomes.append(logins.rotate(need) if request.rotate else logins.settle(need))
        progress(say("The webhook"))
        webhook = settle_webhook(
            owner,
            values,
            deployment.output("WebhookSecretArn"),
            deployment.output("WebhookUrl"),
            lambda: _function_arn(deployment),
        )
        waiting = [name for need in needed for name in logins.drop_unused(need)]
        remaining += [Remaining(Task.LOGIN, {"login": o.login, "why": o.refused}) for o in outcomes if o.refused]
        if place.warning:
            remaining.append(Remaining(Task.PLACE, {"why": place.warning}))
        if webhook is WebhookChange.NO_WAY:
            remaining.append(Remaining(Task.WEBHOOK, {}))
        if waiting:
            remaining.append(Remaining(Task.OLD_LOGINS, {"logins": ", ".join(waiting)}))
        if not owner.has_member(_BREAK_GLASS):
            remaining.append(Remaining(Task.BREAK_GLASS, {}))
    progress(say("Looking at the account"))
    remaining += of_the_account(request.stack, deployment, values)
    return SetupOutcome(tuple(outcomes), webhook, tuple(remaining))


def with_report(outcome: SetupOutcome, report: Report | None, why: str) -> SetupOutcome:
    """Return the outcome with what `verify-integration` has found."""
    return SetupOutcome(outcome.logins, outcome.webhook, (*outcome.remaining, *of_the_report(report, why)))


def print_sql(request: Request, deployment: Deployment) -> str:
    """Write the secrets, and return what a database administrator runs. Nothing is connected to."""
    needed = _needed(deployment)
    given = {name: str(value) for name, value in conninfo_to_dict(request.address).items()}
    place = place_of(request.address, request.given, given, None)
    values = SecretValues(deployment.secrets)
    _require_agreement(place, request.given, needed, values)
    return printed_sql(needed, values, place, _belonging(request, needed, place.dbname))


def _needed(deployment: Deployment) -> tuple[Need, ...]:
    found = needs(deployment.outputs)
    if not found:
        raise StackNotFoundError("the stack has no output …DatabaseSecretArn: is it a stack of this system?")
    return found


def _require_agreement(place: Place, given: Given, needed: tuple[Need, ...], values: SecretValues) -> None:
    """Raise NotUnderstoodError before anything is written, if a secret names another place and nobody said which."""
    for need in needed:
        place.require_agreement(need.output, values.read(need.arn), given)


def _belonging(request: Request, needed: tuple[Need, ...], database: str) -> Belonging:
    return Belonging(whole_name(request.stack, needed), database)


def _current_user(connection: psycopg.Connection) -> str:
    [user] = connection.execute("SELECT current_user::text").fetchone() or ("",)
    return str(user)


def _seen(connection: psycopg.Connection) -> Mapping[str, str]:
    """Return the parameters of the connection, also those that came from the environment."""
    info = connection.info
    return (
        {"sslmode": "prefer"}
        | info.get_parameters()
        | {
            "host": info.host,
            "port": str(info.port),
            "dbname": info.dbname,
        }
    )


def _missing_roles(owner: Owner, needed: tuple[Need, ...]) -> tuple[Remaining, ...]:
    """Return the roles without a secret in this stack. Raises OperationsError for a secret without a role."""
    roles = [need.role for need in needed]
    if missing := owner.missing_roles(roles):
        raise StackNotFoundError(
            f"the database has no role {', '.join(missing)}, which this stack needs: apply the migrations of the"
            " stack's version first, with hlf-operations migrate"
        )
    without = sorted(owner.roles_of_functions() - set(roles))
    return (Remaining(Task.ROLES, {"roles": ", ".join(without)}),) if without else ()


def _function_arn(deployment: Deployment) -> str:
    """Return the ARN that the database invokes: of the alias that deployments move. Raises StackNotFoundError."""
    with deployed.refusals():
        found = deployed.client("lambda").get_alias(FunctionName=deployment.output("StatusChangedName"), Name=LIVE)
    return str(found["AliasArn"])
