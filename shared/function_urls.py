"""The requests and responses of a Lambda function URL: payload format 2.0.

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
    """One request. Header names are in lower case; the values of a repeated header are joined by a comma."""

    method: str
    headers: Mapping[str, str]
    body: bytes


def url_request(event: Mapping[str, Any]) -> UrlRequest | None:
    """Return the request of a function URL's event, or None for any other event.

    A request cannot pass for another kind of event: AWS builds the event, and a sender chooses only the headers and
    the body. It can neither add a key beside them nor leave out `requestContext`.
    """
    if "requestContext" not in event:
        return None
    text = event.get("body") or ""
    # A sender may send text that is not UTF-8. It must not raise here; its signature will be wrong.
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode(errors="surrogatepass")
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    return UrlRequest(event["requestContext"]["http"]["method"], headers, body)


def url_reply(status: int, content: Mapping[str, object], **headers: str) -> dict[str, Any]:
    """Return a response with a JSON body."""
    everything = {"content-type": "application/json", **headers}
    return {"statusCode": status, "headers": everything, "body": json.dumps(content)}
