"""The results of the nightly benchmark: a table for people, and figures."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final

from rich.table import Table

from benchmarks.nightly import floor
from benchmarks.nightly.database import SETTINGS
from benchmarks.nightly.measures import BUSY

if TYPE_CHECKING:
    from benchmarks.nightly.measures import Measures

_LABELS: Final = {1_000_000: "m", 1_000: "k"}


def server() -> str:
    """Return how the server is set."""
    return ", ".join(["crash safe", *(f"{name} = {value}" for name, value in SETTINGS.items())])


def describe(repeats: int) -> str:
    """Return a description of what was compared."""
    return (
        f"{floor.__doc__}\n"
        f"The busy nightly check is {BUSY}, the first after an outage of six weeks. Each of {repeats} repeats has a "
        "fresh copy of the database, in memory, and runs both floors, the nightly check, the copy and the nightly "
        "checks after it in turn, with a CHECKPOINT before each of the first four. Figures are medians. Server: "
        f"{server()}.\n"
        "Quiet: the same day again, and the day on which nothing is due, each right after a nightly check and without "
        "a vacuum; the slower kind counts.\n"
    )


def table(measured: list[Measures], memory: dict[int, int]) -> Table:
    """Return the table of the durations at each size, and of what was written."""
    rows = Table("", *(f"{found.mentors:,} mentors" for found in measured))
    for name in measured[0].rows:
        rows.add_row(f"rows: {name}", *(f"{found.rows[name]:,}" for found in measured))
    rows.add_section()
    rows.add_row("busy nightly check", *(_spread(found.check) for found in measured))
    rows.add_row("floor", *(_spread(found.floor) for found in measured))
    rows.add_row("shared floor", *(_spread(found.shared_floor) for found in measured))
    rows.add_row("copy", *(_spread(found.copy) for found in measured))
    rows.add_row("nightly check : floor", *(f"{found.ratio(found.floor):.2f}" for found in measured), style="bold")
    rows.add_row("nightly check : shared floor", *(f"{found.ratio(found.shared_floor):.2f}" for found in measured))
    rows.add_row("nightly check : copy", *(f"{found.ratio(found.copy):.2f}" for found in measured))
    rows.add_section()
    rows.add_row("quiet: same day again", *(_spread(found.same_day) for found in measured))
    rows.add_row("quiet: nobody due", *(_spread(found.nobody_due) for found in measured))
    rows.add_row("ordinary nightly check", *(_spread(found.ordinary) for found in measured))
    rows.add_row("Monday, full scan", *(_spread(found.monday) for found in measured))
    rows.add_section()
    rows.add_row("write-ahead log", *(f"{median(found.wal_mb):,.0f} MB" for found in measured))
    peaks = [memory.get(found.mentors) for found in measured]
    rows.add_row("peak memory of the function", *("" if peak is None else f"{peak} MB" for peak in peaks))
    return rows


def _spread(seconds: list[float]) -> str:
    return f"{1000 * median(seconds):,.0f} ms ({1000 * min(seconds):,.0f})"


def figures(measured: list[Measures], memory: dict[int, int]) -> dict[str, float]:
    """Return the figures for machines, by name."""
    named: dict[str, float] = {}
    for found in measured:
        size = _label(found.mentors)
        named[f"nightly_ratio_{size}"] = found.ratio(found.floor)
        named[f"nightly_shared_ratio_{size}"] = found.ratio(found.shared_floor)
        named[f"nightly_copy_ratio_{size}"] = found.ratio(found.copy)
        named[f"nightly_seconds_{size}"] = median(found.check)
        named[f"nightly_wal_mb_{size}"] = median(found.wal_mb)
        named[f"quiet_check_ms_{size}"] = found.quiet_ms
        named[f"quiet_check_best_ms_{size}"] = 1000 * min(found.same_day + found.nobody_due)
        named[f"ordinary_check_ms_{size}"] = 1000 * median(found.ordinary)
        named[f"monday_check_ms_{size}"] = 1000 * median(found.monday)
        if found.mentors in memory:
            named[f"function_peak_mb_{size}"] = memory[found.mentors]
    return named


def _label(mentors: int) -> str:
    for unit, letter in _LABELS.items():
        if mentors % unit == 0:
            return f"{mentors // unit}{letter}"
    return str(mentors)
