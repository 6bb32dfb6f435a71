"""An administrator's changes to a client's access: secrets, tokens, the application user and its privileges."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from emulators.dataverse.model import defaults

if TYPE_CHECKING:
    from emulators.dataverse.access.tokens import TokenIssuer

_Action = Literal[
    "expire_tokens",
    "add_secret",
    "expire_secret",
    "revoke_secret",
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
    table: str = ""
    """Logical name, for deny and allow; the first table of the schema file unless it is named."""
    privilege: Literal["read", "create", "write", "delete"] = "write"
    lifetime: int = 3599
    """Seconds that new tokens live."""


def apply_change(tokens: TokenIssuer, change: CredentialChange) -> None:
    """Make the change at once. A token that was granted before outlives its secret, as in Entra."""
    who = change.application_id
    match change.action:
        case "expire_tokens":
            tokens.expire_tokens()
        case "add_secret":
            tokens.add_secret(who, change.secret, change.ends_at)
        case "expire_secret":
            tokens.add_secret(who, change.secret, time.time())
        case "revoke_secret":
            tokens.revoke_secret(who, change.secret)
        case "add_user":
            tokens.add_user(who)
        case "remove_user":
            tokens.remove_user(who)
        case "deny":
            _user(tokens, who)
            tokens.deny(who, change.table, change.privilege)
        case "allow":
            _user(tokens, who)
            tokens.allow(who, change.table, change.privilege)
        case "set_lifetime":
            tokens.lifetime = change.lifetime


def _user(tokens: TokenIssuer, application_id: str) -> None:
    if application_id.lower() not in tokens.users:
        raise LookupError(f"there is no application user {application_id}")
