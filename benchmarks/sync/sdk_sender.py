"""A program that sends listings with Microsoft's own SDK for Python, for an interpreter that has it (.rival-venv).

`python sync_sdk_sender.py URL TOKEN TABLE KEY` reads commands from its input, one JSON to a line, and answers each with
a line: {"load": FILE} takes listings, a list of [key value, columns]; {"send": [WAY, SIZE]} sends them.

The SDK insists on https. Its connection is therefore told to speak plainly to this one address: TLS, which nobody else
here pays for, is spared it too. Nothing else of it is touched, and inside `with` it keeps its connection open.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Only there, and so unknown to the type checker here.
from azure.core.credentials import AccessToken  # type: ignore[import-not-found]
from PowerPlatform.Dataverse.client import DataverseClient  # type: ignore[import-not-found]
from PowerPlatform.Dataverse.models import UpsertItem  # type: ignore[import-not-found]
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class ReadyToken:
    """The token that was there before."""

    def __init__(self, token: str) -> None:
        self._token = AccessToken(token, int(time.time()) + 3600)

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:  # noqa: ANN401 - the SDK's own signature
        """The same for every scope."""
        return self._token


class InPlain(HTTPAdapter):
    """Sends to http what is meant for https."""

    def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        """As HTTPAdapter does."""
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


def main() -> None:
    """Do what is asked, until the input ends."""
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
