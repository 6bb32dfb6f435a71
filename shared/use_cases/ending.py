"""The ends of a run: its reason is recorded even after an unexpected error or a lost connection (I18)."""

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
    """Publish the alerts of `function` when the block ends, even with an error: the run has recorded what it saw."""
    try:
        yield
    finally:
        publish_alerts(function)


@contextmanager
def ending(function: str, run_id: UUID, runs: Runs, report: Report) -> Iterator[None]:
    """Record that the run failed, and why, when the block raises; then raise the same error.

    A connection that died is replaced for this. If the database is gone, the next run reports that this one never
    ended.
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
