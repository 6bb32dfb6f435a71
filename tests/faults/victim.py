"""One run in a process of its own, to be killed. Forked from a server that has imported everything already."""

from __future__ import annotations

import multiprocessing
import os
import sys
from typing import TYPE_CHECKING, Any

from shared.domain.errors import CertificationError
from tests.support.nightly_checks import Functions

if TYPE_CHECKING:
    from datetime import date
    from multiprocessing.process import BaseProcess

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["pytest", "tests.faults.victim", "boto3", "shared.adapters.aws.ses"])


def start(work: str, day: date, secret: dict[str, Any], environment: dict[str, str]) -> BaseProcess:
    """Start `nightly check` or `send` for `day` with this login. Its exit code is 0, or 1 if it raised."""
    process = _forks.Process(target=_run, args=(work, day, secret, environment))
    process.start()
    return process


def _run(work: str, day: date, secret: dict[str, Any], environment: dict[str, str]) -> None:
    os.environ.update(environment)
    try:
        with Functions(lambda _: secret) as functions:
            getattr(functions, work)(day)
    except CertificationError:
        sys.exit(1)
