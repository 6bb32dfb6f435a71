"""What the client makes of every reply Dataverse can give to a $batch, and of those that no service should give."""

from __future__ import annotations

import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from shared.adapters.dataverse.service import Service
from shared.adapters.http import exchange as exchange_bounds
from shared.domain.errors import WebsiteAuthError, WebsiteMisconfiguredError
from shared.domain.listings import Accepted, Action, NotNow, OutcomeUnknown, Outdated, Refused
from tests.support.website_wire import (
    ScriptedWebsite,
    WebsiteRig,
    accept_all,
    batch,
    change,
    changes,
    error,
    error_body,
    http,
    lost,
    multipart,
    part,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

HIDE, PUBLISH = Action.HIDE, Action.PUBLISH
OK = part(204)


@pytest.fixture
def rig() -> Iterator[WebsiteRig]:
    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        yield rig


# One operation's own answer

RESPONSES = [
    (PUBLISH, part(204), Accepted()),
    (PUBLISH, part(201), Accepted()),
    (PUBLISH, part(200, body="{}"), Accepted()),
    (HIDE, part(204), Accepted()),
    (HIDE, part(404, "0x80060891"), Accepted()),
    (HIDE, part(404, "0x80040217"), Accepted()),
    (HIDE, part(404, ""), Accepted()),
    (HIDE, part(404), Accepted()),
    (HIDE, part(404, "0x8006088A"), Refused("dataverse_404_0x8006088a")),
    (HIDE, part(404, "0x80060888"), Refused("dataverse_404_0x80060888")),
    (PUBLISH, part(404, "0x80060891"), Refused("dataverse_404_0x80060891")),
    (PUBLISH, part(412, "0x80040237"), Outdated("dataverse_412_0x80040237")),
    (PUBLISH, part(412, "0x80060892"), Outdated("dataverse_412_0x80060892")),
    (PUBLISH, part(412, "0x80040333"), Refused("dataverse_412_0x80040333")),
    (PUBLISH, part(429, "0x80072322", retry_after="7"), NotNow("dataverse_429_0x80072322", 7.0)),
    (PUBLISH, part(429), NotNow("dataverse_429", 30.0)),
    (PUBLISH, part(503), NotNow("dataverse_503")),
    (PUBLISH, part(503, retry_after="5"), NotNow("dataverse_503", 5.0)),
    (PUBLISH, part(500, "0x80044150"), NotNow("dataverse_500_0x80044150")),
    (PUBLISH, part(400, "0x80044151"), NotNow("dataverse_400_0x80044151")),
    (PUBLISH, part(500, "-2147204784"), NotNow("dataverse_500_0x80044150")),
    (PUBLISH, part(500, "0x80040216"), OutcomeUnknown("dataverse_500_0x80040216")),
    (PUBLISH, part(502), OutcomeUnknown("dataverse_502")),
    (PUBLISH, part(504), OutcomeUnknown("dataverse_504")),
    (HIDE, part(500), OutcomeUnknown("dataverse_500")),
    (PUBLISH, part(400, "0x80044331"), Refused("dataverse_400_0x80044331")),
    (PUBLISH, part(400, "0x0"), Refused("dataverse_400_0x0")),
    (PUBLISH, part(403, "0x80040220"), Refused("dataverse_403_0x80040220")),
    (PUBLISH, part(405, ""), Refused("dataverse_405")),
    (PUBLISH, part(304), OutcomeUnknown("dataverse_304")),
    (PUBLISH, part(401), NotNow("dataverse_401")),
    (PUBLISH, part(400, "ase@example.no"), Refused("dataverse_400")),
    (PUBLISH, part(400, body="<html>Åse Bjørnå</html>"), Refused("dataverse_400")),
    (PUBLISH, part(400, body='{"error": "0x80044331"}'), Refused("dataverse_400")),
    (PUBLISH, part(400, body='["error"]'), Refused("dataverse_400")),
    (PUBLISH, part(400, body="[" * 100_000), Refused("dataverse_400")),
]


@pytest.mark.parametrize(("action", "response", "means"), RESPONSES, ids=[f"{a}-{m}" for a, _, m in RESPONSES])
def test_every_response_has_its_meaning_and_no_others_i13(
    rig: WebsiteRig, action: Any, response: Any, means: Any
) -> None:
    """I13: Every response has its meaning and the rows beside it have their own."""
    rig.site.replies.append(batch(OK, response, part(400, "0x80044331")))
    pushed = rig.push(change(1), change(2, action), change(3))
    assert pushed == [Accepted(), means, Refused("dataverse_400_0x80044331")]
    assert len(rig.site.asked) == 1


@pytest.mark.parametrize("code", ["0x80072560", "0x80042F09", "0x8004a112", "-2147015328", "0x8004A104"])
def test_an_unauthorised_account_is_everybodys_failure_i10(rig: WebsiteRig, code: str) -> None:
    """I10: An account that is not authorised is everybody's failure, also when only a part says so."""
    rig.site.replies.append(batch(OK, part(403, code), part(403, "0x80040220")))
    with pytest.raises(WebsiteAuthError) as raised:
        rig.push(*changes(3))
    assert raised.value.code.startswith("dataverse_403_0x80")
    assert raised.value.outcomes == [Accepted(), NotNow(raised.value.code), Refused("dataverse_403_0x80040220")]


# The multipart body, in every shape

SHAPES = {
    "LF for CRLF": multipart(OK, part(400, "0x0")).replace("\r\n", "\n"),
    "a preamble": "This is a multi-part message.\r\n\r\n" + multipart(OK, part(400, "0x0")),
    "an epilogue": multipart(OK, part(400, "0x0")) + "\r\nthe end\r\n",
    "no line end at the end": multipart(OK, part(400, "0x0")).rstrip(),
    "another boundary than the header says": multipart(OK, part(400, "0x0"), boundary="another 'one' (2)"),
    "spaces after the delimiter": multipart(OK, part(400, "0x0")).replace("_1\r\n", "_1  \r\n"),
    "headers in another order and case": multipart(OK, part(400, "0x0"))
    .replace("Content-Type: application/http", "CONTENT-TYPE:application/http;msgtype=response")
    .replace("Content-Transfer", "Content-ID: 1\r\nContent-Transfer"),
    "no headers of the parts": multipart(OK, part(400, "0x0")).replace(
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n", ""
    ),
    "HTTP/2 in a part": multipart(OK, part(400, "0x0")).replace("HTTP/1.1", "HTTP/2"),
    "the delimiter's text inside a value": multipart(OK, part(400, "0x0").replace("Åse", "--batchresponse_1--")),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", [200, 202, 400, 404, 412, 500])
def test_a_multipart_body_is_read_in_any_shape(rig: WebsiteRig, shape: Any, status: int) -> None:
    """A multipart body is read in any shape and whatever the outer status."""
    rig.site.replies.append(http(status, SHAPES[shape], content_type="Multipart/Mixed; boundary=batchresponse_1"))
    assert rig.push(*changes(2)) == [Accepted(), Refused("dataverse_400_0x0")]


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/mixed; boundary="batchresponse_1"',
        "multipart/mixed;charset=utf-8;BOUNDARY=batchresponse_1;x=y",
        "multipart/mixed",
        "multipart/mixed; boundary=",
    ],
)
def test_the_boundary_is_found_however_it_is_written(rig: WebsiteRig, content_type: str) -> None:
    rig.site.replies.append(http(200, multipart(OK, part(412, "0x80040237")), content_type=content_type))
    assert rig.push(*changes(2)) == [Accepted(), Outdated("dataverse_412_0x80040237")]


