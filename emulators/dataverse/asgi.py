"""The emulator's side of ASGI: types, a connection, the reading of a request and the sending of a reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from emulators.dataverse.model.messages import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from emulators.dataverse.model.messages import Response

    type Scope = MutableMapping[str, Any]
    type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_WITHOUT_BODY: Final = frozenset({204, 304})


class Wire(NamedTuple):
    """The connection of a request."""

    scope: Scope
    receive: Receive
    send: Send


async def read_request(scope: Scope, receive: Receive) -> Request | None:
    """Return the request with its body, None for a request that ends before it is whole."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        pieces = [body]
        while message.get("more_body"):
            message = await receive()
            pieces.append(message.get("body", b""))
        body = b"".join(pieces)
    if message["type"] == "http.disconnect":
        return None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if len(headers) < len(scope["headers"]):  # Microsoft's samples send Prefer twice
        prefer = [value.decode("latin-1") for name, value in scope["headers"] if name == b"prefer"]
        headers |= {"prefer": ",".join(prefer)} if prefer else {}
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return Request(scope["method"], path, query, headers, body)


async def reply(send: Send, response: Response) -> None:
    """Send a whole reply."""
    await send_head(send, response)
    await send({"type": "http.response.body", "body": response.body})


async def send_head(send: Send, response: Response) -> None:
    """Send the status and the headers of a reply."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if response.status not in _WITHOUT_BODY:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
