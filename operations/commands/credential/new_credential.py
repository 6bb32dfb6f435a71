"""Read the new credential of the website from a file or from the operator, never from arguments or the environment."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.errors import NotUnderstoodError, OperationsError
from shared.domain.credentials.credential import end_that_differs, ends_on
from shared.domain.credentials.examination import looks_like_an_id
from shared.domain.credentials.forms import AWS, CERTIFICATE_END, SECRET_END, CredentialForm, read_credential
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
    typed_end: str | None = None
    """The last day that a person typed for a certificate that says another, which counts."""

    def __repr__(self) -> str:
        """Show the form only."""
        return f"NewCredential({self.form})"


def last_day(certificate: str) -> date:
    """Return the day on which the certificate ends. Raises ValueError, and OperationsError where none can be read."""
    try:
        # At the top it would keep everything else from an Intel Mac, for which cryptography has no wheel.
        from shared.adapters.dataverse.sign_in import certificate as reader  # noqa: PLC0415
    except ImportError:
        raise OperationsError(
            "a certificate cannot be read on this machine: rotate from another, not an Intel Mac"
        ) from None
    return reader.last_day(certificate)


def checked(value: Mapping[str, Any], today: date) -> NewCredential:
    """Check the form of a credential, without signing in. Raises OperationsError with what to do."""
    try:
        credential = read_credential(value)
        ends = ends_on(value, last_day)
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
    if ends is None and credential.form is CredentialForm.CERTIFICATE:
        raise OperationsError("the certificate cannot be read: it must be the PEM file that HLF IT uploads to Entra")
    if ends is None and credential.form is CredentialForm.SECRET:
        raise OperationsError(
            "the last day is missing: without it no alert can warn of it. Put in the day that Entra shows,"
            f' as "{SECRET_END}"'
        )
    if ends is not None and ends < today:
        raise OperationsError(f"{ends:%Y-%m-%d} is over: this credential has ended already, or the day is wrong")
    typed = end_that_differs(value, last_day) if credential.form is CredentialForm.CERTIFICATE else None
    # A day beside the certificate could only contradict it.
    kept = {name: said for name, said in value.items() if name != CERTIFICATE_END}
    return NewCredential(credential.form, kept, ends, typed)


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
            value[SECRET_END] = ask("Its last day, as in 2027-05-31", "", False).strip()
            return value
