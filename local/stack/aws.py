"""The local AWS APIs: ministack, which speaks SQS, SNS and Secrets Manager over HTTP (docs/decisions/0002)."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from emulators import processes

if TYPE_CHECKING:
    import subprocess
    from types import TracebackType

REGION = "eu-north-1"
# ministack accepts any credentials. These keep AWS's own tools from looking for others.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}
_START_SECONDS = 20.0
_SERVER = Path(__file__).with_name("ministack_long_poll.py")
# An environment of its own: ministack pins libraries that are deployed, to other versions (requirements/emulators.in).
_PYTHON = Path(__file__).parents[2] / ".emulators-venv" / "bin" / "python"


class LocalAwsError(Exception):
    """Raised when the local AWS APIs do not start. The message names their log."""


class LocalAws:
    """One ministack process on a free port of 127.0.0.1. It ends with the context manager."""

    def __init__(self, folder: Path, services: str = "sqs,sns,secretsmanager") -> None:
        """Prepare a server that logs into `folder`. `services` are named as ministack names them."""
        self._folder = folder
        self._services = services
        self._process: subprocess.Popen[bytes] | None = None
        self.port = processes.free_port()

    @property
    def url(self) -> str:
        """The endpoint of every service."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it responds."""
        if not _PYTHON.exists():
            raise LocalAwsError("the local AWS APIs are not installed: make .venv/run.stamp")
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "aws.log"
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "SERVICES": self._services,
            # ministack's extra servers would listen beyond this machine, on ports over which two stacks would collide.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            **CREDENTIALS,
        }
        self._process = processes.start(
            [str(_PYTHON), "-P", str(_SERVER)], environment=environment, log=log, cwd=self._folder
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if processes.responds(self.port, "/_ministack/health"):
                return
            time.sleep(0.01)
        self.stop()
        raise LocalAwsError(f"the local AWS APIs did not start; see {log}")

    def stop(self) -> None:
        """Stop the server. Its data were in memory and are gone."""
        if self._process is not None:
            processes.stop(self._process, signal.SIGTERM)
            self._process = None
