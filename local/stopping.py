"""How the program ends when it is asked to, at whatever moment."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_INTERRUPTED = 128 + signal.SIGINT
_REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def orderly() -> Iterator[None]:
    """A request to stop is obeyed once, and then the end takes its course, which is short. Exit code 128 + the signal.

    SIGINT is heard also where a script's shell had it ignored, as it does for `make test &`; SIGHUP is not, for nohup.
    """
    for request in _REQUESTS:
        if request is not signal.SIGHUP or signal.getsignal(request) is not signal.SIG_IGN:
            signal.signal(request, _stop)
    try:
        yield
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            sys.stderr.write("stopped\n")
        raise
    finally:
        _ignore()


def _stop(number: int, _: FrameType | None) -> NoReturn:
    _ignore()
    # Not KeyboardInterrupt: typer, and Python itself at its end, have ideas of their own about that one.
    raise SystemExit(128 + number)


def _ignore() -> None:
    for request in _REQUESTS:
        signal.signal(request, signal.SIG_IGN)
