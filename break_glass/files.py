"""Read the two files of a person: the settings, which are no secret, and the credentials, which are."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

from break_glass.errors import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from break_glass.terminal import Terminal

SECRETS = ("client_secret", "database_password", "password")
_SETTINGS = {
    "database": ("host", "port", "dbname", "username", "sslmode", "sslrootcert"),
    "dynamics": ("url", "authority", "tenant_id", "client_id"),
}
_CREDENTIALS = ("database_password", "client_secret", "tenant_id", "client_id")


def read_settings(path: Path | None) -> Mapping[str, Mapping[str, str]]:
    """Return the settings by part; those of no file are empty. Raises NotUnderstoodError, also for a secret in it."""
    if path is None:
        return {part: {} for part in _SETTINGS}
    said = _object(path, _text(path))
    for name in SECRETS:
        if any(isinstance(where, dict) and name in where for where in (said, *said.values())):
            raise NotUnderstoodError("file_has_secret", path=path, name=name)
    found = {}
    for part, names in _SETTINGS.items():
        values = said.get(part, {})
        if not isinstance(values, dict):
            raise NotUnderstoodError("field_malformed", path=path, name=part)
        found[part] = {name: _plain(path, name, values[name]) for name in names if name in values}
    return found


def read_credentials(path: Path | None, terminal: Terminal) -> Mapping[str, str]:
    """Return the credentials of a file that nobody else can read. Raises NotUnderstoodError.

    The file that was checked is the one that is read, whatever the name leads to by then.
    """
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            _check_private(path, os.fstat(file.fileno()), terminal)
            content = file.read(65536)
    except OSError:
        raise NotUnderstoodError("file_not_found", path=path) from None
    said = _object(path, content.decode("utf-8-sig", "replace"))
    return {name: _plain(path, name, said[name]) for name in _CREDENTIALS if name in said}


def _check_private(path: Path, status: os.stat_result, terminal: Terminal) -> None:
    if not hasattr(os, "geteuid"):  # Windows has lists of access instead
        terminal.say("permissions_not_checked", path=path)
        return
    if status.st_uid != os.geteuid():
        raise NotUnderstoodError("file_of_others", path=path)
    if stat.S_IMODE(status.st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise NotUnderstoodError("file_not_private", path=path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        raise NotUnderstoodError("file_not_found", path=path) from None


def _object(path: Path, text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise NotUnderstoodError("file_not_json", path=path)
    return said


def _plain(path: Path, name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise NotUnderstoodError("field_malformed", path=path, name=name)
    return str(value).strip()
