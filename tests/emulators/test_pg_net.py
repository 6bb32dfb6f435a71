"""The stand-in for pg_net against the extension's documented behaviour: https://github.com/supabase/pg_net."""

from __future__ import annotations

import json
import resource
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from emulators.pg_net.worker import PgNet, install
from tests.support.examples import examples
from tests.support.post_box import PostBox
from tests.support.there import there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import TestDatabase


@pytest.fixture
def box() -> Iterator[PostBox]:
    with PostBox() as box:
        yield box


@pytest.fixture
def net(database: TestDatabase) -> Iterator[PgNet]:
    with PgNet(database.dsn) as net:
        yield net


def post(connection, url, body=None, **more):
    names = "".join(f", {name} => %({name})s" for name in more)
    query = f"SELECT net.http_post(%(url)s, %(body)s{names})"
    return connection.execute(query.encode(), {"url": url, "body": Jsonb(body or {}), **more}).fetchone()[0]


def responses(connection):
    return connection.execute(
        "SELECT id, status_code, content_type, content, timed_out, error_msg FROM net._http_response ORDER BY id"
    ).fetchall()


def queued(connection):
    return connection.execute("SELECT count(*) FROM net.http_request_queue").fetchone()[0]


def test_the_signature_is_the_extensions(connection: psycopg.Connection, database: TestDatabase) -> None:
    """net.http_post(url text, body jsonb, params jsonb, headers jsonb, timeout_milliseconds int) returns bigint."""
    install(database.dsn)
    install(database.dsn)  # what is there is left as it is
    [(arguments, result)] = connection.execute(
        "SELECT pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc"
        " WHERE oid = 'net.http_post'::regproc"
    ).fetchall()
    assert arguments == (
        "url text, body jsonb DEFAULT '{}'::jsonb, params jsonb DEFAULT '{}'::jsonb,"
        ' headers jsonb DEFAULT \'{"Content-Type": "application/json"}\'::jsonb,'
        " timeout_milliseconds integer DEFAULT 5000"
    )
    assert result == "bigint"
    kinds = connection.execute(
        "SELECT relpersistence FROM pg_class WHERE relname IN ('http_request_queue', '_http_response')"
    )
    assert kinds.fetchall() == [("u",), ("u",)]  # unlogged: a crash of the server empties them


