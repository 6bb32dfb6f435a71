"""The emulator's token endpoint, bearer checks and privileges."""

from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from emulators.dataverse.model import defaults
from tests.support.dataverse_service import API, MENTORS

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ROW = f"{MENTORS}(hlf_mentorid='m-1')"


def grant(service, *, tenant: str = defaults.TENANT_ID, basic: str | None = None, **changed: str | None):
    """Ask for a token; a field that is None is left out of the form."""
    form = {
        "grant_type": "client_credentials",
        "client_id": defaults.CLIENT_ID,
        "client_secret": defaults.CLIENT_SECRET,
        "scope": f"{service.environment.url}/.default",
    } | changed
    headers = {} if basic is None else {"Authorization": f"Basic {base64.b64encode(basic.encode()).decode()}"}
    return httpx.post(
        f"{service.environment.url}/{tenant}/oauth2/v2.0/token",
        data={name: value for name, value in form.items() if value is not None},
        headers=headers,
    )


def refused(response, status: int, error: str, number: int, text: str) -> None:
    """Assert a refusal in the whole form of Entra's error body; `text` is the beginning of the description."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {
        "error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri",
    }  # fmt: skip
    assert (body["error"], body["error_codes"]) == (error, [number])
    assert body["error_uri"] == f"https://login.microsoftonline.com/error?code={number}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", body["timestamp"])
    assert body["error_description"].startswith(f"AADSTS{number}: {text}")
    last = {"Trace ID": "trace_id", "Correlation ID": "correlation_id", "Timestamp": "timestamp"}
    end = "".join(f"\r\n{name}: {body[field]}" for name, field in last.items())
    assert body["error_description"].endswith(end)


def test_a_token_is_granted_with_what_the_documents_name(service: RunningEmulator) -> None:
    response = grant(service)
    assert response.status_code == 200
    body = response.json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3599)
    assert "refresh_token" not in body
    assert len(body["access_token"]) >= 64
    assert response.headers["cache-control"] == "no-store, no-cache"
    assert response.headers["pragma"] == "no-cache"
    assert response.headers["expires"] == "-1"
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert re.fullmatch(GUID, response.headers["x-ms-request-id"])


def test_a_granted_token_opens_the_api_and_no_two_are_the_same(service: RunningEmulator) -> None:
    tokens = {grant(service).json()["access_token"] for _ in range(3)}
    assert len(tokens) == 3
    for token in tokens:
        assert service.get("WhoAmI", Authorization=f"Bearer {token}").status_code == 200


def test_credentials_may_come_by_basic_authentication(service: RunningEmulator) -> None:
    service.environment.tokens.add_secret(defaults.CLIENT_ID, "a+b:c%d/é")
    basic = f"{defaults.CLIENT_ID}:{quote('a+b:c%d/é', safe='')}"
    assert grant(service, basic=basic, client_id=None, client_secret=None).status_code == 200
    wrong = grant(service, basic=f"{defaults.CLIENT_ID}:x", client_id=None, client_secret=None)
    refused(wrong, 401, "invalid_client", 7000215, "Invalid client secret provided.")


def test_the_tenant_may_be_named_by_its_domain(service: RunningEmulator) -> None:
    assert grant(service, tenant=defaults.TENANT_DOMAIN).status_code == 200


def test_a_secret_in_the_form_is_url_encoded(service: RunningEmulator) -> None:
    service.environment.tokens.add_secret(defaults.CLIENT_ID, "a+b &=%é")
    assert grant(service, client_secret="a+b &=%é").status_code == 200


def test_a_wrong_secret_is_401(service: RunningEmulator) -> None:
    text = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value,"
    refused(grant(service, client_secret="wrong"), 401, "invalid_client", 7000215, text)


@pytest.mark.parametrize("secret", [None, ""])
def test_a_missing_secret_is_401(service: RunningEmulator, secret: str | None) -> None:
    text = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
    refused(grant(service, client_secret=secret), 401, "invalid_client", 7000216, text)


def test_an_expired_secret_is_401_and_a_newer_one_works(service: RunningEmulator) -> None:
    """An expired secret is 401, and a newer one beside it works."""
    tokens = service.environment.tokens
    tokens.add_secret(defaults.CLIENT_ID, defaults.CLIENT_SECRET, time.time() - 1)
    tokens.add_secret(defaults.CLIENT_ID, "newer", time.time() + 60)
    text = f"The provided client secret keys for app '{defaults.CLIENT_ID}' are expired. Visit the Azure portal"
    refused(grant(service), 401, "invalid_client", 7000222, text)
    assert grant(service, client_secret="newer").status_code == 200


def test_a_revoked_secret_is_wrong_and_its_tokens_stay_valid(service: RunningEmulator) -> None:
    """A revoked secret counts as a wrong one, and the tokens it was exchanged for stay valid."""
    token = grant(service).json()["access_token"]
    service.environment.tokens.revoke_secret(defaults.CLIENT_ID, defaults.CLIENT_SECRET)
    refused(grant(service), 401, "invalid_client", 7000215, "Invalid client secret provided.")
    assert service.get("WhoAmI", Authorization=f"Bearer {token}").status_code == 200


def test_an_unknown_application_is_unauthorized_client(service: RunningEmulator) -> None:
    unknown = "10ca1000-0000-4000-8000-00000000ffff"
    response = grant(service, client_id=unknown)
    assert response.json()["error"] == "unauthorized_client"  # its status is not known: choices.py
    text = f"Application with identifier '{unknown}' was not found in the directory '{defaults.TENANT_ID}'."
    refused(response, response.status_code, "unauthorized_client", 700016, text)


def test_an_unknown_tenant_is_400(service: RunningEmulator) -> None:
    refused(grant(service, tenant="nobody"), 400, "invalid_request", 90002, "Tenant 'nobody' not found. ")


@pytest.mark.parametrize("scope", ["https://other.crm4.dynamics.com/.default", "x", "{url}", "{url}/.default openid"])
def test_a_scope_of_anything_else_is_400(service: RunningEmulator, scope: str) -> None:
    text = "The provided value for the input parameter 'scope' isn't valid."
    scope = scope.format(url=service.environment.url)
    refused(grant(service, scope=scope), 400, "invalid_scope", 70011, text)


@pytest.mark.parametrize("field", ["grant_type", "client_id", "scope"])
def test_a_field_that_is_missing_is_named(service: RunningEmulator, field: str) -> None:
    text = f"The request body must contain the following parameter: '{field}'."
    refused(grant(service, **{field: None}), 400, "invalid_request", 900144, text)  # type: ignore[arg-type]


def test_another_grant_type_is_unsupported(service: RunningEmulator) -> None:
    text = "The app requested an unsupported grant type 'password'."
    refused(grant(service, grant_type="password"), 400, "unsupported_grant_type", 70003, text)


def test_the_token_endpoint_is_only_for_post(service: RunningEmulator) -> None:
    response = httpx.get(f"{service.environment.url}/{defaults.TENANT_ID}/oauth2/v2.0/token")
    text = "The endpoint only accepts POST requests. Received a GET request."
    refused(response, 400, "invalid_request", 900561, text)


def test_microsofts_libraries_discover_the_token_endpoint(service: RunningEmulator) -> None:
    """Microsoft's libraries find the token endpoint by the discovery document."""
    url = f"{service.environment.url}/{defaults.TENANT_ID}"
    found = httpx.get(f"{url}/v2.0/.well-known/openid-configuration").json()
    assert (found["token_endpoint"], found["issuer"]) == (f"{url}/oauth2/v2.0/token", f"{url}/v2.0")
    unknown = httpx.get(f"{service.environment.url}/nobody/v2.0/.well-known/openid-configuration")
    refused(unknown, 400, "invalid_tenant", 90002, "Tenant 'nobody' not found. ")


