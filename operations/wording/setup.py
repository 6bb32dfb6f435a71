"""The words of setup: what was done about a login, and what a person has to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from operations.commands.setup.logins import Change
from operations.commands.setup.remaining import Task
from operations.commands.setup.webhook import WebhookChange

if TYPE_CHECKING:
    from collections.abc import Mapping

CHANGES: Final[Mapping[Change, str]] = {
    Change.AS_IT_WAS: "works, and is left as it is",
    Change.MADE: "made",
    Change.REPAIRED: "repaired",
    Change.MOVED: "works; its secret now names this database",
    Change.ROTATED: "in use, with a new password",
}
WEBHOOK: Final[Mapping[WebhookChange, str]] = {
    WebhookChange.AS_IT_WAS: "works, and is left as it is",
    WebhookChange.SET: "set",
    WebhookChange.NO_WAY: "not set",
}
TASKS: Final[Mapping[Task, str]] = {
    Task.LOGIN: "The database refuses {login} ({why}). Run setup again; a pooler may need a minute.",
    Task.PLACE: "The address of the functions: {why}.",
    Task.OLD_LOGINS: "Run setup again in an hour, to drop the logins that are out of use by then: {logins}.",
    Task.WEBHOOK: "The database has neither pg_net nor aws_lambda, so changes reach the website minutes late. Enable"
    " one (docs/contract.md, The webhook), and run setup again.",
    Task.CREDENTIAL: "Put the credential of Dynamics into the output DataverseSecretArn, when HLF IT has it ready"
    " (docs/operations/deploy.md, The steps). From then on the website is changed.",
    Task.CONFIRM: "Have the recipients of alerts confirm the subscription in the message from AWS: {n} waiting.",
    Task.RECIPIENTS: "Name two recipients of alerts, one of them by text message. Confirmed: {n}. Then see that a"
    " person reads them:",
    Task.MAIL: "Mail is not ready ({points}): have HLF IT add the DNS records, and leave the sandbox of SES.",
    Task.LIMIT: "Deploy with {parameters} as the template has it, for which the quota has room: until then strangers"
    " can hold up every function.",
    Task.QUOTA: "Raise Lambda's quota of concurrent executions from {quota} to {wanted} or more, then deploy with"
    " {parameters} as the template has it: until then strangers can hold up every function.",
    Task.BREAK_GLASS: "Make the login of break-glass, and put its password on paper into the safe"
    " (docs/operations/deploy.md, The login of break-glass).",
    Task.ROLES: "The database is ahead of the stack, which has no secret for {roles}: deploy the same version, and run"
    " setup again.",
    Task.INTEGRATION: "Not everything fits together yet ({why}). See each point:",
    Task.UNREADABLE: "Could not be looked at: {what}. {why}",
}
