"""The result of an invocation, in Lambda's own words.

Source: "Invoke" in the AWS Lambda API reference (FunctionError, Payload) and "Sending Lambda function logs to
CloudWatch Logs" in the Developer Guide (the REPORT line).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import ceil
from typing import Any

UNHANDLED = "Unhandled"


@dataclass(frozen=True)
class Invocation:
    """The result of `invoke`.

    `function_error` is None, or "Unhandled" with the error in `payload`. `init_ms` is None in a warm environment.
    `max_memory_mb` is the highest resident memory the process has had, 0 when it was gone before it could be asked.
    """

    request_id: str
    payload: Any
    function_error: str | None
    duration_ms: float
    init_ms: float | None
    max_memory_mb: int
    log_lines: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """The end of one request in the process: the body it returned, or the error that Lambda returns for it."""

    body: bytes
    failed: bool
    status: str = ""

    def payload(self) -> Any:  # noqa: ANN401 - whatever JSON the handler returned
        """Return the body as JSON; as text if a handler returned something else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return self.body.decode(errors="replace")


def timed_out(request_id: str, seconds: float) -> Outcome:
    """Return the outcome of a process that was killed because its time was up."""
    message = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return _platform_error("Sandbox.Timedout", message, "Status: timeout")


def exited(request_id: str, status: int) -> Outcome:
    """Return the outcome of a process that ended by itself or by a signal. `status` is negative for a signal."""
    reason = "exited without providing a reason"
    if status < 0:
        reason = f"exited with error: signal: {_SIGNALS.get(-status, -status)}"
    elif status > 0:
        reason = f"exited with error: exit status {status}"
    message = f"RequestId: {request_id} Error: Runtime {reason}"
    return _platform_error("Runtime.ExitError", message, "Status: error\tError Type: Runtime.ExitError")


def report_line(
    request_id: str, *, duration_ms: float, init_ms: float | None, memory_mb: int, max_memory_mb: int, status: str
) -> str:
    """Return the REPORT line. The billed duration includes the initialisation, as it does since August 2025."""
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {ceil(duration_ms + (init_ms or 0))} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {max_memory_mb} MB",
    ]
    if init_ms is not None:
        parts.append(f"Init Duration: {init_ms:.2f} ms")
    if status:
        parts.append(status)
    return "\t".join(parts)


_SIGNALS = {6: "aborted", 9: "killed", 11: "segmentation fault", 15: "terminated"}


def _platform_error(error_type: str, message: str, status: str) -> Outcome:
    body = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Outcome(body=body, failed=True, status=status)
