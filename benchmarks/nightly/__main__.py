"""Measure the nightly check: against the least that PostgreSQL can do, on a quiet day, and its memory.

`python -m benchmarks.nightly [--sizes 10000,100000,1000000] [--repeats 7]`. Prints a table for people and at the end
one line per figure: `figure NAME VALUE`. Exits with 1 when a figure could not be measured, also when a floor wrote
other rows than the nightly check. Ratios are of medians, so the machine's own speed cancels out.
"""

from __future__ import annotations

import argparse
import sys
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.nightly import floor
from benchmarks.nightly.database import SETTINGS, benchmark_server, make_source
from benchmarks.nightly.function_memory import RunUnfinishedError, peak_memory_mb
from benchmarks.nightly.measures import BUSY, Measures, UnfairFloorError, measure_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.nightly.measures import MeasureFloor

_LABELS = {1_000_000: "m", 1_000: "k"}


def main(arguments: Sequence[str] | None = None, *, floor: MeasureFloor = floor.run_floor) -> int:
    """Measure and print, and return the exit status. `floor` is what the nightly check is compared with."""
    parser = argparse.ArgumentParser(prog="benchmarks.nightly", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", default="10000,100000,1000000", help="numbers of mentors, separated by commas")
    parser.add_argument("--repeats", type=int, default=7, help="fresh copies of the database at each size")
    options = parser.parse_args(arguments)
    sizes = sorted({int(size) for size in options.sizes.split(",")})
    progress = Console(stderr=True)
    try:
        measured, memory = _measure(sizes, options.repeats, floor, progress)
    except (UnfairFloorError, RunUnfinishedError) as error:
        progress.print(f"not measured: {error}", style="red", markup=False)
        return 1
    console = Console(width=130)
    console.print(_describe(options.repeats), markup=False)
    console.print(_table(measured, memory))
    for name, value in _figures(measured, memory).items():
        console.print(f"figure {name} {value:.2f}", markup=False, highlight=False)
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


def _describe(repeats: int) -> str:
    settings = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    return (
        f"{floor.__doc__}\n"
        f"The busy nightly check is {BUSY}, the first after an outage of six weeks. Each of {repeats} repeats has a "
        "fresh copy of the database, in memory, and runs both floors, the nightly check, the copy and the nightly "
        "checks after it in turn, with a CHECKPOINT before each of the first four. Figures are medians. Server: crash "
        f"safe, {settings}.\n"
        "Quiet: the same day again, and the day on which nothing is due, each right after a nightly check and without "
        "a vacuum; the slower kind counts.\n"
    )


def _table(measured: list[Measures], memory: dict[int, int]) -> Table:
    table = Table("", *(f"{found.mentors:,} mentors" for found in measured))
    for name in measured[0].rows:
        table.add_row(f"rows: {name}", *(f"{found.rows[name]:,}" for found in measured))
    table.add_section()
    table.add_row("busy nightly check", *(_spread(found.check) for found in measured))
    table.add_row("floor", *(_spread(found.floor) for found in measured))
    table.add_row("shared floor", *(_spread(found.shared_floor) for found in measured))
    table.add_row("copy", *(_spread(found.copy) for found in measured))
    table.add_row("nightly check : floor", *(f"{found.ratio(found.floor):.2f}" for found in measured), style="bold")
    table.add_row("nightly check : shared floor", *(f"{found.ratio(found.shared_floor):.2f}" for found in measured))
    table.add_row("nightly check : copy", *(f"{found.ratio(found.copy):.2f}" for found in measured))
    table.add_section()
    table.add_row("quiet: same day again", *(_spread(found.same_day) for found in measured))
    table.add_row("quiet: nobody due", *(_spread(found.nobody_due) for found in measured))
    table.add_row("ordinary nightly check", *(_spread(found.ordinary) for found in measured))
    table.add_row("Monday, full scan", *(_spread(found.monday) for found in measured))
    table.add_section()
    peaks = [memory.get(found.mentors) for found in measured]
    table.add_row("peak memory of the function", *("" if peak is None else f"{peak} MB" for peak in peaks))
    return table


def _spread(seconds: list[float]) -> str:
    return f"{1000 * median(seconds):,.0f} ms (best {1000 * min(seconds):,.0f})"


def _figures(measured: list[Measures], memory: dict[int, int]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for found in measured:
        size = _label(found.mentors)
        figures[f"nightly_ratio_{size}"] = found.ratio(found.floor)
        figures[f"nightly_shared_ratio_{size}"] = found.ratio(found.shared_floor)
        figures[f"nightly_copy_ratio_{size}"] = found.ratio(found.copy)
        figures[f"nightly_seconds_{size}"] = median(found.check)
        figures[f"quiet_check_ms_{size}"] = found.quiet_ms
        figures[f"quiet_check_best_ms_{size}"] = 1000 * min(found.same_day + found.nobody_due)
        figures[f"ordinary_check_ms_{size}"] = 1000 * median(found.ordinary)
        figures[f"monday_check_ms_{size}"] = 1000 * median(found.monday)
        if found.mentors in memory:
            figures[f"function_peak_mb_{size}"] = memory[found.mentors]
    return figures


def _label(mentors: int) -> str:
    for unit, letter in _LABELS.items():
        if mentors % unit == 0:
            return f"{mentors // unit}{letter}"
    return str(mentors)


if __name__ == "__main__":
    sys.exit(main())
