"""The rules of faults on request: which requests go wrong, and how."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.model.messages import Response

type Where = Literal["request", "operation", "list", "token"]


class FaultKind(StrEnum):
    """The kinds of faults."""

    STATUS = "status"
    """Refused with `status`, and nothing was done."""
    STATUS_AFTER = "status_after"
    """Carried out, and then refused with `status`, as by a gateway that lost patience."""
    DELAY = "delay"
    """Done late: after `seconds`, whether the client is still there or not."""
    RESET_BEFORE = "reset_before"
    """The connection is reset, and nothing was done."""
    RESET_AFTER = "reset_after"
    """Done, and the connection is reset instead of a reply."""
    TRUNCATE = "truncate"
    """Done, and the connection ends in the middle of the reply."""
    LOSE_REPLY = "lose_reply"
    """Done, and no reply comes for as long as the client waits."""
    EXPIRE_TOKENS = "expire_tokens"
    """Every token given out so far ends as this request arrives: 401."""
    EMPTY_LIST = "empty_list"
    """A list ends at once, with no row."""
    FIRST_ROWS = "first_rows"
    """A list ends after its first `rows`."""
    REPEAT_PAGE = "repeat_page"
    """A page that is not the first gives the rows of the page before it once more; the list goes on behind them."""
    SKIP_ROWS = "skip_rows"
    """A page begins `rows` too late."""


_OF_LISTS = frozenset({FaultKind.EMPTY_LIST, FaultKind.FIRST_ROWS, FaultKind.REPEAT_PAGE, FaultKind.SKIP_ROWS})


class Rule(BaseModel):
    """The requests that are hit, and the fault they meet. A rule without a restriction hits every request.

    `where`: "request" are whole HTTP requests to the Web API (a `$batch` is one), "operation" are single operations,
    alone or inside a `$batch`, "list" are pages of a table, "token" are requests to the token endpoint.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    where: Where = "request"
    method: str | None = None
    path: str | None = None
    """A regular expression, found anywhere in what follows /api/data/v9.2/ (for a token, in the whole path)."""
    contains: str | None = None
    """Text in the path or the body, such as a key."""
    skip: Annotated[int, Field(ge=0)] = 0
    """How many matching requests are spared first."""
    every: Annotated[int, Field(ge=1)] = 1
    """Of the matching requests, hit every k-th."""
    count: Annotated[int, Field(ge=1)] | None = None
    """How many are hit in all."""
    for_seconds: Annotated[float, Field(gt=0)] | None = None
    """For how long, from when the rule is set."""
    status: Annotated[int, Field(ge=400, le=599)] = 503
    code: str | None = None
    message: str | None = None
    retry_after: Annotated[int, Field(ge=0)] | None = None
    """Seconds, for the Retry-After header."""
    seconds: Annotated[float, Field(ge=0)] = 0.0
    """A delay, before anything else happens."""
    rows: Annotated[int, Field(ge=0)] = 0
    """A number of rows, for the kinds of faults that need one."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.where == "operation" and self.kind is not FaultKind.STATUS:
            raise ValueError("an operation can only be refused with a status: its connection is that of the request")
        if self.where == "operation" and self.seconds:
            raise ValueError("an operation cannot be delayed by itself")
        if (self.where == "list") != (self.kind in _OF_LISTS):
            raise ValueError(f"where is list for {', '.join(sorted(_OF_LISTS))} and for nothing else")
        if self.where == "list" and self.seconds:
            raise ValueError("a list is not delayed by itself: its request is")
        try:
            re.compile(self.path or "")
        except re.PatternError as error:
            raise ValueError(f"path is no regular expression: {error}") from None
        return self

    def response(self) -> Response:
        """Return the reply of a rule with a status. A gateway's own page has no code, unless the rule names one."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.where != "operation" and self.code is None and self.status in choices.GATEWAY_STATUSES:
            page = f"<html><body><h1>{self.status}</h1></body></html>".encode()
            return Response(self.status, [("Content-Type", "text/html"), *headers.items()], page)
        code, message = _WORDS.get(self.status, ("0x80040216", "An unexpected error occurred."))
        return DataverseError(self.status, self.code or code, self.message or message, headers).response()


_WORDS = {
    401: ("", ""),
    403: ("0x80040220", "Principal user is missing a privilege."),
    412: ("0x80040237", "A record with matching key values already exists."),
    429: ("0x80072322", "Number of requests exceeded the limit of 6000 over time window of 300 seconds."),
}
