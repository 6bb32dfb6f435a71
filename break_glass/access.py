"""Collect what signs us in: from the two files, and what they lack by asking, one question at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from break_glass.files import read_credentials, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from break_glass.terminal import Terminal

_AUTHORITY = "https://login.microsoftonline.com"
_PORT = "5432"


@dataclass(frozen=True, slots=True, repr=False)
class DynamicsAccess:
    """Dynamics' address, and the secret to sign in by. It has no repr, so that no traceback shows the secret."""

    url: str
    authority: str
    secret: Mapping[str, str]


class Access:
    """The answers so far. Nothing is asked twice, except a client secret that turned out wrong."""

    def __init__(self, settings: Path | None, credentials: Path | None, terminal: Terminal) -> None:
        read = read_settings(settings)
        self._database, self._dynamics = dict(read["database"]), dict(read["dynamics"])
        self._terminal = terminal
        self._given = dict(read_credentials(credentials, terminal))
        self.was_asked = "client_secret" not in self._given
        """Whether a person typed the client secret, and so can type another."""
        self._said_where = False
        for name in ("tenant_id", "client_id"):
            if name in self._given:
                self._dynamics[name] = self._given[name]

    def database(self) -> Mapping[str, str]:
        """Return the login of the database, in the form of its secret."""
        for name, default in (("host", ""), ("port", _PORT), ("dbname", ""), ("username", "")):
            if name not in self._database:
                asked = self._terminal.ask(f"ask_{name}", default=default, option="--settings")
                self._database[name] = asked
        if "database_password" not in self._given:
            self._given["database_password"] = self._terminal.ask_secret("ask_database_password")
        return self._database | {"password": self._given["database_password"]}

    def dynamics(self, *, again: bool = False) -> DynamicsAccess:
        """Return the access to Dynamics. `again`: ask for another client secret, and for the ids it belongs to."""
        for name in ("url", "tenant_id", "client_id"):
            if name not in self._dynamics or (again and name != "url"):
                default = self._dynamics.get(name, "")
                self._dynamics[name] = self._terminal.ask(f"ask_{name}", default=default, option="--settings")
        authority = self._dynamics.get("authority", _AUTHORITY)
        if authority != _AUTHORITY and not self._said_where:
            self._said_where = True
            self._terminal.say("other_authority", authority=authority)
        if again or "client_secret" not in self._given:
            self._given["client_secret"] = self._terminal.ask_secret("ask_client_secret")
        secret = {name: self._dynamics[name] for name in ("tenant_id", "client_id")}
        return DynamicsAccess(
            self._dynamics["url"],
            authority,
            secret | {"client_secret": self._given["client_secret"]},
        )
