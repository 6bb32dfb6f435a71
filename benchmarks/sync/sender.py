"""A program that sends prepared requests one after the other on one warm httpx connection.

`python -m benchmarks.sync.sender URL TOKEN` reads commands from standard input, one JSON object per line, and writes
one line for each. {"load": FILE} loads requests, a list of [method, path, headers, body]; {"send": true} sends them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx

_OK = {200, 204}


class RequestRefusedError(Exception):
    """Raised when a request gets an unexpected response. The message is that response."""


def main() -> None:
    """Carry out the commands until the input ends."""
    url, token = sys.argv[1:]
    requests: list[httpx.Request] = []
    bearer = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, timeout=60, trust_env=False, headers=bearer) as client:
        client.get("/api/data/v9.2/WhoAmI").raise_for_status()
        for line in sys.stdin:
            command: dict[str, Any] = json.loads(line)
            seconds = 0.0
            if "load" in command:
                loaded = json.loads(Path(command["load"]).read_text())
                requests = [
                    client.build_request(method, path, headers=headers, content=body.encode())
                    for method, path, headers, body in loaded
                ]
            else:
                began = time.perf_counter()
                for request in requests:
                    reply = client.send(request)
                    if reply.status_code not in _OK:
                        raise RequestRefusedError(f"{reply.status_code} {reply.text[:300]}")
                seconds = time.perf_counter() - began
            print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
