"""The Dataverse emulator for tests of its own: real HTTP and its real server, in a thread, with its state at hand."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn

from emulators import processes
from emulators.dataverse.app import Emulator
from emulators.dataverse.connection import Protocol
from emulators.dataverse.environment import Environment
from emulators.dataverse.model import defaults
from emulators.dataverse.model.schema_file import load

if TYPE_CHECKING:
    from collections.abc import Iterator

API = defaults.API
TABLES = Path(__file__).with_name("dataverse_tables.json")
MENTORS, EXAMPLES = "hlf_peermentors", "hlf_examples"
_HEAD = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


@dataclass(frozen=True)
class BatchPart:
    """One part of a reply to `$batch`; those of a change set carry their Content-ID."""

    status: int
    headers: dict[str, str]
    body: str
    content_id: str = ""

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json()["error"]["code"])


class RunningEmulator:
    """An emulator that is running, and a client with a token for it. Paths are below /api/data/v9.2/."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.http = httpx.Client(base_url=environment.url, timeout=10)
        self.renew()

    def renew(self) -> None:
        """A new token of the default application."""
        self.http.headers["Authorization"] = f"Bearer {self.environment.tokens.grant(defaults.CLIENT_ID)}"

    def reset(self) -> None:
        self.environment.reset()
        self.http.cookies.clear()
        self.renew()

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self.http.request(method, f"{API}{path}", **request)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        return self.ask("POST", path, json=body, headers=headers)

    def patch(self, path: str, body: object, **headers: str) -> httpx.Response:
        return self.ask("PATCH", path, json=body, headers=headers)

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("DELETE", path, headers=headers)

    def row(self, path: str) -> dict[str, Any]:
        """One row that must be there."""
        response = self.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What the table really holds, asked of no interface."""
        return list(self.environment.store.tables_by_set[table].rows.values())

    def batch(self, *items: str, go_on: bool = False, **headers: str) -> httpx.Response:
        """Post a `$batch` of what operation() and change_set() give."""
        body = "".join(f"--batch_1\r\n{item}" for item in items) + "--batch_1--\r\n"
        headers = {"Content-Type": 'multipart/mixed; boundary="batch_1"'} | headers
        if go_on:
            headers["Prefer"] = "odata.continue-on-error"
        return self.ask("POST", "$batch", content=body.encode(), headers=headers)


def operation(method: str, path: str, body: object = None, content_id: str = "", **headers: str) -> str:
    """One operation of a `$batch`, as text from its part headers on."""
    target = path if path.startswith(("/", "http", "$")) else f"{API}{path}"
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines.append("Content-Type: application/json; type=entry")
    identified = f"Content-ID: {content_id}\r\n" if content_id else ""
    content = "" if body is None else json.dumps(body, ensure_ascii=False)
    return f"{_HEAD}{identified}\r\n" + "\r\n".join(lines) + f"\r\n\r\n{content}\r\n"


def change_set(*operations: str) -> str:
    """A change set of a `$batch`."""
    inner = "".join(f"--changeset_1\r\n{item}" for item in operations) + "--changeset_1--\r\n"
    return f'Content-Type: multipart/mixed; boundary="changeset_1"\r\n\r\n{inner}'


def parts(response: httpx.Response) -> list[Any]:
    """The parts of a reply to `$batch`, those of a change set as a list."""
    assert response.headers["content-type"].startswith("multipart/mixed; boundary=batchresponse_"), response.text
    return [
        _parts_within(head, content) if "multipart/mixed" in head.get("content-type", "") else _part(head, content)
        for head, content in _split(response.headers["content-type"], response.text)
    ]


def _parts_within(head: dict[str, str], content: str) -> list[BatchPart]:
    assert "boundary=changesetresponse_" in head["content-type"]
    return [_part(inner, text) for inner, text in _split(head["content-type"], content)]


def _part(head: dict[str, str], content: str) -> BatchPart:
    assert head["content-type"] == "application/http"
    assert head["content-transfer-encoding"] == "binary"
    first, _, body = content.partition("\r\n\r\n")
    line, *headers = first.split("\r\n")
    version, status, _ = line.split(" ", 2)
    assert version == "HTTP/1.1"
    return BatchPart(int(status), _headers(headers), body.removesuffix("\r\n"), head.get("content-id", ""))


def _split(content_type: str, text: str) -> list[tuple[dict[str, str], str]]:
    boundary = content_type.partition("boundary=")[2]
    pieces = f"\r\n{text}".split(f"\r\n--{boundary}")
    assert pieces[0] == ""
    assert pieces[-1] in {"--\r\n", "--"}
    found = []
    for piece in pieces[1:-1]:
        head, _, content = piece.removeprefix("\r\n").partition("\r\n\r\n")
        found.append((_headers(head.split("\r\n")), content))
    return found


def _headers(lines: list[str]) -> dict[str, str]:
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


@contextmanager
def running() -> Iterator[RunningEmulator]:
    """An emulator with the built-in tables on a free port of 127.0.0.1."""
    port = processes.free_port()
    environment = Environment(f"http://127.0.0.1:{port}", load(TABLES))
    server = uvicorn.Server(
        uvicorn.Config(
            Emulator(environment),
            host="127.0.0.1",
            port=port,
            loop="uvloop",
            http=Protocol,
            ws="none",
            lifespan="off",
            log_level="warning",
            server_header=False,
        )
    )
    thread = threading.Thread(target=server.run, name="dataverse")
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline and thread.is_alive():
        time.sleep(0.005)
    service = RunningEmulator(environment)
    try:
        yield service
    finally:
        service.http.close()
        server.should_exit = True
        thread.join()
