"""Find out where the functions reach the database, from the address that its owner reaches it by."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import certifi
from psycopg.conninfo import conninfo_to_dict

from operations.errors import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_SECRET: Final = 65536  # octets; a login needs a few hundred of them
_PEM: Final = "-----BEGIN CERTIFICATE-----"
_SUPABASE_POOLER: Final = ".pooler.supabase.com"
_DEFAULT_PORT: Final = 5432
_SESSION_PORT: Final = 5432  # of Supabase's pooler
_VERIFYING: Final = ("verify-full", "verify-ca")


@dataclass(frozen=True)
class Place:
    """The database as the functions see it, in the form of a secret."""

    host: str
    port: int
    dbname: str
    suffix: str = ""
    """What a pooler wants behind the name of a login, such as `.abcdefghijklmnopqrst`."""
    sslmode: str = "verify-full"
    authority: str = ""
    """The certificates of the database's authority; empty for a public one."""

    def secret(self, login: str, password: str, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the secret of a login. What else the known one holds is kept, also a person's choice of verify-ca."""
        replaced = {"sslrootcert"} if self._keeps_mode(known) else {"sslmode", "sslrootcert"}
        kept = {name: value for name, value in known.items() if name not in replaced}
        made = {"host": self.host, "port": self.port, "dbname": self.dbname}
        made |= {"username": f"{login}{self.suffix}", "password": password}
        made |= {} if self.sslmode == "verify-full" else {"sslmode": self.sslmode}
        made |= {"sslrootcert": self.authority} if self.authority else {}
        return kept | made

    def differences(self, secret: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the fields of a secret that name another place than this one."""
        wanted = self.secret("", "", secret)
        compared = ("host", "port", "dbname", "sslmode", "sslrootcert")
        return tuple(name for name in compared if _plain(secret.get(name)) != _plain(wanted.get(name)))

    def require_agreement(self, output: str, secret: Mapping[str, Any], given: Given) -> None:
        """Raise NotUnderstoodError if a secret in use names another place and the operator has not said which holds."""
        differing = set(self.differences(secret)) if self.login_of(secret) else set()
        if (given.host is None and differing & {"host", "dbname"}) or (given.port is None and "port" in differing):
            raise NotUnderstoodError(
                f"the functions find the database at {_address(secret)} ({output}), and --database-url says"
                f" {_address(self.secret('', '', {}))}: say which they are to use, with --functions-host and"
                " --functions-port. Nothing was changed"
            )

    def _keeps_mode(self, known: Mapping[str, Any]) -> bool:
        return self.sslmode == "verify-full" and known.get("sslmode") == "verify-ca"

    def login_of(self, secret: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the login and the password in a secret; None if it has none in the form of this place."""
        username, password = secret.get("username"), secret.get("password")
        if not isinstance(username, str) or not isinstance(password, str) or not password:
            return None
        has_moved = str(secret.get("host", "")) != self.host
        if self.suffix and username.endswith(self.suffix):
            name = username.removesuffix(self.suffix)
        elif self.suffix and not has_moved:
            return None  # the pooler does not know it by this name
        elif not self.suffix and str(secret.get("host", "")).endswith(_SUPABASE_POOLER):
            name = username.rpartition(".")[0] or username
        else:
            name = username
        return (name, password) if name else None

    @property
    def warning(self) -> str:
        """Return what is likely to be wrong with this place; empty if nothing is known to be."""
        if self.host.endswith(_SUPABASE_POOLER) and self.port == _SESSION_PORT:
            return (
                "port 5432 of Supabase's pooler keeps a connection of the database for each container:"
                " take the transaction pooler, --functions-port 6543"
            )
        if self.host.startswith("db.") and self.host.endswith(".supabase.co"):
            return (
                "Supabase's direct host has IPv6 alone unless the project has the IPv4 add-on, and the functions have"
                " none: take the pooler's host by --functions-host, and --functions-port 6543"
            )
        return ""


@dataclass(frozen=True)
class Given:
    """What the operator says where the functions' view differs from the owner's."""

    host: str | None = None
    port: int | None = None
    authority: Path | None = None


def place_of(address: str, given: Given, parameters: Mapping[str, str], current_user: str | None) -> Place:
    """Return the functions' view of the database. Raises NotUnderstoodError for one that they cannot have.

    `parameters` are those of the owner's connection, or of the address where nothing is connected to. `current_user`
    is the owner as the database names it: what its login has besides is the pooler's.
    """
    host = given.host or parameters.get("host", "")
    if "," in host or host.startswith("/") or not host or (given.host is None and _is_this_machine(host)):
        raise NotUnderstoodError(
            f"the functions cannot reach the database at {host or 'no host'}: name the host that they reach it by,"
            " with --functions-host (and --functions-port)"
        )
    port = given.port or _port(parameters.get("port", ""))
    sslmode = parameters.get("sslmode", "prefer")
    if sslmode not in _VERIFYING and not _is_this_machine(host):
        raise NotUnderstoodError(
            "the functions speak to the database over TLS and check its certificate: add"
            " sslmode=verify-full&sslrootcert=database-ca.pem to --database-url"
        )
    user = conninfo_to_dict(address).get("user") or parameters.get("user", "")
    return Place(
        host=host,
        port=port,
        dbname=parameters.get("dbname", ""),
        suffix=_suffix(str(user), current_user, host, parameters.get("host", "")),
        # The owner's end of a tunnel may need verify-ca; the functions connect to the server's own name.
        sslmode="verify-full" if sslmode in _VERIFYING else "disable",
        authority=_authority(given.authority, parameters.get("sslrootcert", "")) if sslmode in _VERIFYING else "",
    )


def _suffix(user: str, current_user: str | None, host: str, owners_host: str) -> str:
    if current_user is not None and user.startswith(f"{current_user}."):
        suffix = user.removeprefix(current_user)
    elif current_user is None and "." in user:
        suffix = user[user.index(".") :]
    elif host.endswith(_SUPABASE_POOLER) and owners_host.endswith(".supabase.co"):
        suffix = f".{owners_host.removeprefix('db.').removesuffix('.supabase.co')}"
    else:
        return ""
    # Supabase's own host of a project knows the login by its plain name.
    return "" if host.endswith(".supabase.co") else suffix


def _authority(given: Path | None, in_address: str) -> str:
    path = given or (Path(in_address) if in_address and in_address != "system" else None)
    if path is None or path == Path(certifi.where()):
        return ""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise NotUnderstoodError(f"the certificate {path} cannot be read: {error}") from None
    if _PEM not in text:
        raise NotUnderstoodError(f"{path} is no certificate in PEM form")
    if len(text) > _LARGEST_SECRET - 2048:
        raise NotUnderstoodError(
            f"{path} does not fit into a secret, which holds 64 KB: take the authority's own certificate alone, for"
            " RDS the bundle of the database's region"
        )
    return f"{text}\n"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _port(text: str) -> int:
    first = text.partition(",")[0]
    return int(first) if first.isdecimal() else _DEFAULT_PORT


def _address(secret: Mapping[str, Any]) -> str:
    return f"{secret.get('host')}:{secret.get('port')}/{secret.get('dbname')}"


def _plain(value: object) -> str:
    """Return a field as text. The form of RDS has the port as a number or as a text."""
    return "" if value is None or value == "verify-full" else str(value).strip()
