"""The database connection of a function, under the function's own role."""

from __future__ import annotations

from contextlib import closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from shared.adapters.aws.secrets import read_secret, secrets_client
from shared.adapters.postgres.connection import KeptConnection, connect
from shared.adapters.postgres.opening import open_connection
from shared.domain.errors import ConnectionLostError
from shared.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from shared.adapters.postgres.connection import Connection


def database_connection() -> AbstractContextManager[Connection]:
    """Return a separate connection for one run."""
    return connect(_login)


@contextmanager
def single_connection() -> Iterator[Connection]:
    """Open one connection in autocommit, for callers that hold transactions. Raises ConnectionLostError with a code.

    Errors of the driver are the caller's: it turns them into sentences for a person, which no log gets.
    """

    def login(fresh: bool) -> Mapping[str, Any]:
        secret = _login(fresh)
        if "host" not in secret and not fresh:
            return login(True)  # it may have been filled since this container read it
        if "host" not in secret:
            raise ConnectionLostError("secret_holds_no_login")
        return secret

    with closing(open_connection(login(False), retry=lambda: login(True))) as connection:
        yield connection


@cache
def kept_connection() -> KeptConnection:
    """Return the container's connection; it is kept, because a login costs more than a sync of one listing."""
    return KeptConnection(_login)


def login_reader() -> None:
    """Make what logins are read with."""
    secrets_client(settings().region)


def _login(fresh: bool) -> Mapping[str, Any]:
    return read_secret(settings().database_secret_arn, settings().region, fresh=fresh)