# at the API


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", "Basic eDp5", "Bearer"])
def test_without_a_valid_token_it_is_401_with_the_challenge(service: RunningEmulator, authorization: str) -> None:
    """Without a valid token it is 401, with both keys of the challenge."""
    response = service.get("WhoAmI", Authorization=authorization)
    assert response.status_code == 401
    url = re.escape(service.environment.url)
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    tenant = rf"{url}/{defaults.TENANT_ID}/oauth2/authorize"
    assert re.search(rf"(?:^Bearer |, )authorization_uri={tenant}, resource_id={url}/$", challenge)


def test_a_token_ends_when_it_said(service: RunningEmulator) -> None:
    service.environment.tokens.lifetime = 1
    body = grant(service).json()
    assert body["expires_in"] == 1
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    assert service.get("WhoAmI", **bearer).status_code == 200
    deadline = time.monotonic() + 5
    while service.get("WhoAmI", **bearer).status_code == 200 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert service.get("WhoAmI", **bearer).status_code == 401


def test_all_tokens_can_be_ended_at_once(service: RunningEmulator) -> None:
    assert service.environment.tokens.expire_tokens() >= 1
    assert service.get("WhoAmI").status_code == 401
    service.renew()
    assert service.get("WhoAmI").status_code == 200


def test_a_token_without_an_application_user_is_403(service: RunningEmulator) -> None:
    """Without an application user a token is granted, and the API responds 403."""
    service.environment.tokens.remove_user(defaults.CLIENT_ID)
    token = grant(service).json()["access_token"]
    response = service.get("WhoAmI", Authorization=f"Bearer {token}")
    assert response.status_code == 403
    message = "The user is not a member of the organization."
    assert response.json() == {"error": {"code": "0x80072560", "message": message}}
    service.environment.tokens.add_user(defaults.CLIENT_ID)
    assert service.get("WhoAmI", Authorization=f"Bearer {token}").status_code == 200


