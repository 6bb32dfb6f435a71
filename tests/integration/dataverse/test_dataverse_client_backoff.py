"""I9: no request goes to Dynamics inside a Retry-After window. The backoff is read before each and set by each wait."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.adapters.dataverse.retry_after import retry_after
from shared.domain.errors import ConnectionLostError, WebsiteBackoffError
from shared.domain.listings import Accepted, NotNow
from tests.support.there import there
from tests.support.website_wire import (
    IN_USE,
    FakeBackoff,
    ScriptedWebsite,
    WebsiteRig,
    accept_all,
    batch,
    change,
    changes,
    error,
    http,
    part,
    shown,
    token,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def rig() -> Iterator[WebsiteRig]:
    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        yield rig


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 1.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("0.25", 1.0),
        ("1.5", 1.5),
        ("-3", 1.0),
        ("3600", 3600.0),
        ("3601", 3600.0),
        ("999999999", 3600.0),
        ("inf", 3600.0),
        ("1e400", 3600.0),
        ("nan", 30.0),
        ("", 30.0),
        ("soon", 30.0),
        ("Mon, 23 Nov 2026 12:00:45 GMT", 45.0),
        ("Monday, 23-Nov-26 12:00:45 GMT", 45.0),
        ("Mon Nov 23 12:00:45 2026", 45.0),
        ("Mon, 23 Nov 2026 12:00:45 -0000", 45.0),
        ("Mon, 23 Nov 2026 14:00:45 +0200", 45.0),
        ("Mon, 23 Nov 2026 11:59:00 GMT", 1.0),
        ("Sun, 22 Nov 2126 12:00:00 GMT", 3600.0),
        ("Mon, 99 Nov 2026 12:00:00 GMT", 30.0),
    ],
)
def test_retry_after_is_honoured_whole_up_to_an_hour(header: str | None, seconds: float | None) -> None:
    """Retry-After is seconds or a date, honoured whole, and never more than an hour."""
    assert retry_after(header, NOW) == seconds


def test_a_date_is_measured_from_now() -> None:
    at = (datetime.now(UTC) + timedelta(seconds=100)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert 98 <= there(retry_after(at)) <= 100


def test_the_backoff_is_asked_right_before_every_single_request(rig: WebsiteRig) -> None:
    """A batch, the halves of one, the same again after a 401, a reading, the requests of a check and it before all."""
    rig.site.replies += [error(413), accept_all, http(401), accept_all]
    rig.push(*changes(2))
    assert (rig.backoff.asked, len(rig.site.asked)) == (4, 4)
    shown(rig.website(), changes(1))
    rig.website().check(IN_USE)
    assert (rig.backoff.asked, len(rig.site.asked)) == (9, 8)


def test_the_backoff_is_asked_again_after_connecting(rig: WebsiteRig) -> None:
    """The backoff is asked again where a connection had to be opened in between.

    Another worker was told to wait while this one was connecting: nothing is sent, not even a header.
    """

    class ClosesMeanwhile(FakeBackoff):
        def seconds_left(self):
            said = super().seconds_left()
            self.wait = 60.0
            return said

    rig.backoff = ClosesMeanwhile()
    rig.service.tokens.token(10)
    rig.service._client._transport.close()  # the connection that brought the token
    assert rig.push(change()) == [NotNow("website_backoff", 60.0)]
    assert (rig.backoff.asked, rig.site.asked) == (2, [])
    rig.backoff = FakeBackoff()
    assert rig.push(change()) == [Accepted()], "the connection that was not used is no hindrance"


def test_a_token_is_not_asked_for_in_vain(rig: WebsiteRig) -> None:
    """Asking for a token is no request to Dynamics and a check asks for none in vain."""
    rig.backoff.wait = 10.0
    rig.push(change())
    assert (len(rig.site.tokens_asked), rig.site.asked) == (1, [])
    with pytest.raises(WebsiteBackoffError):
        rig.website().check(IN_USE)
    assert (len(rig.site.tokens_asked), rig.site.asked) == (1, [])


def test_nothing_is_sent_while_the_backoff_lasts(rig: WebsiteRig) -> None:
    """While the backoff lasts nothing is sent, and every change knows how long."""
    rig.backoff.wait = 17.5
    assert rig.push(*changes(5), size=2, parallel=3) == [NotNow("website_backoff", 17.5)] * 5
    assert shown(rig.website(), changes(3)) == [None] * 3
    with pytest.raises(WebsiteBackoffError, match=r"^website_backoff$") as raised:
        rig.website().check(IN_USE)
    assert raised.value.seconds == 17.5
    assert rig.site.asked == []


def test_a_429_starts_the_backoff_and_stops_the_next_batch(rig: WebsiteRig) -> None:
    """A 429 starts the backoff for the whole time, and the next batch is not sent."""
    rig.site.replies.append(error(429, "0x80072322", retry_after="240"))
    assert rig.push(*changes(4), size=2) == [
        *[NotNow("dataverse_429_0x80072322", 240.0)] * 2,
        *[NotNow("website_backoff", 240.0)] * 2,
    ]
    assert rig.backoff.blocked == [(240.0, "dataverse_429")]
    assert len(rig.site.asked) == 1


def test_the_backoff_starts_before_the_reply_has_a_body(rig: WebsiteRig) -> None:
    """The backoff starts before the body of the reply has come."""
    refusal = error(429, "0x80072322", retry_after="9")
    head, _, body = refusal.partition(b"\r\n\r\n")
    reported = []

    def slow(client, _):
        client.sendall(head + b"\r\n\r\n")
        deadline = threading.Event()
        while not rig.backoff.blocked and not deadline.wait(0.01):
            pass
        reported.append(list(rig.backoff.blocked))
        return body

    rig.site.replies.append(slow)
    assert rig.push(change()) == [NotNow("dataverse_429_0x80072322", 9.0)]
    assert reported == [[(9.0, "dataverse_429")]]


def test_a_429_without_a_time_backs_off_a_tenth_of_the_window(rig: WebsiteRig) -> None:
    """A 429 without a time starts a backoff of a tenth of the window."""
    rig.site.replies.append(error(429, "0x80072326"))
    assert rig.push(change()) == [NotNow("dataverse_429_0x80072326", 30.0)]
    assert rig.backoff.blocked == [(30.0, "dataverse_429")]


def test_parts_that_ask_to_wait_back_off_once_for_the_longest(rig: WebsiteRig) -> None:
    """Parts that ask to wait start the backoff once, for the longest time."""
    rig.site.replies.append(
        batch(part(204), part(429, "0x80072322", retry_after="5"), part(429, "0x80072321", retry_after="44"), part(503))
    )
    assert rig.push(*changes(8), size=4)[-4:] == [NotNow("website_backoff", 44.0)] * 4
    assert rig.backoff.blocked == [(44.0, "dataverse_part")]


@pytest.mark.parametrize(
    ("response", "closed"),
    [
        (http(503, retry_after="3"), [(3.0, "dataverse_503")]),
        (http(502, retry_after="3"), [(3.0, "dataverse_502")]),
        (http(503), []),
        (http(500), []),
        (batch(part(204), retry_after="3"), []),
        (batch(part(503)), []),
        (batch(part(503, retry_after="8")), [(8.0, "dataverse_part")]),
        (batch(part(503, **{"RETRY-AFTER": "9"})), [(9.0, "dataverse_part")]),
    ],
)
def test_whoever_names_a_time_is_heard_and_a_success_names_none(rig: WebsiteRig, response: Any, closed: Any) -> None:
    rig.site.replies.append(response)
    rig.push(change())
    assert rig.backoff.blocked == closed


def test_a_reading_that_is_refused_closes_the_backoff_too(rig: WebsiteRig) -> None:
    rig.site.replies.append(error(429, retry_after="6"))
    assert shown(rig.website(size=1, parallel=1), changes(3)) == [None] * 3
    rig.backoff.wait = 0.0
    rig.site.replies.append(batch(part(429, retry_after="7")))
    assert shown(rig.website(), changes(1)) == [None]
    rig.backoff.wait = 0.0
    rig.site.replies.append(error(429, retry_after="8"))
    with pytest.raises(WebsiteBackoffError) as raised:
        rig.website().check([])
    assert raised.value.seconds == 8.0
    assert [seconds for seconds, _ in rig.backoff.blocked] == [6.0, 7.0, 8.0]
    assert len(rig.site.asked) == 3


def test_no_thread_begins_a_request_after_the_first_refusal(rig: WebsiteRig) -> None:
    """The others that were on their way already get their own refusal; none of a hundred batches follows."""
    rig.site.replies += [error(429, retry_after="60")] * 100
    responses = rig.push(*changes(100), size=1, parallel=4)
    assert all(isinstance(response, NotNow) and response.retry_after == 60.0 for response in responses)
    assert 1 <= len(rig.site.asked) <= 4


def test_an_unreadable_backoff_sends_nothing(rig: WebsiteRig) -> None:
    """When the backoff cannot be asked nothing is sent and the error is the database's."""

    class Gone:
        def seconds_left(self):
            raise ConnectionLostError("connection_is_gone")

    rig.backoff = Gone()  # type: ignore[assignment]
    with pytest.raises(ConnectionLostError, match=r"^connection_is_gone$"):
        rig.push(*changes(20), size=1, parallel=4)
    assert rig.site.asked == []


