"""The database of a function, under its own role."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from shared.adapters.aws.secrets import read_secret
from shared.adapters.postgres.connection import KeptConnection, connect
from shared.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from shared.adapters.postgres.connection import Connection


def database_connection() -> AbstractContextManager[Connection]:
    """Return a connection of its own for one run."""
    return connect(_login)


@cache
def kept_connection() -> KeptConnection:
    """Return the container's connection: signing in to the database costs more than a sync of one listing."""
    return KeptConnection(_login)


def _login(fresh: bool) -> Mapping[str, Any]:
    return read_secret(settings().database_secret_arn, settings().region, fresh=fresh)