@pytest.mark.parametrize(
    ("privilege", "method", "path", "body"),
    [
        ("read", "GET", ROW, None),
        ("read", "GET", MENTORS, None),
        ("read", "GET", f"{MENTORS}/$count", None),
        ("read", "GET", f"{ROW}/hlf_name", None),
        ("write", "PATCH", ROW, {"hlf_name": "x"}),
        ("write", "PUT", f"{ROW}/hlf_name", {"value": "x"}),
        ("create", "PATCH", f"{MENTORS}(hlf_mentorid='new')", {"hlf_name": "x"}),
        ("create", "POST", MENTORS, {"hlf_name": "x"}),
        ("delete", "DELETE", ROW, None),
    ],
)
def test_a_missing_privilege_is_403_and_writes_nothing(
    service: RunningEmulator, privilege: str, method: str, path: Any, body: Any
) -> None:
    """A missing privilege is 403, the error names it, and nothing is written."""
    service.patch(ROW, {"hlf_name": "Kari"})
    service.environment.tokens.deny(defaults.CLIENT_ID, "hlf_peermentor", privilege)
    response = service.ask(method, path, json=body)
    assert response.status_code == 403
    error = response.json()["error"]
    assert error["code"] == "0x80040220"
    assert f"is missing prv{privilege.capitalize()}hlf_peermentor privilege" in error["message"]
    assert [row["hlf_name"] for row in service.rows(MENTORS)] == ["Kari"]
    service.environment.tokens.allow(defaults.CLIENT_ID, "hlf_peermentor", privilege)
    assert service.ask(method, path, json=body).status_code in {200, 204}


def test_the_other_privileges_stay(service: RunningEmulator) -> None:
    for privilege in ("read", "create", "delete"):
        service.environment.tokens.deny(defaults.CLIENT_ID, "hlf_peermentor", privilege)
    service.environment.store.tables_by_set[MENTORS].insert({"hlf_mentorid": "m-1"})
    assert service.patch(ROW, {"hlf_name": "x"}).status_code == 204


def test_a_second_application_has_secrets_and_a_user_of_its_own(service: RunningEmulator) -> None:
    second = "10ca1000-0000-4000-8000-0000000000aa"
    service.environment.tokens.add_secret(second, "second secret")
    service.environment.tokens.add_user(second, "10ca1000-0000-4000-8000-0000000000bb")
    token = grant(service, client_id=second.upper(), client_secret="second secret").json()["access_token"]
    me = service.get("WhoAmI", Authorization=f"Bearer {token}").json()
    assert me["UserId"] == "10ca1000-0000-4000-8000-0000000000bb"
    refused(grant(service, client_secret="second secret"), 401, "invalid_client", 7000215, "Invalid client secret")


def test_another_version_of_the_api_is_not_there(service: RunningEmulator) -> None:
    response = service.http.get(f"{API.replace('9.2', '9.9')}WhoAmI")
    assert response.status_code == 404
