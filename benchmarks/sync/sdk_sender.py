"""A program that sends listings with Microsoft's own SDK for Python, for an interpreter that has it (.rival-venv).

`python benchmarks/sync/sdk_sender.py URL TOKEN TABLE KEY` reads commands from standard input, one JSON object per line,
and writes one line for each. {"load": FILE} loads listings, a list of [key value, columns]; {"send": [WAY, SIZE]} sends
them.

The SDK insists on https. Its connection is redirected to plain http for this one address, because no other way here
pays for TLS either. The rest of the SDK is untouched, and inside `with` it keeps its connection open.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any

# These packages exist only in that interpreter, so the type checker here does not know them.
from azure.core.credentials import AccessToken  # type: ignore[import-not-found]
from PowerPlatform.Dataverse.client import DataverseClient  # type: ignore[import-not-found]
from PowerPlatform.Dataverse.models import UpsertItem  # type: ignore[import-not-found]
from requests.adapters import HTTPAdapter  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class ReadyToken:
    """A credential that holds a token fetched before."""

    def __init__(self, token: str) -> None:
        self._token = AccessToken(token, int(time.time()) + 3600)

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:  # noqa: ANN401 - the SDK's own signature
        """Return the same token for every scope."""
        return self._token


class InPlain(HTTPAdapter):  # type: ignore[misc]
    """An adapter that sends https requests over plain http."""

    def send(self, request: Any, **options: Any) -> Any:  # noqa: ANN401
        """Send the request over http."""
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


def main() -> None:
    """Carry out the commands until the input ends."""
    url, token, table, key = sys.argv[1:]
    items: list[UpsertItem] = []
    with DataverseClient(url.replace("http://", "https://", 1), ReadyToken(token)) as client:
        client._session.mount("https://", InPlain())  # noqa: SLF001 - see above
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
