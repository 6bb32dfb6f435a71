"""The blocks of docs/performance.md that `make bench-sync BENCH_ARGS="--write"` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.document import write_figures
from benchmarks.sync import report

if TYPE_CHECKING:
    from benchmarks.sync.report import SyncMeasurements

_COMMAND: Final = "make bench-sync"
_CHANGES: Final = ("commit_to_site_p50_ms", "commit_to_site_p99_ms", "bare_patch_p50_ms")
_LIMITS: Final = ("push_paced_vs_possible", "limit_share_used", "requests_in_retry_after")


def write(found: SyncMeasurements) -> None:
    """Replace the blocks of the section on the way to the website. Raises NoBlockError."""
    figures = report.figures(found)
    changes, limits = ({name: figures[name] for name in names} for names in (_CHANGES, _LIMITS))
    pushes = {name: value for name, value in figures.items() if name not in changes | limits}
    repeats = len(next(iter(found.pushes.values())))
    write_figures(
        "bench-sync changes",
        _COMMAND,
        changes,
        f"{len(found.to_site):,} status changes.",
        [report.latency_table(found)],
    )
    write_figures(
        "bench-sync pushes",
        _COMMAND,
        pushes,
        f"Medians of {repeats}, the ways in turn.\n{report.describe(found)}",
        [report.push_table(found)],
    )
    write_figures(
        "bench-sync limits",
        _COMMAND,
        limits,
        f"Seconds are the median of {len(found.limits)}, shares the largest.",
        [report.limits_table(found)],
    )
