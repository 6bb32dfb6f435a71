"""The token endpoint: the client credentials grant of Entra (its v2-oauth2-client-creds-grant-flow page)."""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

from emulators.dataverse.access.assertions import ASSERTION_TYPE, check_assertion
from emulators.dataverse.access.refusals import EntraError
from emulators.dataverse.model import choices
from emulators.dataverse.model.messages import Response

if TYPE_CHECKING:
    from emulators.dataverse.access.tokens import TokenIssuer
    from emulators.dataverse.model.messages import Request

_HEADERS = [
    ("Cache-Control", "no-store, no-cache"),
    ("Pragma", "no-cache"),
    ("Content-Type", "application/json; charset=utf-8"),
    ("Expires", "-1"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Content-Type-Options", "nosniff"),
    ("P3P", 'CP="DSP CUR OTPi IND OTRi ONL FIN"'),
    ("Set-Cookie", "x-ms-gateway-slice=estsfd; path=/; secure; samesite=none; httponly"),
    ("Set-Cookie", "stsservicecookie=estsfd; path=/; secure; samesite=none; httponly"),
]


def discovery(tokens: TokenIssuer, request: Request) -> Response:
    """Return the discovery document, by which Microsoft's libraries find the other addresses.

    Serves /{tenant}/v2.0/.well-known/openid-configuration.
    """
    tenant = request.path.split("/")[1]
    if tenant.lower() not in tokens.tenants:
        return _refusal(_unknown_tenant(tenant, "invalid_tenant"))
    base = f"{tokens.url}/{tenant}"
    body = {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "issuer": f"{base}/v2.0",
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    return Response(200, [("Content-Type", "application/json; charset=utf-8")], json.dumps(body).encode())


class _Credentials(NamedTuple):
    application_id: str
    secret: str
    assertion: str = ""


def respond(tokens: TokenIssuer, request: Request) -> Response:
    """Respond to one request to /{tenant}/oauth2/v2.0/token. Its path is the whole path."""
    try:
        application_id = _checked(tokens, request)
    except EntraError as error:
        return _refusal(error)
    body = {
        "token_type": "Bearer",
        "expires_in": tokens.lifetime,
        "ext_expires_in": tokens.lifetime,
        "access_token": tokens.grant(application_id),
    }
    return Response(200, [*_HEADERS, ("x-ms-request-id", str(uuid.uuid4()))], json.dumps(body).encode())


def _checked(tokens: TokenIssuer, request: Request) -> str:
    tenant = request.path.split("/")[1]
    if request.method != "POST":
        raise EntraError(
            400,
            "invalid_request",
            900561,
            f"The endpoint only accepts POST requests. Received a {request.method} request.",
        )
    if tenant.lower() not in tokens.tenants:
        raise _unknown_tenant(tenant, "invalid_request")
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    given = _credentials(form, request.headers.get("authorization", ""))
    for name, value in (("grant_type", form.get("grant_type")), ("client_id", given.application_id)):
        if not value:
            raise _missing(name)
    if form["grant_type"] != "client_credentials":
        raise EntraError(
            400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{form['grant_type']}'."
        )
    _check_credentials(tokens, tenant, given)
    if not form.get("scope"):
        raise _missing("scope")
    if form["scope"] not in {f"{url}{slash}/.default" for url in (tokens.url, *tokens.origins) for slash in ("", "/")}:
        raise EntraError(
            400,
            "invalid_scope",
            70011,
            f"The provided value for the input parameter 'scope' isn't valid. The scope {form['scope']} isn't valid.",
        )
    return given.application_id.lower()


def _credentials(form: dict[str, str], authorization: str) -> _Credentials:
    if authorization[:6].lower() == "basic ":
        try:
            application_id, _, secret = base64.b64decode(authorization[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return _Credentials("", "")
        return _Credentials(unquote_plus(application_id), unquote_plus(secret))
    right = form.get("client_assertion_type") == ASSERTION_TYPE or not choices.OTHER_ASSERTION_TYPE_IS_NONE
    assertion = form.get("client_assertion", "") if right else ""
    return _Credentials(form.get("client_id", ""), form.get("client_secret", ""), assertion)


def reads_another_issuer(request: Request) -> bool:
    """Return whether a reply may take the time of a request to another machine."""
    return b"client_assertion=" in request.body


def _check_credentials(tokens: TokenIssuer, tenant: str, given: _Credentials) -> None:
    application_id = given.application_id
    known = tokens.secrets.get(application_id.lower())
    if known is None:
        raise EntraError(
            choices.UNKNOWN_APPLICATION_STATUS,
            "unauthorized_client",
            700016,
            f"Application with identifier '{application_id}' was not found in the directory '{tenant}'. This can happen"
            " if the application has not been installed by the administrator of the tenant or consented to by any user"
            " in the tenant. You may have sent your authentication request to the wrong tenant.",
        )
    if given.assertion:
        own = {f"{url}/{name}/oauth2/v2.0/token" for url in (tokens.url, *tokens.origins) for name in tokens.tenants}
        check_assertion(tokens, application_id, given.assertion, frozenset(own))
        return
    if not given.secret:
        raise EntraError(
            401,
            "invalid_client",
            7000216,
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
        )
    if given.secret not in known:
        raise EntraError(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value,"
            f" not the client secret ID, for a secret added to app '{application_id}'.",
        )
    ends_at = known[given.secret]
    if ends_at is not None and ends_at <= time.time():
        raise EntraError(
            401,
            "invalid_client",
            7000222,
            f"The provided client secret keys for app '{application_id}' are expired. Visit the Azure portal to create"
            " new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for"
            " added security: https://aka.ms/certCreds.",
        )


def _unknown_tenant(tenant: str, error: str) -> EntraError:
    return EntraError(
        400,
        error,
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the"
        " correct cloud. Check with your subscription administrator, this may happen if there are no active"
        " subscriptions for the tenant.",
    )


def _missing(parameter: str) -> EntraError:
    return EntraError(
        400, "invalid_request", 900144, f"The request body must contain the following parameter: '{parameter}'."
    )


def _refusal(error: EntraError) -> Response:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    timestamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    body = {
        "error": error.error,
        "error_description": f"AADSTS{error.number}: {error.text}\r\nTrace ID: {trace}\r\n"
        f"Correlation ID: {correlation}\r\nTimestamp: {timestamp}",
        "error_codes": [error.number],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={error.number}",
    }
    return Response(error.status, [*_HEADERS, ("x-ms-request-id", trace)], json.dumps(body).encode())
