"""What the benchmark of the full comparison found: figures, tables for people, and blocks of docs/performance.md."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from benchmarks.document import provenance, write_block
from benchmarks.reconcile.live import EXECUTION_MS
from benchmarks.reconcile.measuring import PAGE_SECONDS
from local.demo.website import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.reconcile.live import LiveLatencies
    from benchmarks.reconcile.measuring import ReconcileMeasurements

type Sizes = Mapping[int, ReconcileMeasurements]
type Grid = list[list[str]]
"""Rows of cells; the first row is the head."""

_COMMAND: Final = "make bench-reconcile"
_WRITE: Final = "--write"
_MILLION: Final = 1_000_000
_THOUSAND: Final = 1000


def figures(sizes: Sizes, live: LiveLatencies | None) -> dict[str, float]:
    """Return every figure by its name."""
    found: dict[str, float] = {}
    for size, measured in sizes.items():
        name = _short(size)
        found[f"reconcile_vs_paging_{name}"] = measured.vs_paging
        if measured.served_paging:
            found["reconcile_vs_served_paging"] = measured.vs_served_paging
        found[f"sdk_script_vs_reconcile_{name}"] = measured.script_vs
        memory = "sdk_script_vs_reconcile_memory"
        found[memory if size < _MILLION else f"{memory}_{name}"] = measured.script_vs_memory
        found[f"reconcile_peak_mb_{name}"] = max(measured.peak_mb)
    if live:
        found["live_p99_under_repair_ratio"] = live.ratio
    return found


def comparison_grid(sizes: Sizes) -> Grid:
    """Return the table of the full comparison, one column for each size."""
    some = sizes.values()
    return [
        ["", *(f"{size:,} listings" for size in sizes)],
        ["bare paging", *(_seconds(found.paging) for found in some)],
        ["full comparison", *(_seconds(found.comparing) for found in some)],
        ["**comparison : paging**", *(f"**{found.vs_paging:.2f}**" for found in some)],
        ["script of the official SDK", *(_seconds(found.script) for found in some)],
        ["**script : comparison**", *(f"**{found.script_vs:.2f}**" for found in some)],
        ["peak memory of the function", *(f"{max(found.peak_mb)} MB" for found in some)],
        ["peak memory of the script", *(f"{median(found.script_peak_mb):,.0f} MB" for found in some)],
        ["**memory, script : function**", *(f"**{found.script_vs_memory:.1f}**" for found in some)],
    ]


def served_grid(sizes: Sizes) -> Grid:
    """Return the table of the comparison where a page takes time of the service."""
    served = {size: found for size, found in sizes.items() if found.served_paging}
    some = served.values()
    return [
        [f"a page takes {PAGE_SECONDS:g} s of the service", *(f"{size:,} listings" for size in served)],
        ["bare paging", *(_seconds(found.served_paging) for found in some)],
        ["full comparison", *(_seconds(found.served_comparing) for found in some)],
        ["**comparison : paging**", *(f"**{found.vs_served_paging:.2f}**" for found in some)],
    ]


def live_grid(live: LiveLatencies) -> Grid:
    """Return the table of live changes, in milliseconds from commit to accepted."""
    grid = [["commit to accepted, ms", "n", "p50", "p95", "p99", "slowest"]]
    for name, taken in {
        "alone": live.idle,
        f"beside repairs ({live.repairs_done:,} done meanwhile)": live.beside,
    }.items():
        row = summary(taken)
        grid.append([name, f"{row.changes:,}", *(f"{x:,.1f}" for x in (row.p50, row.p95, row.p99, row.slowest))])
    return grid


def write(sizes: Sizes, live: LiveLatencies | None, arguments: Sequence[str]) -> None:
    """Replace the blocks of the section on proving the website. Raises NoBlockError.

    `arguments`: those of the run. What was not measured keeps its block.
    """
    for name, text in blocks(sizes, live, arguments).items():
        write_block(f"bench-reconcile {name}", text)


def blocks(sizes: Sizes, live: LiveLatencies | None, arguments: Sequence[str]) -> dict[str, str]:
    """Return the blocks by name."""
    given = " ".join(argument for argument in arguments if argument != _WRITE)
    command = _COMMAND + (f' BENCH_ARGS="{given}"' if given else "")
    found: dict[str, str] = {}
    if sizes:
        repeats = ", ".join(f"{len(measured.paging)} at {size:,}" for size, measured in sizes.items())
        found["comparison"] = _block(
            provenance(command, f"Medians of {repeats}, best in brackets; the ways in turn."), comparison_grid(sizes)
        )
        served = [len(measured.served_paging) for measured in sizes.values() if measured.served_paging]
        if served:
            found["served"] = _block(provenance(command, f"Medians of {max(served)}, in turn."), served_grid(sizes))
    if live:
        how = f"{EXECUTION_MS:g} ms of execution a listing; live_p99_under_repair_ratio is {live.ratio:.2g}."
        found["live"] = _block(provenance(command, how), live_grid(live))
    return found


def _block(said: str, grid: Grid) -> str:
    head, *rows = ["| " + " | ".join(cells) + " |" for cells in grid]
    return "\n".join([said, "", head, "|---" * len(grid[0]) + "|", *rows])


def _short(size: int) -> str:
    return f"{size // _MILLION}m" if size % _MILLION == 0 else f"{size // _THOUSAND}k"


def _seconds(taken: Sequence[float]) -> str:
    return f"{median(taken):.2f} s ({min(taken):.2f})" if taken else ""
