"""The client against the emulator: what a change does to the website, and what it does when the service misbehaves."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from emulators.dataverse.client import EmulatorControl
from emulators.dataverse.process import LocalDataverse
from local.stack.dataverse import TABLES
from shared.adapters.dataverse.service import Service
from shared.adapters.dataverse.website import DataverseWebsite
from shared.domain.errors import WebsiteAuthError, WebsiteMisconfiguredError
from shared.domain.listings import NO_ROW, Accepted, Action, ListingTable, NotNow, OutcomeUnknown, Outdated, Refused
from tests.support.there import there
from tests.support.website_wire import IN_USE, KEY, FakeBackoff, FakeSecrets, change, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HIDE, PUBLISH = Action.HIDE, Action.PUBLISH
SHOWN = {"hlf_firstname": "Åse", "hlf_lastname": "O'Bjørnå", "hlf_phone": None, "hlf_area": "", "hlf_published": True}
HIDDEN = {"hlf_firstname": None, "hlf_lastname": None, "hlf_published": False}


@pytest.fixture(scope="module")
def dataverse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDataverse]:
    with LocalDataverse(tmp_path_factory.mktemp("dataverse"), schema=TABLES) as dataverse:
        yield dataverse


@pytest.fixture
def emulator(dataverse: LocalDataverse) -> Iterator[EmulatorControl]:
    with EmulatorControl(dataverse.url) as emulator:
        emulator.reset()
        emulator.limits(enabled=True, requests=6000, window_seconds=300.0)
        yield emulator


class ContainerClient:
    """A container's client of the emulator."""

    def __init__(self, dataverse):
        self.backoff = FakeBackoff()
        self.secrets = FakeSecrets(
            {
                "tenant_id": dataverse.tenant_id,
                "client_id": dataverse.client_id,
                "client_secret": dataverse.client_secret,
            }
        )
        self.service = Service(dataverse.url, dataverse.url, self.secrets)
        self.seconds = 30.0

    def website(self, size=100, parallel=4):
        return DataverseWebsite(
            self.service, self.backoff, time_left=lambda: self.seconds, batch_size=size, parallel=parallel
        )

    def push(self, *changes, **how):
        return self.website(**how).push(changes)

    def shows(self, *changes):
        return shown(self.website(), changes)


@pytest.fixture
def client(dataverse: LocalDataverse, emulator: EmulatorControl) -> Iterator[ContainerClient]:
    client = ContainerClient(dataverse)
    yield client
    client.service.close()


def publish(mentor_id=None, **values):
    return change(mentor_id=mentor_id or uuid4(), body=json.dumps(SHOWN | values, ensure_ascii=False))


def hide(mentor_id=None):
    return change(action=HIDE, mentor_id=mentor_id or uuid4(), body=json.dumps(HIDDEN))


def many(count, **values):
    return [publish(**values) for _ in range(count)]


def test_a_listing_is_published_changed_hidden_and_back(client: ContainerClient, emulator: EmulatorControl) -> None:
    """A listing is published, changed, hidden and published again."""
    first = publish()
    changed = publish(first.mentor_id, hlf_area="Åsane")
    for now in (first, changed, hide(first.mentor_id), first):
        assert client.push(now) == [Accepted()]
        assert client.shows(now) == [True]
    assert client.shows(changed, hide(first.mentor_id)) == [False, False]
    assert [(written.verb, written.key) for written in emulator.writes()] == [
        (verb, str(first.mentor_id)) for verb in ("create", "update", "update", "update")
    ]


def test_hiding_creates_no_row_i8(client: ContainerClient, emulator: EmulatorControl) -> None:
    """I8: Hiding creates no row and a late hide does not bring one back."""
    listed = publish()
    client.push(listed)
    emulator.delete(str(listed.mentor_id))
    assert client.push(hide(listed.mentor_id), hide()) == [Accepted(), Accepted()]
    assert client.shows(hide(listed.mentor_id), listed) == [True, False]
    assert emulator.rows() == []


def test_ten_thousand_changes_take_a_hundred_requests(client: ContainerClient, emulator: EmulatorControl) -> None:
    """Ten thousand changes go in a hundred requests, each written once."""
    changes = many(10_000)
    assert set(client.push(*changes)) == {Accepted()}
    summary = emulator.summary()
    assert (summary["requests"], summary["writes"]["create"], summary["writes"]["update"]) == (100, 10_000, 0)
    assert {row["hlf_mentorid"] for row in emulator.rows()} == {str(one.mentor_id) for one in changes}


