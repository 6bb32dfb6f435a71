"""The results of the sync benchmark: figures, and the tables for people and for docs/performance.md."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

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
# What each figure of a push should be; the others have no aim.
_AIMS: Final = {
    "cpu_ms_per_listing": "≤ 0.095",
    "push_vs_patch": "≥ 7.5",
    "push_vs_sdk_script_plain": "≥ 0.95",
    "push_vs_sdk_script_best": "≥ 0.55",
    "push_paced_vs_possible": "≤ 1.15",
    "requests_in_retry_after": "0",
}


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


@dataclass(frozen=True)
class Grid:
    """A table: its head, and its rows in sections."""

    head: Sequence[str]
    sections: Sequence[Sequence[Sequence[str]]]

    def markdown(self) -> str:
        """Return it for a document."""
        rows = [row for section in self.sections for row in section]
        heading, *written = (f"| {' | '.join(row)} |" for row in (self.head, *rows))
        return "\n".join([heading, "|" + "---|" * len(self.head), *written])


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


def figures_grid(found: SyncMeasurements, names: Sequence[str]) -> Grid:
    """Return the table of these figures with what was aimed for."""
    values = figures(found)
    return Grid(
        ("figure", "is", "aim"), [[(f"`{name}`", f"{values[name]:.3g}", _AIMS.get(name, "")) for name in names]]
    )


def latency_grid(found: SyncMeasurements) -> Grid:
    """Return the table of single changes."""
    rows = []
    for name, taken in {"commit to accepted": found.to_site, "one bare PATCH on a warm connection": found.bare}.items():
        row = summary(taken)
        rows.append([name, f"{row.changes:,}", *(f"{x:,.1f}" for x in (row.p50, row.p95, row.p99, row.slowest))])
    return Grid(("milliseconds", "n", "p50", "p95", "p99", "slowest"), [rows])


def push_grid(found: SyncMeasurements) -> Grid:
    """Return the table of the ways, side by side."""
    pushes = found.pushes.values()

    def row(name: str, value: Callable[[Sequence[Push]], str]) -> list[str]:
        return [name, *(value(some) for some in pushes)]

    times = [
        row("seconds until all is settled", lambda some: f"{_settled(some):.2f}"),
        row("quickest, slowest", lambda some: f"{_settled(some, min):.2f}, {_settled(some, max):.2f}"),
        row("seconds until the last commit", lambda some: f"{median(push.committed for push in some):.2f}"),
        row("listings a second", lambda some: f"{found.listings / _settled(some):,.0f}"),
        row("requests", lambda some: f"{median(push.requests for push in some):,.0f}"),
        ["its seconds : the consumer's", *(f"{found.ratio(way):.2f}" for way in found.pushes)],
        row("the emulator's one core is busy", lambda some: f"{median(_emulator_share(push) for push in some):.0%}"),
    ]
    kinds = sorted({OTHER, *(kind for some in pushes for push in some for kind in push.cpu)})
    cpu = [row("CPU seconds", lambda some: f"{median(_cpu(push) for push in some):.2f}")]
    for kind in kinds:
        used = [median(push.cpu.get(kind, 0.0) for push in some) for some in pushes]
        if max(used) > _LEAST_CPU or kind == OTHER:
            cpu.append([f"of them {kind}", *(f"{seconds:.2f}" for seconds in used)])
    return Grid((f"{found.listings:,} listings", *found.pushes), [times, cpu])


def limits_grid(found: SyncMeasurements) -> Grid:
    """Return the table of the used shares of the service's limits, and of the seconds at the service's pace."""
    some, allowed = found.limits, found.limits[0].limits
    least = possible_seconds(found.listings, allowed, found.at_once)
    cost = f"{allowed.execution_seconds:,.0f} s, {allowed.execution_ms:.0f} ms a listing"
    shares = [
        ["requests", f"{allowed.requests:,}", f"{max(one.requests for one in some):.1%}"],
        ["execution time", cost, f"{max(one.execution for one in some):.1%}"],
        ["requests at one time", str(allowed.concurrent), f"{max(one.concurrent for one in some):.1%}"],
        ["requests inside a Retry-After window", "0", str(sum(one.in_retry_after for one in some))],
    ]
    settled = sorted(one.push.settled for one in some)
    seconds = [
        ["seconds until all is settled", f"{least:.1f} at least", f"{median(settled):.1f}"],
        ["quickest, slowest", "", f"{settled[0]:.1f}, {settled[-1]:.1f}"],
        ["seconds until the last commit", "", f"{median(one.push.committed for one in some):.1f}"],
    ]
    return Grid((f"{found.listings:,} listings in 300 seconds", "allowed", "used"), [shares, seconds])


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
