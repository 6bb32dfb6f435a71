"""From an HTTP request to the event of a function URL, and from the function's result to the HTTP response.

Source: "Invoking Lambda function URLs" in the AWS Lambda Developer Guide (payload format 2.0). What it leaves open is
marked as a choice.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Choice: the guide says "binary" without naming the types. Experiments on AWS found these to arrive as text, and
# everything else (also forms, and what has no type) in base64.
_TEXT_TYPE = re.compile(r"text/.*|application/(json|xml|javascript)", re.IGNORECASE)
_OF_ONE_CONNECTION = frozenset(
    ("connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_STATUSES = range(200, 600)
_WITHOUT_BODY = frozenset((204, 304))


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came. `path` and `query` are still percent-encoded; header names are in lower case."""

    method: str
    path: str
    query: str
    protocol: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str


@dataclass(frozen=True)
class HttpResponse:
    """A response; its length is not among the headers."""

    status: int
    headers: Sequence[tuple[str, str]] = field(default_factory=tuple)
    body: bytes = b""


def request_event(request: HttpRequest, url_id: str, request_id: str) -> dict[str, Any]:
    """Return the event. Parts that the request lacks (a body, cookies, a query) are left out, as on AWS."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in request.headers:
        if name == "cookie":  # they are in both places
            cookies += [cookie.strip() for cookie in value.split(";")]
            headers[name] = "; ".join(cookies)
        elif name not in _OF_ONE_CONNECTION:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    host = headers.get("host", "")
    now = time.time()
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": {
            **headers,
            "x-forwarded-for": request.source_ip,
            "x-forwarded-port": host.rpartition(":")[2],
            "x-forwarded-proto": "http",
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": url_id,
            "domainName": host,
            "domainPrefix": url_id,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = query
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request.body, headers)
    return event


def response(result: object) -> HttpResponse | None:
    """Return the HTTP response of a function's result; None for a result that has none, which becomes 502."""
    if not isinstance(result, dict) or "statusCode" not in result:
        text = json.dumps(result, ensure_ascii=False)
        return HttpResponse(200, (("content-type", "application/json"),), text.encode())
    try:
        status = int(result["statusCode"])  # text with a number is taken, too
        body = _response_body(result)
        headers = _response_headers(result)
    except (TypeError, ValueError, binascii.Error):
        return None
    if status not in _STATUSES or isinstance(result["statusCode"], bool | float):
        return None
    return HttpResponse(status, headers, b"" if status in _WITHOUT_BODY else body)


def _body(body: bytes, headers: Mapping[str, str]) -> tuple[str, bool]:
    kind = headers.get("content-type", "").partition(";")[0].strip()
    if _TEXT_TYPE.fullmatch(kind) and "content-encoding" not in headers:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def _response_body(result: Mapping[str, Any]) -> bytes:
    """Return the body. A body that is not text is refused: a choice, as API Gateway does with the same format."""
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise TypeError(body)
    return base64.b64decode(body, validate=True) if result.get("isBase64Encoded") is True else body.encode()


def _response_headers(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    given, cookies = result.get("headers") or {}, result.get("cookies") or []
    if not isinstance(given, dict) or not isinstance(cookies, list):
        raise TypeError(result)
    headers = [
        (name, _text(value))
        for name, value in given.items()
        if name.lower() not in _OF_ONE_CONNECTION | {"content-length"}
    ]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    headers += [("set-cookie", _text(cookie)) for cookie in cookies]
    if not all(_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value) for name, value in headers):
        raise ValueError(headers)
    return headers


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise TypeError(value)
    return str(value)
