"""Who signs in on the local stack: the coordinators of the loaded data, at a local identity provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import httpx
import psycopg

from emulators.identity.server import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from emulators.identity.server import LocalIdentity

_PATIENCE_SECONDS = 5.0


class Coordinator(NamedTuple):
    """Identify a coordinator by id, name and organisation."""

    id: UUID
    name: str
    organisation: str


def read_coordinators(dsn: str) -> Sequence[Coordinator]:
    """Return the coordinators as they are now, by organisation and name."""
    query = (
        "SELECT c.id, c.full_name, o.name FROM public.coordinators AS c"
        " JOIN public.organisations AS o ON o.id = c.organisation_id ORDER BY o.name, c.full_name, c.id"
    )
    with psycopg.connect(dsn, autocommit=True) as connection:
        return [Coordinator(*row) for row in connection.execute(query)]


def read_users(dsn: str) -> Sequence[tuple[UUID, str]]:
    """Return who may sign in: the id of each coordinator, and the name with the organisation."""
    return [(one.id, f"{one.name}, {one.organisation}") for one in read_coordinators(dsn)]


def identity_at(identity: LocalIdentity) -> Mapping[str, str]:
    """Return the variables that have the functions trust this provider."""
    return {
        "TOKEN_ISSUER": identity.issuer,
        "TOKEN_AUDIENCE": AUDIENCE,
        "TOKEN_KEYS_URL": identity.keys_url,
        "TOKEN_ALGORITHMS": "ES256",
        "SIGN_IN_URL": f"{identity.sign_in_url}?return_to={{return_to}}",
    }


def signed_in_page(sign_in_url: str, page: str, coordinator: UUID) -> str:
    """Return the address of a page with a token for the coordinator. Raises OSError if the provider gives none."""
    try:
        with httpx.Client(trust_env=False, timeout=_PATIENCE_SECONDS) as client:
            reply = client.get(sign_in_url, params={"return_to": page, "user": str(coordinator)})
    except httpx.RequestError as error:
        raise ConnectionError(f"the local identity provider does not respond: {type(error).__name__}") from None
    if not reply.has_redirect_location:
        raise ConnectionError(f"the local identity provider gives no token: {reply.status_code}")
    return reply.headers["location"]
