"""The worker of emulators/pg_net/pg_net.sql: sends what SQL has queued, as the extension pg_net does.

It sends after the commit, in the background, in the order of the queue, a batch at a time and all of a batch at once,
each request once, whatever its outcome. The next batch waits for the slowest of this one. Redirects are not followed.
Source: src/worker.c and src/core.c of https://github.com/supabase/pg_net, 0.19 and later.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psycopg

from emulators.pg_net.posts import Post, Poster

if TYPE_CHECKING:
    from types import TracebackType

PG_NET_SQL = Path(__file__).with_name("pg_net.sql")
_BATCH = 200  # pg_net.batch_size
_TTL = timedelta(hours=6)  # pg_net.ttl
_AT_ONCE = 10


def install(dsn: str) -> None:
    """Put the stand-in's schema into the database, unless a schema of that name is there."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        if connection.execute("SELECT to_regnamespace('net')").fetchone() == (None,):
            connection.execute(PG_NET_SQL.read_bytes())


class PgNet:
    """A context manager: while it is open, requests queued in this database are sent, within a millisecond or two.

    It does nothing until it is notified. Tests set how it fails: `dead`, `lose_next`, `delay`, `duplicate`.
    """

    def __init__(self, dsn: str, *, batch: int = _BATCH, ttl: timedelta = _TTL) -> None:
        self._dsn = dsn
        self._batch = batch
        self._ttl = ttl
        self._dead = False
        self._to_lose = 0
        self._stopping = False
        self._notified = False
        self._turn = threading.Lock()
        self._quiet = threading.Condition()
        self._polls = 0  # how many times the queue was found empty
        self.delay = 0.0
        """Seconds between taking a request and sending it."""
        self.duplicate = 1
        """How many times each request is sent."""
        self.sent = 0
        """Requests that were sent, whatever their outcome; duplicates are not counted."""

    def __enter__(self) -> Self:
        install(self._dsn)
        self._connection = psycopg.connect(
            self._dsn, autocommit=True, prepare_threshold=None, application_name="pg_net"
        )
        self._connection.add_notify_handler(self._record)
        self._connection.execute("LISTEN pg_net")
        self._wake_up, self._woken = socket.socketpair()
        self._poster = Poster()
        self._senders = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pg_net")
        self._thread = threading.Thread(target=self._work, name="pg_net")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stopping = True
        self._wake()
        self._thread.join()
        self._senders.shutdown()
        self._poster.close()
        self._wake_up.close()
        self._woken.close()
        self._connection.close()

    @property
    def dead(self) -> bool:
        """Return whether the worker is down: requests queued meanwhile are lost when it comes back."""
        return self._dead

    @dead.setter
    def dead(self, dead: bool) -> None:
        with self._turn:  # a batch under way is finished first
            if self._dead and not dead:
                # Not on the worker's connection: it is reading from that one.
                with psycopg.connect(self._dsn, autocommit=True) as connection:
                    connection.execute("DELETE FROM net.http_request_queue")
            self._dead = dead
        self._wake()

    def lose_next(self, requests: int) -> None:
        """Take a number of the next requests and never send them, as when the server dies in between."""
        self._to_lose = requests

    def wait_until_quiet(self, seconds: float = 5.0) -> None:
        """Wait until all that was committed before this call has its response. Raises TimeoutError."""
        with self._quiet:
            wanted = self._polls + 2  # the poll under way may have begun before
            self._wake()
            deadline = time.monotonic() + seconds
            while self._polls < wanted:
                if not self._quiet.wait(deadline - time.monotonic()) or self._dead:
                    raise TimeoutError("requests are still under way, or the worker is dead")
                self._wake()

    def _record(self, _: psycopg.Notify) -> None:
        # A notice may come along with the result of a statement, and then nothing is left to be read.
        self._notified = True

    def _wake(self) -> None:
        self._wake_up.send(b"\0")

    def _work(self) -> None:
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._connection.fileno(), selectors.EVENT_READ)
            waiting.register(self._woken, selectors.EVENT_READ)
            try:
                while not self._stopping:
                    self._notified = False
                    while self._take_turn():
                        pass
                    with self._quiet:
                        self._polls += 1
                        self._quiet.notify_all()
                    self._drain()
                    if not self._notified or self._dead:
                        self._wait(waiting)
            except psycopg.OperationalError:
                return  # the database is gone

    def _wait(self, waiting: selectors.BaseSelector) -> None:
        for key, _ in waiting.select():
            if key.fileobj is self._woken:
                os.read(self._woken.fileno(), 4096)
            else:
                self._connection.pgconn.consume_input()
                self._drain()

    def _drain(self) -> None:
        while self._connection.pgconn.notifies():
            self._notified = True

    def _take_turn(self) -> int:
        with self._turn:
            return 0 if self._dead else self._send_batch()

    def _send_batch(self) -> int:
        """Take a batch, send it, and store the outcomes. Return how many requests it had."""
        taken = self._connection.execute(
            "WITH next AS (SELECT id FROM net.http_request_queue ORDER BY id LIMIT %s)"
            " DELETE FROM net.http_request_queue AS q USING next WHERE q.id = next.id"
            " RETURNING q.id, q.url, q.headers, q.body, q.timeout_milliseconds",
            (self._batch,),
        ).fetchall()
        posts = [Post(*row) for row in sorted(taken)]
        lost = min(self._to_lose, len(posts))
        self._to_lose -= lost
        replies = list(self._senders.map(self._send, posts[lost:]))
        self.sent += len(replies)
        if replies:
            self._connection.execute("DELETE FROM net._http_response WHERE created < now() - %s", (self._ttl,))
            self._connection.execute(
                "INSERT INTO net._http_response (id, status_code, content_type, headers, content, timed_out, error_msg)"
                " SELECT * FROM jsonb_to_recordset(%s) AS r (id bigint, status_code int, content_type text,"
                " headers jsonb, content text, timed_out boolean, error_msg text)",
                (json.dumps(replies),),
            )
        return len(posts)

    def _send(self, post: Post) -> dict[str, Any]:
        if self.delay:
            time.sleep(self.delay)
        reply: dict[str, Any] = {}
        for _ in range(self.duplicate):
            reply = self._poster.send(post)
        return {"id": post.id, **reply}
