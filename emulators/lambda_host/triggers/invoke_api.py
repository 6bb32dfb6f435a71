"""Lambda's Invoke over HTTP, so that other programs can call the functions of a running local stack.

`POST /2015-03-31/functions/NAME/invocations?Qualifier=ALIAS`, as boto3's and the AWS CLI's `lambda invoke
--endpoint-url` call it. Every version here runs the same code.
Source: "Invoke" in the AWS Lambda API reference.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.request
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, override
from urllib.parse import parse_qs, urlencode, urlsplit

from emulators.lambda_host.errors import LambdaHostError, TooManyRequestsException
from emulators.lambda_host.template.naming import ONLY_VERSION
from emulators.lambda_host.template.resources import LATEST
from emulators.local_server import LocalServer

if TYPE_CHECKING:
    from emulators.lambda_host.runtime.host import LambdaHost

_PATH = re.compile(r"^/2015-03-31/functions/([A-Za-z0-9_-]+)/invocations$")
LIVE = "live"
"""The alias that every function of this system is invoked through."""
_LOG_TAIL = 4096  # octets, as X-Amz-Log-Result has
_PATIENCE_SECONDS = 920  # longer than the longest a function may run


class InvokeError(Exception):
    """A failed call of a function; the message says why."""


@dataclass(frozen=True)
class InvocationResult:
    """The result of a call. `init_ms` is None in a warm environment; the log is its last lines."""

    payload: Any
    function_error: str | None
    log: tuple[str, ...]
    duration_ms: float
    init_ms: float | None
    max_memory_mb: int


class InvokeApi(LocalServer):
    """Serves a host's functions on a free port of 127.0.0.1 while the context manager is open."""

    def __init__(self, host: LambdaHost) -> None:
        super().__init__()
        self._host = host

    @override
    def _listen(self, address: tuple[str, int]) -> ThreadingHTTPServer:
        return ThreadingHTTPServer(address, type("Handler", (_InvokeHandler,), {"host": self._host}))


class _InvokeHandler(BaseHTTPRequestHandler):
    host: LambdaHost
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        address = urlsplit(self.path)
        found, qualifier = _PATH.match(address.path), parse_qs(address.query).get("Qualifier", [LATEST])[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            event = json.loads(body or b"{}")
        except ValueError:
            return self._reply(400, {"Type": "User", "message": "Could not parse request body into json"})
        if found is None:
            return self._reply(404, {"Type": "User", "message": f"No such path: {self.path}"})
        if qualifier != LATEST and not self.host.has_alias(found[1], qualifier):
            return self._reply(404, {"Type": "User", "message": f"Function not found: {found[1]}:{qualifier}"})
        try:
            done = self.host.invoke(found[1], event)
        except TooManyRequestsException as error:
            return self._reply(429, {"Type": "User", "message": str(error)})
        except LambdaHostError as error:
            return self._reply(404, {"Type": "User", "message": str(error)})
        headers = {
            "X-Amz-Executed-Version": LATEST if qualifier == LATEST else ONLY_VERSION,
            "X-Amz-Log-Result": base64.b64encode("\n".join(done.log_lines).encode()[-_LOG_TAIL:]).decode(),
            "X-Local-Duration-Ms": f"{done.duration_ms:.2f}",
            "X-Local-Init-Ms": "" if done.init_ms is None else f"{done.init_ms:.2f}",
            "X-Local-Max-Memory-Mb": str(done.max_memory_mb),
        }
        if done.function_error:
            headers["X-Amz-Function-Error"] = done.function_error
        return self._reply(200, done.payload, headers)

    def _reply(self, status: int, payload: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(payload, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the functions have a log of their own."""


def invoke(url: str, function: str, event: object, qualifier: str = LIVE) -> InvocationResult:
    """Call a function of a stack that another process runs, through its alias. Raises InvokeError."""
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{url}/2015-03-31/functions/{function}/invocations?{urlencode({'Qualifier': qualifier})}",
        data=json.dumps(event).encode(),
        method="POST",
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy: the stack is on this machine
    try:
        with direct.open(request, timeout=_PATIENCE_SECONDS) as reply:
            headers, payload = reply.headers, json.load(reply)
    except urllib.error.HTTPError as error:
        raise InvokeError(json.load(error).get("message", str(error))) from None
    except OSError:
        raise InvokeError("the running local stack does not respond: stop it and start it again") from None
    return InvocationResult(
        payload=payload,
        function_error=headers.get("X-Amz-Function-Error"),
        log=tuple(base64.b64decode(headers["X-Amz-Log-Result"]).decode(errors="replace").splitlines()),
        duration_ms=float(headers["X-Local-Duration-Ms"]),
        init_ms=float(headers["X-Local-Init-Ms"]) if headers["X-Local-Init-Ms"] else None,
        max_memory_mb=int(headers["X-Local-Max-Memory-Mb"]),
    )