def test_poison_rows_are_rejected_and_the_others_published_i13(
    client: ContainerClient, emulator: EmulatorControl
) -> None:
    """I13: Poison rows are rejected, each with its code, and all others are published."""
    changes = many(100)
    poison = {
        7: publish(hlf_phone="x" * 60),
        30: publish(hlf_published="yes"),
        31: publish(no_such_column=1),
        55: change(mentor_id=uuid4(), body='{"hlf_lastname": "half'),
        56: change(mentor_id=uuid4(), body="[]"),
        90: change(mentor_id=uuid4(), table="no_such_table", body="{}"),
        91: change(mentor_id=uuid4(), action=HIDE, table="no_such_table", body="{}"),
        98: change(mentor_id="a/b", body="{}"),
    }
    for place, one in poison.items():
        changes[place] = one
    responses = client.push(*changes, size=20)
    assert responses[7] == Refused("dataverse_400_0x80044331")
    assert responses[91] == Refused("dataverse_404_0x8006088a")
    assert responses[98] == Refused("key_not_addressable")
    assert {place for place, response in enumerate(responses) if isinstance(response, Refused)} == set(poison)
    assert {response for place, response in enumerate(responses) if place not in poison} == {Accepted()}
    assert len(emulator.rows()) == 100 - len(poison)


def test_a_batch_with_too_many_parts_goes_in_halves(client: ContainerClient, emulator: EmulatorControl) -> None:
    """A batch with more parts than the environment takes goes in halves."""
    emulator.settings(batch_limit=30)
    assert set(client.push(*many(100))) == {Accepted()}
    assert emulator.summary()["writes"]["create"] == 100


def test_a_key_with_a_quote_and_other_letters_finds_its_row(client: ContainerClient, emulator: EmulatorControl) -> None:
    for key in ("O'Bryan #1", "Åse (2)", "a=b,c;d", "100 æøå !$@"):
        listed = publish(key)
        assert client.push(listed) == [Accepted()]
        assert there(emulator.row(key))["hlf_lastname"] == "O'Bjørnå"
        assert client.shows(listed) == [True]


def test_a_lost_race_for_a_new_row_is_tried_again_later(client: ContainerClient, emulator: EmulatorControl) -> None:
    emulator.lose_races(1)
    listed = publish()
    (response,) = client.push(listed)
    assert isinstance(response, Outdated)
    assert response.reason.startswith("dataverse_412")
    assert client.push(listed) == [Accepted()]


def test_a_write_does_nothing_to_another_version_of_the_row(client: ContainerClient, emulator: EmulatorControl) -> None:
    """Issue 8 A5, I6: each write says which version it left, and one that names an older version is not done."""
    (first,) = client.push(listed := publish())
    (second,) = client.push(replace(listed, row_version=first.row_version))
    assert second.row_version not in (None, first.row_version)
    late = replace(hide(listed.mentor_id), row_version=first.row_version)
    assert client.push(late) == [Outdated("dataverse_412_0x80060882")]
    assert client.push(replace(listed, row_version=NO_ROW)) == [Outdated("dataverse_412_0x80040237")]
    assert client.shows(listed) == [True]
    (row,) = client.website().read([listed])
    assert (row.exists, row.version) == (True, second.row_version)


# Lost replies


@pytest.mark.parametrize("fault", ["reset_after", "truncate_replies", "fail_after_commit"])
def test_a_reply_lost_after_the_commit_is_of_unknown_outcome(
    client: ContainerClient, emulator: EmulatorControl, fault: str
) -> None:
    """A reply lost after the commit is of unknown outcome and the website shows it."""
    changes = [*many(3), hide()]
    client.push(publish(changes[3].mentor_id))
    getattr(emulator, fault)(1, path="batch")
    responses = client.push(*changes)
    assert any(isinstance(response, OutcomeUnknown) for response in responses)
    assert all(isinstance(response, OutcomeUnknown | Accepted) for response in responses)
    assert client.shows(*changes) == [True] * 4


