"""I18: an exchange ends at its deadline, whatever trickles, on real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import count, cycle
from typing import Any

import certifi
import httpx
import pytest

from shared.adapters.http.deadline import bind, deadline
from shared.adapters.http.exchange import exchange
from shared.domain.errors import WebsiteUnavailableError
from shared.domain.listings import NotNow, OutcomeUnknown
from tests.support.trickler import Trickler
from tests.support.website_wire import ScriptedWebsite, WebsiteRig, change
from tests.support.wire import _Listener

SECONDS = 0.8
LATE = 1.0
"""How much later than its deadline an exchange may end on a busy machine."""

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


@contextmanager
def ends_in_time(seconds=SECONDS):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + LATE


def asked(url, content=None, client=None):
    with closing(client or httpx.Client(trust_env=False)) as asking:
        return exchange(asking, asking.build_request("POST", url, content=content), SECONDS)


NO_HEAD: dict[str, Any] = {
    "silence": {"pieces": []},
    "head_byte_by_byte": {"pieces": (b"%c" % letter for letter in cycle(b"x-header: value\r\n")), "first": HEAD},
    "status_byte_by_byte": {"pieces": (b"%c" % letter for letter in HEAD * 100), "pause": 0.2},
    "one_header_without_end": {"pieces": cycle([b"x" * 10]), "first": HEAD + b"x: "},
    "folded_without_end": {"pieces": cycle([b" more\r\n"]), "first": HEAD + b"x: 1\r\n"},
    "endless_1xx": {"pieces": cycle([b"HTTP/1.1 100 Continue\r\n\r\n"])},
    "endless_1xx_in_a_flood": {"pieces": cycle([b"HTTP/1.1 103 Early Hints\r\nx: 1\r\n\r\n" * 500]), "pause": 0},
    "1xx_byte_by_byte": {"pieces": (b"%c" % letter for letter in cycle(b"HTTP/1.1 102 Processing\r\n\r\n"))},
}


@pytest.mark.parametrize("case", NO_HEAD)
def test_a_reply_without_a_head_ends_at_the_deadline(case: Any) -> None:
    """I18: a head that trickles, and 1xx replies without end."""
    with Trickler(**NO_HEAD[case]) as site, ends_in_time(), pytest.raises(httpx.RequestError):
        asked(site.url)


NO_END = {
    "body": (cycle([b"x"]), HEAD + b"content-length: 100000\r\n\r\n"),
    "body_until_the_connection_ends": (cycle([b"x"]), HEAD + b"\r\n"),
    "chunks": (cycle([b"1\r\nx\r\n"]), CHUNKED),
    "chunk_size_byte_by_byte": (cycle([b"0"]), CHUNKED),
    "chunk_extension": (cycle([b"x"]), CHUNKED + b"1;"),
    "trailers": ((b"x-%d: 1\r\n" % number for number in count()), CHUNKED + b"1\r\nx\r\n0\r\n"),
    "trailer_byte_by_byte": (cycle([b"x"]), CHUNKED + b"0\r\nx: "),
}


@pytest.mark.parametrize("case", NO_END)
def test_a_reply_without_an_end_ends_at_the_deadline(case: Any) -> None:
    """I18: what came until then counts, and is not taken for the whole."""
    pieces, first = NO_END[case]
    with Trickler(pieces, first=first) as site, ends_in_time():
        reply = asked(site.url)
    assert (reply.status, reply.complete, reply.flaw) == (200, False, "reply_cut_off")


def test_chunks_in_a_flood_end_at_the_deadline() -> None:
    """Without a pause for the clock: a million chunks of one octet."""
    with Trickler(cycle([b"1\r\nx\r\n" * 10_000]), first=CHUNKED, pause=0) as site, ends_in_time():
        assert not asked(site.url).complete


def test_a_peer_that_takes_slowly_ends_at_the_deadline() -> None:
    """Each piece it takes is one more wait."""

    class Sipping(_Listener):
        over = threading.Event()

        def serve(self, client):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            while not self.over.wait(0.05):
                client.recv(2048)

    with Sipping() as site:
        with ends_in_time(), pytest.raises(httpx.WriteTimeout):
            asked(f"http://127.0.0.1:{site.port}/", content=b"x" * (32 << 20))
        site.over.set()


@pytest.mark.parametrize(
    ("pieces", "first"),
    [([], b""), ([b"\x16", b"\x03", b"\x03"], b""), (cycle([b"x"]), b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")],
    ids=["silence", "half_a_record", "a_server_hello_without_end"],
)
def test_tls_that_is_never_agreed_on_ends_at_the_deadline(pieces: Any, first: bytes) -> None:
    """I18: a server that stops within the handshake. The time to connect holds the handshake too."""
    context = ssl.create_default_context(cafile=certifi.where())
    with Trickler(pieces, first=first) as site, ends_in_time(), pytest.raises(httpx.ConnectTimeout):
        asked(site.url.replace("http:", "https:"), client=httpx.Client(trust_env=False, verify=context))


@contextmanager
def silent(address, port=0):
    """A port that takes no connection: the queue of its listener is full, so what comes is dropped."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            with suppress(BlockingIOError):
                client.connect(listener.getsockname())
        yield listener.getsockname()[1]


