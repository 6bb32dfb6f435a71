"""Child processes that never outlive the program that started them."""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that asks the kernel to send `sig` when the parent dies, even by SIGKILL.

    Linux only (prctl(2)); elsewhere None, and an orderly stop is what ends the child. The signal is tied to the
    *thread* that starts the child: start children from a thread that lives as long as they should.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # looked up before the fork: no imports in the child
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the request
            os._exit(1)

    return ask


def start(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    cwd: Path | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    user: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that a Ctrl-C at the terminal reaches only its parent."""
    identity = {} if user is None else {"user": user[0], "group": user[1], "extra_groups": []}
    with open(log, "ab", opener=_for_us_alone) as output:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=die_with_parent(death_signal),  # noqa: PLW1509 - async-signal-safe: two system calls
            **identity,
        )


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def stop(process: subprocess.Popen[bytes], sig: signal.Signals, *, patience_seconds: float = 5.0) -> None:
    """Send `sig`, and after a while SIGKILL to the whole process group."""
    if process.poll() is None:
        process.send_signal(sig)
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def responds(port: int, path: str, trust: ssl.SSLContext | None = None) -> bool:
    """Return whether a server on 127.0.0.1 responds with 200 there. No proxy is used."""
    connection = (
        http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        if trust is None
        else http.client.HTTPSConnection("127.0.0.1", port, timeout=1, context=trust)
    )
    with closing(connection), suppress(OSError, http.client.HTTPException):
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    return False


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