@pytest.mark.parametrize(
    "content_type",
    ['multipart/mixed;BOUNDARY="batchresponse_1";x=y', "multipart/mixed; boundary=batchresponse_1; x=y"],
)
def test_the_named_boundary_counts_before_any_other(rig: WebsiteRig, content_type: str) -> None:
    """The boundary that is named counts before any line that looks like one."""
    body = "--note--\r\n" + multipart(OK, part(412, "0x80040237"))
    rig.site.replies.append(http(200, body, content_type=content_type))
    assert rig.push(*changes(2)) == [Accepted(), Outdated("dataverse_412_0x80040237")]


def cut(reply: bytes, end: int | None = None, **instead: bytes):
    """The reply up to a place, and then the connection ends."""

    def response(client: socket.socket, _) -> None:
        client.sendall(reply[:end] if end else reply[: reply.index(instead["before"])])
        raise ConnectionResetError

    return response


THREE = batch(OK, part(400, "0x80044331"), part(204, last="1"))


def test_a_reply_cut_off_leaves_the_rest_of_unknown_outcome(rig: WebsiteRig) -> None:
    """A reply that is cut off counts for what it says, and the rest is of unknown outcome."""
    rig.site.replies.append(cut(THREE, before=b"last:"))
    assert rig.push(*changes(3)) == [
        Accepted(),
        Refused("dataverse_400_0x80044331"),
        OutcomeUnknown("dataverse_reply_cut_off"),
    ]


