"""A program that sends listings with Microsoft's own SDK for Python, for an interpreter that has it (.rival-venv).

`python -m benchmarks.sync.sdk_sender URL TOKEN TABLE KEY` reads commands from its input, one JSON to a line, and
answers each with a line: {"load": FILE} takes listings, a list of [key value, columns]; {"send": [WAY, SIZE]} sends
them.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Only there, and so unknown to the type checker here.
from PowerPlatform.Dataverse.models import UpsertItem  # type: ignore[import-not-found]

from benchmarks.sync.sdk_client import sdk_client

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main() -> None:
    """Do what is asked, until the input ends."""
    url, token, table, key = sys.argv[1:]
    items: list[UpsertItem] = []
    with sdk_client(url, token) as client:
        ways: dict[str, Callable[[Sequence[UpsertItem]], None]] = {
            "UpsertMultiple": lambda some: client.records.upsert(table, list(some)),
            "batch": lambda some: _batch(client, table, some),
        }
        for line in sys.stdin:
            command = json.loads(line)
            seconds = 0.0
            if "load" in command:
                loaded = json.loads(Path(command["load"]).read_text())
                items = [UpsertItem(alternate_key={key: value}, record=record) for value, record in loaded]
            else:
                way, size = command["send"]
                began = time.perf_counter()
                for some in batched(items, size, strict=False):
                    ways[way](some)
                seconds = time.perf_counter() - began
            print(json.dumps({"seconds": seconds}), flush=True)


def _batch(client: Any, table: str, items: Sequence[UpsertItem]) -> None:  # noqa: ANN401 - typed where it is installed
    batch = client.batch.new()
    for item in items:
        batch.records.upsert(table, [item])
    result = batch.execute(continue_on_error=True)
    if result.has_errors:
        raise RuntimeError(str(result.failed[0]))


if __name__ == "__main__":
    main()
