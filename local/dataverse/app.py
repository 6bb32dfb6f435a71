"""The emulator as an ASGI application: routes, the bearer check, and the headers every reply has."""

from __future__ import annotations

import importlib
import time
import uuid
from typing import TYPE_CHECKING, Any

from local.dataverse import batch, bulk, defaults, exchange, records
from local.dataverse.addresses import decode
from local.dataverse.errors import CONTENT_TYPE, ODATA_VERSION, DataverseError
from local.dataverse.faults import Faults
from local.dataverse.journal import Journal
from local.dataverse.messages import Request, Response
from local.dataverse.protection import Protection
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
        self._modules = {name: _module(name) for name in ("control", "website", "queries", "metadata")}
        self.protection = Protection()
        self.faults = Faults()
        self.journal = Journal()
        self.batch_limit = 1000
        """Operations a `$batch` may hold."""
        self.dop_hint = 4
        """x-ms-dop-hint: how many parallel requests the service advises."""
        self.races_to_lose = 0
        """How many of the next creating upserts find that somebody else has just created the row."""
        self._affinity = f"ARRAffinity={uuid.uuid4().hex}{uuid.uuid4().hex}; domain=127.0.0.1; path=/; HttpOnly"

    def reset(self) -> None:
        """As new: no rows, the default credentials, no faults, nothing in the journal. The limits stay."""
        self.store.reset()
        self.tokens.reset()
        self.protection.reset()
        self.faults.clear()
        self.journal.reset()
        self.batch_limit, self.dop_hint, self.races_to_lose = 1000, 4, 0

    def execute(self, request: Request) -> Response:
        """Carry out one operation, alone or inside a `$batch`. Synchronous, so nothing comes between."""
        if self.faults.operations and (rule := self.faults.pick("operation", request, time.time())):
            response = rule.response()
        else:
            try:
                response = self._execute(request)
            except DataverseError as error:
                response = error.response()
        self.journal.executed += 1
        self.journal.operations[response.status] += 1
        return response

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
            request.path = path.removeprefix(_API)
            await exchange.service(self, exchange.Wire(scope, receive, send), request)
        elif path.endswith("/oauth2/v2.0/token"):
            await exchange.token(self, exchange.Wire(scope, receive, send), request)
        else:
            await exchange.reply(send, self._elsewhere(request))

    def work(self, request: Request) -> Response:
        """Carry out one HTTP request of a known caller, a `$batch` or a single operation."""
        if len(_API) + len(request.path) + len(request.query) > _MAX_URL:
            return DataverseError(414, "", "The request URL is too long.").response()
        try:
            if request.path == "$batch" and request.method == "POST":
                return batch.answer(self, request)[0]
            return self.execute(request)
        except DataverseError as error:
            return error.response()

    def dress(self, response: Response, arrived: float) -> Response:
        """Add the headers that every reply has; `arrived` as time.time()."""
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
            ("Server-Timing", f"dur={time.time() - arrived:.6f}"),
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