def test_wherever_a_reply_is_cut_off_nothing_else_is_believed(rig: WebsiteRig) -> None:
    """Byte for byte: each change has its own answer or is of unknown outcome, never another's."""
    whole = [Accepted(), Refused("dataverse_400_0x80044331"), Accepted()]
    start = THREE.index(b"\r\n\r\n") + 4
    for end in range(start, len(THREE), 7):
        rig.site.replies.append(cut(THREE, end))
        responses = rig.push(*changes(3))
        assert all(isinstance(one, OutcomeUnknown) or one == other for one, other in zip(responses, whole, strict=True))


@pytest.mark.parametrize(
    ("parts", "responses"),
    [
        ((OK, part(400, "0x0")), [Accepted(), Refused("dataverse_400_0x0"), OutcomeUnknown("dataverse_part_missing")]),
        ((OK, OK), [OutcomeUnknown("dataverse_part_missing")] * 3),
        ((OK, OK, OK, OK), [OutcomeUnknown("dataverse_part_missing")] * 3),
        ((), [OutcomeUnknown("dataverse_part_missing")] * 3),
        ((OK, "what is this", OK), [Accepted(), OutcomeUnknown("dataverse_part_missing"), Accepted()]),
    ],
    ids=["stopped at an error", "one is missing", "one too many", "none", "one is unreadable"],
)
def test_too_few_or_too_many_results_shift_to_no_other_row(rig: WebsiteRig, parts: Any, responses: Any) -> None:
    """Without continue-on-error a batch ends at its first error; any other gap could be anywhere."""
    rig.site.replies.append(batch(*parts))
    assert rig.push(*changes(3)) == responses


def test_a_401_in_a_part_is_that_operations_and_not_resent(rig: WebsiteRig) -> None:
    """A 401 that comes with results of operations is theirs, and the batch is not sent again."""
    rig.site.replies.append(batch(OK, part(401, ""), status=401))
    assert rig.push(*changes(2)) == [Accepted(), NotNow("dataverse_401")]
    assert (len(rig.site.asked), len(rig.site.tokens_asked)) == (1, 1)


# Replies to the batch as a whole


@pytest.mark.parametrize(
    ("reply", "means"),
    [
        (http(200, "<html>welcome</html>", content_type="text/html"), OutcomeUnknown("dataverse_200")),
        (http(204), OutcomeUnknown("dataverse_204")),
        (http(200, "", content_type="multipart/mixed; boundary=x"), OutcomeUnknown("dataverse_part_missing")),
        (error(500), OutcomeUnknown("dataverse_500_0x80040216")),
        (error(500, "0x80044150"), OutcomeUnknown("dataverse_500_0x80044150")),
        (http(502, "<html>Bad gateway</html>", content_type="text/html"), OutcomeUnknown("dataverse_502")),
        (http(503), OutcomeUnknown("dataverse_503")),
        (http(504), OutcomeUnknown("dataverse_504")),
        (http(408), NotNow("dataverse_408")),
        (error(429, "0x80072322", retry_after="12"), NotNow("dataverse_429_0x80072322", 12.0)),
        (lost, OutcomeUnknown("dataverse_RemoteProtocolError")),
        (b"ICY 200 OK\r\n\r\n", OutcomeUnknown("dataverse_RemoteProtocolError")),
        (http(100) + b"", OutcomeUnknown("dataverse_RemoteProtocolError")),
    ],
)
def test_what_befalls_a_whole_batch_befalls_each_change_in_it(
    rig: WebsiteRig, reply: Any, means: NotNow | OutcomeUnknown
) -> None:
    rig.site.replies.append(reply if callable(reply) else cut(reply, len(reply)))
    assert rig.push(*changes(2)) == [means, means]
    assert len(rig.site.asked) == 1


