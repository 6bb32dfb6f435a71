"""Applications, their secrets and tokens, and the privileges that the environment gives each of them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

from emulators.dataverse.model import choices, defaults
from emulators.dataverse.model.errors import DataverseError

FEDERATION_AUDIENCE = "api://AzureADTokenExchange"
_MOST_FEDERATED = 20


@dataclass(slots=True)
class ApplicationUser:
    """The environment's own record of an application. `denied` holds (table, read | create | write | delete)."""

    user_id: str
    denied: set[tuple[str, str]] = field(default_factory=set)
    held: frozenset[tuple[str, str]] | None = None
    """The privileges of its roles; None for an administrator, who has all that are not denied."""
    has_roles: bool = True

    def may(self, table: str, privilege: str) -> bool:
        """Return whether it has this privilege on this table (logical name)."""
        return (table, privilege) not in self.denied and (self.held is None or (table, privilege) in self.held)


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """Another identity provider that an application trusts, for one subject (Microsoft Graph's resource type)."""

    issuer: str
    subject: str
    audience: str = FEDERATION_AUDIENCE


@dataclass(slots=True)
class Grant:
    """The application and the end of one token."""

    application_id: str
    expires_at: float


class TokenIssuer:
    """The applications and tokens of one tenant and one environment. Times are time.time()."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.origins: set[str] = set()
        """The environment's other addresses, as through a relay; each is a scope of tokens."""
        self.reset()

    def reset(self) -> None:
        """Keep one application with one secret and every privilege; no token is valid."""
        self.lifetime = 3599
        """Seconds a new token lives."""
        self.tenants = {defaults.TENANT_ID, defaults.TENANT_DOMAIN}
        self.secrets: dict[str, dict[str, float | None]] = {defaults.CLIENT_ID: {defaults.CLIENT_SECRET: None}}
        """Application id to its secrets, each with its end, None for one without."""
        self.federated: dict[str, list[FederatedCredential]] = {}
        """Application id to the identity providers that it trusts."""
        self.certificates: dict[str, list[str]] = {}
        """Application id to its certificates, as PEM."""
        self.users = {defaults.CLIENT_ID: ApplicationUser(defaults.APPLICATION_USER_ID)}
        """Application users by application id."""
        self.grants: dict[str, Grant] = {}
        """By token."""

    def add_secret(self, application_id: str, secret: str, ends_at: float | None = None) -> None:
        """Add a secret beside the others, and the application if it is new; or move the end of one there is."""
        self.secrets.setdefault(application_id.lower(), {})[secret] = ends_at

    def revoke_secret(self, application_id: str, secret: str) -> None:
        """Take a secret away: it is a wrong one from now on. Tokens it was exchanged for stay valid."""
        self.secrets.get(application_id.lower(), {}).pop(secret, None)

    def trust(self, application_id: str, credential: FederatedCredential) -> None:
        """Add a federated credential, and the application if it is new. Raises ValueError as Microsoft Graph refuses.

        Source: "Important considerations and restrictions for federated identity credentials": at most 20, and one for
        each issuer and subject.
        """
        self.secrets.setdefault(application_id.lower(), {})
        trusted = self.federated.setdefault(application_id.lower(), [])
        if any((one.issuer, one.subject) == (credential.issuer, credential.subject) for one in trusted):
            raise ValueError("the application has a federated credential of this issuer and subject already")
        if len(trusted) >= _MOST_FEDERATED:
            raise ValueError(f"an application has at most {_MOST_FEDERATED} federated credentials")
        trusted.append(credential)

    def distrust(self, application_id: str, issuer: str, subject: str) -> None:
        """Remove the federated credential of this issuer and subject. Tokens it was exchanged for stay valid."""
        trusted = self.federated.get(application_id.lower(), [])
        trusted[:] = [one for one in trusted if (one.issuer, one.subject) != (issuer, subject)]

    def add_certificate(self, application_id: str, certificate: str) -> None:
        """Add a certificate (PEM) beside the others, and the application if it is new."""
        self.secrets.setdefault(application_id.lower(), {})
        self.certificates.setdefault(application_id.lower(), []).append(certificate)

    def remove_certificate(self, application_id: str, certificate: str) -> None:
        """Remove a certificate."""
        registered = self.certificates.get(application_id.lower(), [])
        registered[:] = [one for one in registered if one != certificate]

    def add_user(self, application_id: str, user_id: str = defaults.APPLICATION_USER_ID) -> None:
        """Make an application user with every privilege."""
        self.users[application_id.lower()] = ApplicationUser(user_id)

    def restrict(self, application_id: str, user_id: str, held: frozenset[tuple[str, str]], *, has_roles: bool) -> None:
        """Make an application user, or change one, that has these privileges and no others."""
        self.users[application_id.lower()] = ApplicationUser(user_id, held=held, has_roles=has_roles)

    def remove_user(self, application_id: str) -> None:
        """Take the application user away; Entra goes on granting tokens."""
        self.users.pop(application_id.lower(), None)

    def deny(self, application_id: str, table: str, privilege: str) -> None:
        """Take one privilege on one table (logical name) away: read, create, write or delete."""
        self.users[application_id.lower()].denied.add((table, privilege))

    def allow(self, application_id: str, table: str, privilege: str) -> None:
        """Give one privilege on one table back."""
        self.users[application_id.lower()].denied.discard((table, privilege))

    def grant(self, application_id: str) -> str:
        """Return a new token, in which its holder can read nothing."""
        token = secrets.token_urlsafe(48)
        self.grants[token] = Grant(application_id, time.time() + self.lifetime)
        return token

    def expire_tokens(self) -> int:
        """End every token now. Return how many there were."""
        ended = len(self.grants)
        self.grants.clear()
        return ended

    def caller(self, authorization: str) -> str:
        """Return the application of a bearer token. Raises DataverseError: 401, or 403 without an application user."""
        grant = self.grants.get(authorization[7:]) if authorization[:7].lower() == "bearer " else None
        if grant is None or grant.expires_at <= time.time():
            raise self._unauthorized(sent=bool(authorization))
        if grant.application_id not in self.users:
            raise DataverseError(403, "0x80072560", "The user is not a member of the organization.")
        user = self.users[grant.application_id]
        if not user.has_roles:
            raise DataverseError(403, "0x80042f09", f"The user (Id = {user.user_id}) has not been assigned any roles.")
        return grant.application_id

    def require_administrator(self, application_id: str | None, table: str) -> None:
        """Raise DataverseError 403 unless the application may change definitions, roles and users."""
        user = self.users.get(application_id or "")
        if user is not None and user.held is not None:
            raise self._missing(user, table, "create")

    def require(self, application_id: str | None, table: str, privilege: str) -> None:
        """Raise DataverseError 403 if the application may not `privilege` on `table` (logical name)."""
        user = self.users.get(application_id or "")
        if user is not None and not user.may(table, privilege):
            raise self._missing(user, table, privilege)

    def _missing(self, user: ApplicationUser, table: str, privilege: str) -> DataverseError:
        return DataverseError(
            403,
            "0x80040220",
            f"Principal user (Id={user.user_id}, type=8, roleCount=1, privilegeCount=12, accessMode=4), is missing"
            f" prv{privilege.capitalize()}{table} privilege (Id={defaults.PRIVILEGE_ID}) on OTC=10001 for entity"
            f" '{table}' (LocalizedName='{table}'). context.Caller={user.user_id}",
        )

    def _unauthorized(self, *, sent: bool) -> DataverseError:
        reason = choices.INVALID_TOKEN_CHALLENGE if sent else ""
        challenge = (
            f"Bearer {reason}authorization_uri={self.url}/{defaults.TENANT_ID}/oauth2/authorize,"
            f" resource_id={self.url}/"
        )
        return DataverseError(401, "", "", {"WWW-Authenticate": challenge}, body=choices.UNAUTHORIZED_BODY)
