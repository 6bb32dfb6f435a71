"""An orderly end of the program when it is asked to stop, at whatever moment."""

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
    """Obey the first request to stop, and let the short shutdown run undisturbed. The exit code is 128 + the signal.

    SIGINT is obeyed even if a script's shell ignores it, as for `make test &`. SIGHUP is then ignored, for nohup.
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
    # KeyboardInterrupt would not do: typer, and Python itself at its end, treat it in ways of their own.
    raise SystemExit(128 + number)


def _ignore() -> None:
    for request in _REQUESTS:
        signal.signal(request, signal.SIG_IGN)
