"""One HTTP exchange with the service, from its arrival to its entry in the journal: faults, limits, work, reply."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING, Final

from emulators.dataverse import asgi
from emulators.dataverse.access import entra
from emulators.dataverse.connection import abort, hang_up
from emulators.dataverse.faults.journal import Entry
from emulators.dataverse.faults.rules import FaultKind
from emulators.dataverse.model import defaults
from emulators.dataverse.model.errors import DataverseError
from emulators.dataverse.service import batch, operations

if TYPE_CHECKING:
    from emulators.dataverse.asgi import Wire
    from emulators.dataverse.environment import Environment
    from emulators.dataverse.faults.rules import Rule
    from emulators.dataverse.model.messages import Request, Response

_STATUSES: Final = frozenset({FaultKind.STATUS, FaultKind.STATUS_AFTER})

_MAX_URL: Final = 32_768
_HEADERS: Final = [
    ("Cache-Control", "no-cache"),
    ("Expires", "-1"),
    ("Allow", "OPTIONS,GET,HEAD,POST"),
    ("Public", "OPTIONS,GET,HEAD,POST"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("CRM.ServiceId", "CRMAppPool"),
]


async def service(environment: Environment, wire: Wire, request: Request) -> None:
    """Respond to one request to the Web API."""
    arrived, journal = time.time(), environment.journal
    number, life = journal.next_number(), journal.life
    rule = environment.faults.pick("request", request, arrived) if environment.faults.requests else None
    kind = None if rule is None else rule.kind
    response: Response | None = None
    late, done = None, 0
    if kind is not FaultKind.RESET_BEFORE:
        if kind is FaultKind.EXPIRE_TOKENS:
            environment.tokens.expire_tokens()
        try:
            request.user = environment.tokens.caller(request.headers.get("authorization", ""))
            late = journal.since_refusal(request.user, arrived)
            if (refusal := environment.protection.admit(request.user, arrived)) is not None:
                raise refusal
            response, done = await _admitted(environment, request, number, rule)
        except DataverseError as error:
            response = _with_headers(environment, error.response())
        if rule is not None and kind in _STATUSES:
            response = _with_headers(environment, rule.response())  # also for an unknown caller
    responded = time.time()
    if response is not None and request.user is not None and kind is not FaultKind.LOSE_REPLY:
        _promise(environment, request.user, response, responded)
    if journal.life == life:
        status, size = (0, 0) if response is None else (response.status, len(response.body))
        asked = (number, arrived, responded, request.method, request.path, done, request.user)
        journal.record(Entry(*asked, status, size, late is not None, late, kind))
    await _deliver(wire, response, rule)


async def _admitted(
    environment: Environment, request: Request, number: int, rule: Rule | None
) -> tuple[Response | None, int]:
    """Carry out an admitted request. Return the reply and the number of operations."""
    spent, done = 0.0, 0
    response: Response | None = None
    journal, protection = environment.journal, environment.protection
    life = journal.life
    try:
        if rule is not None and rule.seconds:
            await asyncio.sleep(rule.seconds)
            spent = rule.seconds
            if journal.life != life:  # a late write of one test must not reach the next one
                return None, 0
        if rule is None or rule.kind is not FaultKind.STATUS:
            before = journal.executed
            response = _work(environment, request)
            writes = environment.store.take_committed()
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
        _with_headers(environment, response).headers += rates
    return response, done


def _work(environment: Environment, request: Request) -> Response:
    """Carry out one HTTP request of a known caller, a `$batch` or a single operation."""
    try:
        if len(defaults.API) + len(request.path) + len(request.query) > _MAX_URL:
            raise DataverseError.url_too_long(_MAX_URL)
        if request.path.strip("/") == "$batch":
            return batch.respond(environment, request)
        return operations.execute(environment, request)
    except DataverseError as error:
        return error.response()


def _with_headers(environment: Environment, response: Response) -> Response:
    """Add the headers that every reply of the Web API has."""
    request_id = str(uuid.uuid4())
    response.headers += _HEADERS
    response.headers += [
        ("x-ms-service-request-id", request_id),
        ("REQ_ID", request_id),
        ("AuthActivityId", request_id),
        ("x-ms-dop-hint", str(environment.settings.dop_hint)),
        ("Set-Cookie", f"ARRAffinity={environment.affinity}; path=/; HttpOnly"),
        ("Set-Cookie", f"ReqClientId={request_id}; path=/; HttpOnly"),
    ]
    return response


async def token(environment: Environment, wire: Wire, request: Request) -> None:
    """Respond to one request to the token endpoint."""
    arrived, faults, journal = time.time(), environment.faults, environment.journal
    number = journal.next_number()
    rule = faults.pick("token", request, arrived) if faults.tokens else None
    kind = None if rule is None else rule.kind
    if rule is not None and rule.seconds:
        await asyncio.sleep(rule.seconds)
    response: Response | None = None
    if kind is not FaultKind.RESET_BEFORE:
        if entra.reads_another_issuer(request):
            response = await asyncio.to_thread(entra.respond, environment.tokens, request)
        else:
            response = entra.respond(environment.tokens, request)
        if rule is not None and kind in _STATUSES:
            response = rule.response()
    status, size = (0, 0) if response is None else (response.status, len(response.body))
    asked = (number, arrived, time.time(), request.method, request.path, 0, None)
    journal.record(Entry(*asked, status, size, in_retry_after=False, after_refusal_ms=None, fault=kind))
    await _deliver(wire, response, rule)


def _promise(environment: Environment, user: str, response: Response, now: float) -> None:
    if response.status in {429, 503}:
        for name, value in response.headers:
            if name == "Retry-After":
                environment.journal.promised(user, now, float(value))


async def _deliver(wire: Wire, response: Response | None, rule: Rule | None) -> None:
    """Send the reply, or apply the rule to the connection."""
    kind = None if rule is None else rule.kind
    if response is None or kind is FaultKind.RESET_AFTER:
        abort(wire.scope)
        await _gone(wire)
    elif kind is FaultKind.LOSE_REPLY:
        await _gone(wire)
    elif kind is FaultKind.TRUNCATE:
        await _truncated(wire, response)
    else:
        await asgi.reply(wire.send, response)


async def _truncated(wire: Wire, response: Response) -> None:
    """Send half of the body; where there is none, half of the status line."""
    if response.body:
        await asgi.send_head(wire.send, response)
        await wire.send(
            {"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True}
        )
        hang_up(wire.scope)
    else:
        hang_up(wire.scope, b"HTTP/1.1 ")
    await _gone(wire)


async def _gone(wire: Wire) -> None:
    """Wait until the connection has ended. An earlier return would make the server send an error of its own."""
    while (await wire.receive())["type"] != "http.disconnect":
        pass
