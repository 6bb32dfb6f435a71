"""A template's function URLs, each served on a port of its own.

Source: "Invoking Lambda function URLs" and "Control access to Lambda function URLs" in the AWS Lambda Developer Guide;
"Invoke" in the AWS Lambda API reference for the errors' words.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import uuid
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import uvicorn

from emulators.lambda_host.errors import HostClosedError, LambdaHostError, TooManyRequestsException
from emulators.lambda_host.runtime.runtime_api import MAXIMUM_EVENT_BYTES
from emulators.lambda_host.triggers.cors import Cors
from emulators.lambda_host.triggers.url_payloads import HttpRequest, HttpResponse, request_event, response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.runtime.invocation import Invocation
    from emulators.lambda_host.template.provision import Stack
    from emulators.lambda_host.template.resources import FunctionUrl

    type Receive = Callable[[], Awaitable[dict[str, Any]]]
    type Send = Callable[[dict[str, Any]], Awaitable[None]]

_KEEP_ALIVE_SECONDS = 75
_PATIENCE_SECONDS = 1.0  # with what is under way when they stop


class FunctionUrls:
    """A context manager: while it is open, the function URLs of the stack are served on 127.0.0.1.

    They listen where `Fn::GetAtt X.FunctionUrl` of a provisioned stack says. Leave it before the host is closed.
    """

    def __init__(self, stack: Stack, host: LambdaHost) -> None:
        self._host = host
        self._urls: dict[str, str] = {}
        self._sockets: list[tuple[FunctionUrl, socket.socket]] = []
        self._servers: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []
        self._under_way: set[asyncio.Task[Invocation]] = set()
        for url in stack.template.function_urls:
            port = urlsplit(stack.attribute(url.logical_id, "FunctionUrl")).port or 0
            listener = socket.create_server(("127.0.0.1", port), backlog=512)
            # Accepted connections inherit it. Without it a body waits 40 ms for the head to be acknowledged.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append((url, listener))
            self._urls[url.function] = f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def __enter__(self) -> Self:
        self._host.run(self._start()).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._host.run(self._stop()).result()

    def url(self, function_logical_id: str) -> str:
        """Return the address of a function, with a slash at the end as on AWS. Raises LambdaHostError without one."""
        if function_logical_id not in self._urls:
            raise LambdaHostError(f"{function_logical_id} has no function URL")
        return self._urls[function_logical_id]

    async def _start(self) -> None:
        for url, listener in self._sockets:
            config = uvicorn.Config(
                _Endpoint(url, self._host, self._under_way),
                http="httptools",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=10,
            )
            server = uvicorn.Server(config)
            self._servers.append((server, asyncio.create_task(server.serve([listener]))))
        while not all(server.started for server, _ in self._servers):  # noqa: ASYNC110 - uvicorn has no other signal
            await asyncio.sleep(0)

    async def _stop(self) -> None:
        for server, _ in self._servers:
            server.should_exit = True
        if self._under_way:  # uvicorn would cancel the requests, and print a traceback for each
            _, late = await asyncio.wait(self._under_way, timeout=_PATIENCE_SECONDS)
            for task in late:
                task.cancel()
        await asyncio.gather(*(task for _, task in self._servers))


class _Endpoint:
    """One function URL, as an ASGI application in the host's loop."""

    def __init__(self, url: FunctionUrl, host: LambdaHost, under_way: set[asyncio.Task[Invocation]]) -> None:
        self._url = url
        self._host = host
        self._under_way = under_way
        self._cors = Cors(url.cors) if url.cors else None
        digest = hashlib.sha256(url.logical_id.encode()).digest()
        self._id = base64.b32encode(digest).decode().lower()[:32]

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        body = await _body(receive)
        if body is None:
            return
        request = HttpRequest(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            protocol=f"HTTP/{scope['http_version']}",
            headers=headers,
            body=body,
            source_ip=scope["client"][0],
        )
        request_id = str(uuid.uuid4())
        reply = await self._reply(request, request_id)
        lines = [*reply.headers, ("content-length", str(len(reply.body))), ("x-amzn-requestid", request_id)]
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in lines]
        await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
        await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, request: HttpRequest, request_id: str) -> HttpResponse:
        known = dict(request.headers)
        if self._cors is None:
            return await self._invoke(request, request_id)
        preflight = self._cors.preflight(request.method, known)
        if preflight is not None:
            return HttpResponse(200, preflight)
        reply = await self._invoke(request, request_id)
        return HttpResponse(reply.status, [*reply.headers, *self._cors.headers(known)], reply.body)

    async def _invoke(self, request: HttpRequest, request_id: str) -> HttpResponse:
        if self._url.auth_type != "NONE":
            return _error(403, "AccessDeniedException", {"Message": "Forbidden"})  # signatures are not checked here
        event = json.dumps(request_event(request, self._id, request_id), ensure_ascii=False).encode()
        if len(event) > MAXIMUM_EVENT_BYTES:
            return _too_large(len(event))
        running = asyncio.ensure_future(self._host.invocation(self._url.function, event, request_id=request_id))
        self._under_way.add(running)
        running.add_done_callback(self._under_way.discard)
        try:
            invocation = await running
        except TooManyRequestsException:
            reason = {"Reason": "ConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."}
            return _error(429, "TooManyRequestsException", reason)
        except (HostClosedError, asyncio.CancelledError):
            return _error(503, "ServiceException", {"Message": "Service Unavailable"})
        reply = None if invocation.function_error else response(invocation.payload)
        return reply or HttpResponse(502, (("content-type", "application/octet-stream"),), b"Internal Server Error")


async def _body(receive: Receive) -> bytes | None:
    """Return the body, or enough of one that is too large to show that; None if the client went away."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body") or size > MAXIMUM_EVENT_BYTES:
            return b"".join(parts)


def _error(status: int, kind: str, body: dict[str, str]) -> HttpResponse:
    headers = (("content-type", "application/json"), ("x-amzn-errortype", kind))
    return HttpResponse(status, headers, json.dumps(body).encode())


def _too_large(size: int) -> HttpResponse:
    message = (
        f"{size} byte payload is too large for the RequestResponse invocation type (limit {MAXIMUM_EVENT_BYTES} bytes)"
    )
    return _error(413, "RequestTooLargeException", {"Type": "User", "message": message})
