"""The blocks of docs/performance.md that `make bench-sync BENCH_ARGS=--write` writes."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from benchmarks.document import provenance, write_block
from benchmarks.sync import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.sync.report import SyncMeasurements

_WIDTH: Final = 120
_COMMAND: Final = "make bench-sync"
_WRITE: Final = "--write"
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


def write(found: SyncMeasurements, arguments: Sequence[str]) -> None:
    """Replace the blocks of the section on the way to the website. Raises NoBlockError.

    `arguments`: those of the run.
    """
    for name, text in blocks(found, arguments).items():
        write_block(f"bench-sync {name}", text)


def blocks(found: SyncMeasurements, arguments: Sequence[str]) -> dict[str, str]:
    """Return the blocks by name."""
    given = [argument for argument in arguments if argument != _WRITE]
    command = _COMMAND + (f' BENCH_ARGS="{" ".join(given)}"' if given else "")
    pushes = f"Medians of {len(next(iter(found.pushes.values())))}, the ways in turn."
    limits = f"Seconds are the median of {len(found.limits)}, shares the largest."
    return {
        "changes": _block(provenance(command, f"{len(found.to_site):,} status changes."), report.latency_grid(found)),
        "pushes": _block(
            provenance(command, pushes),
            report.push_grid(found),
            report.describe(found),
            report.figures_grid(found, _PUSHES),
        ),
        "limits": _block(provenance(command, limits), report.limits_grid(found), report.figures_grid(found, _LIMITS)),
    }


def _block(*parts: str | report.Grid) -> str:
    return "\n\n".join(part.markdown() if isinstance(part, report.Grid) else _wrapped(part) for part in parts)


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.fill(line, _WIDTH) for line in text.splitlines())
