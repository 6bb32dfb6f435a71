"""The Lambda Runtime API (2018-06-01), as one process sees it: a port of its own on 127.0.0.1.

Source: "Using the Lambda runtime API for custom runtimes" in the AWS Lambda Developer Guide. The port tells which
process is speaking, so nothing has to be read from the requests for that.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAXIMUM_EVENT_BYTES = 6_291_456
"""6 MB: the limit of the event of a synchronous invocation ("Lambda quotas")."""
MAXIMUM_RESPONSE_BYTES = 6_291_556
"""6 MB and a little: the limit of a synchronous response ("Lambda quotas"), with the number Lambda's error names."""

_BASE = "/2018-06-01/runtime"
_LONGEST_HEADER = 1 << 21  # the runtime may send a whole stack trace as a header


@dataclass(frozen=True)
class InvocationRequest:
    """One invocation as the process gets it from `next`."""

    request_id: str
    body: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str


@dataclass(frozen=True)
class Ready:
    """The process asked for the next invocation: it is initialised, or done with the last one."""


@dataclass(frozen=True)
class Responded:
    """The handler returned; `body` is what it returned, as bytes."""

    body: bytes


@dataclass(frozen=True)
class Failed:
    """The handler, or the initialisation, raised; `body` is the error as JSON."""

    body: bytes


@dataclass(frozen=True)
class Exited:
    """The process is gone. `status` as subprocess gives it: negative for a signal."""

    status: int


Event = Ready | Responded | Failed | Exited
_Reply = tuple[HTTPStatus, "Mapping[str, str]", bytes]


class RuntimeApi:
    """Serves one process. What the process says goes to `on_event`; `give` hands it an invocation."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self._on_event = on_event
        self._waiting: asyncio.Queue[InvocationRequest] = asyncio.Queue()
        self._request_id = ""
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Listen on a free port; return the value for AWS_LAMBDA_RUNTIME_API."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LONGEST_HEADER)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def give(self, request: InvocationRequest) -> None:
        """Respond to the process's `next`."""
        self._request_id = request.request_id
        self._waiting.put_nowait(request)

    async def close(self) -> None:
        """Stop listening and drop the connections; a waiting call to `next` ends."""
        if self._server:
            self._server.close()
            for connection in self._connections:
                connection.cancel()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None  # noqa: S101 - the server runs this as a task
        self._connections.add(connection)
        with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self._reply_one(reader, writer)
        self._connections.discard(connection)
        writer.close()

    async def _reply_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        status, reply_headers, reply = await self._route(method, path, body)
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", f"Content-Length: {len(reply)}"]
        lines += [f"{name}: {value}" for name, value in reply_headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + reply)
        await writer.drain()

    async def _route(self, method: str, path: str, body: bytes) -> _Reply:
        if (method, path) == ("GET", f"{_BASE}/invocation/next"):
            self._on_event(Ready())
            return _next_reply(await self._waiting.get())
        invocation = f"{_BASE}/invocation/{self._request_id}"
        if method != "POST" or path not in {f"{_BASE}/init/error", f"{invocation}/response", f"{invocation}/error"}:
            # A response to an invocation that is over, or a request that is not in this API.
            return _status(HTTPStatus.BAD_REQUEST, {"errorType": "InvalidRequestID", "errorMessage": path})
        if not path.endswith("/response"):
            self._on_event(Failed(body))
        elif len(body) <= MAXIMUM_RESPONSE_BYTES:
            self._on_event(Responded(body))
        else:
            error = _too_large(len(body))
            self._on_event(Failed(json.dumps(error).encode()))
            return _status(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, error)
        return _status(HTTPStatus.ACCEPTED, {"status": "OK"})


def _next_reply(request: InvocationRequest) -> _Reply:
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": request.request_id,
        "Lambda-Runtime-Deadline-Ms": str(request.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": request.function_arn,
        "Lambda-Runtime-Trace-Id": request.trace_id,
    }
    return HTTPStatus.OK, headers, request.body


def _status(status: HTTPStatus, reply: Mapping[str, str]) -> _Reply:
    return status, {"Content-Type": "application/json"}, json.dumps(reply).encode()


def _too_large(size: int) -> dict[str, str]:
    return {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": f"Response payload size ({size} bytes) exceeded maximum allowed payload size "
        f"({MAXIMUM_RESPONSE_BYTES} bytes).",
    }
