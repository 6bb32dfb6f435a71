"""The Dataverse emulator as its own process, driven by its control API, and a caller with real connections to it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from emulators.dataverse.access.protection import Limits
from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.model import defaults
from emulators.dataverse.process import LocalDataverse
from tests.support.dataverse_service import API, MENTORS, TABLES, operation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Caller:
    """A client of the Web API with a token."""

    url: str
    control: EmulatorControl

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, timeout=10, trust_env=False)
        self.sign_in()

    def sign_in(self, secret: str = defaults.CLIENT_SECRET) -> httpx.Response:
        """Ask for a token, and use it if one is granted."""
        form = {"client_id": defaults.CLIENT_ID, "client_secret": secret, "grant_type": "client_credentials"}
        path = f"/{defaults.TENANT_ID}/oauth2/v2.0/token"
        reply = self.http.post(path, data=form | {"scope": f"{self.url}/.default"})
        if reply.is_success:
            self.http.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        return reply

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        return self.http.request(method, f"{API}{path}", **request)

    def who_am_i(self) -> httpx.Response:
        return self.ask("GET", "WhoAmI")

    def write(self, key: str = "m1", name: str = "Kari", **request: Any) -> httpx.Response:
        return self.ask("PATCH", row_path(key), json={"hlf_name": name}, **request)

    def batch(self, *keys: str) -> httpx.Response:
        """One `$batch` that writes these rows, going on after an error."""
        parts = [operation("PATCH", row_path(key), {"hlf_name": f"Mentor {key}"}) for key in keys]
        body = "".join(f"--b\r\n{part}" for part in parts) + "--b--\r\n"
        headers = {"Content-Type": "multipart/mixed; boundary=b", "Prefer": "odata.continue-on-error"}
        return self.ask("POST", "$batch", content=body.encode(), headers=headers)

    def names(self) -> dict[str, str]:
        """What the table holds, by key."""
        return {row["hlf_mentorid"]: row["hlf_name"] for row in self.control.rows(MENTORS)}


def row_path(key: str) -> str:
    return f"{MENTORS}(hlf_mentorid='{key}')"


@contextmanager
def process(folder: Path, **options: Any) -> Iterator[LocalDataverse]:
    with LocalDataverse(folder, **({"schema": TABLES} | options)) as emulator:
        yield emulator


@contextmanager
def fresh(emulator: LocalDataverse) -> Iterator[Caller]:
    """The emulator as new, with the service's own limits."""
    with EmulatorControl(emulator.url) as control:
        control.reset()
        control.limits(**Limits().model_dump())
        caller = Caller(emulator.url, control)
        try:
            yield caller
        finally:
            caller.http.close()