@pytest.mark.parametrize("fault", ["reset_before", "fail_next"])
def test_a_reply_lost_before_the_commit_is_of_unknown_outcome(
    client: ContainerClient, emulator: EmulatorControl, fault: str
) -> None:
    """A reply lost before the commit is of unknown outcome and the website does not show it."""
    changes = [*many(3), hide()]
    client.push(publish(changes[3].mentor_id))
    getattr(emulator, fault)(1, path="batch")
    assert all(isinstance(response, OutcomeUnknown) for response in client.push(*changes))
    assert client.shows(*changes) == [False] * 4


def test_a_reply_that_never_comes_is_given_up_in_time(client: ContainerClient, emulator: EmulatorControl) -> None:
    """A reply that never comes is given up in time and of unknown outcome."""
    emulator.lose_replies(1)
    client.seconds = 1.0
    listed = publish()
    assert client.push(listed) == [OutcomeUnknown("dataverse_ReadTimeout")]
    assert client.shows(listed) == [True]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "0x80072322", NotNow),
        (503, "0x0", NotNow),
        (500, "0x80044150", NotNow),
        (500, "0x80040216", OutcomeUnknown),
    ],
)
def test_a_passing_failure_does_not_stop_the_others_i13(
    client: ContainerClient, emulator: EmulatorControl, status: int, code: str, kind: Any
) -> None:
    """I13: An operation that fails for now does not stop the others."""
    changes = many(10)
    emulator.poison(str(changes[4].mentor_id), status=status, code=code)
    responses = client.push(*changes)
    assert isinstance(responses[4], kind)
    assert {response for place, response in enumerate(responses) if place != 4} == {Accepted()}
    assert bool(client.backoff.blocked) is (status == 429)


# Service protection


def test_no_request_goes_inside_a_retry_after_window_i9(client: ContainerClient, emulator: EmulatorControl) -> None:
    """I9: No request goes inside a Retry-After window and all go after it."""
    emulator.limits(requests=5, window_seconds=1.0)
    changes = many(120)
    client.push(publish())
    left, rounds = changes, 0
    while left and (rounds := rounds + 1) < 20:
        responses = client.push(*left, size=10, parallel=1)
        left = [one for one, response in zip(left, responses, strict=True) if response != Accepted()]
        waits = [response.retry_after for response in responses if response != Accepted()]
        assert len(set(waits)) <= 1, "all that were held back know the same time"
        if waits:
            time.sleep(waits[0])
            client.backoff.wait = 0.0
    summary = emulator.summary()
    assert left == []
    assert summary["in_retry_after"] == 0
    assert summary["by_status"]["429"] == len(client.backoff.blocked) >= 2
    assert summary["writes"] == {"create": 121, "update": 0, "delete": 0}


# Credentials


def test_tokens_that_ended_are_renewed_on_the_way(client: ContainerClient, emulator: EmulatorControl) -> None:
    """Tokens that ended are renewed on the way and nothing is lost."""
    client.push(publish())
    emulator.expire_tokens()
    assert set(client.push(*many(40), size=10)) == {Accepted()}
    assert emulator.summary()["token_requests"] == 2
    assert client.secrets.reads == [False, True]


def test_a_rotated_secret_is_read_anew(client: ContainerClient, emulator: EmulatorControl) -> None:
    client.push(publish())
    emulator.add_secret("another local secret")
    emulator.revoke_secret()
    emulator.expire_tokens()
    client.secrets.fresh = dict(client.secrets.cached) | {"client_secret": "another local secret"}
    assert client.push(publish()) == [Accepted()]


@pytest.mark.parametrize(("end", "code"), [("revoke_secret", "entra_7000215"), ("expire_secret", "entra_7000222")])
def test_a_secret_that_ended_is_an_alert_of_its_own_i10(
    client: ContainerClient, emulator: EmulatorControl, end: str, code: str
) -> None:
    client.push(publish())
    getattr(emulator, end)()
    with pytest.raises(WebsiteAuthError, match=f"^{code}$"):
        client.website().check(IN_USE)
    assert client.push(publish()) == [Accepted()], "the token was good still"
    emulator.expire_tokens()
    with pytest.raises(WebsiteAuthError, match=f"^{code}$") as raised:
        client.push(*many(2))
    assert raised.value.outcomes == [NotNow(code)] * 2


def test_an_application_that_is_no_user_any_more_is_an_alert_i10(
    client: ContainerClient, emulator: EmulatorControl
) -> None:
    emulator.remove_application_user()
    for ask in (lambda: client.push(*many(2)), lambda: client.website().check(IN_USE)):
        with pytest.raises(WebsiteAuthError, match=r"^dataverse_403_0x80072560$"):
            ask()
    emulator.restore_application_user()
    client.website().check(IN_USE)
    assert client.push(publish()) == [Accepted()]


