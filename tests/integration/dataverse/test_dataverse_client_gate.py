"""I9: no request goes to Dynamics inside a Retry-After window. The gate is asked before each, and told of each wait."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.dataverse.retry_after import retry_after
from shared.domain.errors import ConnectionLostError, WebsiteClosedError
from shared.domain.listings import Accepted, NotNow
from tests.support.website_wire import (
    IN_USE,
    Gate,
    Rig,
    Website,
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

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def rig():
    with Website() as site, Rig(site) as rig:
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
def test_retry_after_is_seconds_or_a_date_honoured_whole_and_never_more_than_an_hour(header, seconds):
    assert retry_after(header, NOW) == seconds


def test_a_date_is_measured_from_now():
    at = (datetime.now(UTC) + timedelta(seconds=100)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert 98 <= retry_after(at) <= 100


def test_the_gate_is_asked_right_before_every_single_request(rig):
    """A batch, the halves of one, the same again after a 401, a reading, the requests of a check and it before all."""
    rig.site.answers += [error(413), accept_all, http(401), accept_all]
    rig.push(*changes(2))
    assert (rig.gate.asked, len(rig.site.asked)) == (4, 4)
    shown(rig.website(), changes(1))
    rig.website().check(IN_USE)
    assert (rig.gate.asked, len(rig.site.asked)) == (9, 8)


def test_the_gate_is_asked_again_where_a_connection_had_to_be_opened_in_between(rig):
    """Another worker was told to wait while this one was connecting: nothing is sent, not even a header."""

    class ClosesMeanwhile(Gate):
        def wait_seconds(self):
            said = super().wait_seconds()
            self.wait = 60.0
            return said

    rig.gate = ClosesMeanwhile()
    rig.service.tokens.token(10)
    rig.service._client._transport.close()  # the connection that brought the token
    assert rig.push(change()) == [NotNow("website_closed", 60.0)]
    assert (rig.gate.asked, rig.site.asked) == (2, [])
    rig.gate = Gate()
    assert rig.push(change()) == [Accepted()], "the connection that was not used is no hindrance"


def test_asking_for_a_token_is_no_request_to_dynamics_and_a_check_asks_for_none_in_vain(rig):
    rig.gate.wait = 10.0
    rig.push(change())
    assert (len(rig.site.tokens_asked), rig.site.asked) == (1, [])
    with pytest.raises(WebsiteClosedError):
        rig.website().check(IN_USE)
    assert (len(rig.site.tokens_asked), rig.site.asked) == (1, [])


def test_while_the_gate_is_closed_nothing_is_sent_and_every_change_knows_how_long(rig):
    rig.gate.wait = 17.5
    assert rig.push(*changes(5), size=2, parallel=3) == [NotNow("website_closed", 17.5)] * 5
    assert shown(rig.website(), changes(3)) == [None] * 3
    with pytest.raises(WebsiteClosedError, match=r"^website_closed$") as raised:
        rig.website().check(IN_USE)
    assert raised.value.seconds == 17.5
    assert rig.site.asked == []


def test_a_429_closes_the_gate_for_the_whole_time_and_the_next_batch_is_not_sent(rig):
    rig.site.answers.append(error(429, "0x80072322", retry_after="240"))
    assert rig.push(*changes(4), size=2) == [
        *[NotNow("dataverse_429_0x80072322", 240.0)] * 2,
        *[NotNow("website_closed", 240.0)] * 2,
    ]
    assert rig.gate.closed == [(240.0, "dataverse_429")]
    assert len(rig.site.asked) == 1


def test_the_gate_is_closed_before_the_body_of_the_reply_has_come(rig):
    refusal = error(429, "0x80072322", retry_after="9")
    head, _, body = refusal.partition(b"\r\n\r\n")
    told = []

    def slow(client, _):
        client.sendall(head + b"\r\n\r\n")
        deadline = threading.Event()
        while not rig.gate.closed and not deadline.wait(0.01):
            pass
        told.append(list(rig.gate.closed))
        return body

    rig.site.answers.append(slow)
    assert rig.push(change()) == [NotNow("dataverse_429_0x80072322", 9.0)]
    assert told == [[(9.0, "dataverse_429")]]


def test_a_429_without_a_time_closes_the_gate_for_a_tenth_of_the_window(rig):
    rig.site.answers.append(error(429, "0x80072326"))
    assert rig.push(change()) == [NotNow("dataverse_429_0x80072326", 30.0)]
    assert rig.gate.closed == [(30.0, "dataverse_429")]


def test_parts_that_ask_to_wait_close_the_gate_once_for_the_longest_time(rig):
    rig.site.answers.append(
        batch(part(204), part(429, "0x80072322", retry_after="5"), part(429, "0x80072321", retry_after="44"), part(503))
    )
    assert rig.push(*changes(6), size=4)[-2:] == [NotNow("website_closed", 44.0)] * 2
    assert rig.gate.closed == [(44.0, "dataverse_part")]


@pytest.mark.parametrize(
    ("answer", "closed"),
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
def test_whoever_names_a_time_is_heard_and_a_success_names_none(rig, answer, closed):
    rig.site.answers.append(answer)
    rig.push(change())
    assert rig.gate.closed == closed


def test_a_reading_that_is_refused_closes_the_gate_too(rig):
    rig.site.answers.append(error(429, retry_after="6"))
    assert shown(rig.website(size=1, parallel=1), changes(3)) == [None] * 3
    rig.gate.wait = 0.0
    rig.site.answers.append(batch(part(429, retry_after="7")))
    assert shown(rig.website(), changes(1)) == [None]
    rig.gate.wait = 0.0
    rig.site.answers.append(error(429, retry_after="8"))
    with pytest.raises(WebsiteClosedError) as raised:
        rig.website().check([])
    assert raised.value.seconds == 8.0
    assert [seconds for seconds, _ in rig.gate.closed] == [6.0, 7.0, 8.0]
    assert len(rig.site.asked) == 3


def test_of_many_threads_none_begins_a_request_after_the_first_refusal(rig):
    """The others that were on their way already get their own refusal; none of a hundred batches follows."""
    rig.site.answers += [error(429, retry_after="60")] * 100
    answers = rig.push(*changes(100), size=1, parallel=4)
    assert all(isinstance(answer, NotNow) and answer.retry_after == 60.0 for answer in answers)
    assert 1 <= len(rig.site.asked) <= 4


def test_when_the_gate_cannot_be_asked_nothing_is_sent_and_the_error_is_the_databases(rig):
    class Gone:
        def wait_seconds(self):
            raise ConnectionLostError("connection_is_gone")

    rig.gate = Gone()
    with pytest.raises(ConnectionLostError, match=r"^connection_is_gone$"):
        rig.push(*changes(20), size=1, parallel=4)
    assert rig.site.asked == []


def test_when_the_gate_breaks_in_the_middle_no_thread_begins_another_request(rig):
    class Breaking(Gate):
        def wait_seconds(self):
            if super().wait_seconds() == 0.0 and self.asked == 5:
                raise ConnectionLostError("connection_is_gone")
            return 0.0

    rig.gate = Breaking()
    with pytest.raises(ConnectionLostError):
        rig.push(*changes(100), size=1, parallel=4)
    assert len(rig.site.asked) <= 4 + 4


# Entra's own waiting time


def test_entra_is_not_asked_again_before_the_time_it_named(rig):
    rig.site.token_answers.append(error(429, retry_after="20"))
    assert rig.push(change()) == [NotNow("entra_429", 20.0)]
    (answer,) = rig.push(change())
    assert answer.reason == "entra_closed"
    assert 19.0 < answer.retry_after <= 20.0
    assert (len(rig.site.tokens_asked), rig.site.asked, rig.gate.closed) == (1, [], [])


def test_a_token_that_still_lasts_is_used_while_entra_asks_to_wait(rig):
    rig.site.token_answers += [token(expires_in=120.2), error(429, retry_after="20")]
    kept = rig.service.tokens
    assert rig.push(change()) == [Accepted()]
    kept._clock = lambda now=kept._clock: now() + 60.1
    assert rig.push(change()) == [Accepted()]
    assert rig.push(change()) == [Accepted()]
    assert len(rig.site.tokens_asked) == 2
    kept._clock = lambda now=kept._clock: now() + 30
    rig.site.token_answers.append(error(503))
    assert rig.push(change()) == [NotNow("entra_503")]
    assert len(rig.site.asked) == 3
