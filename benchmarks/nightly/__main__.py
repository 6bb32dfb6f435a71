"""Measure the nightly check: against the least that PostgreSQL can do, on a quiet day, and its memory.

`python -m benchmarks.nightly [--sizes 10000,100000,1000000] [--repeats 7] [--write]`. Prints a table for people and at
the end one line per figure: `figure NAME VALUE`. `--write` puts both into docs/performance.md. Exits with 1 when a
figure could not be measured, also when a floor wrote other rows than the nightly check. Ratios are of medians, so the
machine's own speed cancels out.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.aims import print_figures, with_aims
from benchmarks.document import write_figures
from benchmarks.nightly import floor, report
from benchmarks.nightly.database import benchmark_server, make_source
from benchmarks.nightly.function_memory import RunUnfinishedError, peak_memory_mb
from benchmarks.nightly.measures import BUSY, Measures, UnfairFloorError, measure_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.nightly.measures import MeasureFloor


def main(arguments: Sequence[str] | None = None, *, floor: MeasureFloor = floor.run_floor) -> int:
    """Measure and print, and return the exit status. `floor` is what the nightly check is compared with."""
    parser = argparse.ArgumentParser(prog="benchmarks.nightly", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", default="10000,100000,1000000", help="numbers of mentors, separated by commas")
    parser.add_argument("--repeats", type=int, default=7, help="fresh copies of the database at each size")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/performance.md")
    options = parser.parse_args(arguments)
    sizes = sorted({int(size) for size in options.sizes.split(",")})
    progress = Console(stderr=True)
    try:
        measured, memory = _measure(sizes, options.repeats, floor, progress)
    except (UnfairFloorError, RunUnfinishedError) as error:
        progress.print(f"not measured: {error}", style="red", markup=False)
        return 1
    console, table, figures = Console(width=130), report.table(measured, memory), report.figures(measured, memory)
    console.print(report.describe(options.repeats), markup=False)
    console.print(table)
    print_figures(console, figures)
    if options.write:
        how = f"Medians of {options.repeats} repeats, the best in brackets; {report.server()}."
        write_figures("bench-nightly figures", "make bench-nightly", with_aims(figures), how, [table])
    return 0


def _measure(
    sizes: list[int], repeats: int, floor: MeasureFloor, progress: Console
) -> tuple[list[Measures], dict[int, int]]:
    measured = [Measures(size) for size in sizes]
    memory = {}
    with benchmark_server() as (postgres, folder), progress.status("Starting PostgreSQL") as status:
        sources = {}
        for size in sizes:
            status.update(f"{size:,} mentors: loading")
            sources[size] = make_source(postgres, size)
        # The sizes take turns, so that other load on the machine affects all of them.
        for repeat in range(1, repeats + 1):
            for found in measured:
                status.update(f"{found.mentors:,} mentors: repeat {repeat} of {repeats}")
                measure_once(postgres, sources[found.mentors], found, floor)
                progress.print(
                    f"repeat {repeat}, {found.mentors:,} mentors: the nightly check took {found.check[-1]:.2f} s"
                )
        for size in {sizes[0], sizes[-1]}:
            status.update(f"{size:,} mentors: the function's memory")
            memory[size] = peak_memory_mb(postgres, folder, sources[size], BUSY)
    return measured, memory


if __name__ == "__main__":
    sys.exit(main())
