"""Measure the full comparison against the bare paging of the same pages, and the cost of repairs for live changes.

`python -m benchmarks.reconcile [--sizes 100000 1000000] [--repeats 5] [--repairs 10000] [--changes 400]`. Prints tables
for people and at the end one line per figure: `figure NAME VALUE`. Exits with 1 when something could not be measured.
Ratios are of medians of runs that took turns, so the machine's own speed cancels out.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from benchmarks.reconcile import live
from benchmarks.reconcile.paging import page_to_nowhere, token_for
from benchmarks.reconcile.site import NotEqualError, site
from benchmarks.sync.stack import NotSyncedError
from emulators.dataverse.client import EmulatorControl
from local.demo.website import WebsiteBehindError, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.reconcile.live import LiveLatencies
    from benchmarks.reconcile.site import ReconciliationStack
    from benchmarks.sync.stack import Progress

# The time that Dataverse takes for a page of 5,000 rows on a good day; users report up to three seconds.
_PAGE_SECONDS: Final = 0.5
# Up to this size one run also simulates Dataverse's own time. Larger sizes would take minutes.
_LARGEST_SERVED: Final = 100_000
_LARGE: Final = 500_000
_FAILURES: Final = (NotEqualError, NotSyncedError, WebsiteBehindError, live.RepairsOverError)


@dataclass
class ReconcileMeasurements:
    """Seconds at one size, in the order in which they were measured."""

    paging: list[float] = field(default_factory=list)
    comparing: list[float] = field(default_factory=list)
    served_paging: list[float] = field(default_factory=list)
    served_comparing: list[float] = field(default_factory=list)
    peak_mb: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.reconcile", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000], help="how many listings")
    parser.add_argument("--repeats", type=int, default=5, help="how many times each way; 3 at most for large sizes")
    parser.add_argument("--repairs", type=int, default=10_000, help="how many repairs run; 0 leaves this out")
    parser.add_argument("--changes", type=int, default=400, help="how many live changes beside them, 20 a second")
    options = parser.parse_args(arguments)
    console, errors = Console(width=130), Console(stderr=True)

    def progress(said: str) -> None:
        errors.print(said, markup=False, highlight=False)

    try:
        sizes = {size: _measure(size, options.repeats, progress) for size in options.sizes}
        beside = live.measure(options.repairs, options.changes, progress) if options.repairs else None
    except _FAILURES as error:
        errors.print(f"not measured: {error}", style="red", markup=False)
        return 1
    console.print(_comparison_table(sizes))
    if beside:
        console.print(_live_table(beside))
    for name, value in _figures(sizes, beside).items():
        console.print(f"figure {name} {value:.4g}", markup=False, highlight=False)
    return 0


def _measure(size: int, repeats: int, progress: Progress) -> ReconcileMeasurements:
    found = ReconcileMeasurements()
    with site(size, progress) as here, EmulatorControl(here.dataverse.url) as control:
        token = token_for(here.dataverse)
        progress("Warming up")
        _turn(here, token, ReconcileMeasurements())
        for repeat in range(1, (min(repeats, 3) if size >= _LARGE else repeats) + 1):
            _turn(here, token, found)
            progress(f"Repeat {repeat}: paging {found.paging[-1]:.2f} s, comparing {found.comparing[-1]:.2f} s")
        if size <= _LARGEST_SERVED:
            control.slow(_PAGE_SECONDS, method="GET")
            served = ReconcileMeasurements()
            _turn(here, token, served)
            found.served_paging, found.served_comparing = served.paging, served.comparing
            progress(f"At the service's pace: paging {served.paging[0]:.2f} s, comparing {served.comparing[0]:.2f} s")
    return found


def _turn(here: ReconciliationStack, token: str, found: ReconcileMeasurements) -> None:
    found.paging.append(page_to_nowhere(here.dataverse, token)[0])
    compared = here.compare()
    found.comparing.append(compared.seconds)
    found.peak_mb = max(found.peak_mb, compared.peak_mb)


def _comparison_table(sizes: dict[int, ReconcileMeasurements]) -> Table:
    table = Table("medians", *(f"{size:,} listings" for size in sizes))
    some = sizes.values()
    table.add_row("bare paging", *(_seconds(found.paging) for found in some))
    table.add_row("full comparison", *(_seconds(found.comparing) for found in some))
    table.add_row("comparison : paging", *(f"{_ratio(found):.2f}" for found in some), style="bold")
    slow = f"a page takes {_PAGE_SECONDS:g} s of the service's time"
    table.add_row(f"bare paging, {slow}", *(_seconds(found.served_paging) for found in some))
    table.add_row(f"full comparison, {slow}", *(_seconds(found.served_comparing) for found in some))
    table.add_row("peak memory of the function", *(f"{found.peak_mb} MB" for found in some))
    return table


def _live_table(live: LiveLatencies) -> Table:
    table = Table("commit to accepted, milliseconds", "n", "p50", "p95", "p99", "slowest")
    for name, taken in {
        "alone": live.idle,
        f"beside repairs ({live.repairs_done:,} done meanwhile)": live.beside,
    }.items():
        row = summary(taken)
        table.add_row(name, f"{row.changes:,}", *(f"{x:,.1f}" for x in (row.p50, row.p95, row.p99, row.slowest)))
    return table


def _figures(sizes: dict[int, ReconcileMeasurements], live: LiveLatencies | None) -> dict[str, float]:
    figures: dict[str, float] = {}
    for size, found in sizes.items():
        name = f"{size // 1_000_000}m" if size % 1_000_000 == 0 else f"{size // 1000}k"
        figures[f"reconcile_vs_paging_{name}"] = _ratio(found)
        if found.served_paging:
            figures[f"reconcile_vs_served_paging_{name}"] = median(found.served_comparing) / median(found.served_paging)
        figures[f"reconcile_peak_mb_{name}"] = found.peak_mb
    if live:
        figures["live_p99_under_repair_ratio"] = live.ratio
    return figures


def _ratio(found: ReconcileMeasurements) -> float:
    return median(found.comparing) / median(found.paging)


def _seconds(taken: Sequence[float]) -> str:
    return f"{median(taken):.2f} s ({min(taken):.2f})" if taken else ""


if __name__ == "__main__":
    sys.exit(main())
