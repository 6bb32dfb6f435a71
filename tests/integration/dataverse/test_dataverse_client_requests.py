"""What the client sends: where to, with which headers, and byte for byte what stands in a $batch."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from shared.adapters.dataverse.keys import NotAddressableError, key_value
from shared.adapters.dataverse.origin import Origin
from shared.domain.errors import WebsiteMisconfiguredError
from shared.domain.listings import Accepted, Action, NotNow, Outdated, Refused
from tests.support.website_wire import ScriptedWebsite, WebsiteRig, accept_all, batch, change, changes, http, part

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HIDE = Action.HIDE
# Every write asks for the version it leaves the row with, and for nothing else of the row.
ASKED = b"?$select=hlf_mentorid HTTP/1.1\r\nContent-Type: application/json\r\nPrefer: return=representation\r\n"


@pytest.fixture
def rig() -> Iterator[WebsiteRig]:
    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        yield rig


def row(number):
    return f"/api/data/v9.2/hlf_peermentors(hlf_mentorid='00000000-0000-0000-0000-{number:012x}')".encode()


def test_publishing_creates_or_updates_and_hiding_updates_i8(rig: WebsiteRig) -> None:
    """I8: Publishing creates or updates and hiding only updates."""
    rig.push(change(1, body='{"hlf_published": true}'), change(2, HIDE, body='{"hlf_published": false}'))
    (asked,) = rig.site.asked
    assert (asked.method, asked.target) == ("POST", "/api/data/v9.2/$batch")
    assert asked.operations == [
        b"PATCH " + row(1) + ASKED + b'\r\n{"hlf_published": true}',
        b"PATCH " + row(2) + ASKED + b'If-Match: *\r\n\r\n{"hlf_published": false}',
    ]


def test_a_table_without_versions_is_written_without_naming_one(rig: WebsiteRig) -> None:
    """Where the service takes no condition it is left out, and the answer says nothing of a version."""
    rig.site.replies.append(batch(part(412, "0x8006088D")))
    known = change(1, row_version='W/"1"')
    assert rig.push(known) == [Outdated("dataverse_412_0x8006088d")]
    rig.site.replies.append(batch(part(200, body="{}", etag='W/"2"')))
    (accepted,) = rig.push(known)
    assert isinstance(accepted, Accepted)
    assert accepted.row_version is None
    assert [b"If-Match" in asked.operations[0] for asked in rig.site.asked] == [True, False]


def test_hiding_does_not_fail_for_a_column_that_is_gone(rig: WebsiteRig) -> None:
    """I5: a column that Dynamics does not have any more is no reason to leave a mentor listed."""
    rig.site.replies.append(batch(part(400, "0x0"), part(200, body="{}")))
    hiding = change(1, HIDE, body='{"statecode": 1, "hlf_phone": null}', bare_body='{"statecode": 1}')
    other = change(2, HIDE, body='{"statecode": 1}', bare_body='{"statecode": 1}')
    (bare, whole) = rig.push(hiding, other)
    assert (bare, whole) == (Accepted(emptied=False), Accepted())
    assert rig.site.asked[1].operations[0].endswith(b'\r\n\r\n{"statecode": 1}')


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\n\r"])
def test_every_line_of_a_batch_ends_with_crlf(rig: WebsiteRig, end: str) -> None:
    """Every line of a batch ends with CRLF, whatever the body was written with.

    Dataverse answers 400 to a whole batch for one line end that is not.
    """
    rig.push(change(1, body=end.join(["{", '"a": 1,', '"b": "x\\ny"', "}"])), change(2))
    (asked,) = rig.site.asked
    assert b"\n" not in asked.body.replace(b"\r\n", b"")
    assert b"\r" not in asked.body.replace(b"\r\n", b"")
    assert json.loads(asked.operations[0].split(b"\r\n\r\n")[1]) == {"a": 1, "b": "x\ny"}


def test_a_batch_goes_on_after_an_error_and_says_who_we_are(rig: WebsiteRig) -> None:
    rig.push(change())
    (asked,) = rig.site.asked
    assert asked.headers["prefer"] == "odata.continue-on-error"
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["odata-maxversion"] == asked.headers["odata-version"] == "4.0"
    assert asked.headers["user-agent"] == "hlf-certification"
    assert "if-match" not in asked.headers


def test_no_body_can_end_its_part_and_no_boundary_recurs(rig: WebsiteRig) -> None:
    """No body can end its part, since no boundary is used twice."""
    for _ in range(3):
        rig.push(change())
    boundaries = {asked.headers["content-type"] for asked in rig.site.asked}
    assert len(boundaries) == 3
    assert all(len(boundary) > 40 for boundary in boundaries)


def test_cookies_are_never_sent_back(rig: WebsiteRig) -> None:
    """Cookies are never sent back so that no server is clung to."""
    rig.site.token_replies.append(
        http(200, '{"token_type":"Bearer","expires_in":9,"access_token":"t"}', set_cookie="fpc=1; path=/")
    )
    cookie = {"set_cookie": "ARRAffinity=abc; path=/; HttpOnly; domain=127.0.0.1"}
    rig.site.replies += [http(401, **cookie), http(503, **cookie), accept_all]
    rig.push(change())
    rig.push(change())
    assert len(rig.site.asked) == 3
    assert not any("cookie" in asked.headers for asked in [*rig.site.asked, *rig.site.tokens_asked])


def test_proxies_and_logins_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login a password b\n")
    with ScriptedWebsite() as site, ScriptedWebsite() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("NO_PROXY", "")
        with WebsiteRig(site) as rig:
            assert rig.push(change()) == [Accepted()]
        assert (proxy.asked, proxy.tokens_asked) == ([], [])
        assert site.tokens_asked[0].headers.get("authorization") is None


def test_the_connection_is_kept(rig: WebsiteRig) -> None:
    for number in range(5):
        rig.push(change(number))
    assert len(rig.site._clients) == 1


def test_an_idle_connection_that_was_closed_is_replaced(rig: WebsiteRig) -> None:
    """A connection that was closed while nobody used it is replaced and nothing is of unknown outcome."""

    def goodbye(client, asked):
        client.sendall(accept_all(client, asked))
        raise ConnectionResetError

    rig.site.replies += [goodbye, goodbye]
    for number in range(3):
        assert rig.push(change(number)) == [Accepted()]
        threading.Event().wait(0.05)


# Chunks, order, parallel requests


def test_changes_go_in_batches_and_results_in_their_order(rig: WebsiteRig) -> None:
    """Changes go in even batches and results come in the order of the changes."""

    def refuse_odd(_, asked):
        return batch(*[part(400, f"0x{number:x}") if number % 2 else part(204) for number in asked.mentors])

    rig.site.replies += [refuse_odd] * 5
    responses = rig.push(*changes(45), size=10, parallel=4)
    assert responses == [Refused(f"dataverse_400_0x{n:x}") if n % 2 else Accepted() for n in range(1, 46)]
    assert sorted(len(asked.operations) for asked in rig.site.asked) == [9, 9, 9, 9, 9]


def test_nothing_to_push_asks_nothing(rig: WebsiteRig) -> None:
    assert rig.push() == []
    assert (rig.site.asked, rig.site.tokens_asked, rig.backoff.asked) == ([], [], 0)


class Crowd:
    """Respond late enough for others to come meanwhile; `seen` is how many there were as each request came."""

    def __init__(self, hint=None):
        self.lock = threading.Lock()
        self.now = 0
        self.seen = []
        self.hint = hint

    def __call__(self, client, asked):
        with self.lock:
            self.now += 1
            self.seen.append(self.now)
        threading.Event().wait(0.05)
        with self.lock:
            self.now -= 1
        reply = accept_all(client, asked)
        return reply.replace(b"\r\n", f"\r\nx-ms-dop-hint: {self.hint}\r\n".encode(), 1) if self.hint else reply


def test_as_many_requests_at_a_time_as_set(rig: WebsiteRig) -> None:
    crowd = Crowd()
    rig.site.replies += [crowd] * 12
    rig.push(*changes(12), size=1, parallel=3)
    assert max(crowd.seen) == 3


def test_never_more_at_a_time_than_dataverse_advised(rig: WebsiteRig) -> None:
    """Never more at a time than Dataverse last advised, also in the middle of a push."""
    for hint, most in ((2, 4), (1, 2)):
        crowd = Crowd(hint)
        rig.site.replies += [crowd] * 12
        rig.push(*changes(12), size=1, parallel=4)
        assert max(crowd.seen[:4]) == most
        assert set(crowd.seen[6:]) <= set(range(1, hint + 1))
    assert rig.service.parallel_hint == 1


@pytest.mark.parametrize("hint", ["0", "-1", "many", "", "1.5"])
def test_a_hint_that_is_none_changes_nothing(rig: WebsiteRig, hint: str) -> None:
    rig.site.replies.append(http(503, x_ms_dop_hint=hint))
    rig.push(change())
    assert rig.service.parallel_hint is None


def test_the_hint_raises_nothing_above_the_setting(rig: WebsiteRig) -> None:
    rig.service.parallel_hint = 50
    crowd = Crowd()
    rig.site.replies += [crowd] * 6
    rig.push(*changes(6), size=1, parallel=2)
    assert max(crowd.seen) == 2


def test_of_two_changes_of_one_listing_only_the_newer_is_sent_i6(rig: WebsiteRig) -> None:
    older, newer = change(1, version=3, body='{"v":3}'), change(1, HIDE, version=4, body='{"v":4}')
    again = NotNow("newer_change_in_this_push")
    assert rig.push(newer, change(2), older) == [Accepted(), Accepted(), again]
    assert rig.push(older, change(2), newer) == [again, Accepted(), Accepted()]
    assert [asked.mentors for asked in rig.site.asked] == [[1, 2], [1, 2]]
    assert all(b'{"v":4}' in asked.body and b'{"v":3}' not in asked.body for asked in rig.site.asked)


# What cannot be addressed is refused before it is sent (I13)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("3f0e", "3f0e"),
        ("O'Bryan", "O%27%27Bryan"),
        ("Åse Ø", "%C3%85se%20%C3%98"),
        ("a#b", "a%23b"),
        ("a=b,c", "a%3Db%2Cc"),
        ("(1)", "%281%29"),
        ("😀", "%F0%9F%98%80"),
        ('"', "%22"),
        ("x" * 450, "x" * 450),
    ],
)
def test_a_key_is_doubled_in_its_quotes_and_percent_encoded(value: str, written: str) -> None:
    assert key_value(value) == written


@pytest.mark.parametrize("value", [*"/<>*%&:\\?+", "", "a/b", "a\r\nb", "\x00", "x" * 451, "😀" * 226, "\ud800"])
def test_a_key_that_dataverse_cannot_address_is_refused(value: Any) -> None:
    with pytest.raises(NotAddressableError, match=r"^key_not_addressable$"):
        key_value(value)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"mentor_id": "a/b"}, "key_not_addressable"),
        ({"mentor_id": "x" * 1000}, "key_not_addressable"),
        ({"mentor_id": "1') HTTP/1.1\r\nX: y"}, "key_not_addressable"),
        ({"table": "hlf_peermentors('x')"}, "table_not_an_identifier"),
        ({"table": ""}, "table_not_an_identifier"),
        ({"table": "hlf mentors"}, "table_not_an_identifier"),
        ({"table": "hlf_mentørs"}, "table_not_an_identifier"),
        ({"table": "hlf\n"}, "table_not_an_identifier"),
        ({"table": "x" * 129}, "table_not_an_identifier"),
        ({"key": "hlf_mentorid='1',x"}, "key_not_an_identifier"),
        ({"body": '{"a": "\ud800"}'}, "body_is_not_text"),
    ],
)
def test_what_cannot_be_addressed_is_rejected_unsent_i13(rig: WebsiteRig, wrong: Any, reason: str) -> None:
    """I13: What cannot be addressed is rejected without being sent and the others go."""
    assert rig.push(change(1), change(2, **wrong), change(3)) == [Accepted(), Refused(reason), Accepted()]
    (asked,) = rig.site.asked
    assert asked.mentors == [1, 3]


def test_a_key_that_is_no_uuid_is_written_as_it_must_be(rig: WebsiteRig) -> None:
    """A key of another form than a UUID is written as it must be."""
    rig.push(change(mentor_id="O'Bryan (1)"))
    assert b"(hlf_mentorid='O%27%27Bryan%20%281%29')" in rig.site.asked[0].body


# The only places a token goes to


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://hlf.crm4.dynamics.com", "https://hlf.crm4.dynamics.com"),
        ("https://HLF.crm4.dynamics.com/", "https://hlf.crm4.dynamics.com"),
        ("https://hlf.crm4.dynamics.com:443", "https://hlf.crm4.dynamics.com"),
        ("https://hlf.crm4.dynamics.com:8443", "https://hlf.crm4.dynamics.com:8443"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://localhost:8765/", "http://localhost:8765"),
        ("http://[::1]:8765/", "http://[::1]:8765"),
    ],
)
def test_an_origin_is_https_or_this_machine(value: str, origin: str) -> None:
    assert Origin.configured("dataverse_url", value).url == origin


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("http://hlf.crm4.dynamics.com", "dataverse_url_is_not_https"),
        ("ftp://hlf.crm4.dynamics.com", "dataverse_url_is_not_https"),
        ("http://127.0.0.1.example.com", "dataverse_url_is_not_https"),
        ("http://localhost.example.com", "dataverse_url_is_not_https"),
        ("hlf.crm4.dynamics.com", "dataverse_url_is_no_url"),
        ("https://", "dataverse_url_is_no_url"),
        ("", "dataverse_url_is_no_url"),
        ("https://[", "dataverse_url_is_no_url"),
        ("https://hlf.crm4.dynamics.com:port", "dataverse_url_is_no_url"),
        ("https://user:password@hlf.crm4.dynamics.com", "dataverse_url_is_more_than_an_origin"),
        ("https://hlf.crm4.dynamics.com/api", "dataverse_url_is_more_than_an_origin"),
        ("https://hlf.crm4.dynamics.com?a=b", "dataverse_url_is_more_than_an_origin"),
        ("https://hlf.crm4.dynamics.com#a", "dataverse_url_is_more_than_an_origin"),
    ],
)
def test_anything_else_is_no_origin(value: str, code: str) -> None:
    with pytest.raises(WebsiteMisconfiguredError, match=f"^{code}$"):
        Origin.configured("dataverse_url", value)


HERE = Origin.configured("dataverse_url", "https://hlf.crm4.dynamics.com")


@pytest.mark.parametrize(
    "target",
    [
        "/api/data/v9.2/hlf_peermentors?$top=1",
        "https://hlf.crm4.dynamics.com/api/data/v9.2/hlf_peermentors?$skiptoken=%3Ccookie%20pagenumber=%222%22/%3E",
        "https://HLF.crm4.dynamics.com:443/api/data/v9.2/x",
        "//elsewhere.example/x",
    ],
)
def test_a_path_or_link_within_the_origin_is_sent_there(target: str) -> None:
    """A path or a link within the origin is sent to the origin."""
    url = HERE.address(target)
    assert (url.scheme, url.host, url.port) == ("https", "hlf.crm4.dynamics.com", None)


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/api/data/v9.2/x",
        "http://hlf.crm4.dynamics.com/api/data/v9.2/x",
        "https://hlf.crm4.dynamics.com:444/x",
        "https://hlf.crm4.dynamics.com.elsewhere.example/x",
        "https://hlf.crm4.dynamics.com@elsewhere.example/x",
        "https://token@hlf.crm4.dynamics.com/x",
        "https://elsewhere.example\\@hlf.crm4.dynamics.com/x",
        "https:/\\elsewhere.example/x",
        "hlf_peermentors",
        "",
        "@elsewhere.example/x",
        "https://[/x",
        "https://hlf.crm4.dynamics.com:port/x",
    ],
)
def test_a_link_that_leads_elsewhere_is_refused(link: str) -> None:
    with pytest.raises(WebsiteMisconfiguredError):
        HERE.address(link)


def test_a_token_never_follows_a_link_elsewhere(rig: WebsiteRig) -> None:
    with ScriptedWebsite() as elsewhere:
        with pytest.raises(WebsiteMisconfiguredError, match=r"^link_leads_elsewhere$"):
            rig.service.request("GET", f"{elsewhere.url}/x", backoff=rig.backoff, time_left=lambda: 9.0)
        assert elsewhere.asked == []
    rig.service.request("GET", f"{rig.site.url}/x?page=2", backoff=rig.backoff, time_left=lambda: 9.0)
    assert rig.site.asked[0].target == "/x?page=2"


def test_a_table_name_may_be_long_and_a_uuid_is_lower_case(rig: WebsiteRig) -> None:
    """A table can be as long as it may and a UUID is written in lower case."""
    mentor_id = uuid4()
    rig.push(change(table="x" * 128, mentor_id=mentor_id))
    assert f"{'x' * 128}(hlf_mentorid='{mentor_id}')".encode() in rig.site.asked[0].body