def test_a_backoff_that_breaks_midway_stops_every_thread(rig: WebsiteRig) -> None:
    """When the backoff breaks in the middle no thread begins another request."""

    class BreakingBackoff(FakeBackoff):
        def seconds_left(self):
            if super().seconds_left() == 0.0 and self.asked == 5:
                raise ConnectionLostError("connection_is_gone")
            return 0.0

    rig.backoff = BreakingBackoff()
    with pytest.raises(ConnectionLostError):
        rig.push(*changes(100), size=1, parallel=4)
    assert len(rig.site.asked) <= 4 + 4


# Entra's own waiting time


def test_entra_is_not_asked_again_before_the_time_it_named(rig: WebsiteRig) -> None:
    rig.site.token_replies.append(error(429, retry_after="20"))
    assert rig.push(change()) == [NotNow("entra_429", 20.0)]
    (response,) = rig.push(change())
    assert isinstance(response, NotNow)
    assert response.reason == "entra_backoff"
    assert 19.0 < there(response.retry_after) <= 20.0
    assert (len(rig.site.tokens_asked), rig.site.asked, rig.backoff.blocked) == (1, [], [])


def test_a_token_that_lasts_is_used_while_entra_asks_to_wait(rig: WebsiteRig) -> None:
    """A token that still lasts is used while Entra asks to wait."""
    rig.site.token_replies += [token(expires_in=120.2), error(429, retry_after="20")]
    kept: Any = rig.service.tokens
    assert rig.push(change()) == [Accepted()]
    kept._clock = lambda now=kept._clock: now() + 60.1
    assert rig.push(change()) == [Accepted()]
    assert rig.push(change()) == [Accepted()]
    assert len(rig.site.tokens_asked) == 2
    kept._clock = lambda now=kept._clock: now() + 30
    rig.site.token_replies.append(error(503))
    assert rig.push(change()) == [NotNow("entra_503")]
    assert len(rig.site.asked) == 3
