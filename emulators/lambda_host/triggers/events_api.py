"""EventBridge's PutEvents and TestEventPattern over HTTP, for a running local stack.

`boto3.client("events", endpoint_url=…)` and `aws events put-events --endpoint-url` speak it. Source: "PutEvents" and
"TestEventPattern" in the EventBridge API reference. Sources that begin with `aws.` belong to the services of AWS, and
nobody else can put an event of theirs: as there, such an entry fails with NotAuthorizedForSourceException.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, override

from emulators.lambda_host.template.event_patterns import EventPatternError, read_pattern
from emulators.lambda_host.triggers.event_rules import BusEvent
from emulators.local_server import LocalServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulators.lambda_host.triggers.event_rules import EventRules

_MOST_ENTRIES = 10
_BUSES = ("default", "event-bus/default")


class EventsApi(LocalServer):
    """Serves a stack's bus on a free port of 127.0.0.1 while the context manager is open."""

    def __init__(self, rules: EventRules) -> None:
        super().__init__()
        self._rules = rules

    @override
    def _listen(self, address: tuple[str, int]) -> ThreadingHTTPServer:
        return ThreadingHTTPServer(address, type("Handler", (_EventsHandler,), {"rules": self._rules}))


class _RefusedError(Exception):
    """A refused request or entry: the error's name and its text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _EventsHandler(BaseHTTPRequestHandler):
    rules: EventRules
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        action = self.headers.get("X-Amz-Target", "").removeprefix("AWSEvents.")
        try:
            request = json.loads(body or b"{}")
            self._reply(200, self._call(action, request))
        except ValueError:
            self._reply(400, {"__type": "SerializationException", "message": "The body is not JSON"})
        except _RefusedError as refusal:
            self._reply(400, {"__type": refusal.code, "message": str(refusal)})

    def _call(self, action: str, request: Mapping[str, Any]) -> Mapping[str, object]:
        match action:
            case "PutEvents":
                return self._put(request)
            case "TestEventPattern":
                return _tried(request)
        raise _RefusedError("UnknownOperationException", f"{action} is not served here")

    def _put(self, request: Mapping[str, Any]) -> dict[str, object]:
        entries = request.get("Entries") or []
        if not 0 < len(entries) <= _MOST_ENTRIES:
            raise _RefusedError("ValidationException", f"Entries: between 1 and {_MOST_ENTRIES}, not {len(entries)}")
        results: list[dict[str, str]] = []
        for entry in entries:
            try:
                results.append({"EventId": self.rules.publish(_event_of(entry))})
            except _RefusedError as refusal:
                results.append({"ErrorCode": refusal.code, "ErrorMessage": str(refusal)})
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _reply(self, status: int, payload: object) -> None:
        body = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: an event may be about people."""


def _event_of(entry: Mapping[str, Any]) -> BusEvent:
    for name in ("Source", "DetailType", "Detail"):
        if not isinstance(entry.get(name), str) or not entry[name]:
            raise _RefusedError("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required field")
    if entry["Source"].startswith("aws."):
        raise _RefusedError("NotAuthorizedForSourceException", "Not authorized for the source.")
    if not str(entry.get("EventBusName", "default")).endswith(_BUSES):
        raise _RefusedError("ResourceNotFoundException", f"There is no event bus {entry['EventBusName']}")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        raise _RefusedError("MalformedDetail", "Detail is malformed.") from None
    if not isinstance(detail, dict):
        raise _RefusedError("MalformedDetail", "Detail is malformed.")
    at = datetime.fromtimestamp(entry["Time"], UTC) if "Time" in entry else datetime.now(UTC)
    return BusEvent(entry["Source"], entry["DetailType"], detail, tuple(entry.get("Resources", ())), at)


def _tried(request: Mapping[str, Any]) -> dict[str, bool]:
    try:
        pattern = read_pattern(json.loads(request.get("EventPattern", "")))
    except (ValueError, EventPatternError) as error:
        message = f"Event pattern is not valid. Reason: {error}"
        raise _RefusedError("InvalidEventPatternException", message) from None
    return {"Result": pattern.matches(json.loads(request.get("Event", "")))}
