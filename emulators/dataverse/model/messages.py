"""One request and one reply, whether they came alone or inside a `$batch`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Request:
    """`path` is what follows /api/data/v9.2/ (elsewhere: the whole path), `query` what follows `?`, both as sent.

    Header names are lower case. `user` is the caller's application id, None where no bearer token is asked for.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    user: str | None = None


@dataclass(slots=True)
class Response:
    """`headers` are those of the operation; the headers of every HTTP reply are added outside."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