def test_a_host_that_takes_no_connection_ends_at_the_deadline() -> None:
    """I18: connecting has its part of the one deadline."""
    with silent("127.0.0.1") as port, ends_in_time(), pytest.raises(httpx.ConnectTimeout):
        asked(f"http://127.0.0.1:{port}/")


def bound(resolve):
    client = httpx.Client(trust_env=False)
    bind(client, resolve=resolve)
    return client


def test_a_name_that_nobody_resolves_ends_at_the_deadline() -> None:
    """The system's resolver waits for half a minute and knows no limit of ours."""
    over = threading.Event()
    client = bound(lambda *_: over.wait(10) and [])
    with ends_in_time(), pytest.raises(httpx.ConnectTimeout):
        asked("http://website.example/", client=client)
    over.set()


def test_a_silent_address_leaves_time_for_the_next() -> None:
    """Of two addresses the first never answers; the second has its share of the time."""
    with ScriptedWebsite() as site, silent("127.0.0.2", site.port):
        client = bound(lambda *_: ["127.0.0.2", "127.0.0.1"])
        with ends_in_time():
            assert asked(f"http://website.example:{site.port}/oauth2/v2.0/token", client=client).status == 200


@pytest.mark.parametrize("error", [socket.gaierror(), UnicodeError(), OSError()])
def test_a_name_without_an_address_was_certainly_sent_nothing(error: Any) -> None:
    """Of whatever kind: it is a failure to connect."""

    def resolve(*_):
        raise error

    with pytest.raises(httpx.ConnectError):
        asked("http://website.example/", client=bound(resolve))
    with pytest.raises(httpx.ConnectError):
        asked("http://website.example/", client=bound(lambda *_: []))


def test_a_kept_connection_obeys_the_next_deadline() -> None:
    """The deadline is the request's, not the connection's."""

    class Second(_Listener):
        def serve(self, client):
            client.recv(65536)
            client.sendall(HEAD + b"content-length: 0\r\n\r\n")
            with suppress(OSError):
                client.recv(65536)
                for _ in range(100):
                    time.sleep(0.05)
                    client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    with Second() as site, httpx.Client(trust_env=False) as client:
        url = f"http://127.0.0.1:{site.port}/"
        assert exchange(client, client.build_request("GET", url), 5.0).complete
        with ends_in_time(), pytest.raises(httpx.ReadTimeout):
            exchange(client, client.build_request("GET", url), SECONDS)


def test_outside_an_exchange_a_bound_client_is_as_before() -> None:
    """The deadline ends with its block."""
    with ScriptedWebsite() as site, httpx.Client(trust_env=False) as client:
        bind(client)
        with deadline(-1), pytest.raises(httpx.ConnectTimeout):
            client.get(site.url)
        assert client.get(site.url).status_code == 200


def test_a_token_that_trickles_is_given_up_in_time() -> None:
    """I18, for Entra; a thread that waits for its turn is in time too."""
    with (
        Trickler(cycle([b"HTTP/1.1 100 Continue\r\n\r\n"])) as entra,
        ScriptedWebsite() as site,
        WebsiteRig(site) as rig,
    ):
        rig.service.close()
        rig.service = type(rig.service)(site.url, entra.url.rstrip("/"), rig.secrets)
        found: list[Any] = [[], [], []]
        threads = [threading.Thread(target=_token, args=(rig, errors)) for errors in found]
        with ends_in_time(1.5):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert [len(errors) for errors in found] == [1, 1, 1]
        rig.seconds = 1.0
        with ends_in_time(1.0):
            assert rig.push(change()) in ([NotNow("entra_ReadTimeout")], [NotNow("entra_no_time_left")])


def _token(rig, errors):
    try:
        rig.service.tokens.token(SECONDS)
    except WebsiteUnavailableError as error:
        errors.append(str(error))


def test_a_push_whose_reply_trickles_ends_in_time() -> None:
    """I18: the worker has its time left to settle, and nothing is said of what nobody knows."""

    def trickle(client, _):
        with suppress(OSError):
            for _ in range(200):
                time.sleep(0.05)
                client.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")

    with ScriptedWebsite() as site, WebsiteRig(site) as rig:
        site.replies.append(trickle)
        rig.seconds = 1.2
        with ends_in_time(1.2):
            assert rig.push(change()) == [OutcomeUnknown("dataverse_ReadTimeout")]
