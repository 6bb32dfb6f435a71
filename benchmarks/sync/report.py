"""The results of the sync benchmark: figures, and the tables for people and for docs/performance.md."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from rich.table import Table

from benchmarks.sync.cpu import EMULATOR, OTHER
from benchmarks.sync.limits import paced_vs_possible, possible_seconds
from benchmarks.sync.rounds import CONSUMER, FLOOR, PATCH, SCRIPT_BEST, SCRIPT_PLAIN, SDK
from local.demo.website import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.sync.limits import WithinLimits
    from benchmarks.sync.pushes import Push
    from benchmarks.sync.rounds import SdkWay
    from benchmarks.sync.script import ScriptForm

_LEAST_CPU: Final = 0.005


@dataclass(frozen=True)
class SyncMeasurements:
    """All measurements of one run: milliseconds for single changes, seconds for pushes."""

    listings: int
    in_hand: tuple[int, int]
    to_site: Sequence[float]
    bare: Sequence[float]
    sdk_ways: Mapping[SdkWay, float]
    sdk_way: SdkWay
    script_forms: Mapping[ScriptForm, float]
    plain: ScriptForm
    best: ScriptForm
    pushes: Mapping[str, Sequence[Push]]
    limits: Sequence[WithinLimits]

    @property
    def at_once(self) -> int:
        """The requests that the consumer has under way at most."""
        workers, parallel = self.in_hand
        return workers * parallel

    def ratio(self, way: str) -> float:
        """Return the median seconds of another way divided by the consumer's, until all is settled."""
        return _settled(self.pushes[way]) / _settled(self.pushes[CONSUMER])


def figures(found: SyncMeasurements) -> dict[str, float]:
    """Return the figures for machines, by name."""
    latency = summary(found.to_site)
    consumer = found.pushes[CONSUMER]
    return {
        "commit_to_site_p50_ms": latency.p50,
        "commit_to_site_p99_ms": latency.p99,
        "bare_patch_p50_ms": median(found.bare),
        "cpu_ms_per_listing": median(_cpu(push) for push in consumer) * 1000 / found.listings,
        "push_vs_floor": found.ratio(FLOOR),
        "push_vs_patch": found.ratio(PATCH),
        "push_vs_sdk": found.ratio(SDK),
        "push_vs_sdk_script_plain": found.ratio(SCRIPT_PLAIN),
        "push_vs_sdk_script_best": found.ratio(SCRIPT_BEST),
        "requests_per_listing": median(push.requests for push in consumer) / found.listings,
        "push_paced_vs_possible": paced_vs_possible(found.limits, found.listings, found.at_once),
        "limit_share_used": max(one.largest for one in found.limits),
        "requests_in_retry_after": sum(one.in_retry_after for one in found.limits),
    }


def latency_table(found: SyncMeasurements) -> Table:
    """Return the table of single changes."""
    table = Table("milliseconds", "n", "p50", "p95", "p99", "slowest")
    for name, taken in {"commit to accepted": found.to_site, "one bare PATCH on a warm connection": found.bare}.items():
        row = summary(taken)
        table.add_row(name, f"{row.changes:,}", *(f"{x:,.1f}" for x in (row.p50, row.p95, row.p99, row.slowest)))
    return table


def push_table(found: SyncMeasurements) -> Table:
    """Return the table of the ways, side by side."""
    table = Table(f"{found.listings:,} listings", *found.pushes)
    pushes = found.pushes.values()

    def add(name: str, value: Callable[[Sequence[Push]], str]) -> None:
        table.add_row(name, *(value(some) for some in pushes))

    add("seconds until all is settled", lambda some: f"{_settled(some):.2f}")
    add("quickest, slowest", lambda some: f"{_settled(some, min):.2f}, {_settled(some, max):.2f}")
    add("seconds until the last commit", lambda some: f"{median(push.committed for push in some):.2f}")
    add("listings a second", lambda some: f"{found.listings / _settled(some):,.0f}")
    add("requests", lambda some: f"{median(push.requests for push in some):,.0f}")
    table.add_row("its seconds : the consumer's", *(f"{found.ratio(way):.2f}" for way in found.pushes))
    add("the emulator's one core is busy", lambda some: f"{median(_emulator_share(push) for push in some):.0%}")
    table.add_section()
    add("CPU seconds", lambda some: f"{median(_cpu(push) for push in some):.2f}")
    for kind in sorted({OTHER, *(kind for some in pushes for push in some for kind in push.cpu)}):
        used = [median(push.cpu.get(kind, 0.0) for push in some) for some in pushes]
        if max(used) > _LEAST_CPU or kind == OTHER:
            table.add_row(f"of them {kind}", *(f"{seconds:.2f}" for seconds in used))
    return table


def limits_table(found: SyncMeasurements) -> Table:
    """Return the table of the used shares of the service's limits, and of the seconds at the service's pace."""
    some, allowed = found.limits, found.limits[0].limits
    least = possible_seconds(found.listings, allowed, found.at_once)
    cost = f"{allowed.execution_seconds:,.0f} s, {allowed.execution_ms:.0f} ms a listing"
    table = Table(f"{found.listings:,} listings in {allowed.window_seconds:.0f} seconds", "allowed", "used")
    table.add_row("requests", f"{allowed.requests:,}", f"{max(one.requests for one in some):.1%}")
    table.add_row("execution time", cost, f"{max(one.execution for one in some):.1%}")
    table.add_row("requests at one time", str(allowed.concurrent), f"{max(one.concurrent for one in some):.1%}")
    table.add_row("requests inside a Retry-After window", "0", str(sum(one.in_retry_after for one in some)))
    table.add_section()
    settled = sorted(one.push.settled for one in some)
    table.add_row("seconds until all is settled", f"{least:.1f} at least", f"{median(settled):.1f}")
    table.add_row("quickest, slowest", "", f"{settled[0]:.1f}, {settled[-1]:.1f}")
    table.add_row("seconds until the last commit", "", f"{median(one.push.committed for one in some):.1f}")
    return table


def describe(found: SyncMeasurements) -> str:
    """Return a description of what was compared."""
    workers, parallel = found.in_hand
    ways = ", ".join(f"{way} of {size} {seconds:.2f}" for (way, size), seconds in found.sdk_ways.items())
    way, size = found.sdk_way
    forms = ", ".join(f"{form.processes} of {form.size} {seconds:.2f}" for form, seconds in found.script_forms.items())
    return (
        f"The consumer runs {workers} functions with {parallel} requests under way each; floor, PATCH and SDK have "
        f"{found.at_once} processes with one.\n"
        f"SDK: {way} of {size}, its quickest way here (seconds: {ways}).\n"
        f"Script: plain is one process with {found.plain.size} listings a request, best is {found.best.processes} "
        f"with {found.best.size} (seconds of processes and size: {forms})."
    )


def _settled(pushes: Sequence[Push], of: Callable[[Sequence[float]], float] = median) -> float:
    return of([push.settled for push in pushes])


def _cpu(push: Push) -> float:
    return sum(push.cpu.values())


def _emulator_share(push: Push) -> float:
    return push.cpu.get(EMULATOR, 0.0) / push.settled
