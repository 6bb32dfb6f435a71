"""Entra, as far as client credentials go: tenants' applications, their secrets, tokens; and who may do what with them."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote_plus

from local.dataverse import choices, defaults
from local.dataverse.errors import DataverseError
from local.dataverse.messages import Request, Response

HEADERS = [
    ("Cache-Control", "no-store, no-cache"),
    ("Pragma", "no-cache"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("Expires", "-1"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("P3P", 'CP="DSP CUR OTPi IND OTRi ONL FIN"'),
]
PRIVILEGES = {"GET": "read", "POST": "create", "PATCH": "write", "PUT": "write", "DELETE": "delete"}


@dataclass(slots=True)
class ApplicationUser:
    """The environment's own record of an application. `denied` holds (table, read|create|write|delete)."""

    user_id: str
    denied: set[tuple[str, str]] = field(default_factory=set)


@dataclass(slots=True)
class Grant:
    """What a token stands for; `expires_at` as time.time()."""

    application_id: str
    expires_at: float


class EntraError(Exception):
    """When a token is refused."""

    def __init__(self, status: int, error: str, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.code = code
        self.text = text


class Tokens:
    """Applications, secrets, tokens and application users of one tenant and one environment."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.reset()

    def reset(self) -> None:
        """One application with one secret and every privilege; no token is valid."""
        self.lifetime = 3599
        """Seconds a new token lives."""
        self.tenants = {defaults.TENANT_ID, defaults.TENANT_DOMAIN}
        self.secrets: dict[str, dict[str, float | None]] = {defaults.CLIENT_ID: {defaults.CLIENT_SECRET: None}}
        """Application id to its secrets, each with its end as time.time(), None for no end."""
        self.users = {defaults.CLIENT_ID: ApplicationUser(defaults.APPLICATION_USER_ID)}
        self.grants: dict[str, Grant] = {}

    def answer(self, tenant: str, request: Request) -> Response:
        """One request to /{tenant}/oauth2/v2.0/token."""
        try:
            token = self._grant(tenant, request)
        except EntraError as error:
            return _refusal(error)
        body = {
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "ext_expires_in": self.lifetime,
            "access_token": token,
        }
        return Response(200, [*HEADERS, ("x-ms-request-id", str(uuid.uuid4()))], json.dumps(body).encode())

    def _grant(self, tenant: str, request: Request) -> str:
        if tenant.lower() not in self.tenants:
            raise EntraError(
                400,
                "invalid_request",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
            )
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        application, secret = form.get("client_id", ""), form.get("client_secret", "")
        basic = request.headers.get("authorization", "")
        if basic.startswith("Basic "):
            try:
                application, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                application = secret = ""
            application, secret = unquote_plus(application), unquote_plus(secret)
        known = self.secrets.get(application.lower())
        if known is None:
            raise EntraError(
                choices.UNKNOWN_APPLICATION_STATUS,
                "unauthorized_client",
                700016,
                f"Application with identifier '{application}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
            )
        if not secret:
            raise EntraError(
                401,
                "invalid_client",
                7000216,
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
            )
        if secret not in known:
            raise EntraError(
                401,
                "invalid_client",
                7000215,
                f"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{application}'.",
            )
        end = known[secret]
        if end is not None and end <= time.time():
            raise EntraError(
                401,
                "invalid_client",
                7000222,
                f"The provided client secret keys for app '{application}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.",
            )
        if form.get("scope", "").rstrip() not in {f"{self.url}/.default", f"{self.url}//.default"}:
            raise EntraError(
                400,
                "invalid_scope",
                70011,
                f"The provided value for the input parameter 'scope' isn't valid. The scope {form.get('scope', '')} isn't valid.",
            )
        token = secrets.token_urlsafe(48)
        self.grants[token] = Grant(application.lower(), time.time() + self.lifetime)
        return token

    def caller(self, authorization: str) -> str:
        """The application a bearer token was given to. Raises DataverseError: 401, or 403 without application user."""
        grant = self.grants.get(authorization[7:]) if authorization[:7].lower() == "bearer " else None
        if grant is None or grant.expires_at <= time.time():
            raise DataverseError(401, "", "", {"WWW-Authenticate": self.challenge})
        if grant.application_id not in self.users:
            raise DataverseError(403, "0x80072560", "The user is not a member of the organization.")
        return grant.application_id

    @property
    def challenge(self) -> str:
        """What WWW-Authenticate says in a 401."""
        return f"Bearer authorization_uri={self.url}/{defaults.TENANT_ID}/oauth2/authorize, resource_id={self.url}/"

    def require(self, application_id: str | None, table: str, privilege: str) -> None:
        """Raise DataverseError 403 if the application may not `privilege` (read, create, write, delete) on `table`."""
        user = self.users.get(application_id or "")
        if user is not None and user.denied and (table, privilege) in user.denied:
            raise DataverseError(
                403,
                "0x80040220",
                f"Principal user (Id={user.user_id}, type=8, roleCount=1, privilegeCount=1) is missing"
                f" prv{privilege.capitalize()}{table} privilege for entity '{table}'.",
            )


def _refusal(error: EntraError) -> Response:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    timestamp = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"
    body = {
        "error": error.error,
        "error_description": f"AADSTS{error.code}: {error.text}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}"
        f"\r\nTimestamp: {timestamp}",
        "error_codes": [error.code],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={error.code}",
    }
    return Response(error.status, [*HEADERS, ("x-ms-request-id", trace)], json.dumps(body).encode())
