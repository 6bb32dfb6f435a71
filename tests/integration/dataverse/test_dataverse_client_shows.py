"""Reading back: after a lost reply the website itself says whether it shows a listing as it should."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from shared.domain.listings import Action
from tests.support.website_wire import (
    ScriptedWebsite,
    WebsiteRig,
    batch,
    change,
    changes,
    error,
    http,
    lost,
    part,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

HIDE, PUBLISH = Action.HIDE, Action.PUBLISH
GUID = "0f0e0d0c-0b0a-4908-8706-050403020100"


@pytest.fixture
def rig() -> Iterator[WebsiteRig]:
    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        yield rig


def shows(rig, body, row, action=PUBLISH):
    rig.site.replies.append(batch(part(200, body=json.dumps(row))))
    return shown(rig.website(), [change(1, action, body=json.dumps(body))])[0]


def test_each_row_is_read_by_its_key_with_its_columns_alone_i11(rig: WebsiteRig) -> None:
    """I11: Each row is read by its key with the columns of its body and no others."""
    rig.site.replies.append(batch(part(200, body="{}"), part(404, "0x80060891")))
    shown(
        rig.website(),
        [change(1, body='{"hlf_published": true, "hlf_area": "Åsane"}'), change(2, HIDE, body='{"statecode": 1}')],
    )
    (asked,) = rig.site.asked
    row = "/api/data/v9.2/hlf_peermentors(hlf_mentorid='00000000-0000-0000-0000-00000000000{}')"
    assert asked.operations == [
        f"GET {row.format(1)}?$select=hlf_area,hlf_published HTTP/1.1\r\nAccept: application/json\r\n\r\n".encode(),
        f"GET {row.format(2)}?$select=statecode HTTP/1.1\r\nAccept: application/json\r\n\r\n".encode(),
    ]
    assert asked.headers["prefer"] == "odata.continue-on-error"


SAME = [
    ({"a": "x"}, {"a": "x", "@odata.etag": 'W/"1"', "other": "y"}),
    ({"a": None}, {"a": None}),
    ({"a": None}, {}),
    ({"a": ""}, {"a": None}),
    ({"a": True}, {"a": True}),
    ({"a": 1}, {"a": 1.0}),
    ({"a": 12.50}, {"a": 12.5}),
    ({"a": "2026-11-23T13:00:00+01:00"}, {"a": "2026-11-23T12:00:00Z"}),
    ({"a": "2026-11-23T12:00:00.1234567Z"}, {"a": "2026-11-23T12:00:00Z"}),
    ({"a": "2026-11-23T12:00:00"}, {"a": "2026-11-23T12:00:00Z"}),
    ({"a": "2026-11-23"}, {"a": "2026-11-23"}),
    ({"a": "2026-11-23"}, {"a": "2026-11-23T00:00:00Z"}),
    ({"hlf_Mentor@odata.bind": f"/hlf_peermentors({GUID})"}, {"_hlf_mentor_value": GUID}),
    ({"hlf_Mentor@odata.bind": f"https://x/hlf_peermentors(hlf_id={GUID.upper()})"}, {"_hlf_mentor_value": GUID}),
    ({"hlf_Mentor@odata.bind": None}, {"_hlf_mentor_value": None}),
    ({"a": GUID.upper()}, {"a": GUID}),
    ({"@odata.type": "Microsoft.Dynamics.CRM.x", "a@x.y": 1, "a": "x"}, {"a": "x"}),
    ({}, {}),
]

OTHER = [
    ({"a": "x"}, {"a": "X"}),
    ({"a": "x"}, {"a": None}),
    ({"a": "x"}, {}),
    ({"a": None}, {"a": "x"}),
    ({"a": ""}, {"a": " x"}),
    ({"a": None}, {"a": False}),
    ({"a": None}, {"a": 0}),
    ({"a": False}, {"a": None}),
    ({"a": True}, {"a": 1}),
    ({"a": 0}, {"a": False}),
    ({"a": 1}, {"a": "1"}),
    ({"a": 12.5}, {"a": 12.51}),
    ({"a": "2026-11-23T12:00:00Z"}, {"a": "2026-11-23T12:00:01Z"}),
    ({"a": "2026-11-23"}, {"a": "2026-11-24"}),
    ({"a": "20261123"}, {"a": "2026-11-23"}),
    ({"a": "x", "b": "y"}, {"a": "x", "b": "z"}),
    ({"hlf_Mentor@odata.bind": f"/hlf_peermentors({GUID})"}, {"_hlf_mentor_value": GUID.replace("f", "e")}),
]


@pytest.mark.parametrize(("body", "row"), SAME)
def test_what_dataverse_returns_of_what_was_written_is_the_same(rig: WebsiteRig, body: Any, row: Any) -> None:
    """What Dataverse gives back for what was written is the same."""
    assert shows(rig, body, row) is True
    assert shows(rig, body, row, HIDE) is True


@pytest.mark.parametrize(("body", "row"), OTHER)
def test_anything_else_is_not(rig: WebsiteRig, body: Any, row: Any) -> None:
    assert shows(rig, body, row) is False
    assert shows(rig, body, row, HIDE) is False


@pytest.mark.parametrize(
    ("response", "published", "hidden"),
    [
        (part(404, "0x80060891"), False, True),
        (part(404, "0x80040217"), False, True),
        (part(404), False, True),
        (part(404, "0x8006088a"), None, None),
        (part(404, "0x80060888"), None, None),
        (part(400, "0x0"), None, None),
        (part(403, "0x80040220"), None, None),
        (part(500), None, None),
        (part(429, retry_after="5"), None, None),
        (part(204), None, None),
        (part(200, body="<html>"), None, None),
        (part(200, body="[]"), None, None),
        (part(200, body='{"a": '), None, None),
    ],
)
def test_a_missing_row_is_hidden_and_an_unreadable_says_nothing(
    rig: WebsiteRig, response: Any, published: bool | None, hidden: bool | None
) -> None:
    """A row that is not there is hidden and one that cannot be read says nothing."""
    rig.site.replies.append(batch(response, response))
    assert shown(rig.website(), [change(1), change(2, HIDE)]) == [published, hidden]


@pytest.mark.parametrize("reply", [lost, http(503), http(401), error(403, "0x80072560"), http(302), http(200, "")])
def test_a_reading_that_fails_says_nothing_and_raises_nothing(rig: WebsiteRig, reply: Any) -> None:
    rig.site.replies += [reply, reply]
    assert shown(rig.website(), changes(2)) == [None, None]


def test_readings_come_back_in_order_across_chunks(rig: WebsiteRig) -> None:
    def alternate(_, asked):
        return batch(*[part(404) if n % 3 else part(200, body='{"a": 1}') for n in asked.mentors])

    rig.site.replies += [alternate] * 4
    given = [change(n, body='{"a": 1}') for n in range(1, 11)]
    assert shown(rig.website(size=3, parallel=3), given) == [n % 3 == 0 for n in range(1, 11)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"mentor_id": "a/b"},
        {"table": "a b"},
        {"key": "a'b"},
        {"body": "not JSON"},
        {"body": "[1]"},
        {"body": '{"a,b": 1}'},
        {"body": '{"a HTTP/1.1": 1}'},
    ],
)
def test_what_cannot_be_asked_for_is_not_and_the_others_are_i13(rig: WebsiteRig, wrong: Any) -> None:
    rig.site.replies.append(batch(part(404), part(404)))
    assert shown(rig.website(), [change(1), change(2, **wrong), change(3)]) == [False, None, False]
