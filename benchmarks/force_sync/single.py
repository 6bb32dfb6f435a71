"""One forced sync at a time, beside one bare PATCH and one bare GET of the same row; refused tokens; the page."""

from __future__ import annotations

import time
from itertools import cycle
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import httpx

from shared.adapters.dataverse.keys import API

if TYPE_CHECKING:
    from benchmarks.force_sync.stack import Bench

_WARM_UP: Final = 20
_REFUSED: Final = 2000
_HEADERS: Final = {"accept": "application/json", "odata-version": "4.0", "odata-maxversion": "4.0"}
_COLUMNS: Final = "hlf_mentorid,hlf_name,hlf_area,hlf_phone,hlf_email,statecode,statuscode"


class UnfairComparisonError(Exception):
    """Raised when a reply was not what is measured."""


def forced_and_bare(bench: Bench, count: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds of `count` forced syncs, and of a bare PATCH and GET of the same row after each."""
    forced: list[float] = []
    bare: list[float] = []
    coordinators = cycle(bench.coordinators)
    mentors = cycle(bench.mentors)
    token = _token(bench)
    with (
        bench.client() as client,
        httpx.Client(
            base_url=bench.stack.dataverse.url,
            trust_env=False,
            headers=_HEADERS | {"authorization": f"Bearer {token}"},
        ) as dataverse,
    ):
        for number in range(_WARM_UP + count):
            mentor = next(mentors)
            began = time.perf_counter()
            reply = bench.force(client, next(coordinators), mentor)
            took = (time.perf_counter() - began) * 1000
            _check(bench, str(mentor), reply)
            alone = _bare(dataverse, str(mentor), reply.json()["after"]["fields"]["area"])
            if number >= _WARM_UP:
                forced.append(took)
                bare.append(alone)
    return forced, bare


def _check(bench: Bench, mentor: str, reply: httpx.Response) -> None:
    """Raise UnfairComparisonError unless the website was read after the write, as the emulator's journal has it."""
    if reply.status_code != httpx.codes.OK or reply.json()["after"]["shown"] is not True:
        raise UnfairComparisonError(f"a forced sync got {reply.status_code}")
    written = [write.at for write in bench.control.writes() if write.key == mentor]
    read = [entry.arrived for entry in bench.control.journal() if entry.arrived > written[-1]]
    bench.control.clear_journal()
    if not read:
        raise UnfairComparisonError("nothing was read after the write")


def _bare(client: httpx.Client, mentor: str, area: str) -> float:
    """Return the milliseconds of a PATCH and a GET of the mentor's row, and leave the row as it was."""
    row = f"{API}hlf_peermentors(hlf_mentorid='{mentor}')"
    began = time.perf_counter()
    client.patch(row, json={"hlf_area": f"{area} "}).raise_for_status()
    client.get(row, params={"$select": _COLUMNS}).raise_for_status()
    took = (time.perf_counter() - began) * 1000
    client.patch(row, json={"hlf_area": area}).raise_for_status()
    return took


def _token(bench: Bench) -> str:
    dataverse = bench.stack.dataverse
    reply = httpx.post(
        f"{dataverse.url}/{dataverse.tenant_id}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": dataverse.client_id,
            "client_secret": dataverse.client_secret,
            "scope": f"{dataverse.url}/.default",
        },
        trust_env=False,
    )
    token: str = reply.raise_for_status().json()["access_token"]
    return token


def refused_per_second(bench: Bench) -> float:
    """Return how many forged tokens one instance turns away in a second: a known key, and another's signature."""
    head, body, _ = bench.token(bench.coordinators[0]).split(".")
    _, _, signature = bench.identity.token(uuid4()).split(".")
    headers = {"authorization": f"Bearer {head}.{body}.{signature}"}
    with bench.client() as client:
        for _ in range(_WARM_UP):
            client.get("/overview", headers=headers)
        began = time.perf_counter()
        statuses = {client.get("/overview", headers=headers).status_code for _ in range(_REFUSED)}
        took = time.perf_counter() - began
    if statuses != {httpx.codes.UNAUTHORIZED}:
        raise UnfairComparisonError(f"forged tokens got {statuses}")
    return _REFUSED / took


def page_bytes(bench: Bench) -> int:
    """Return the size of the coordinators' page as it is sent."""
    with bench.client() as client:
        return len(client.get("/").raise_for_status().content)
