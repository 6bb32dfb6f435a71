"""The program `python -m local`."""

import os
from _signal import SIGINT, signal  # type: ignore[import-not-found] # `signal` takes milliseconds to import

signal(SIGINT, lambda *_: os._exit(130))  # nothing has started that would have to end in order

from local.stopping import orderly  # noqa: E402

with orderly():  # also while the modules are imported, which takes half a second
    from local.cli import app

    app(prog_name="python -m local")
