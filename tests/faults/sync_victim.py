"""One sync in a process of its own, to be killed. Forked from a server that has imported everything already."""

from __future__ import annotations

import multiprocessing
import sys
from typing import TYPE_CHECKING, Any

from shared.domain.errors import CertificationError
from tests.support.syncs import SyncWorker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.process import BaseProcess
    from uuid import UUID

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    ["pytest", "tests.faults.victim", "tests.faults.sync_victim", "boto3", "shared.adapters.aws.ses"]
)


def start(login: Mapping[str, Any], url: str, secret: Mapping[str, Any], mentors: Sequence[UUID]) -> BaseProcess:
    """Start a sync of these mentors. Its exit code is 0, or 1 if it raised."""
    process = _forks.Process(target=_run, args=(login, url, secret, mentors))
    process.start()
    return process


def _run(login: Mapping[str, Any], url: str, secret: Mapping[str, Any], mentors: Sequence[UUID]) -> None:
    try:
        with SyncWorker(login, url, lambda _: secret) as worker:
            worker.sync(*mentors)
    except CertificationError:
        sys.exit(1)