def test_a_privilege_that_was_taken_away_is_refused_row_by_row(
    client: ContainerClient, emulator: EmulatorControl
) -> None:
    listed = publish()
    client.push(listed)
    emulator.remove_privilege("write")
    assert client.shows(listed) == [True]
    assert client.push(listed) == [Refused("dataverse_403_0x80040220")]
    with pytest.raises(WebsiteAuthError, match=r"^dataverse_403_0x80040220$"):
        client.website().check(IN_USE)
    emulator.restore_privilege("write")
    emulator.remove_privilege("read")
    assert client.shows(listed) == [None]
    with pytest.raises(WebsiteAuthError, match=r"^dataverse_403_0x80040220$"):
        client.website().check(IN_USE)


def test_a_check_tells_a_missing_table_from_a_healthy_website(client: ContainerClient) -> None:
    """A check finds a healthy website well and a table that is not there."""
    client.website().check([])
    client.website().check(IN_USE)
    with pytest.raises(WebsiteMisconfiguredError, match=r"^dataverse_404_0x8006088a$"):
        client.website().check([ListingTable("hlf_mentors", KEY)])


# Every type of column


def test_what_was_written_is_recognised_whatever_its_type(tmp_path: Path) -> None:
    """What was written is recognised when it is read whatever its type."""
    key = {"keys": {"one": ["hlf_code"]}, "change_tracking": False}
    table = {
        "name": "hlf_thing",
        "set": "hlf_things",
        "schema_name": "hlf_Thing",
        "display_name": "Thing",
        "primary_id": "hlf_thingid",
        "primary_name": "hlf_name",
        "columns": [
            {"name": "hlf_name", "type": "string", "max_length": 200, "display_name": "Name"},
            {"name": "hlf_code", "type": "string", "max_length": 36, "display_name": "Code"},
            {"name": "hlf_notes", "type": "memo", "max_length": 2000, "display_name": "Notes"},
            {"name": "hlf_count", "type": "integer", "minimum": -10, "maximum": 10, "display_name": "Count"},
            {
                "name": "hlf_amount",
                "type": "decimal",
                "minimum": 0,
                "maximum": 100,
                "precision": 2,
                "display_name": "Amount",
            },
            {"name": "hlf_when", "type": "datetime", "display_name": "When"},
            {"name": "hlf_day", "type": "date", "display_name": "Day"},
            {"name": "hlf_active", "type": "boolean", "display_name": "Active"},
            {"name": "hlf_kind", "type": "choice", "options": {"1": "A", "2": "B"}, "display_name": "Kind"},
            {
                "name": "hlf_parent",
                "type": "lookup",
                "target": "hlf_thing",
                "navigation": "hlf_Parent",
                "display_name": "Parent",
            },
        ],
    }
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps({"tables": [table | key]}), encoding="utf-8")
    parent = uuid4()
    values = {
        "hlf_name": "Åse 😀",
        "hlf_notes": "two\nlines",
        "hlf_count": -3,
        "hlf_amount": 12.50,
        "hlf_when": "2026-11-23T13:14:15.678+01:00",
        "hlf_day": "2026-11-23",
        "hlf_active": False,
        "hlf_kind": 2,
        "statecode": 1,
        "statuscode": 2,
    }
    with LocalDataverse(tmp_path, schema=schema) as dataverse, EmulatorControl(dataverse.url) as emulator:
        client = ContainerClient(dataverse)
        thing: dict[str, Any] = {"table": "hlf_things", "key": "hlf_code"}
        assert client.push(change(mentor_id=parent, body="{}", **thing)) == [Accepted()]
        parent_id = there(emulator.row(str(parent), "hlf_things"))["hlf_thingid"]
        bound = {"hlf_Parent@odata.bind": f"/hlf_things({parent_id})"}
        written = change(mentor_id=uuid4(), body=json.dumps(values | bound), **thing)
        emptied = change(
            mentor_id=written.mentor_id, body=json.dumps(dict.fromkeys(["hlf_name", "hlf_count", "hlf_when"])), **thing
        )
        for now, before in ((written, emptied), (emptied, written)):
            assert client.push(now) == [Accepted()]
            assert client.shows(now, before) == [True, False]
        client.service.close()
