"""Measure the listing sync: a single change's way to Dynamics, 10,000 at once, and the service's own limits.

`python -m benchmarks.sync [--listings 10000] [--repeats 5] [--changes 600] [--paced 3] [--write]`. Prints tables for
people and at the end one line per figure: `figure NAME VALUE`. Exits with 1 when something could not be measured, also
when one way wrote other rows than the others. Ratios are of medians of runs that took turns, so the machine's own speed
cancels out. `--write` puts the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

import httpx
from rich.console import Console

from benchmarks.aims import print_figures
from benchmarks.document import NoBlockError
from benchmarks.sync import document, report, steady
from benchmarks.sync.limits import push_within_limits
from benchmarks.sync.pushes import UnfairComparisonError
from benchmarks.sync.rounds import rivals, token_for
from benchmarks.sync.senders import SenderFailedError
from benchmarks.sync.stack import NotSyncedError, bench
from local.demo.website import WebsiteBehindError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.sync.stack import Bench, Progress

_SEGMENTS: Final = 3
_BARE_PATCHES: Final = 100
_FAILURES: Final = (UnfairComparisonError, NotSyncedError, WebsiteBehindError, SenderFailedError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.sync", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--listings", type=int, default=10_000, help="how many listings change at once")
    parser.add_argument("--repeats", type=int, default=5, help="how many times each way pushes them")
    parser.add_argument("--changes", type=int, default=600, help="how many single changes, 20 a second")
    parser.add_argument("--paced", type=int, default=3, help="how many pushes within the service's limits")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md")
    options = parser.parse_args(arguments)
    if min(options.listings, options.repeats, options.changes, options.paced) < 1:
        parser.error("every number must be 1 or more")
    console, errors = Console(width=140), Console(stderr=True)

    def progress(said: str) -> None:
        errors.print(said, markup=False, highlight=False)

    try:
        with bench(options.listings, progress) as running:
            found = _measure(running, options, progress)
    except _FAILURES as error:
        errors.print(f"not measured: {error}", style="red", markup=False)
        return 1
    for table in (report.latency_table, report.push_table, report.limits_table):
        console.print(table(found))
    console.print(report.describe(found), markup=False, highlight=False)
    print_figures(console, report.figures(found))
    try:
        if options.write:
            document.write(found)
    except NoBlockError as error:
        errors.print(f"not written: docs/performance.md has no single block {error}", style="red", markup=False)
        return 1
    return 0


def _measure(running: Bench, options: argparse.Namespace, progress: Progress) -> report.SyncMeasurements:
    progress("Publishing everything on the website for the first time")
    running.catch_up()
    token = token_for(running)
    to_site, bare = _steady(running, token, options.changes, progress)
    with rivals(running, token) as others:
        progress("Looking for the quickest way of the SDK and the quickest form of the script")
        ways, forms = others.find_ways()
        pushes = others.rounds(options.repeats, progress)
        limits = []
        for number in range(1, options.paced + 1):
            progress(f"Pushing within the real limits: {number} of {options.paced}")
            limits.append(push_within_limits(running))
        return report.SyncMeasurements(
            options.listings,
            running.in_hand(),
            to_site,
            bare,
            ways,
            others.sdk_way,
            forms,
            others.script.plain,
            others.script.best,
            pushes,
            limits,
        )


def _steady(running: Bench, token: str, changes: int, progress: Progress) -> tuple[list[float], list[float]]:
    """Return the milliseconds of single changes, and of bare PATCHes sent in between."""
    to_site: list[float] = []
    bare: list[float] = []
    running.enable_webhook(True)
    progress("Warming up")
    steady.warm_up(running)
    with httpx.Client(base_url=running.url, trust_env=False, headers={"authorization": f"Bearer {token}"}) as client:
        steady.bare_patches(client, _BARE_PATCHES)
        for segment in range(1, _SEGMENTS + 1):
            progress(f"Changes at {steady.PER_SECOND} a second: part {segment} of {_SEGMENTS}")
            to_site += steady.times_to_site(running, changes // _SEGMENTS)
            bare += steady.bare_patches(client, _BARE_PATCHES)
    running.enable_webhook(False)
    return to_site, bare


if __name__ == "__main__":
    sys.exit(main())
