"""The emulator: all state of one environment, and the ASGI application that answers for it."""

from __future__ import annotations

import logging
import time
import uuid
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from emulators.dataverse import exchange, website
from emulators.dataverse.access import entra
from emulators.dataverse.access.protection import Protection
from emulators.dataverse.access.tokens import TokenIssuer
from emulators.dataverse.control import api
from emulators.dataverse.faults.faults import Faults
from emulators.dataverse.faults.journal import Journal
from emulators.dataverse.model import defaults
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.model.messages import Request, Response
from emulators.dataverse.model.store import Store
from emulators.dataverse.service import batch, formats, routes
from emulators.dataverse.settings import EmulatorSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, MutableMapping

    from emulators.dataverse.access.protection import Limits
    from emulators.dataverse.model.schema import TableSchema
    from emulators.dataverse.website import WebsiteDefinition

    type Scope = MutableMapping[str, Any]
    type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_log = logging.getLogger(__name__)
_API = defaults.API
_MAX_URL = 32_768
_asked_at: ContextVar[str] = ContextVar("asked_at")
_HEADERS = [
    ("Cache-Control", "no-cache"),
    ("Expires", "-1"),
    ("Allow", "OPTIONS,GET,HEAD,POST"),
    ("Public", "OPTIONS,GET,HEAD,POST"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("CRM.ServiceId", "CRMAppPool"),
]


class Emulator:
    """One environment. `url` is where it is reached, without a slash at the end; `site` what /website shows of it."""

    def __init__(
        self,
        url: str,
        schemas: Iterable[TableSchema],
        *,
        site: WebsiteDefinition | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._url = url
        self.store = Store(schemas)
        self.tokens = TokenIssuer(url)
        self.settings = EmulatorSettings()
        self.protection = Protection(limits)
        self.faults = Faults()
        self.journal = Journal()
        self.portal = None if site is None else website.Cache(site)
        self._affinity = ("Set-Cookie", f"ARRAffinity={uuid.uuid4().hex}{uuid.uuid4().hex}; path=/; HttpOnly")

    @property
    def url(self) -> str:
        """Where the request under way has reached it; links lead there again."""
        return _asked_at.get(self._url)

    @property
    def api_url(self) -> str:
        """Of the Web API."""
        return f"{self.url}{_API}"

    def reset(self) -> None:
        """As new: no rows, the default credentials and settings, no faults, an empty journal. The limits stay."""
        self.store.reset()
        self.tokens.reset()
        self.settings = EmulatorSettings()
        self.protection.reset()
        self.faults.clear()
        self.journal.reset()
        if self.portal is not None:
            self.portal.reset()

    def execute(self, request: Request) -> Response:
        """Carry out one operation, alone or inside a `$batch`. Synchronous, so nothing comes between."""
        if self.faults.operations and (rule := self.faults.pick("operation", request, time.time())):
            response = rule.response()
        else:
            try:
                formats.check(request)
                response = formats.written(request, routes.respond(self, request))
            except DataverseError as error:
                response = error.response(annotated="odata.include-annotations" in request.headers.get("prefer", ""))
            except Exception:  # noqa: BLE001 - one operation's failure is not the batch's
                _log.exception("an operation failed by a fault of the emulator's own")
                response = DataverseError(500, "0x80040216", "An unexpected error occurred.").response()
        self.journal.executed += 1
        self.journal.operations[response.status] += 1
        return response

    def work(self, request: Request) -> Response:
        """Carry out one HTTP request of a known caller, a `$batch` or a single operation."""
        try:
            if len(_API) + len(request.path) + len(request.query) > _MAX_URL:
                raise DataverseError.url_too_long(_MAX_URL)
            if request.path.strip("/") == "$batch":
                return batch.respond(self, request)
            return self.execute(request)
        except DataverseError as error:
            return error.response()

    def dress(self, response: Response) -> Response:
        """Add the headers that every reply of the Web API has."""
        request_id = str(uuid.uuid4())
        response.headers += _HEADERS
        response.headers += [
            ("x-ms-service-request-id", request_id),
            ("REQ_ID", request_id),
            ("AuthActivityId", request_id),
            ("x-ms-dop-hint", str(self.settings.dop_hint)),
            self._affinity,
            ("Set-Cookie", f"ReqClientId={request_id}; path=/; HttpOnly"),
        ]
        return response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        request = await _request(scope, receive)
        if request is None:
            return
        if (
            self.tokens.origins
            and (origin := f"{scope['scheme']}://{request.headers.get('host')}") in self.tokens.origins
        ):
            _asked_at.set(origin)
        path = request.path
        if path.startswith("/api/data/"):
            request.path = path.removeprefix(_API) if path != _API.rstrip("/") else ""
            await exchange.service(self, exchange.Wire(scope, receive, send), request)
        elif path.endswith("/oauth2/v2.0/token"):
            await exchange.token(self, exchange.Wire(scope, receive, send), request)
        else:
            await exchange.reply(send, self._elsewhere(request))

    def _elsewhere(self, request: Request) -> Response:
        if request.path == "/_emulator/health":
            return Response(200, [("Content-Type", "text/plain")], b"ready")
        if request.path.startswith("/_emulator/"):
            return api.respond(self, request)
        if request.path.endswith("/v2.0/.well-known/openid-configuration"):
            return entra.discovery(self.tokens, request)
        if request.path == "/website":
            return website.page(self, request)
        return Response(404, [("Content-Type", "text/plain")], b"There is nothing at this address.")


async def _request(scope: Scope, receive: Receive) -> Request | None:
    """The request with its body; None for one that ends before it is whole."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        pieces = [body]
        while message.get("more_body"):
            message = await receive()
            pieces.append(message.get("body", b""))
        body = b"".join(pieces)
    if message["type"] == "http.disconnect":
        return None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if len(headers) < len(scope["headers"]):  # Microsoft's samples send Prefer twice
        prefer = [value.decode("latin-1") for name, value in scope["headers"] if name == b"prefer"]
        headers |= {"prefer": ",".join(prefer)} if prefer else {}
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return Request(scope["method"], path, query, headers, body)
