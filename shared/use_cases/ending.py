"""Every run ends with a reason, also one that an error nobody foresaw breaks off, or whose connection died (I18)."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from shared.domain.errors import CertificationError, ConnectionLostError
from shared.domain.runs import failed_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from shared.ports import Report, Runs


@contextmanager
def publishing(function: str, publish_alerts: Callable[[str], object]) -> Iterator[None]:
    """Publish the alerts of `function` when the block ends, however it ends: the run has written down what it saw."""
    try:
        yield
    finally:
        publish_alerts(function)


@contextmanager
def ending(function: str, run_id: UUID, runs: Runs, report: Report) -> Iterator[None]:
    """Write down that the run failed, and why, when the block raises; then raise the same.

    A connection that died is replaced for it. Without the database the next run tells of one that never ended.
    """
    try:
        yield
    except ConnectionLostError as error:
        with suppress(CertificationError):
            runs.finish(run_id, failed_verdict(error))
        raise
    except Exception as error:
        verdict = failed_verdict(error)
        runs.finish(run_id, verdict)
        report.run(function, run_id, verdict)
        raise
