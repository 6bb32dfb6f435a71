"""The database connection of a function, under the function's own role."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from shared.adapters.aws.secrets import read_secret, secrets_client
from shared.adapters.postgres.connection import KeptConnection, connect
from shared.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from shared.adapters.postgres.connection import Connection


def database_connection() -> AbstractContextManager[Connection]:
    """Return a separate connection for one run."""
    return connect(_login)


@cache
def kept_connection() -> KeptConnection:
    """Return the container's connection; it is kept, because a login costs more than a sync of one listing."""
    return KeptConnection(_login)


def login_reader() -> None:
    """Make what logins are read with."""
    secrets_client(settings().region)


def _login(fresh: bool) -> Mapping[str, Any]:
    return read_secret(settings().database_secret_arn, settings().region, fresh=fresh)
