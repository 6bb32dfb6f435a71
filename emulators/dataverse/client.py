"""The emulator's control API in Python, for tests and other programs."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, override

import httpx
from pydantic_core import to_json

from emulators.dataverse.access.protection import Limits
from emulators.dataverse.access.tokens import FEDERATION_AUDIENCE
from emulators.dataverse.client_faults import FaultControl
from emulators.dataverse.faults.journal import Entry, Written
from emulators.dataverse.model import defaults

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from emulators.dataverse.faults.rules import Rule
    from emulators.dataverse.model.types import Row

    type Key = str | int | Mapping[str, Any]

_CHUNK = 20_000


class ControlError(Exception):
    """A refused change of the emulator; the message is its reply."""


class EmulatorControl(FaultControl):
    """Controls the emulator at `url`. Every call takes effect before it returns.

    A set or table that is not named is the first one of the schema file. A key is the value of the table's first
    alternate key, or column to value. Times are time.time(). client_faults.py sets the rules of faults.
    """

    def __init__(self, url: str, *, timeout: float = 30.0, verify: ssl.SSLContext | bool = True) -> None:
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, timeout=timeout, trust_env=False, verify=verify)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def reset(self) -> None:
        """Make everything new: no rows or faults, empty journal, default credentials and settings. The limits stay."""
        self._ask("POST", "reset")

    @override
    def fault(self, rule: Rule) -> int:
        """Set any rule."""
        return int(self._ask("POST", "faults", rule.model_dump(mode="json"))["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return every rule set since the last reset, with how many requests it saw and hit."""
        return list(self._ask("GET", "faults"))

    def clear_faults(self, number: int | None = None) -> None:
        """Remove one rule, or all of them."""
        self._ask("DELETE", "faults" if number is None else f"faults/{number}")

    def expire_tokens(self) -> None:
        """End every token now; new ones are granted."""
        self._change("expire_tokens")

    def token_lifetime(self, seconds: int) -> None:
        """Set how long the tokens live that are granted from now on."""
        self._change("set_lifetime", lifetime=seconds)

    def add_secret(self, secret: str, ends_at: float | None = None) -> None:
        """Add a secret beside the others."""
        self._change("add_secret", secret=secret, ends_at=ends_at)

    def expire_secret(self, secret: str = defaults.CLIENT_SECRET) -> None:
        """Let a secret reach its end now. Tokens stay valid: expire_tokens() too, to see it at once."""
        self._change("expire_secret", secret=secret)

    def revoke_secret(self, secret: str = defaults.CLIENT_SECRET) -> None:
        """Delete a secret. Tokens stay valid, as after expire_secret()."""
        self._change("revoke_secret", secret=secret)

    def trust(self, issuer: str, subject: str, audience: str = FEDERATION_AUDIENCE) -> None:
        """Let the application trust another identity provider's tokens for one subject: a federated credential."""
        self._change("trust", issuer=issuer, subject=subject, audience=audience)

    def distrust(self, issuer: str, subject: str) -> None:
        """Remove a federated credential. Tokens stay valid: expire_tokens() too, to see it at once."""
        self._change("distrust", issuer=issuer, subject=subject)

    def add_certificate(self, certificate: str) -> None:
        """Add a certificate (PEM) beside the others."""
        self._change("add_certificate", certificate=certificate)

    def remove_certificate(self, certificate: str) -> None:
        """Remove a certificate."""
        self._change("remove_certificate", certificate=certificate)

    def remove_application_user(self) -> None:
        """Delete the environment's own record of the application: 403 with a good token."""
        self._change("remove_user")

    def restore_application_user(self) -> None:
        """Make the application user again, with every privilege."""
        self._change("add_user")

    def remove_privilege(self, privilege: str, table: str = "") -> None:
        """Remove the privilege to read, create, write or delete rows of a table (logical name)."""
        self._change("deny", privilege=privilege, table=table)

    def restore_privilege(self, privilege: str, table: str = "") -> None:
        """Restore a privilege that was removed."""
        self._change("allow", privilege=privilege, table=table)

    def rows(self, set_name: str = "") -> list[Row]:
        """Return all rows, with every column."""
        return list(self._ask("GET", f"rows/{set_name}"))

    def row(self, key: Key, set_name: str = "") -> Row | None:
        """Return one row, None if there is none."""
        found = self._ask("GET", f"rows/{set_name}", params={"key": json.dumps(_plain(key))})
        return found[0] if found else None

    def create(self, rows: Iterable[Mapping[str, Any]], set_name: str = "") -> list[Row]:
        """Create rows, all or none."""
        return list(self._ask("POST", f"rows/{set_name}", {"create": [dict(row) for row in rows]}))

    def fill(self, rows: Iterable[Mapping[str, Any]], set_name: str = "") -> int:
        """Create any number of rows, a chunk at a time, without an entry in the journal. Return how many."""
        left, filled = iter(rows), 0
        while chunk := list(islice(left, _CHUNK)):
            reply = self._client.put(f"/_emulator/rows/{set_name}", content=to_json(chunk))
            filled += int(_content(reply)["filled"])
        return filled

    def edit(self, key: Key, change: Mapping[str, Any], set_name: str = "") -> Row:
        """Change columns of a row."""
        row: Row = self._ask("POST", f"rows/{set_name}", {"key": _plain(key), "change": dict(change)})[0]
        return row

    def delete(self, key: Key, set_name: str = "") -> None:
        """Delete a row."""
        self._ask("POST", f"rows/{set_name}", {"key": _plain(key), "delete": True})

    def journal(self, since: int = 0) -> list[Entry]:
        """Return the requests numbered above `since`, the oldest first."""
        return [Entry(**entry) for entry in self._ask("GET", "journal", params={"since": since})]

    def writes(self, since: float = 0.0) -> list[Written]:
        """Return the writes committed since a time, manual edits too, the oldest first."""
        found = self._ask("GET", "journal/writes", params={"since": repr(since)})
        return [Written(**(write | {"columns": tuple(write["columns"])})) for write in found]

    def summary(self) -> dict[str, Any]:
        """Return totals since clear_journal().

        They count requests, operations and writes, also by status, requests in_retry_after, peaks and shares of the
        limits.
        """
        return dict(self._ask("GET", "journal/summary"))

    def clear_journal(self) -> None:
        """Forget requests, writes, totals and peaks; Retry-After windows go on."""
        self._ask("DELETE", "journal")

    def journal_size(self, size: int) -> None:
        """Keep a number of requests and writes from now on, and forget those so far."""
        self._ask("PUT", "journal", size)

    def limits(self, **changes: Any) -> Limits:  # noqa: ANN401
        """Return the limits after a change of these fields of protection.Limits, which forgets the users' requests."""
        return Limits(**(self._ask("PUT", "limits", changes) if changes else self._ask("GET", "limits")))

    def throttle(self, seconds: float, user: str = defaults.CLIENT_ID) -> None:
        """Refuse a user for some seconds with 429 and the remaining time as Retry-After, longer if it keeps pushing."""
        self._ask("POST", "limits", {"user": user, "seconds": seconds})

    @override
    def settings(self, **changes: Any) -> dict[str, Any]:
        """Return the settings after a change of these fields of settings.EmulatorSettings."""
        return dict(self._ask("PUT", "settings", changes) if changes else self._ask("GET", "settings"))

    def reached_at(self, origins: Iterable[str]) -> None:
        """Set the emulator's other addresses, as through a relay; the former ones are forgotten."""
        self._ask("PUT", "origins", sorted(origins))

    def website(self, **query: str) -> list[Row]:
        """Return the entries that a visitor sees now, by name. `key` is the value of the first alternate key."""
        reply = self._client.get("/website", params=query, headers={"Accept": "application/json"})
        return list(_content(reply)["listings"])

    def website_lag(self, seconds: float) -> None:
        """Set how old the rows on the public page may be, as with a portal's cache."""
        self._ask("PUT", "website", {"lag_seconds": seconds})

    def refresh_website(self) -> None:
        """Show the next visitor the rows as they are then, as if the lag had passed."""
        self._ask("PUT", "website", {"refresh": True})

    def _change(self, action: str, **fields: Any) -> None:  # noqa: ANN401
        self._ask("POST", "credentials", {"action": action, **fields})

    def _ask(self, method: str, path: str, body: object = None, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        return _content(self._client.request(method, f"/_emulator/{path}", json=body, params=params))


def _content(reply: httpx.Response) -> Any:  # noqa: ANN401
    if reply.is_error:
        raise ControlError(f"{reply.status_code}: {reply.text}")
    return reply.json()


def _plain(key: Key) -> object:
    return key if isinstance(key, str | int) else dict(key)