def test_a_reset_after_sending_leaves_an_unknown_outcome(rig: WebsiteRig) -> None:
    """A connection that is reset after sending leaves the change of unknown outcome."""

    def reset(client: socket.socket, _) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionResetError

    rig.site.replies.append(reset)
    assert rig.push(change()) == [OutcomeUnknown("dataverse_ReadError")]


def test_no_reply_in_time_leaves_an_unknown_outcome(rig: WebsiteRig) -> None:
    """No reply within the time leaves the change of unknown outcome."""
    silence = threading.Event()
    rig.site.replies.append(lambda *_: silence.wait(5) and None)  # type: ignore[arg-type]
    rig.seconds = 1.0
    began = time.monotonic()
    assert rig.push(change()) == [OutcomeUnknown("dataverse_ReadTimeout")]
    assert time.monotonic() - began < 2.0
    silence.set()


def test_a_reply_that_trickles_is_cut_and_what_came_counts(rig: WebsiteRig) -> None:
    """A reply that trickles is cut at the time and what came counts."""
    over = threading.Event()

    def trickle(client: socket.socket, _) -> None:
        client.sendall(THREE[: THREE.index(b"last:")].replace(b"content-length", b"x-length"))
        while not over.wait(0.05):
            client.sendall(b"x")

    rig.site.replies.append(trickle)
    rig.seconds = 1.0
    began = time.monotonic()
    assert rig.push(*changes(3))[:2] == [Accepted(), Refused("dataverse_400_0x80044331")]
    assert time.monotonic() - began < 2.0
    over.set()


