"""The ports of status_changed, which uses no database and sends no request to the website."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from shared.adapters.aws.secrets import SecretKeys, read_secret, secrets_client
from shared.bootstrap.init import in_init
from shared.bootstrap.queues import sync_queue
from shared.domain.webhook import usable_keys
from shared.settings import webhook_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.ports import Keys, SyncQueue


@dataclass(frozen=True)
class StatusChangedPorts:
    """The ports of one call."""

    keys: Keys
    queue: SyncQueue


def status_changed_ports() -> StatusChangedPorts:
    """Return the ports without opening anything."""
    return StatusChangedPorts(_signing_keys(), sync_queue())


@cache
def _signing_keys() -> Keys:
    """Return the container's keys; they are kept, because they remember when they were last read."""
    return SecretKeys(_read_keys)


def _read_keys(fresh: bool) -> Sequence[str]:
    settings = webhook_settings()
    return usable_keys(read_secret(settings.secret_arn, settings.region, fresh=fresh))


in_init(lambda: secrets_client(webhook_settings().region), sync_queue)
