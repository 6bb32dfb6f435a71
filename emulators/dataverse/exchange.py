"""One HTTP exchange with the service, from its arrival to its entry in the journal: faults, limits, work, reply."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from emulators.dataverse.access import entra
from emulators.dataverse.connection import abort, hang_up
from emulators.dataverse.faults.faults import FaultKind
from emulators.dataverse.faults.journal import Entry
from emulators.dataverse.model.errors import DataverseError

if TYPE_CHECKING:
    from emulators.dataverse.app import Emulator, Receive, Scope, Send
    from emulators.dataverse.faults.faults import Rule
    from emulators.dataverse.model.messages import Request, Response

_WITHOUT_BODY: Final = frozenset({204, 304})
_STATUSES: Final = frozenset({FaultKind.STATUS, FaultKind.STATUS_AFTER})


class Wire(NamedTuple):
    """The connection a request came by, as ASGI has it."""

    scope: Scope
    receive: Receive
    send: Send


async def service(emulator: Emulator, wire: Wire, request: Request) -> None:
    """Respond to one request to the Web API."""
    arrived, journal = time.time(), emulator.journal
    number, life = journal.next_number(), journal.life
    rule = emulator.faults.pick("request", request, arrived) if emulator.faults.requests else None
    kind = None if rule is None else rule.kind
    response: Response | None = None
    late, done = None, 0
    if kind is not FaultKind.RESET_BEFORE:
        if kind is FaultKind.EXPIRE_TOKENS:
            emulator.tokens.expire_tokens()
        try:
            request.user = emulator.tokens.caller(request.headers.get("authorization", ""))
            late = journal.since_refusal(request.user, arrived)
            if (refusal := emulator.protection.admit(request.user, arrived)) is not None:
                raise refusal
            response, done = await _admitted(emulator, request, number, rule)
        except DataverseError as error:
            response = emulator.dress(error.response())
        if rule is not None and kind in _STATUSES:
            response = emulator.dress(rule.response())  # also for a caller whom the service would not know
    responded = time.time()
    if response is not None and request.user is not None and kind is not FaultKind.LOSE_REPLY:
        _promise(emulator, request.user, response, responded)
    if journal.life == life:
        status, size = (0, 0) if response is None else (response.status, len(response.body))
        asked = (number, arrived, responded, request.method, request.path, done, request.user)
        journal.record(Entry(*asked, status, size, late is not None, late, kind))
    await _deliver(wire, response, rule)


async def _admitted(
    emulator: Emulator, request: Request, number: int, rule: Rule | None
) -> tuple[Response | None, int]:
    """Do the work of a request that the limits admit. Returns the reply and how many operations it took."""
    spent, done = 0.0, 0
    response: Response | None = None
    journal, protection = emulator.journal, emulator.protection
    life = journal.life
    try:
        if rule is not None and rule.seconds:
            await asyncio.sleep(rule.seconds)
            spent = rule.seconds
            if journal.life != life:  # a late write of one test has no business in the next one
                return None, 0
        if rule is None or rule.kind is not FaultKind.STATUS:
            before = journal.executed
            response = emulator.work(request)
            writes = emulator.store.take_committed()
            done = journal.executed - before
            if writes:
                journal.wrote(number, writes)
            cost = protection.cost(max(done, len(writes)))
            spent += cost
            if cost and protection.limits.execution == "sleep":
                await asyncio.sleep(cost)
    finally:
        rates = protection.finished(str(request.user), time.time(), spent)
    if response is not None:
        emulator.dress(response).headers += rates
    return response, done


async def token(emulator: Emulator, wire: Wire, request: Request) -> None:
    """Respond to one request to the token endpoint."""
    arrived, faults, journal = time.time(), emulator.faults, emulator.journal
    number = journal.next_number()
    rule = faults.pick("token", request, arrived) if faults.tokens else None
    kind = None if rule is None else rule.kind
    if rule is not None and rule.seconds:
        await asyncio.sleep(rule.seconds)
    response: Response | None = None
    if kind is not FaultKind.RESET_BEFORE:
        response = entra.respond(emulator.tokens, request)
        if rule is not None and kind in _STATUSES:
            response = rule.response()
    status, size = (0, 0) if response is None else (response.status, len(response.body))
    asked = (number, arrived, time.time(), request.method, request.path, 0, None)
    journal.record(Entry(*asked, status, size, in_retry_after=False, after_refusal_ms=None, fault=kind))
    await _deliver(wire, response, rule)


def _promise(emulator: Emulator, user: str, response: Response, now: float) -> None:
    if response.status in {429, 503}:
        for name, value in response.headers:
            if name == "Retry-After":
                emulator.journal.promised(user, now, float(value))


async def _deliver(wire: Wire, response: Response | None, rule: Rule | None) -> None:
    """Send the reply, or do to the connection what the rule says."""
    kind = None if rule is None else rule.kind
    if response is None or kind is FaultKind.RESET_AFTER:
        abort(wire.scope)
        await _gone(wire)
    elif kind is FaultKind.LOSE_REPLY:
        await _gone(wire)
    elif kind is FaultKind.TRUNCATE:
        await _truncated(wire, response)
    else:
        await reply(wire.send, response)


async def reply(send: Send, response: Response) -> None:
    """Send a whole reply."""
    await _head(send, response)
    await send({"type": "http.response.body", "body": response.body})


async def _head(send: Send, response: Response) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if response.status not in _WITHOUT_BODY:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})


async def _truncated(wire: Wire, response: Response) -> None:
    """Half of the body; where there is none, half of the status line."""
    if response.body:
        await _head(wire.send, response)
        await wire.send(
            {"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True}
        )
        hang_up(wire.scope)
    else:
        hang_up(wire.scope, b"HTTP/1.1 ")
    await _gone(wire)


async def _gone(wire: Wire) -> None:
    """Wait until the connection has ended: the server would send an error of its own if this returned before."""
    while (await wire.receive())["type"] != "http.disconnect":
        pass
