"""The ports of the functions that run the commands of operations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.aws.recipients import count_recipients
from shared.adapters.aws.sns import sns_client
from shared.bootstrap.database import login_reader, single_connection
from shared.bootstrap.init import in_init
from shared.domain.commands import Target
from shared.settings import command_settings, operations_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from shared.adapters.aws.recipients import Recipients
    from shared.adapters.postgres.connection import Connection
    from shared.domain.alerts import Language


@dataclass(frozen=True)
class CommandPorts:
    """The database, and what the commands know of the stack. `parameters` are some of the stack's, by name."""

    connect: Callable[[], AbstractContextManager[Connection]]
    target: Target
    language: Language
    parameters: Mapping[str, str]
    recipients: Callable[[], Recipients | None] = lambda: None
    """Counts who hears the alerts; None where that is unknown, or not this function's to ask."""


def command_ports() -> CommandPorts:
    """Return the ports of one command."""
    settings = command_settings()
    parameters = {"WebhookConcurrency": settings.webhook_concurrency}
    return CommandPorts(
        single_connection,
        Target(settings.stack),
        settings.language,
        {name: value for name, value in parameters.items() if value},
    )


def reader_ports() -> CommandPorts:
    """Return the ports of one command that only reads; `status` counts who hears the alerts."""
    return replace(command_ports(), recipients=_recipients)


def _recipients() -> Recipients | None:
    topic = operations_settings()
    try:
        return count_recipients(sns_client(topic.region), topic.topic_arn)
    except (ClientError, BotoCoreError):
        return None


in_init(login_reader)
