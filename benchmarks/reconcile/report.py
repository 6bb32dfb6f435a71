"""What the benchmark of the full comparison found: figures, tables for people, and blocks of docs/performance.md."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from rich.table import Table

from benchmarks.document import write_figures
from benchmarks.reconcile.live import EXECUTION_MS
from benchmarks.reconcile.measuring import PAGE_SECONDS
from local.demo.website import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.reconcile.live import LiveLatencies
    from benchmarks.reconcile.measuring import ReconcileMeasurements

type Sizes = Mapping[int, ReconcileMeasurements]

_COMMAND: Final = "make bench-reconcile"
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


def comparison_table(sizes: Sizes) -> Table:
    """Return the table of the full comparison, one column for each size."""
    some = sizes.values()
    table = Table("medians, best in brackets", *(f"{size:,} listings" for size in sizes))
    table.add_row("repeats", *(str(len(found.paging)) for found in some))
    table.add_row("bare paging", *(_seconds(found.paging) for found in some))
    table.add_row("full comparison", *(_seconds(found.comparing) for found in some))
    table.add_row("comparison : paging", *(f"{found.vs_paging:.2f}" for found in some))
    table.add_row("script of the official SDK", *(_seconds(found.script) for found in some))
    table.add_row("script : comparison", *(f"{found.script_vs:.2f}" for found in some))
    table.add_row("peak memory of the function", *(f"{max(found.peak_mb)} MB" for found in some))
    table.add_row("peak memory of the script", *(f"{median(found.script_peak_mb):,.0f} MB" for found in some))
    table.add_row("memory, script : function", *(f"{found.script_vs_memory:.1f}" for found in some))
    return table


def served_table(sizes: Sizes) -> Table:
    """Return the table of the comparison where a page takes time of the service."""
    served = {size: found for size, found in sizes.items() if found.served_paging}
    some = served.values()
    table = Table(f"a page takes {PAGE_SECONDS:g} s of the service", *(f"{size:,} listings" for size in served))
    table.add_row("repeats", *(str(len(found.served_paging)) for found in some))
    table.add_row("bare paging", *(_seconds(found.served_paging) for found in some))
    table.add_row("full comparison", *(_seconds(found.served_comparing) for found in some))
    table.add_row("comparison : paging", *(f"{found.vs_served_paging:.2f}" for found in some))
    return table


def live_table(live: LiveLatencies) -> Table:
    """Return the table of live changes, in milliseconds from commit to accepted."""
    table = Table("commit to accepted, ms", "n", "p50", "p95", "p99", "slowest")
    for name, taken in {
        "alone": live.idle,
        f"beside repairs ({live.repairs_done:,} done meanwhile)": live.beside,
    }.items():
        row = summary(taken)
        table.add_row(name, f"{row.changes:,}", *(f"{x:,.1f}" for x in (row.p50, row.p95, row.p99, row.slowest)))
    return table


def tables(sizes: Sizes, live: LiveLatencies | None) -> Sequence[Table]:
    """Return the tables of what was measured."""
    return [comparison_table(sizes), served_table(sizes), *([live_table(live)] if live else [])]


def write(sizes: Sizes, live: LiveLatencies | None) -> None:
    """Replace the blocks of the section on proving the website. What was not measured keeps its block.

    Raises NoBlockError.
    """
    if sizes:
        found = figures(sizes, None)
        served = {name: found.pop(name) for name in [*found] if "served" in name}
        how = "Medians of the repeats, the ways in turn."
        write_figures("bench-reconcile comparison", _COMMAND, found, how, [comparison_table(sizes)])
        if served:
            write_figures("bench-reconcile served", _COMMAND, served, how, [served_table(sizes)])
    if live:
        how = f"{EXECUTION_MS:g} ms of execution a listing."
        write_figures("bench-reconcile live", _COMMAND, figures({}, live), how, [live_table(live)])


def _short(size: int) -> str:
    return f"{size // _MILLION}m" if size % _MILLION == 0 else f"{size // _THOUSAND}k"


def _seconds(taken: Sequence[float]) -> str:
    return f"{median(taken):.2f} s ({min(taken):.2f})" if taken else ""
