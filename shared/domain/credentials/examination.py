"""The examination of a credential of Dynamics: what exactly is wrong, as a person has to know it to put it right."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from shared.domain.listings import RefusedKind

if TYPE_CHECKING:
    from collections.abc import Mapping


class CredentialFault(StrEnum):
    """What is wrong. Each has its words in shared/domain/wording/credential_faults.py."""

    INCOMPLETE = "incomplete"
    """A part is missing or has not its form, so nothing was sent."""
    SECRET_WRONG = "secret_wrong"  # noqa: S105 - a code
    SECRET_ID_PASTED = "secret_id_pasted"  # noqa: S105
    """The id of the client secret, which Entra shows beside its value."""
    SECRET_ENDED = "secret_ended"  # noqa: S105
    UNKNOWN_APPLICATION = "unknown_application"
    APPLICATION_DISABLED = "application_disabled"
    UNKNOWN_TENANT = "unknown_tenant"
    BLOCKED_BY_POLICY = "blocked_by_policy"
    UNKNOWN_ADDRESS = "unknown_address"
    """Entra knows no such Dynamics in this tenant."""
    TOKEN_REFUSED = "token_refused"  # noqa: S105
    """Entra signs us in and Dynamics does not accept it: it belongs to another tenant."""
    NO_APPLICATION_USER = "no_application_user"
    NO_ROLE = "no_role"
    USER_DISABLED = "user_disabled"
    ENVIRONMENT_DISABLED = "environment_disabled"
    NO_PRIVILEGE = "no_privilege"
    NO_TABLE = "no_table"
    NO_KEY = "no_key"
    """The table has no such column, or the column is no alternate key, or the key's index is not built yet."""
    UNTRUSTED_ISSUER = "untrusted_issuer"
    UNTRUSTED_SUBJECT = "untrusted_subject"
    UNTRUSTED_AUDIENCE = "untrusted_audience"
    """The application has federated credentials, and none for this part of our identity token."""
    ASSERTION_INVALID = "assertion_invalid"
    """Entra could not verify our signature or our identity provider's."""
    IDENTITY_DISABLED = "identity_disabled"
    """Our AWS account has no outbound identity federation."""
    IDENTITY_REFUSED = "identity_refused"
    """AWS gives us no identity token."""
    REFUSED = "refused"
    """For another reason, which the code tells."""
    UNREACHABLE = "unreachable"
    """No response, a server fault, or a time to wait: it could not be determined."""
    UNDETERMINED = "undetermined"
    """The service does not say whether we have this privilege."""


class Privilege(StrEnum):
    """What we do to a row."""

    READ = "read"
    CREATE = "create"
    WRITE = "write"


_COULD_NOT_TELL = {CredentialFault.UNREACHABLE, CredentialFault.UNDETERMINED}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or could not be determined."""

    fault: CredentialFault
    code: str = ""
    """Entra's or Dynamics' own, for whom a person asks for help."""
    table: str = ""
    """The entity set, where it concerns one table."""
    key: str = ""
    """The column of the alternate key, for NO_KEY."""
    privilege: Privilege | None = None

    @property
    def is_certain(self) -> bool:
        """Return whether something is wrong, rather than not determined."""
        return self.fault not in _COULD_NOT_TELL


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was found. Codes, privileges, names of tables and columns only; nothing of the credential."""

    findings: tuple[Finding, ...] = ()

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """Return what is certainly wrong."""
        return tuple(finding for finding in self.findings if finding.is_certain)

    @property
    def undetermined(self) -> tuple[Finding, ...]:
        """Return what could not be determined."""
        return tuple(finding for finding in self.findings if not finding.is_certain)

    @property
    def usable(self) -> bool:
        """Return whether nothing is wrong and Dynamics was reached. A privilege may be undetermined."""
        return not self.wrong and all(f.fault is CredentialFault.UNDETERMINED for f in self.findings)


_OF_KIND = {
    RefusedKind.SECRET_ENDED: CredentialFault.SECRET_ENDED,
    RefusedKind.SECRET_MISSING: CredentialFault.INCOMPLETE,
    RefusedKind.SECRET_WRONG: CredentialFault.SECRET_WRONG,
    RefusedKind.UNKNOWN_APPLICATION: CredentialFault.UNKNOWN_APPLICATION,
    RefusedKind.APPLICATION_DISABLED: CredentialFault.APPLICATION_DISABLED,
    RefusedKind.UNKNOWN_TENANT: CredentialFault.UNKNOWN_TENANT,
    RefusedKind.BLOCKED_BY_POLICY: CredentialFault.BLOCKED_BY_POLICY,
    RefusedKind.UNKNOWN_ADDRESS: CredentialFault.UNKNOWN_ADDRESS,
    RefusedKind.TOKEN_REFUSED: CredentialFault.TOKEN_REFUSED,
    RefusedKind.NO_USER: CredentialFault.NO_APPLICATION_USER,
    RefusedKind.NO_ROLE: CredentialFault.NO_ROLE,
    RefusedKind.USER_DISABLED: CredentialFault.USER_DISABLED,
    RefusedKind.ENVIRONMENT_DISABLED: CredentialFault.ENVIRONMENT_DISABLED,
    RefusedKind.UNTRUSTED_ISSUER: CredentialFault.UNTRUSTED_ISSUER,
    RefusedKind.UNTRUSTED_SUBJECT: CredentialFault.UNTRUSTED_SUBJECT,
    RefusedKind.UNTRUSTED_AUDIENCE: CredentialFault.UNTRUSTED_AUDIENCE,
    RefusedKind.ASSERTION_INVALID: CredentialFault.ASSERTION_INVALID,
    RefusedKind.IDENTITY_DISABLED: CredentialFault.IDENTITY_DISABLED,
    RefusedKind.IDENTITY_REFUSED: CredentialFault.IDENTITY_REFUSED,
}

# The form of a secret's id. A secret's value has about 40 characters, with a tilde or other punctuation.
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def finding_of(kind: RefusedKind, code: str, secret: Mapping[str, Any]) -> Finding:
    """Return what a refusal of the whole credential means."""
    fault = _OF_KIND.get(kind, CredentialFault.REFUSED)
    if fault is CredentialFault.SECRET_WRONG and looks_like_an_id(secret.get("client_secret")):
        fault = CredentialFault.SECRET_ID_PASTED
    return Finding(fault, code)


def looks_like_an_id(client_secret: object) -> bool:
    """Return whether this is the id of a secret, as far as its form tells."""
    return isinstance(client_secret, str) and _GUID.fullmatch(client_secret.strip()) is not None
