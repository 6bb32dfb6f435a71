"""The ports of the functions that run the commands of operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.bootstrap.database import login_reader, single_connection
from shared.bootstrap.init import in_init
from shared.domain.commands import Target
from shared.settings import command_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from shared.adapters.postgres.connection import Connection
    from shared.domain.alerts import Language


@dataclass(frozen=True)
class CommandPorts:
    """The database, and what the commands know of the stack. `parameters` are some of the stack's, by name."""

    connect: Callable[[], AbstractContextManager[Connection]]
    target: Target
    language: Language
    parameters: Mapping[str, str]


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


in_init(login_reader)
