"""The results of the sync benchmark: tables for people, and figures."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.sync.rounds import CONSUMER, FLOOR, PATCH, SDK
from local.demo.website import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.sync.limits import WithinLimits
    from benchmarks.sync.pushes import Push
    from benchmarks.sync.rounds import SdkWay

_LEAST_CPU = 0.005


@dataclass(frozen=True)
class SyncMeasurements:
    """All measurements of one run: milliseconds for single changes, seconds for pushes."""

    listings: int
    in_hand: tuple[int, int]
    to_site: Sequence[float]
    bare: Sequence[float]
    sdk_ways: Mapping[SdkWay, float]
    sdk_way: SdkWay
    pushes: Mapping[str, Sequence[Push]]
    limits: WithinLimits

    def ratio(self, way: str) -> float:
        """Return the median seconds of another way divided by the consumer's."""
        return _seconds(self.pushes[way]) / _seconds(self.pushes[CONSUMER])


def figures(found: SyncMeasurements) -> dict[str, float]:
    """Return the figures for machines, by name."""
    latency = summary(found.to_site)
    requests = [push.requests for push in found.pushes[CONSUMER]]
    return {
        "commit_to_site_p50_ms": latency.p50,
        "commit_to_site_p99_ms": latency.p99,
        "bare_patch_p50_ms": median(found.bare),
        "push_vs_floor": found.ratio(FLOOR),
        "push_vs_patch": found.ratio(PATCH),
        "push_vs_sdk": found.ratio(SDK),
        "requests_per_listing": median(requests) / found.listings,
        "limit_share_used": found.limits.largest,
        "requests_in_retry_after": found.limits.in_retry_after,
    }


def latency_table(found: SyncMeasurements) -> Table:
    """Return the table of single changes."""
    table = Table("milliseconds", "n", "p50", "p95", "p99", "slowest")
    for name, taken in {"commit to accepted": found.to_site, "one bare PATCH": found.bare}.items():
        row = summary(taken)
        table.add_row(name, f"{row.changes:,}", *(f"{x:,.1f}" for x in (row.p50, row.p95, row.p99, row.slowest)))
    return table


def push_table(found: SyncMeasurements) -> Table:
    """Return the table of the four ways, side by side."""
    table = Table(f"{found.listings:,} listings", *found.pushes)
    pushes = found.pushes.values()
    table.add_row("seconds", *(f"{_seconds(some):.2f}" for some in pushes), style="bold")
    table.add_row("quickest, slowest", *(f"{_quickest(some):.2f}, {_slowest(some):.2f}" for some in pushes))
    table.add_row("until that is known", *(f"{median(push.ended for push in some):.2f}" for some in pushes))
    table.add_row("listings a second", *(f"{found.listings / _seconds(some):,.0f}" for some in pushes))
    table.add_row("requests", *(f"{median(push.requests for push in some):,.0f}" for some in pushes))
    table.add_row("its seconds : the consumer's", *(f"{found.ratio(way):.2f}" for way in found.pushes))
    table.add_section()
    kinds = sorted({kind for some in pushes for push in some for kind in push.cpu})
    for kind in kinds:
        used = [median(push.cpu.get(kind, 0.0) for push in some) for some in pushes]
        if max(used) > _LEAST_CPU:
            table.add_row(f"CPU seconds: {kind}", *(f"{seconds:.2f}" for seconds in used))
    return table


def limits_table(found: SyncMeasurements) -> Table:
    """Return the table of the used shares of the service's limits."""
    limits = found.limits
    allowed = limits.limits
    table = Table("of what is allowed in 300 seconds", "allowed", "share used")
    table.add_row("requests", f"{allowed.requests:,}", f"{limits.requests:.1%}")
    cost = f"{allowed.execution_seconds:,.0f} s, {allowed.execution_ms:.0f} ms a listing"
    table.add_row("execution time", cost, f"{limits.execution:.1%}")
    table.add_row("requests at one time", str(allowed.concurrent), f"{limits.concurrent:.1%}")
    table.add_row("requests inside a Retry-After window", "0", str(limits.in_retry_after))
    table.add_row("seconds for all of it", "", f"{limits.push.seconds:.1f}")
    return table


def describe(found: SyncMeasurements) -> str:
    """Return a description of what was compared."""
    workers, parallel = found.in_hand
    ways = ", ".join(f"{way} of {size}: {seconds:.2f} s" for (way, size), seconds in found.sdk_ways.items())
    way, size = found.sdk_way
    return (
        f"The consumer runs {workers} functions with {parallel} requests under way each; every other way has "
        f"{workers * parallel} processes with one. Time is measured from before the first message or request is sent "
        f"until Dynamics has committed the last write. Floor: the consumer's own $batch bodies, prepared in advance, "
        f"posted with bare httpx. SDK: {way} of {size}, its fastest way here ({ways}).\n"
    )


def _seconds(pushes: Sequence[Push]) -> float:
    return median(push.seconds for push in pushes)


def _quickest(pushes: Sequence[Push]) -> float:
    return min(push.seconds for push in pushes)


def _slowest(pushes: Sequence[Push]) -> float:
    return max(push.seconds for push in pushes)
