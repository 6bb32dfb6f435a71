"""The emulator as a child process."""

from __future__ import annotations

import os
import signal
import ssl
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from emulators import processes
from emulators.dataverse.model import defaults

if TYPE_CHECKING:
    import subprocess
    from types import TracebackType

_START_SECONDS = 20.0
_ROOT = Path(__file__).parents[2]


class LocalDataverseError(Exception):
    """A failed start of the emulator; the message names its log."""


class Tls(NamedTuple):
    """The PEM files with which the emulator speaks HTTPS, as the service does. certificates.py makes them."""

    certificate: Path
    """Private key and certificate chain for 127.0.0.1."""
    authority: Path
    """The certificate of the authority that a client has to trust."""


class LocalDataverse:
    """One emulator on a free port of 127.0.0.1, gone when the context manager is left.

    `folder` gets its log. tenant_id, client_id and client_secret are those of the environment it starts with.
    `rows` is a file that keeps the rows between two runs. `limits` are those of service protection: "real", "off", or
    JSON of protection.Limits. With `tls`, HTTPS only.
    """

    tenant_id = defaults.TENANT_ID
    client_id = defaults.CLIENT_ID
    client_secret = defaults.CLIENT_SECRET

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        schema: Path = defaults.SCHEMA,
        limits: str = "real",
        tls: Tls | None = None,
        rows: Path | None = None,
    ) -> None:
        self._folder = folder
        self._limits = limits
        self._schema = schema
        self._tls = tls
        self._rows = rows
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or processes.free_port()

    @property
    def url(self) -> str:
        """Return the one address of environment, token endpoint, control and website."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def token_url(self) -> str:
        """Return the address where tokens are granted."""
        return f"{self.url}/{self.tenant_id}/oauth2/v2.0/token"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until the emulator responds."""
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "dataverse.log"
        command = [sys.executable, "-m", "emulators.dataverse", "--quiet", "--port", str(self.port)]
        command += ["--schema", str(self._schema.resolve()), "--limits", self._limits]
        if self._rows is not None:
            command += ["--rows", str(self._rows.resolve())]
        trust = None
        if self._tls is not None:
            command += ["--certificate", str(self._tls.certificate)]
            trust = ssl.create_default_context(cafile=self._tls.authority)
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._folder), "PYTHONPATH": str(_ROOT)}
        self._process = processes.start(
            command, environment=environment, log=log, cwd=_ROOT, death_signal=signal.SIGTERM
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if processes.responds(self.port, "/_emulator/health", trust):
                return
            time.sleep(0.01)
        self.stop()
        raise LocalDataverseError(f"the Dataverse emulator did not start; see {log}")

    def stop(self) -> None:
        """Stop the emulator. Its rows are gone, unless `rows` keeps them."""
        if self._process is not None:
            processes.stop(self._process, signal.SIGTERM)
            self._process = None
