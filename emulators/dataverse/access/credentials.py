"""An administrator's changes to a client's access: secrets, tokens, the application user and its privileges."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict

from emulators.dataverse.access.tokens import FEDERATION_AUDIENCE, FederatedCredential
from emulators.dataverse.model import defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulators.dataverse.access.tokens import TokenIssuer

_Action = Literal[
    "expire_tokens",
    "add_secret",
    "expire_secret",
    "revoke_secret",
    "trust",
    "distrust",
    "add_certificate",
    "remove_certificate",
    "add_user",
    "remove_user",
    "deny",
    "allow",
    "set_lifetime",
]


class CredentialChange(BaseModel):
    """One change. Its application and secret are the defaults of a new environment, unless it names others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: _Action
    application_id: str = defaults.CLIENT_ID
    secret: str = defaults.CLIENT_SECRET
    ends_at: float | None = None
    """The end of a secret to add, as time.time(); None for no end."""
    issuer: str = ""
    """With trust and distrust: the other identity provider, letter by letter."""
    subject: str = ""
    """With trust and distrust: the claim `sub` of its tokens, letter by letter."""
    audience: str = FEDERATION_AUDIENCE
    """With trust: the claim `aud`."""
    certificate: str = ""
    """With add_certificate and remove_certificate: PEM."""
    table: str = ""
    """Logical name, for deny and allow; the first table of the schema file unless it is named."""
    privilege: Literal["read", "create", "write", "delete"] = "write"
    lifetime: int = 3599
    """Seconds that new tokens live."""


def apply_change(tokens: TokenIssuer, change: CredentialChange) -> None:
    """Make the change at once. A token that was granted before outlives its secret, as in Entra."""
    _CHANGES[change.action](tokens, change)


def _deny(tokens: TokenIssuer, change: CredentialChange) -> None:
    _user(tokens, change.application_id)
    tokens.deny(change.application_id, change.table, change.privilege)


def _allow(tokens: TokenIssuer, change: CredentialChange) -> None:
    _user(tokens, change.application_id)
    tokens.allow(change.application_id, change.table, change.privilege)


def _set_lifetime(tokens: TokenIssuer, change: CredentialChange) -> None:
    tokens.lifetime = change.lifetime


def _user(tokens: TokenIssuer, application_id: str) -> None:
    if application_id.lower() not in tokens.users:
        raise LookupError(f"there is no application user {application_id}")


_CHANGES: Final[Mapping[_Action, Callable[[TokenIssuer, CredentialChange], object]]] = {
    "expire_tokens": lambda tokens, _: tokens.expire_tokens(),
    "add_secret": lambda tokens, change: tokens.add_secret(change.application_id, change.secret, change.ends_at),
    "expire_secret": lambda tokens, change: tokens.add_secret(change.application_id, change.secret, time.time()),
    "revoke_secret": lambda tokens, change: tokens.revoke_secret(change.application_id, change.secret),
    "trust": lambda tokens, change: tokens.trust(
        change.application_id, FederatedCredential(change.issuer, change.subject, change.audience)
    ),
    "distrust": lambda tokens, change: tokens.distrust(change.application_id, change.issuer, change.subject),
    "add_certificate": lambda tokens, change: tokens.add_certificate(change.application_id, change.certificate),
    "remove_certificate": lambda tokens, change: tokens.remove_certificate(change.application_id, change.certificate),
    "add_user": lambda tokens, change: tokens.add_user(change.application_id),
    "remove_user": lambda tokens, change: tokens.remove_user(change.application_id),
    "deny": _deny,
    "allow": _allow,
    "set_lifetime": _set_lifetime,
}
