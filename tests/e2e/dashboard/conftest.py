"""The coordinators' page on the whole local stack: real function, database, website, and sign-in."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from emulators.dataverse.client import EmulatorControl
from local.demo.website import wait_until_synced
from local.stack.stack import LocalStack, local_stack
from tests.support.foundation import Foundation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.support.browser.visit import Visit

SHOWN, HIDDEN = {"statecode": 0, "statuscode": 1}, {"statecode": 1, "statuscode": 2}
SMS, EMAIL = "+47 400 00 000", "hjelp@example.no"


@dataclass
class OtherOrigin:
    """A dashboard of another origin: one page that is set by a test."""

    server: ThreadingHTTPServer
    html: str = "<!doctype html><html lang='nb'><title>Dashboard</title>"
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.server_address[1]}"


@dataclass
class Dashboard:
    """The running stack, and what a test does to it."""

    stack: LocalStack
    people: Foundation
    control: EmulatorControl
    allowed: OtherOrigin
    foreign: OtherOrigin

    @property
    def url(self) -> str:
        """The address of the page and of the function."""
        return self.stack.urls.url("ForceSync")

    def token(self, coordinator: UUID, **claims: Any) -> str:
        return self.stack.identity.token(coordinator, **claims)

    def open(self, visit: Visit, coordinator: UUID, query: str = "", **claims: Any) -> None:
        """Open the page as the app does, with a token, and wait until all is there."""
        visit.page.goto(f"{self.url}{query}#access_token={self.token(coordinator, **claims)}&token_type=bearer")

    def team(self, *names: str, called: str = "Turid Vik", **values: Any) -> tuple[UUID, list[UUID]]:
        """Make an organisation with a coordinator and mentors who are listed on the website and verified."""
        organisation = self.people.organisation()
        coordinator = self.people.coordinator(organisation, name=called)
        today = self.people.one("SELECT current_date")
        expires = values.pop("expires_on", None) or self.people.one("SELECT current_date + 200")
        mentors = [
            self.people.mentor(
                organisation,
                expires,
                coordinator=coordinator,
                consent=True,
                name=(name.split()[0], name.split()[1]),
                phone="400 11 222",
                **values,
            )
            for name in names
        ]
        self.people.evaluated(organisation, today)
        self.catch_up()
        return coordinator, mentors

    def catch_up(self) -> None:
        """Wait until the website has everything, and read it back."""
        wait_until_synced(self.stack.dsn)
        self.run("full")

    def run(self, mode: str) -> None:
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        assert self.stack.host.invoke("Reconciliation", {"scheduled_time": moment, "mode": mode}).function_error is None

    def edit(self, mentor: UUID, change: dict[str, Any]) -> None:
        """Change a row past the system, as a person in Dynamics does."""
        self.control.edit({"hlf_mentorid": str(mentor)}, change)

    def shows(self, mentor: UUID) -> bool:
        """Whether visitors see the mentor."""
        return str(mentor) in {row["key"] for row in self.control.website()}


def _serving(origin: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), origin)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def _other_origin() -> OtherOrigin:
    made: list[OtherOrigin] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made[0].asked.append(self.path)
            body = made[0].html.encode()
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write no line."""

    made.append(OtherOrigin(_serving(Handler)))
    return made[0]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One stack a module; each test makes an organisation of its own."""
    allowed, foreign = _other_origin(), _other_origin()
    parameters = {"DashboardOrigins": allowed.url, "SupportSms": SMS, "SupportEmail": EMAIL}
    with ExitStack() as running:
        for origin in (allowed, foreign):
            running.callback(origin.server.server_close)
            running.callback(origin.server.shutdown)
        home = tmp_path_factory.mktemp("dashboard")
        stack = running.enter_context(local_stack(home, fresh=True, parameters=parameters))
        connection = running.enter_context(psycopg.connect(stack.dsn, autocommit=True))
        control = running.enter_context(EmulatorControl(stack.dataverse.url))
        yield Dashboard(stack, Foundation(connection), control, allowed, foreign)
