"""Sign in as another login than the owner, the way that the owner's address goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from operations.errors import NotKnownError

if TYPE_CHECKING:
    from operations.commands.setup.logins import Connects

_CONNECT_SECONDS: Final = 10
_OWNERS: Final = {"user", "password", "passfile", "service", "sslpassword", "sslcert", "sslkey"}


def connector(address: str, current_user: str) -> Connects:
    """Return what signs in. `current_user`: what the database calls the owner, whom a pooler may know by more."""
    given = {name: value for name, value in conninfo_to_dict(address).items() if name not in _OWNERS}
    user = str(conninfo_to_dict(address).get("user") or current_user)
    suffix = user.removeprefix(current_user) if user.startswith(f"{current_user}.") else ""

    def connects(login: str, password: str) -> str:
        whole = make_conninfo("", **given, user=f"{login}{suffix}", password=password)
        try:
            psycopg.connect(whole, connect_timeout=_CONNECT_SECONDS, prepare_threshold=None).close()
        except psycopg.OperationalError as error:
            if error.pgconn is None or not error.pgconn.used_password:
                raise NotKnownError(f"the database cannot be reached as {login}: {str(error).strip()}") from None
            return str(error).strip().splitlines()[-1]
        return ""

    return connects
