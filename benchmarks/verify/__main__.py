"""Measure the integration checkpoint: its read-only parts on the database, and the longest lock that it holds.

`python -m benchmarks.verify [--sizes 10000,1000000] [--repeats 3] [--write]`. Prints a table for people and at the end
one line per figure: `figure NAME VALUE`. `--write` puts both into docs/performance.md. The floor is one
`SELECT count(*)` over each of the app's tables.
"""

from __future__ import annotations

import argparse
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.aims import print_figures
from benchmarks.document import write_figures
from benchmarks.nightly.database import benchmark_server, make_source
from operations.commands.verify_integration import of_database
from shared.adapters.postgres.integration.behaviour.points import behaviour_findings
from shared.adapters.postgres.integration.data import data_findings
from shared.domain.integration.contract import COLUMNS
from shared.domain.integration.findings import Area, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LABELS: Final = {1_000_000: "1m", 100_000: "100k", 10_000: "10k"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.verify", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sizes", default="10000,1000000", help="numbers of mentors, separated by commas")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the figures into docs/performance.md")
    options = parser.parse_args(arguments)
    sizes = sorted({int(size) for size in options.sizes.split(",")})
    console, errors = Console(width=130), Console(stderr=True)
    table = Table("", *(f"{size:,} mentors" for size in sizes))
    columns: dict[int, dict[str, float]] = {}
    with benchmark_server() as (postgres, _):
        for size in sizes:
            errors.print(f"{size:,} mentors: loading")
            name = make_source(postgres, size)
            with psycopg.connect(postgres.dsn(name), autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
                columns[size] = _measured(connection, options.repeats)
    for row in next(iter(columns.values())):
        table.add_row(row, *(f"{columns[size][row]:,.2f}" for size in sizes))
    console.print(table)
    figures = {
        f"verify_{row.replace(' ', '_').replace(',', '')}_{_LABELS.get(size, str(size))}": value
        for size, found in columns.items()
        for row, value in found.items()
    }
    print_figures(console, figures)
    if options.write:
        how = f"Medians of {options.repeats} repeats."
        write_figures("bench-verify figures", "make bench-verify", figures, how)
    return 0


def _measured(connection: psycopg.Connection[Any], repeats: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        taken.setdefault(name, []).append(time.perf_counter() - began)

    for _ in range(repeats):
        timed("floor, s", lambda: [_count(connection, table) for table in COLUMNS])
        timed("read-only parts, s", lambda: _whole(connection))
        # The lock on a table lasts as long as the statement that took it.
        timed("longest statement, s", lambda: None)
        taken["longest statement, s"][-1] = _longest(connection)
        timed("behaviour, s", lambda: list(behaviour_findings(connection)))
    found = {name: median(seconds) for name, seconds in taken.items()}
    return found | {"ratio to the floor": found["read-only parts, s"] / found["floor, s"]}


def _count(connection: psycopg.Connection[Any], table: str) -> object:
    return connection.execute(f"SELECT count(*) FROM public.{table}".encode()).fetchone()


def _whole(connection: psycopg.Connection[Any]) -> None:
    report = of_database(connection)
    unchecked = [one.point for one in report.of(Verdict.NOT_CHECKED) if one.area is not Area.BEHAVIOUR]
    if unchecked:
        sys.exit(f"not measured: {unchecked} could not be checked")


def _longest(connection: psycopg.Connection[Any]) -> float:
    longest, began = 0.0, time.perf_counter()
    for _ in data_findings(connection):
        longest, began = max(longest, time.perf_counter() - began), time.perf_counter()
    return longest


if __name__ == "__main__":
    sys.exit(main())
