"""What a Lambda function URL sends and takes: payload format 2.0.

Source: "Invoking Lambda function URLs" in the AWS Lambda Developer Guide.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class UrlRequest:
    """One request. Names of headers are lower-case; a header sent twice is one value with a comma."""

    method: str
    headers: Mapping[str, str]
    body: bytes


def url_request(event: Mapping[str, Any]) -> UrlRequest | None:
    """The request of a function URL's event, or None for any other event.

    The service writes the event around the request. Whoever sends a request chooses what is in its headers and its body
    and can neither add a key beside these nor leave `requestContext` out: no request looks like another kind of event.
    """
    if "requestContext" not in event:
        return None
    text = event.get("body") or ""
    # Not every text a sender can think of is UTF-8; what is not will have a wrong signature.
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode(errors="surrogatepass")
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    return UrlRequest(event["requestContext"]["http"]["method"], headers, body)


def url_reply(status: int, content: Mapping[str, object], **headers: str) -> dict[str, Any]:
    """A reply in JSON."""
    everything = {"content-type": "application/json", **headers}
    return {"statusCode": status, "headers": everything, "body": json.dumps(content)}
