"""The emulator as an ASGI application: each address goes to the part that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.dataverse import asgi, exchange
from emulators.dataverse.access import entra
from emulators.dataverse.control import api
from emulators.dataverse.model import defaults
from emulators.dataverse.model.messages import Request, Response
from emulators.dataverse.website.page import page

if TYPE_CHECKING:
    from emulators.dataverse.asgi import Receive, Scope, Send
    from emulators.dataverse.environment import Environment

_API = defaults.API


class Emulator:
    """The application that serves one environment."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        request = await asgi.read_request(scope, receive)
        if request is None:
            return
        environment, path = self.environment, request.path
        environment.serve_under(f"{scope['scheme']}://{request.headers.get('host')}")
        if path.startswith("/api/data/"):
            request.path = path.removeprefix(_API) if path != _API.rstrip("/") else ""
            await exchange.service(environment, asgi.Wire(scope, receive, send), request)
        elif path.endswith("/oauth2/v2.0/token"):
            await exchange.token(environment, asgi.Wire(scope, receive, send), request)
        else:
            await asgi.reply(send, _elsewhere(environment, request))


def _elsewhere(environment: Environment, request: Request) -> Response:
    if request.path == "/_emulator/health":
        return Response(200, [("Content-Type", "text/plain")], b"ready")
    if request.path.startswith("/_emulator/"):
        return api.respond(environment, request)
    if request.path.endswith("/v2.0/.well-known/openid-configuration"):
        return entra.discovery(environment.tokens, request)
    if request.path == "/website":
        return page(environment.website, environment.store, request)
    return Response(404, [("Content-Type", "text/plain")], b"There is nothing at this address.")
