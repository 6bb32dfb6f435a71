"""Change tracking at the emulator over HTTP.

Source: "Use change tracking to synchronize data with external systems". What a client keeps by following the links is
what the table holds, whatever happens while it reads.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import pytest

from emulators.dataverse.service import changes
from tests.support.dataverse_queries import ask, follow, listed, many
from tests.support.dataverse_service import EXAMPLES, MENTORS, change_set, operation, parts

if TYPE_CHECKING:
    from tests.support.dataverse_service import RunningEmulator

TRACK = "odata.track-changes"


def tracked(service, **options):
    """The whole table, and the link to what comes after."""
    *_, last = follow(service, ask(service, MENTORS, prefer=TRACK, **options))
    return last.json()["@odata.deltaLink"]


def delta(service, link, **headers):
    """What one delta link gives: changed rows, ids of deleted ones, the next link."""
    response = service.http.get(link, headers=headers)
    assert response.status_code == 200, response.text
    pages = [page.json() for page in follow(service, response)]
    value = [item for page in pages for item in page["value"]]
    return (
        [item for item in value if "reason" not in item],
        [item["id"] for item in value if "reason" in item],
        pages[-1]["@odata.deltaLink"],
    )


def mentor(service, **columns):
    return service.environment.store.tables_by_set[MENTORS].insert(
        {"hlf_mentorid": str(time.monotonic_ns()), **columns}
    )


def test_a_tracked_list_is_all_rows_and_ends_with_a_delta_link(service: RunningEmulator) -> None:
    """A tracked list is the whole table and ends with a delta link."""
    many(service, 5)
    response = ask(service, MENTORS, prefer=f"{TRACK},odata.maxpagesize=2", select="hlf_name")
    assert response.headers.get_list("Preference-Applied") == ["odata.maxpagesize=2", TRACK]
    first, second, third = (page.json() for page in follow(service, response))
    assert "istracking=%22True%22" in first["@odata.nextLink"]
    assert "@odata.deltaLink" not in first
    assert "@odata.deltaLink" not in second
    link = third["@odata.deltaLink"]
    assert unquote(link).startswith(f"{service.environment.api_url}hlf_peermentors?$select=hlf_name&$deltatoken=")
    token = link.partition("$deltatoken=")[2]
    version, _, moment = unquote(token).partition("!")
    assert int(version) == service.environment.store.log.version
    assert abs(time.mktime(time.strptime(moment, "%m/%d/%Y %H:%M:%S")) - time.mktime(time.gmtime())) < 10
    assert token == f"{version}%21{moment.replace('/', '%2f').replace(' ', '%20').replace(':', '%3a')}"


def test_a_delta_has_what_was_written_and_then_what_was_deleted(service: RunningEmulator) -> None:
    table = many(service, 4)
    link = tracked(service, select="hlf_name")
    kept, changed, gone, twice = list(table.rows.values())
    table.delete(gone["hlf_peermentorid"])
    table.update(twice, {"hlf_name": "once"})
    table.update(changed, {"hlf_name": "changed"})
    new = mentor(service, hlf_name="new")
    table.update(twice, {"hlf_name": "twice"})
    response = service.http.get(link)
    body = response.json()
    metadata = f"{service.environment.api_url}$metadata#hlf_peermentors"
    assert body["@odata.context"] == f"{metadata}(hlf_name)/$delta"
    assert body["value"] == [
        *(
            {
                "@odata.etag": f'W/"{row["versionnumber"]}"',
                "hlf_name": row["hlf_name"],
                "hlf_peermentorid": row["hlf_peermentorid"],
            }
            for row in (changed, new, twice)
        ),
        {"@odata.context": f"{metadata}/$deletedEntity", "id": gone["hlf_peermentorid"], "reason": "deleted"},
    ]
    assert kept["hlf_peermentorid"] not in response.text
    assert delta(service, body["@odata.deltaLink"])[:2] == ([], [])


def test_what_happens_while_a_delta_is_read_is_in_the_next_one(service: RunningEmulator) -> None:
    table = many(service, 3)
    link = tracked(service)
    for row in list(table.rows.values()):
        table.update(row, {"hlf_name": "x"})
    one = {"Prefer": "odata.maxpagesize=1"}
    body = service.http.get(link, headers=one).json()
    new = mentor(service)["hlf_peermentorid"]
    seen = []
    while "@odata.nextLink" in body:
        body = service.http.get(body["@odata.nextLink"], headers=one).json()
        seen += [row["hlf_peermentorid"] for row in body["value"]]
    assert len(seen) == 2
    assert new not in seen
    assert [row["hlf_peermentorid"] for row in delta(service, body["@odata.deltaLink"])[0]] == [new]


def test_a_delta_link_can_be_read_again(service: RunningEmulator) -> None:
    link = tracked(service)
    mentor(service)
    assert delta(service, link)[0] == delta(service, link)[0]


def test_a_row_that_came_and_went_is_reported_as_deleted(service: RunningEmulator) -> None:
    """A row that came and went between two polls is reported as deleted."""
    table = service.environment.store.tables_by_set[MENTORS]
    link = tracked(service)
    row_id = mentor(service)["hlf_peermentorid"]
    table.delete(row_id)
    assert delta(service, link)[:2] == ([], [row_id])


def test_a_row_that_went_and_came_back_is_a_change(service: RunningEmulator) -> None:
    table = service.environment.store.tables_by_set[MENTORS]
    row = mentor(service)
    link = tracked(service)
    for _ in range(2):
        table.delete(row["hlf_peermentorid"])
        table.insert({"hlf_peermentorid": row["hlf_peermentorid"], "hlf_mentorid": row["hlf_mentorid"]})
    rows, deleted, _ = delta(service, link)
    assert [item["hlf_peermentorid"] for item in rows] == [row["hlf_peermentorid"]]
    assert deleted == []


def test_what_a_change_set_took_back_never_happened(service: RunningEmulator) -> None:
    row = mentor(service, hlf_name="as it was")
    link = tracked(service)
    path = f"{MENTORS}({row['hlf_peermentorid']})"
    ((failed,),) = parts(
        service.batch(
            change_set(
                operation("PATCH", path, {"hlf_name": "changed"}, "1"),
                operation("POST", MENTORS, {"hlf_mentorid": "new"}, "2"),
                operation("DELETE", path, None, "3"),
                operation("POST", MENTORS, {"hlf_name": "x" * 201}, "4"),
            )
        )
    )
    assert failed.status == 400
    assert delta(service, link)[:2] == ([], [])
    assert [item["hlf_name"] for item in listed(service, MENTORS)] == ["as it was"]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("seed", range(6))
def test_who_follows_the_links_has_what_the_table_has(service: RunningEmulator, size: int, seed: Any) -> None:
    """Rows change, come and go at random, between pages too; nothing is lost, and nothing stays that went."""
    chance = random.Random(seed)  # noqa: S311
    many(service, 12)
    known: dict[str, str] = {}
    link = f"{service.environment.api_url}{MENTORS}?$select=hlf_name"
    polls = 0
    while polls < 6:
        body = service.http.get(link, headers={"Prefer": f"{TRACK},odata.maxpagesize={size}"}).json()
        for item in body["value"]:
            if "reason" in item:
                known.pop(item["id"], None)
            else:
                known[item["hlf_peermentorid"]] = item["hlf_name"]
        link = body.get("@odata.nextLink") or body["@odata.deltaLink"]
        polls += "@odata.deltaLink" in body
        if polls < 5:
            disturb(service, chance)
    rows = listed(service, MENTORS)
    assert known == {row["hlf_peermentorid"]: row["hlf_name"] for row in rows}


def disturb(service, chance):
    """Up to three writes of any kind."""
    table = service.environment.store.tables_by_set[MENTORS]
    for _ in range(chance.randrange(4)):
        ids = list(table.rows)
        kind = chance.choice(["insert", "update", "update", "delete"])
        if kind == "insert" or not ids:
            mentor(service, hlf_name=str(chance.random()))
        elif kind == "update":
            table.update(table.rows[chance.choice(ids)], {"hlf_name": str(chance.random())})
        else:
            table.delete(chance.choice(ids))


def test_changes_can_be_counted(service: RunningEmulator) -> None:
    table = many(service, 3)
    link = tracked(service)
    rows = list(table.rows.values())
    table.update(rows[0], {"hlf_name": "x"})
    table.delete(rows[1]["hlf_peermentorid"])
    response = service.http.get(link.replace("hlf_peermentors?", "hlf_peermentors/$count?"))
    assert response.text == "2"


@pytest.mark.parametrize("option", ["filter", "orderby", "expand", "top"])
def test_options_that_do_not_go_with_tracking_are_refused(service: RunningEmulator, option: str) -> None:
    many(service, 1)
    value = {"filter": "hlf_name eq '0'", "orderby": "hlf_name", "expand": "x", "top": "1"}[option]
    response = ask(service, MENTORS, prefer=TRACK, **{option: value})
    assert response.status_code == 400
    message = f'The "${option}" query parameter isn\'t supported when Change Tracking is enabled.'
    assert response.json()["error"]["message"] == message
    assert service.http.get(f"{tracked(service)}&${option}={value}").status_code == 400


def test_a_table_whose_changes_are_not_tracked_says_so(service: RunningEmulator) -> None:
    response = ask(service, EXAMPLES, prefer=TRACK)
    assert response.status_code == 400
    assert response.json()["error"] == {
        "code": "0x80072491",
        "message": "Entity hlf_example isn't enabled for change tracking.",
    }


def test_tracking_needs_the_privilege_to_read(service: RunningEmulator) -> None:
    link = tracked(service)
    next(iter(service.environment.tokens.users.values())).denied.add(("hlf_peermentor", "read"))
    assert service.http.get(link).status_code == 403
    assert ask(service, MENTORS, prefer=TRACK).status_code == 403


def test_a_token_older_than_seven_days_asks_for_a_full_sync(service: RunningEmulator) -> None:
    many(service, 1)
    version = service.environment.store.log.version
    url = f"{service.environment.api_url}{MENTORS}?"
    day = 86_400
    assert service.http.get(url + changes.token(version, time.time() - 6.9 * day)).status_code == 200
    expired = service.http.get(url + changes.token(version, time.time() - 7.1 * day))
    assert expired.status_code == 400
    assert expired.json()["error"]["code"] == "0x80044352"
    ahead = service.http.get(url + changes.token(version + 1))  # from before the environment was made anew
    assert ahead.json()["error"]["code"] == "0x80044352"


@pytest.mark.parametrize("marks", ["", '<delta last="x" first="" />', '<until last="1" first="" />'])
def test_a_cookie_of_ones_own_is_refused(service: RunningEmulator, marks: str) -> None:
    link = tracked(service)
    cookie = quote(f'<cookie pagenumber="2" pagingcookie="{quote(marks)}" istracking="True" />')
    assert service.http.get(f"{link}&$skiptoken={cookie}").status_code == 400
    assert service.get(f"{MENTORS}?$skiptoken={cookie}").status_code == 400


@pytest.mark.parametrize("token", ["", "x", "1000001", "1000001!13%2f45%2f2026 00:00:00", "x!01%2f01%2f2026 00:00:00"])
def test_a_token_of_ones_own_is_refused(service: RunningEmulator, token: str) -> None:
    assert service.get(f"{MENTORS}?$deltatoken={token}").status_code == 400
    assert service.get(f"{MENTORS}/$count?$deltatoken={token}").status_code == 400