def test_a_reply_without_end_is_not_read_to_its_end(rig: WebsiteRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """16 MB is the bound; here it is made small. The setting is the adapter's constant, not a stand-in for its code."""
    monkeypatch.setattr(exchange_bounds, "_LONGEST_REPLY", 100_000)

    def flood(client: socket.socket, _) -> None:
        client.sendall(THREE.replace(b"content-length", b"x-length")[:-3])
        while True:
            client.sendall(b"x" * 65536)

    rig.site.replies.append(flood)
    began = time.monotonic()
    assert rig.push(*changes(3))[:2] == [Accepted(), Refused("dataverse_400_0x80044331")]
    assert time.monotonic() - began < 5


def test_a_website_that_cannot_be_reached_was_told_nothing(rig: WebsiteRig) -> None:
    """A website that cannot be reached has certainly received nothing."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    other = WebsiteRig(rig.site)
    other.service.close()
    other.service = Service(f"http://127.0.0.1:{port}", rig.site.url, other.secrets)
    assert other.push(*changes(2)) == [NotNow("dataverse_ConnectError")] * 2
    other.service.close()


def test_with_no_time_left_nothing_is_sent(rig: WebsiteRig) -> None:
    rig.seconds = 0.9
    assert rig.push(*changes(2)) == [NotNow("no_time_left")] * 2
    assert (rig.site.asked, rig.site.tokens_asked) == ([], [])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_means_a_wrong_address(rig: WebsiteRig, status: int) -> None:
    with ScriptedWebsite() as elsewhere:
        rig.site.replies.append(http(status, location=f"{elsewhere.url}/api/data/v9.2/$batch"))
        with pytest.raises(WebsiteMisconfiguredError, match=f"^dataverse_{status}$") as raised:
            rig.push(*changes(2))
        assert raised.value.outcomes == [NotNow(f"dataverse_{status}")] * 2
        assert elsewhere.asked == []


@pytest.mark.parametrize("status", [404, 405, 406, 415])
def test_a_batch_refused_as_such_is_a_wrong_setup(rig: WebsiteRig, status: int) -> None:
    """A batch that is refused for what it is says that the client is set up wrongly.

    No change is rejected for it.
    """
    rig.site.replies.append(error(status, "0x8006088a"))
    with pytest.raises(WebsiteMisconfiguredError, match=f"^dataverse_{status}_0x8006088a$") as raised:
        rig.push(*changes(2))
    assert raised.value.outcomes == [NotNow(f"dataverse_{status}_0x8006088a")] * 2


def test_a_403_for_the_batch_stops_all_and_keeps_accepted_i10(rig: WebsiteRig) -> None:
    """I10: A 403 for the whole batch stops everything and says what had been accepted."""
    rig.site.replies += [accept_all, error(403, "0x80072560"), accept_all]
    with pytest.raises(WebsiteAuthError) as raised:
        rig.push(*changes(6), size=2)
    assert str(raised.value) == raised.value.code == "dataverse_403_0x80072560"
    assert raised.value.outcomes == [Accepted()] * 2 + [NotNow("dataverse_403_0x80072560")] * 4
    assert len(rig.site.asked) == 2


# A batch that is refused whole is tried in halves


def spoiled_by(*bad: int, status: int = 400):
    """A website that refuses any batch with one of these in it."""

    def response(client: socket.socket, asked) -> bytes:
        return error(status, "0x80048d19") if set(bad) & set(asked.mentors) else accept_all(client, asked)

    return response


@pytest.mark.parametrize("status", [400, 413])
def test_one_row_that_spoils_its_batch_is_found_by_halves_i13(rig: WebsiteRig, status: int) -> None:
    """I13: One row that spoils its batch is found by halves and no other is rejected."""
    rig.site.replies += [spoiled_by(3, status=status)] * 20
    responses = rig.push(*changes(8))
    refused = Refused(f"dataverse_{status}_0x80048d19")
    assert responses == [Accepted(), Accepted(), refused] + [Accepted()] * 5
    sent = [asked.mentors for asked in rig.site.asked]
    assert sent == [[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4], [1, 2], [3, 4], [3], [4], [5, 6, 7, 8]]


def test_the_search_for_a_poison_row_resends_no_accepted_i13(rig: WebsiteRig) -> None:
    """I13: In the search for a poison row nothing is sent again that was accepted."""
    rig.site.replies += [spoiled_by(2, 7, 90)] * 100
    responses = rig.push(*changes(100))
    assert [n for n, response in enumerate(responses, 1) if response != Accepted()] == [2, 7, 90]
    accepted = [asked.mentors for asked in rig.site.asked if not {2, 7, 90} & set(asked.mentors)]
    assert sorted(n for mentors in accepted for n in mentors) == [n for n in range(1, 101) if n not in {2, 7, 90}]


def test_a_fault_in_one_half_leaves_the_other_its_results_i13(rig: WebsiteRig) -> None:
    rig.site.replies += [error(413), accept_all, lost]
    assert rig.push(*changes(4)) == [Accepted()] * 2 + [OutcomeUnknown("dataverse_RemoteProtocolError")] * 2
    rig.site.replies += [error(413), accept_all, error(403, "0x80072560")]
    with pytest.raises(WebsiteAuthError) as raised:
        rig.push(*changes(4))
    assert raised.value.outcomes == [Accepted()] * 2 + [NotNow("dataverse_403_0x80072560")] * 2


def test_a_lost_batch_does_not_stop_the_next_i13(rig: WebsiteRig) -> None:
    rig.site.replies += [lost, accept_all]
    assert rig.push(*changes(4), size=2) == [OutcomeUnknown("dataverse_RemoteProtocolError")] * 2 + [Accepted()] * 2


def test_no_words_of_the_website_are_in_any_response_i11(rig: WebsiteRig) -> None:
    said = error_body("0x80044331").encode()
    rig.site.replies += [error(400, "0x80044331"), error(500, "Åse Bjørnå"), batch(part(400, "ase@example.no"))]
    responses = [rig.push(change())[0] for _ in range(3)]
    assert responses == [Refused("dataverse_400_0x80044331"), OutcomeUnknown("dataverse_500"), Refused("dataverse_400")]
    assert b"ase@example.no" in said
