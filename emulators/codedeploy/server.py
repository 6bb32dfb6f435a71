"""A local CodeDeploy, as far as the hooks of a Lambda deployment know it: they report a status, once.

ministack has none, and moto's knows no hooks. Point AWS_ENDPOINT_URL_CODEDEPLOY at `url`.
Source: "PutLifecycleEventHookExecutionStatus" in the AWS CodeDeploy API reference, and botocore's model of it.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, override

from emulators.local_server import LocalServer

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPERATION = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus"
# A hook may report these; the other statuses of the API are CodeDeploy's own.
_STATUSES = ("Succeeded", "Failed")


class CodeDeployError(Exception):
    """A call that CodeDeploy refuses; the message is the code."""


@dataclass
class HookExecution:
    """A hook that CodeDeploy has invoked; `status` is "Pending" until it has reported. A sample may report again."""

    deployment: str
    id: str
    status: str = "Pending"
    is_a_sample: bool = False

    @property
    def event(self) -> dict[str, str]:
        """Return the event that CodeDeploy invokes the hook with."""
        return {"DeploymentId": self.deployment, "LifecycleEventHookExecutionId": self.id}


class LocalCodeDeploy(LocalServer):
    """The server: a context manager. Listens on 127.0.0.1, on a free port."""

    def __init__(self) -> None:
        super().__init__()
        self.executions: dict[str, HookExecution] = {}
        self._hang_seconds = 0.0

    @override
    def _listen(self, address: tuple[str, int]) -> ThreadingHTTPServer:
        handler = type("Handler", (_Handler,), {"codedeploy": self})
        server = ThreadingHTTPServer(address, handler)
        server.daemon_threads = True
        return server

    def begin(self) -> HookExecution:
        """Begin a deployment and return its hook, which waits to be invoked."""
        started = HookExecution(f"d-{secrets.token_hex(5)[:9].upper()}", secrets.token_urlsafe(48))
        self.executions[started.id] = started
        return started

    def expect(self, event: Mapping[str, str]) -> None:
        """Wait for the hook of this event, as often as it is invoked: a sample for a person to try."""
        sample = HookExecution(event["DeploymentId"], event["LifecycleEventHookExecutionId"], is_a_sample=True)
        self.executions[sample.id] = sample

    def hang(self, seconds: float = 60.0) -> None:
        """Let every call wait, and then close the connection without a reply."""
        self._hang_seconds = seconds

    def call(self, operation: str, body: dict[str, Any]) -> dict[str, str] | None:
        """Return the result of a call; None for no reply. Raises CodeDeployError."""
        if self._hang_seconds:
            self._released.wait(self._hang_seconds)
            return None
        if operation != _OPERATION:
            raise CodeDeployError("UnknownOperationException")
        execution = self.executions.get(str(body.get("lifecycleEventHookExecutionId")))
        if execution is None:
            raise CodeDeployError("InvalidLifecycleEventHookExecutionIdException")
        if execution.deployment != body.get("deploymentId"):
            raise CodeDeployError("DeploymentDoesNotExistException")
        if body.get("status") not in _STATUSES:
            raise CodeDeployError("InvalidLifecycleEventHookExecutionStatusException")
        if execution.status != "Pending" and not execution.is_a_sample:
            raise CodeDeployError("LifecycleEventAlreadyCompletedException")
        execution.status = str(body["status"])
        return {"lifecycleEventHookExecutionId": execution.id}


class _Handler(BaseHTTPRequestHandler):
    codedeploy: LocalCodeDeploy

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        try:
            result: dict[str, str] | None = self.codedeploy.call(self.headers.get("x-amz-target", ""), body)
            status = HTTPStatus.OK
        except CodeDeployError as error:
            result, status = {"__type": str(error), "message": "as the API has it"}, HTTPStatus.BAD_REQUEST
        if result is None:
            self.close_connection = True
            return
        text = json.dumps(result).encode()
        with suppress(ConnectionError):
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the local stack has its own log."""
