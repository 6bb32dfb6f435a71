"""A website that responds with the bytes a test gives it, and what a push to it needs."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from shared.adapters.dataverse.service import Service
from shared.adapters.dataverse.website import DataverseWebsite
from shared.domain.listings import Action, Change, ListingTable
from tests.support.there import there
from tests.support.wire import _Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shared.domain.listings import PushOutcome

TABLE, KEY = "hlf_peermentors", "hlf_mentorid"
IN_USE = [ListingTable(TABLE, KEY)]
SECRET = {"tenant_id": "tenant", "client_id": "client", "client_secret": "s3cret"}


def change(number: int = 1, action: Action = Action.PUBLISH, body: str | None = None, **other: Any) -> Change:
    """A listing of its own for every number."""
    if body is None:
        body = json.dumps({"hlf_published": action is Action.PUBLISH, "hlf_lastname": f"Åse {number}"})
    values: dict[str, Any] = {
        "mentor_id": UUID(int=number),
        "version": 1,
        "action": action,
        "table": TABLE,
        "key": KEY,
        "body": body,
    }
    return Change(**(values | other))


def changes(count: int, action: Action = Action.PUBLISH) -> list[Change]:
    return [change(number, action) for number in range(1, count + 1)]


@dataclass(frozen=True)
class RequestRecord:
    """One HTTP request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def operations(self) -> list[bytes]:
        """What stands between the delimiters of a $batch, without the headers of the parts."""
        boundary = there(re.search(r'boundary="?([^";]+)', self.headers["content-type"]))[1].encode()
        pieces = (b"\r\n" + self.body).split(b"\r\n--" + boundary)
        assert pieces[-1] == b"--\r\n"
        head = b"\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        assert all(piece.startswith(head) for piece in pieces[1:-1])
        return [piece.removeprefix(head) for piece in pieces[1:-1]]

    @property
    def mentors(self) -> list[int]:
        """The numbers of the changes in a $batch."""
        return [
            UUID(there(re.search(rb"'([0-9a-f-]{36})'", operation))[1].decode()).int for operation in self.operations
        ]


type ScriptedReply = bytes | Callable[[socket.socket, RequestRecord], bytes | None]


def http(status: int, body: bytes | str = b"", **headers: str) -> bytes:
    """A reply. Headers are named like content_type."""
    body = body if isinstance(body, bytes) else body.encode()
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines, f"content-length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def error(status: int, code: str = "0x80040216", **headers: str) -> bytes:
    """Dataverse's refusal of a whole request."""
    return http(status, error_body(code), content_type="application/json", **headers)


def error_body(code: str) -> str:
    return json.dumps({"error": {"code": code, "message": "Åse Bjørnå, ase@example.no, is not what was asked for"}})


def part(status: int, code: str | None = None, body: str = "", **headers: str) -> str:
    """Return the response to one operation of a $batch."""
    if code is not None:
        body, headers = error_body(code), {"content_type": "application/json", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {"OData-Version": "4.0", **headers}.items()]
    return "\r\n".join([f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *lines, "", body])


def multipart(*parts: str, boundary: str = "batchresponse_1", closed: bool = True) -> str:
    head = f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    return "".join(f"{head}{one}\r\n" for one in parts) + (f"--{boundary}--\r\n" if closed else "")


def batch(*parts: str, status: int = 200, **headers: str) -> bytes:
    return http(status, multipart(*parts), content_type="multipart/mixed; boundary=batchresponse_1", **headers)


def accept_all(_: socket.socket, asked: RequestRecord) -> bytes:
    """Return Dataverse's response when nothing is wrong."""
    if asked.target.endswith("$batch"):
        return batch(*[part(204)] * len(asked.operations))
    return http(200, "{}", content_type="application/json")


def token(value: str = "token-1", expires_in: object = 3599, **other: object) -> bytes:
    said = {"token_type": "Bearer", "expires_in": expires_in, "access_token": value} | other
    return http(200, json.dumps(said), content_type="application/json")


def lost(_: socket.socket, __: RequestRecord) -> None:
    """The connection ends without a word."""
    raise ConnectionResetError


class ScriptedWebsite(_Listener):
    """Dataverse and Entra. Responds with `replies` and `token_replies` in turn; when they are empty, all is well."""

    def __init__(self) -> None:
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}"
        self.replies: deque[ScriptedReply] = deque()
        self.token_replies: deque[ScriptedReply] = deque()
        self.asked: list[RequestRecord] = []
        self.tokens_asked: list[RequestRecord] = []
        self._clients: list[socket.socket] = []

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        super().__exit__()

    def serve(self, client: socket.socket) -> None:
        self._clients.append(client)
        with client.makefile("rb") as incoming:
            while line := incoming.readline():
                method, target, _ = line.decode().split(" ")
                headers = {}
                while (line := incoming.readline()) not in {b"\r\n", b""}:
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                asked = RequestRecord(method, target, headers, incoming.read(int(headers.get("content-length", 0))))
                if target.endswith("/oauth2/v2.0/token"):
                    self.tokens_asked.append(asked)
                    scripted: ScriptedReply = self.token_replies.popleft() if self.token_replies else token()
                else:
                    self.asked.append(asked)
                    scripted = self.replies.popleft() if self.replies else accept_all
                reply = scripted if isinstance(scripted, bytes) else scripted(client, asked)
                if reply is not None:
                    client.sendall(reply)


@dataclass
class FakeBackoff:
    """shared.ports.Backoff within this process. Breaks when two threads are in it."""

    wait: float = 0.0
    blocked: list[tuple[float, str]] = field(default_factory=list)
    asked: int = 0
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def seconds_left(self) -> float:
        assert self._busy.acquire(blocking=False)
        self.asked += 1
        time.sleep(0.001)
        self._busy.release()
        return self.wait

    def block_for(self, seconds: float, reason: str) -> None:
        assert self._busy.acquire(blocking=False)
        self.blocked.append((seconds, reason))
        self.wait = max(self.wait, seconds)
        self._busy.release()


@dataclass
class FakeSecrets:
    """What Secrets Manager would give; `reads` says whether it was to be fresh."""

    cached: Mapping[str, object] = field(default_factory=lambda: SECRET)
    fresh: Mapping[str, object] | None = None
    reads: list[bool] = field(default_factory=list)

    def __call__(self, fresh: bool) -> Mapping[str, object]:
        self.reads.append(fresh)
        if fresh and self.fresh is not None:
            self.cached = self.fresh
        return self.cached


def shown(website: DataverseWebsite, given: Sequence[Change]) -> list[bool | None]:
    """Whether each row is as its change has it. None: it could not be read."""
    return [None if row is None else row.as_sent for row in website.read(given)]


class WebsiteRig:
    """A client of a scripted website."""

    def __init__(self, site: ScriptedWebsite) -> None:
        self.site = site
        self.backoff = FakeBackoff()
        self.secrets = FakeSecrets()
        self.service = Service(site.url, site.url, self.secrets)
        self.seconds = 60.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.service.close()

    def website(self, size: int = 100, parallel: int = 4) -> DataverseWebsite:
        return DataverseWebsite(
            self.service, self.backoff, time_left=lambda: self.seconds, batch_size=size, parallel=parallel
        )

    def push(self, *given: Change, size: int = 100, parallel: int = 1) -> Sequence[PushOutcome]:
        return self.website(size, parallel).push(given)
