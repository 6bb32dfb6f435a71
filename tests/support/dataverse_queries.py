"""Rows to query, and how queries are asked of the emulator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.support.dataverse_service import EXAMPLES, MENTORS

if TYPE_CHECKING:
    import httpx

    from emulators.dataverse.model.table import Table
    from tests.support.dataverse_service import RunningEmulator


def examples(service: RunningEmulator) -> RunningEmulator:
    """Insert five rows with hlf_count from 0 to 4, which differ in what the filters below ask for."""
    service.reset()
    table = service.environment.store.tables_by_set[EXAMPLES]
    mentors = [
        service.environment.store.tables_by_set[MENTORS].insert(
            {"hlf_peermentorid": f"{n}0000000-0000-4000-8000-00000000000{n}", "hlf_mentorid": str(n), "hlf_name": name}
        )
        for n, name in enumerate(["Åse", "Berit"])
    ]
    for n in range(5):
        table.insert(
            {
                "hlf_name": ["Oslo", "oslo 100%", None, "Bodø", "O'Brian_x"][n],
                "hlf_code": ["OSLO", "b", "c", "d", "e"][n],
                "hlf_count": n,
                "hlf_year": 2024 - n if n != 3 else 3,
                "hlf_amount": [0.5, 1.5, None, 3.0, 4.25][n],
                "hlf_active": [True, False, None, True, False][n],
                "hlf_when": f"2026-03-29T0{n}:30:00Z",
                "hlf_day": f"2026-03-2{n}",
                "hlf_kind": [100000000, 100000001, 100000001, None, 100000002][n],
                "_hlf_mentor_value": mentors[n]["hlf_peermentorid"] if n < len(mentors) else None,
            }
        )
    return service


def ask(service: RunningEmulator, table: str, *, prefer: str = "", **options: object) -> httpx.Response:
    """GET with query options, whose names get their `$`; `p1` is the alias `@p1`."""
    query = "&".join(
        f"{'@' if re.fullmatch('p[0-9]', name) else '$'}{name}={quote(str(value), safe='')}"
        for name, value in options.items()
    )
    return service.get(f"{table}?{query}" if query else table, **({"Prefer": prefer} if prefer else {}))


def listed(service: RunningEmulator, table: str, **options: Any) -> list[dict[str, Any]]:
    response = ask(service, table, **options)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()["value"]
    return rows


def counts(service: RunningEmulator, **options: Any) -> str:
    return "".join(str(row["hlf_count"]) for row in listed(service, EXAMPLES, orderby="hlf_count", **options))


def follow(service: RunningEmulator, response: httpx.Response) -> list[httpx.Response]:
    """All pages from this one on; the links are used as they came."""
    pages = [response]
    size = {"Prefer": response.request.headers["Prefer"]} if "Prefer" in response.request.headers else {}
    while link := pages[-1].json().get("@odata.nextLink"):
        pages.append(service.http.get(link, headers=size))
        assert pages[-1].status_code == 200, pages[-1].text
    return pages


def many(service: RunningEmulator, number: int) -> Table:
    table = service.environment.store.tables_by_set[MENTORS]
    for n in range(number):
        table.insert({"hlf_mentorid": str(n), "hlf_name": f"{n % 7}"})
    return table
