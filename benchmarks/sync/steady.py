"""The duration of a single change at a steady pace, from before its commit until Dynamics has accepted it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from benchmarks.sync.pushes import HEADERS
from local.demo import website
from shared.adapters.dataverse.keys import API

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from benchmarks.sync.stack import Bench

PER_SECOND: Final = 20
# More than can be under way at that pace, so that every environment of a function that will be used is started.
_AT_ONCE: Final = 10
_SHORT_WHILE: Final = 2.0


def warm_up(bench: Bench) -> None:
    """Start as many instances of the function that accepts the webhook as may have to run at once."""
    rows = bench.connection.execute("SELECT id FROM public.peer_mentors ORDER BY id LIMIT %s", (_AT_ONCE,)).fetchall()
    for word in (" -", ""):
        for row in rows:
            bench.connection.execute(
                "UPDATE public.peer_mentors SET area = rtrim(area, ' -') || %s WHERE id = %s", (word, row["id"])
            )
        time.sleep(_SHORT_WHILE)
        bench.catch_up()


def times_to_site(bench: Bench, changes: int, catch_up: Callable[[], None] | None = None) -> list[float]:
    """Return the milliseconds of `changes` status changes at PER_SECOND, each in a transaction of its own.

    `catch_up` waits until the website shows all of them.
    """

    def wait() -> None:
        bench.wait_until_synced()

    catch_up = catch_up or wait
    bench.vacuum()
    return website.times_to_site(bench.stack.dsn, bench.url, changes // 2, PER_SECOND, catch_up=catch_up)


def bare_patches(client: httpx.Client, count: int) -> list[float]:
    """Return the milliseconds of `count` separate PATCHes of one row, on a warm connection to the same emulator."""
    taken = []
    for number in range(count):
        listing = {"hlf_name": f"Ingebjørg {number}", "hlf_area": "Møre og Romsdal", "statecode": 0, "statuscode": 1}
        began = time.perf_counter()
        reply = client.patch(
            f"{API}hlf_peermentors(hlf_mentorid='bare')",
            content=json.dumps(listing).encode(),
            headers=HEADERS | {"content-type": "application/json"},
        )
        taken.append((time.perf_counter() - began) * 1000)
        reply.raise_for_status()
    return taken
