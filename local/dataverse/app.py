"""The emulator as an ASGI application: routes, the bearer check, and the headers every reply has."""

from __future__ import annotations

import importlib
import time
import uuid
from typing import TYPE_CHECKING, Any

from local.dataverse import batch, bulk, defaults, records
from local.dataverse.addresses import decode
from local.dataverse.connection import abort
from local.dataverse.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from local.dataverse.messages import Request, Response
from local.dataverse.store import Store
from local.dataverse.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from local.dataverse.schema import TableSchema

    type Scope = MutableMapping[str, Any]
    type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_API = defaults.API
_MESSAGE = "/Microsoft.Dynamics.CRM."
_MAX_URL = 32_768


def _module(name: str) -> Any:
    """A module of the emulator that may not be there."""
    try:
        return importlib.import_module(f"local.dataverse.{name}")
    except ModuleNotFoundError:
        return None


class Emulator:
    """One environment: its rows, tokens, limits, faults and journal. `url` is where it is reached."""

    def __init__(self, url: str, schemas: Iterable[TableSchema]) -> None:
        self.url = url
        self.api_url = f"{url}{_API}"
        self.store = Store(schemas)
        self.tokens = Tokens(url)
        self._modules = {
            name: _module(name)
            for name in ("protection", "faults", "journal", "control", "website", "queries", "metadata")
        }
        self.protection = self._modules["protection"] and self._modules["protection"].Protection()
        self.faults = self._modules["faults"] and self._modules["faults"].Faults()
        self.journal = self._modules["journal"] and self._modules["journal"].Journal()
        self.batch_limit = 1000
        """Operations a `$batch` may hold."""
        self.dop_hint = 4
        """x-ms-dop-hint: how many parallel requests the service advises."""
        self.races_to_lose = 0
        """How many of the next creating upserts find that somebody else has just created the row."""
        self._affinity = f"ARRAffinity={uuid.uuid4().hex}{uuid.uuid4().hex}; domain=127.0.0.1; path=/; HttpOnly"

    def reset(self) -> None:
        """As new: no rows, the default credentials."""
        self.store.reset()
        self.tokens.reset()
        self.batch_limit, self.dop_hint, self.races_to_lose = 1000, 4, 0

    def execute(self, request: Request) -> Response:
        """Carry out one operation, alone or inside a `$batch`. Synchronous, so nothing comes between."""
        try:
            return self._execute(request)
        except DataverseError as error:
            return error.response()

    def _execute(self, request: Request) -> Response:
        path = decode(request.path)
        set_name, bracket, _ = path.partition("(")
        if bracket and path.endswith(")") and (table := self.store.tables_by_set.get(set_name)):
            return records.on_row(self, table, path, request)
        set_name, _, rest = path.partition("/")
        if table := self.store.tables_by_set.get(set_name):
            if not rest and request.method == "POST":
                return records.create(self, table, request)
            if rest.startswith(_MESSAGE[1:]) and request.method == "POST":
                return bulk.answer(self, table, rest.removeprefix(_MESSAGE[1:]), request)
            if request.method == "GET" and (queries := self._modules["queries"]):
                self.tokens.require(request.user, table.schema.name, "read")
                response: Response = (queries.count if rest == "$count" else queries.query)(self, table, request)
                return response
            raise DataverseError.wrong_method(request.method)
        return self._other(path, request)

    def _other(self, path: str, request: Request) -> Response:
        if path == "$batch":
            raise DataverseError(400, "0x80060888", "A batch request cannot hold another batch request.")
        if path in {"WhoAmI", "WhoAmI()"}:
            return self._who_am_i(request)
        if metadata := self._modules["metadata"]:
            if path == "$metadata":
                return metadata.metadata(self)  # type: ignore[no-any-return]
            if path.startswith("EntityDefinitions"):
                return metadata.entity_definitions(self, path, request.query)  # type: ignore[no-any-return]
        raise DataverseError.no_such_segment(path.partition("/")[0].partition("(")[0])

    def _who_am_i(self, request: Request) -> Response:
        user = self.tokens.users[request.user or ""]
        body = (
            f'{{"@odata.context":"{self.api_url}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",'
            f'"BusinessUnitId":"{defaults.BUSINESS_UNIT_ID}","UserId":"{user.user_id}",'
            f'"OrganizationId":"{defaults.ORGANISATION_ID}"}}'
        )
        return Response(200, [CONTENT_TYPE, ODATA_VERSION], body.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        request = await _request(scope, receive)
        path = request.path
        if path.startswith("/api/data/"):
            response = self._service(request)
        elif path.endswith("/oauth2/v2.0/token"):
            response = self.tokens.answer(path.split("/")[1], request)
        else:
            response = self._elsewhere(request)
        await _reply(send, response)

    def _service(self, request: Request) -> Response:
        arrived = time.perf_counter()
        try:
            if len(request.path) + len(request.query) > _MAX_URL:
                raise DataverseError(414, "", "The request URL is too long.")
            if not request.path.startswith(_API):
                raise DataverseError.no_such_segment(request.path)
            request.path = request.path.removeprefix(_API)
            request.user = self.tokens.caller(request.headers.get("authorization", ""))
            if request.path == "$batch" and request.method == "POST":
                response, _ = batch.answer(self, request)
            else:
                response = self.execute(request)
        except DataverseError as error:
            response = error.response()
        self.store.take_committed()
        service_request = str(uuid.uuid4())
        response.headers += [
            ("Cache-Control", "no-cache"),
            ("Allow", "OPTIONS,GET,HEAD,POST"),
            ("Expires", "-1"),
            ("x-ms-service-request-id", service_request),
            ("REQ_ID", service_request),
            ("CRM.ServiceId", "CRMAppPool"),
            ("x-ms-dop-hint", str(self.dop_hint)),
            ("Set-Cookie", self._affinity),
            ("Set-Cookie", f"ReqClientId={service_request}; path=/; secure; HttpOnly"),
            ("Server-Timing", f"dur={time.perf_counter() - arrived:.6f}"),
        ]
        return response

    def _elsewhere(self, request: Request) -> Response:
        if request.path == "/_emulator/health":
            return Response(200, [("Content-Type", "text/plain")], b"ready")
        if request.path.startswith("/_emulator/") and (control := self._modules["control"]):
            return control.answer(self, request)  # type: ignore[no-any-return]
        if request.path == "/website" and (website := self._modules["website"]):
            return website.page(self, request)  # type: ignore[no-any-return]
        return Response(404, [("Content-Type", "text/plain")], b"not here")


async def _request(scope: Scope, receive: Receive) -> Request:
    message = await receive()
    body = message.get("body", b"")
    if message.get("more_body"):
        chunks = [body]
        while message.get("more_body"):
            message = await receive()
            chunks.append(message.get("body", b""))
        body = b"".join(chunks)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(
        scope["method"], scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1"), headers, body
    )


async def _reply(send: Send, response: Response) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if response.status not in {204, 304}:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


__all__ = ["Emulator", "abort"]
