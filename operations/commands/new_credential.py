"""Read the new credential of the website from a file or from the operator, never from arguments or the environment."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.errors import NotUnderstoodError, OperationsError
from shared.domain.credential import ends_on
from shared.domain.credential_examination import looks_like_an_id
from shared.domain.credential_forms import AWS, CredentialForm, read_credential
from shared.domain.errors import SecretMalformedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

_LARGEST_FILE = 64 << 10
_MALFORMED = {
    "secret_has_two_forms": "it has two of client_secret, federation and certificate: leave one",
    "secret_federation_unknown": 'federation may only be "aws"',
}


@dataclass(frozen=True)
class NewCredential:
    """Hold the secret to store, in a form that is complete, and its form."""

    form: CredentialForm
    value: Mapping[str, Any]
    ends_on: date | None

    def __repr__(self) -> str:
        """Show the form only."""
        return f"NewCredential({self.form})"


def checked(value: Mapping[str, Any], today: date) -> NewCredential:
    """Check the form of a credential, without signing in. Raises OperationsError with what to do."""
    try:
        credential = read_credential(value)
        last_day = ends_on(value)
    except SecretMalformedError as error:
        code = str(error)
        said = _MALFORMED.get(code) or f"{code.removeprefix('secret_has_no_')} is missing, or is not of its form"
        raise OperationsError(f"this is not a credential: {said}") from None
    except ValueError:
        raise OperationsError("the last day must be a date as Entra shows it, such as 2027-05-31") from None
    if looks_like_an_id(value.get("client_secret")):
        raise OperationsError(
            "this is the id of the client secret (Secret ID), not its value: copy the column Value in Entra,"
            " which is only shown right after the secret was made"
        )
    if last_day is None and credential.form is not CredentialForm.FEDERATION:
        raise OperationsError(
            "the last day is missing: without it no alert can warn of it. Put in the day that Entra shows,"
            ' as "client_secret_expires_on" (for a certificate "certificate_expires_on")'
        )
    if last_day is not None and last_day < today:
        raise OperationsError(f"{last_day:%Y-%m-%d} is over: this credential has ended already, or the day is wrong")
    return NewCredential(credential.form, value, last_day)


def read_file(path: Path) -> Mapping[str, Any]:
    """Read the JSON object in a file that nobody else can read. Raises OperationsError."""
    try:
        with path.open("rb") as file:
            if os.name == "posix":
                _check_private(path, os.fstat(file.fileno()))
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise OperationsError(f"{path} cannot be read: {error.strerror or error}") from None
    try:
        value = json.loads(content) if len(content) <= _LARGEST_FILE else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise OperationsError(f"{path} holds no JSON object such as docs/operations/credential-rotation.md shows")
    return value


def _check_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OperationsError(f"{path} is not a file")
    me = getattr(os, "geteuid", lambda: found.st_uid)()  # not on every system
    if found.st_uid != me:
        raise OperationsError(f"{path} belongs to another user, who can read and change it: copy it into one of yours")
    if found.st_mode & 0o077:
        raise OperationsError(
            f"other users of this machine may read {path}: chmod 600 it, and count what is in it as known to them"
        )


def asked(form: CredentialForm, known: Mapping[str, Any], ask: Callable[[str, str, bool], str]) -> Mapping[str, Any]:
    """Ask the operator, one thing at a time. `ask(question, default, hidden)` returns the answer.

    `known`: the version in use, whose application is the default; empty where it may not be read.
    """
    value: dict[str, Any] = {
        "tenant_id": ask("Directory (tenant) ID", str(known.get("tenant_id", "")), False).strip(),
        "client_id": ask("Application (client) ID", str(known.get("client_id", "")), False).strip(),
    }
    match form:
        case CredentialForm.FEDERATION:
            return value | {"federation": AWS}
        case CredentialForm.CERTIFICATE:
            raise NotUnderstoodError("a certificate is several lines long: put it into a file, and name that by --file")
        case CredentialForm.SECRET:
            value["client_secret"] = ask("Client secret (the value; it is not shown)", "", True).strip()
            value["client_secret_expires_on"] = ask("Its last day, as in 2027-05-31", "", False).strip()
            return value