def test_a_post_has_its_headers_and_postgresqls_body(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    """A POST goes out with its headers, and with its body as PostgreSQL writes it."""
    number = post(connection, f"{box.url}a?b=1", {"z": "æ", "a": [1, None]}, headers=Jsonb({"X-Mine": "yes"}))
    net.wait_until_quiet()
    [received] = box.received
    assert received.path == "/a?b=1"
    assert received.headers["x-mine"] == "yes"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("pg_net/")
    assert received.body == b'{"a": [1, null], "z": "\xc3\xa6"}'
    assert responses(connection) == [(number, 202, "application/json", "{}", False, None)]
    assert queued(connection) == 0


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(exclude_characters="\0", codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_characters="\0", codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON)
def test_what_is_sent_is_body_text_in_utf_8(
    connection: psycopg.Connection, net: PgNet, box: PostBox, body: Any
) -> None:
    """Octet for octet: certification.notify_webhook signs that."""
    before = len(box.received)
    expected = there(connection.execute("SELECT %s::jsonb::text", (Jsonb(body),)).fetchone())[0]
    connection.execute("SELECT net.http_post(%s, %s)", (box.url, Jsonb(body)))
    assert box.wait_for(before + 1)[-1].body == expected.encode()


def test_parameters_are_encoded_into_the_address(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    post(connection, box.url, params=Jsonb({"a b": "å&="}))
    post(connection, f"{box.url}?x=1", params=Jsonb({"y": "~"}))
    net.wait_until_quiet()
    assert {received.path for received in box.received} == {"/?a%20b=%C3%A5%26%3D", "/?x=1&y=~"}


def test_only_json_is_posted(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="Content-Type header must be"):
        post(connection, box.url, headers=Jsonb({"content-type": "text/plain"}))


def test_nothing_is_sent_before_the_commit(
    database: TestDatabase, connection: psycopg.Connection, net: PgNet, box: PostBox
) -> None:
    with database.connect() as other, other.transaction():
        post(other, box.url)
        net.wait_until_quiet()
        assert box.received == []
    box.wait_for(1)


def test_nothing_is_sent_after_a_rollback(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    with connection.transaction(force_rollback=True):
        post(connection, box.url, {"rolled": "back"})
    with connection.transaction():
        with connection.transaction(force_rollback=True):
            post(connection, box.url, {"rolled back": "to a savepoint"})
        post(connection, box.url, {"kept": 1})
    net.wait_until_quiet()
    assert [json.loads(received.body) for received in box.received] == [{"kept": 1}]


def test_what_was_queued_before_the_worker_came_up_is_sent(
    database: TestDatabase, connection: psycopg.Connection, box: PostBox
) -> None:
    install(database.dsn)
    for _ in range(5):
        post(connection, box.url)
    with PgNet(database.dsn, batch=2):
        box.wait_for(5)


@pytest.mark.parametrize("status", [200, 401, 503])
def test_every_request_is_tried_once_whatever_the_response(
    connection: psycopg.Connection, net: PgNet, box: PostBox, status: int
) -> None:
    box.status = status
    post(connection, box.url)
    net.wait_until_quiet()
    assert len(box.received) == 1
    assert [row[1] for row in responses(connection)] == [status]


def test_a_server_that_hangs_up_is_not_asked_again(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    box.hang_up = 1
    post(connection, box.url)
    net.wait_until_quiet()
    assert len(box.received) == 1
    [(_, status, _, _, timed_out, message)] = responses(connection)
    assert (status, timed_out) == (None, False)
    assert message


def test_a_kept_connection_that_was_closed_loses_nothing(
    connection: psycopg.Connection, net: PgNet, box: PostBox
) -> None:
    """A connection that was closed while it was kept loses nothing.

    As libcurl: what was refused on an old connection before any response goes once more on a fresh one.
    """
    post(connection, box.url)
    net.wait_until_quiet()
    [kept] = net._poster._all
    kept.sock.shutdown(2)
    post(connection, box.url)
    net.wait_until_quiet()
    assert len(box.received) == 2
    assert box.received[0].peer != box.received[1].peer


def test_a_time_limit_is_kept_and_written_down(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    box.seconds = 0.3
    post(connection, box.url, timeout_milliseconds=20)
    started = time.perf_counter()
    net.wait_until_quiet()
    assert time.perf_counter() - started < 0.25
    [(_, status, _, _, timed_out, message)] = responses(connection)
    assert (status, timed_out) == (None, True)
    assert "20 ms" in message


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher", "", "http://", "http://u@127.0.0.1/"],
)
def test_an_address_that_does_not_respond_stops_nothing(
    connection: psycopg.Connection, net: PgNet, box: PostBox, url: str
) -> None:
    """An address that does not respond, or that is no address, stops nothing."""
    post(connection, url)
    post(connection, box.url)
    box.wait_for(1)
    net.wait_until_quiet()
    first, second = responses(connection)
    assert first[1] is None
    assert first[5]
    assert second[1] == 202


def test_responses_are_forgotten_after_their_time(
    database: TestDatabase, connection: psycopg.Connection, box: PostBox
) -> None:
    with PgNet(database.dsn) as net:
        post(connection, box.url)
        net.wait_until_quiet()
        connection.execute("UPDATE net._http_response SET created = now() - interval '6 hours 1 minute'")
        second = post(connection, box.url)
        net.wait_until_quiet()
        assert [row[0] for row in responses(connection)] == [second]


def test_a_batch_goes_at_once_over_connections_that_are_kept(
    database: TestDatabase, connection: psycopg.Connection, box: PostBox
) -> None:
    box.seconds = 0.02
    with PgNet(database.dsn, batch=40) as net:
        connection.execute("SELECT net.http_post(%s, '{}') FROM generate_series(1, 40)", (box.url,))
        net.wait_until_quiet()
        post(connection, box.url)
        net.wait_until_quiet()
    assert len(box.received) == 41
    assert 4 <= box.most_together <= 10
    assert len({received.peer for received in box.received}) <= 10


def test_a_commit_is_answered_within_milliseconds(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    """The median of twenty, so that one slow moment of this machine does not count."""
    took = []
    for number in range(1, 21):
        started = time.perf_counter()
        post(connection, box.url)
        took.append(box.wait_for(number)[-1].at - started)
    assert sorted(took)[10] < 0.05


def test_an_idle_worker_costs_nothing(net: PgNet) -> None:
    """It waits to be told; nothing is asked at intervals."""
    net.wait_until_quiet()
    polls, before = net._polls, resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(0.2)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert net._polls - polls <= 2
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.05


def test_no_notice_is_missed_between_two_polls(
    database: TestDatabase, connection: psycopg.Connection, net: PgNet, box: PostBox
) -> None:
    """Commits that fall just into the worker's look at an empty queue."""
    with database.connect() as other:
        for number in range(150):
            post(connection if number % 2 else other, box.url, {"n": number})
            if number % 5 == 0:
                time.sleep(0.0005 * (number % 7))
    box.wait_for(150)
    net.wait_until_quiet()
    assert sorted(json.loads(received.body)["n"] for received in box.received) == list(range(150))


SLOW_POLL = """
CREATE FUNCTION net.pause() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END $$;
CREATE TRIGGER pause BEFORE DELETE ON net.http_request_queue EXECUTE FUNCTION net.pause();
"""


def test_a_notice_that_comes_with_a_response_is_not_missed(
    database: TestDatabase, connection: psycopg.Connection, box: PostBox
) -> None:
    """A notice that comes together with the response to a look is not missed.

    The look began before the commit and does not see it; nothing is left in the socket to wait for.
    """
    install(database.dsn)
    connection.execute(SLOW_POLL)
    with PgNet(database.dsn):
        time.sleep(0.05)
        post(connection, box.url)
        box.wait_for(1, seconds=2)


# How it fails on request ----------------------------------------------------------------------------------------------


def test_a_dead_worker_takes_nothing_and_has_lost_it_afterwards(
    connection: psycopg.Connection, net: PgNet, box: PostBox
) -> None:
    """A dead worker takes nothing, and has lost what was queued when it comes back."""
    net.dead = True
    post(connection, box.url)
    with pytest.raises(TimeoutError):
        net.wait_until_quiet(0.05)
    assert queued(connection) == 1
    net.dead = False
    net.wait_until_quiet()
    assert (queued(connection), box.received, responses(connection)) == (0, [], [])
    post(connection, box.url)
    box.wait_for(1)


def test_a_worker_that_dies_ends_what_it_has_in_hand(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    net.delay = 0.05
    post(connection, box.url)
    while queued(connection):
        time.sleep(0.001)
    net.dead = True
    assert len(box.received) == 1


def test_requests_are_lost_on_request(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    net.lose_next(2)
    with connection.transaction():
        for number in range(3):
            post(connection, box.url, {"n": number})
    net.wait_until_quiet()
    assert [json.loads(received.body) for received in box.received] == [{"n": 2}]
    assert len(responses(connection)) == 1


def test_requests_are_doubled_and_delayed_on_request(connection: psycopg.Connection, net: PgNet, box: PostBox) -> None:
    net.duplicate, net.delay = 2, 0.05
    started = time.perf_counter()
    post(connection, box.url)
    net.wait_until_quiet()
    assert len(box.received) == 2
    assert box.received[0].at - started >= 0.05
    assert net.sent == 1


def test_a_database_that_goes_away_ends_the_worker_quietly(
    database: TestDatabase, connection: psycopg.Connection, net: PgNet, box: PostBox
) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'pg_net' AND datname = current_database()"
    )
    net._thread.join(5)
    assert not net._thread.is_alive()
