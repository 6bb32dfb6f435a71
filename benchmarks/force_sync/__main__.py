"""Measure the forced sync: one at a time against a bare PATCH and GET, refused tokens, and fifty coordinators at once.

`python -m benchmarks.force_sync [--mentors 600] [--forced 300] [--seconds 60] [--write]`. Prints tables for people and
at the end one line per figure: `figure NAME VALUE`. `--write` puts both into docs/performance.md. Exits with 1 when
something could not be measured, or when a request of the fifty was lost, doubled, refused or failed.
"""

from __future__ import annotations

import argparse
import sys
from statistics import median
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from benchmarks.aims import print_figures
from benchmarks.document import write_figures
from benchmarks.force_sync.page import page_milliseconds
from benchmarks.force_sync.single import UnfairComparisonError, forced_and_bare, page_bytes, refused_per_second
from benchmarks.force_sync.stack import COORDINATORS, bench
from benchmarks.force_sync.storm import above_is_refused, lost_or_doubled, storm
from local.demo.website import WebsiteBehindError, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

_PER_MINUTE: Final = 45
_SERVER_FAULT: Final = 500


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.force_sync", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--mentors", type=int, default=600, help="how many mentors there are")
    parser.add_argument("--forced", type=int, default=300, help="how many forced syncs, one at a time")
    parser.add_argument("--seconds", type=float, default=60, help="how long the coordinators force at once")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/performance.md")
    options = parser.parse_args(arguments)
    console, errors = Console(width=110), Console(stderr=True)

    def progress(said: str) -> None:
        errors.print(said, markup=False, highlight=False)

    try:
        with bench(options.mentors, progress) as running:
            progress("Forcing one at a time")
            forced, bare = forced_and_bare(running, options.forced)
            progress("Turning forged tokens away")
            refused, size = refused_per_second(running), page_bytes(running)
            progress("Opening the page in a browser")
            page = page_milliseconds(running)
            progress(f"{COORDINATORS} coordinators at once, for {options.seconds:.0f} seconds")
            found = storm(running, options.seconds, _PER_MINUTE)
    except (UnfairComparisonError, WebsiteBehindError) as error:
        errors.print(f"not measured: {error}", style="red", markup=False)
        return 1
    table = Table("milliseconds", "n", "p50", "p95", "p99", "slowest")
    for name, taken in {
        "forced sync, one at a time": forced,
        "one bare PATCH and one bare GET": bare,
        f"forced sync, {COORDINATORS} coordinators at once": found.took,
    }.items():
        row = summary(taken)
        table.add_row(name, f"{row.changes:,}", *(f"{x:,.1f}" for x in (row.p50, row.p95, row.p99, row.slowest)))
    console.print(table)
    described = (
        f"{COORDINATORS} at once beside {found.changes} live changes: statuses {dict(found.statuses)},"
        f" audited {found.audited}, wrong rows on the website {found.wrong_rows}."
        f" One mentor, above the limits: {dict(found.above)}."
    )
    console.print(described, markup=False)
    if page is None:
        progress("The page was not measured: no Chromium is here (make browser).")
    single = summary(forced)
    figures = {
        "force_sync_p50_ms": single.p50,
        "force_sync_p99_ms": single.p99,
        "force_sync_vs_bare": median(forced) / median(bare),
        "force_sync_refused_per_s": refused,
        "page_kb": size / 1000,
        "force_sync_at_once_p99_ms": summary(found.took).p99,
        "force_sync_at_once_lost_or_doubled": lost_or_doubled(found),
        "force_sync_at_once_429": found.statuses[429],
        "force_sync_at_once_5xx": sum(n for status, n in found.statuses.items() if status >= _SERVER_FAULT),
    }
    if page is not None:
        figures |= {f"page_busy_ms_{options.mentors}": page[0], f"page_key_ms_{options.mentors}": page[1]}
    print_figures(console, figures)
    if options.write:
        how = f"{options.mentors:,} mentors, {COORDINATORS} coordinators.\n{described}"
        write_figures("bench-force-sync figures", "make bench-force-sync", figures, how, [table])
    good = not any(value for name, value in figures.items() if name.endswith(("doubled", "429", "5xx")))
    return 0 if good and above_is_refused(found) else 1


if __name__ == "__main__":
    sys.exit(main())
