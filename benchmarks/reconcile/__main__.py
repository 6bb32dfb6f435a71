"""Measure the full comparison beside bare paging and a script of the SDK, and the cost of repairs for live changes.

`python -m benchmarks.reconcile [--sizes 100000 1000000] [--repeats 5] [--repairs 10000] [--changes 400] [--write]`.
Prints tables for people and at the end one line per figure: `figure NAME VALUE`. Exits with 1 when something could not
be measured, also when a way did not find every listing equal. Ratios are of medians of runs that took turns, so the
machine's own speed cancels out. `--write` puts the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console

from benchmarks.aims import print_figures
from benchmarks.document import NoBlockError
from benchmarks.reconcile import live, report
from benchmarks.reconcile.measuring import measure
from benchmarks.reconcile.site import NotEqualError
from benchmarks.sync.stack import NotSyncedError
from local.demo.website import WebsiteBehindError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAILURES: Final = (NotEqualError, NotSyncedError, WebsiteBehindError, live.RepairsOverError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.reconcile", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000], help="how many listings")
    parser.add_argument("--repeats", type=int, default=5, help="how many times each way; 3 at most for large sizes")
    parser.add_argument("--repairs", type=int, default=10_000, help="how many repairs run; 0 leaves this out")
    parser.add_argument("--changes", type=int, default=400, help="how many live changes beside them, 20 a second")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md")
    options = parser.parse_args(arguments)
    console, errors = Console(width=130), Console(stderr=True)

    def progress(said: str) -> None:
        errors.print(said, markup=False, highlight=False)

    try:
        sizes = {size: measure(size, options.repeats, progress) for size in options.sizes}
        beside = live.measure(options.repairs, options.changes, progress) if options.repairs else None
    except _FAILURES as error:
        errors.print(f"not measured: {error}", style="red", markup=False)
        return 1
    for table in report.tables(sizes, beside):
        console.print(table)
    print_figures(console, report.figures(sizes, beside))
    try:
        if options.write:
            report.write(sizes, beside)
    except NoBlockError as error:
        errors.print(f"not written: docs/performance.md has no single block {error}", style="red", markup=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
