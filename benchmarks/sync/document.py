"""The blocks of docs/performance.md that `make bench-sync BENCH_ARGS=--write` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.document import provenance, write_block
from benchmarks.sync import report

if TYPE_CHECKING:
    from benchmarks.sync.report import SyncMeasurements

_COMMAND: Final = "make bench-sync"
_PUSHES: Final = (
    "cpu_ms_per_listing",
    "push_vs_patch",
    "push_vs_sdk",
    "push_vs_sdk_script_plain",
    "push_vs_sdk_script_best",
    "push_vs_floor",
    "requests_per_listing",
)
_LIMITS: Final = ("push_paced_vs_possible", "limit_share_used", "requests_in_retry_after")


def write(found: SyncMeasurements) -> None:
    """Replace the blocks of the section on the way to the website. Raises NoBlockError."""
    for name, text in blocks(found).items():
        write_block(f"bench-sync {name}", text)


def blocks(found: SyncMeasurements) -> dict[str, str]:
    """Return the blocks by name."""
    repeats = len(next(iter(found.pushes.values())))
    changes = provenance(_COMMAND, f"{len(found.to_site):,} status changes.")
    pushes = provenance(_COMMAND, f"Medians of {repeats}, the ways in turn.")
    limits = provenance(_COMMAND, f"Seconds are the median of {len(found.limits)}, shares the largest.")
    return {
        "changes": f"{changes}\n\n{report.latency_grid(found).markdown()}",
        "pushes": (
            f"{pushes}\n\n{report.push_grid(found).markdown()}\n\n{report.describe(found)}\n\n"
            f"{report.figures_grid(found, _PUSHES).markdown()}"
        ),
        "limits": (
            f"{limits}\n\n{report.limits_grid(found).markdown()}\n\n{report.figures_grid(found, _LIMITS).markdown()}"
        ),
    }
