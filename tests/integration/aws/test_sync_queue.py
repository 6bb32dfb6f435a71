"""A queue of sync requests that fails as SQS's reference says it may, over real HTTP.

What it does when it is well is in tests/integration/conformance/test_sync_queue.py.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import boto3
import pytest

from local.stack.aws import CREDENTIALS, REGION
from shared.adapters.aws.sqs import SqsSyncQueue, sqs_client
from shared.domain.errors import QueueUnavailableError, TransientError
from shared.domain.listings import SyncRequest
from shared.domain.sync_messages import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

PERSONAL = "kari.saether@example.no cannot be reached"


def requests(count):
    return [SyncRequest(uuid4(), number) for number in range(1, count + 1)]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def test_a_queue_that_does_not_exist_is_reported_as_a_code(moto: None) -> None:
    url = boto3.client("sqs", region_name=REGION).create_queue(QueueName="requests")["QueueUrl"]
    with pytest.raises(QueueUnavailableError, match=r"^queue_[\w.]*NonExistentQueue$"):
        SqsSyncQueue(sqs_client(REGION), url + "-gone").send(requests(1))


# One that fails -------------------------------------------------------------------------------------------------------


@dataclass
class Faulty:
    """Respond to SendMessageBatch with the next of `replies`, then takes everything.

    An answer is a function of the entries' ids that gives the ids to fail with a code and whether that is the sender's
    fault; or a status with a code; or None, which is no answer at all.
    """

    replies: list[Any] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def reply(self, entries):
        assert 1 <= len(entries) <= 10
        assert len({entry["Id"] for entry in entries}) == len(entries)
        assert sum(len(entry["MessageBody"].encode()) for entry in entries) <= 262_144
        self.calls.append([entry["Id"] for entry in entries])
        scripted = self.replies.pop(0) if self.replies else {}
        if isinstance(scripted, tuple):
            status, code = scripted
            return status, {"__type": f"com.amazonaws.sqs#{code}", "message": PERSONAL}
        failed = {place: (code, fault) for place, (code, fault) in scripted.items()}
        self.taken += [entry["MessageBody"] for place, entry in enumerate(entries) if place not in failed]
        return 200, {
            "Successful": [
                {"Id": entry["Id"], "MessageId": str(uuid4()), "MD5OfMessageBody": ""}
                for place, entry in enumerate(entries)
                if place not in failed
            ],
            "Failed": [
                {"Id": entries[place]["Id"], "Code": code, "SenderFault": fault, "Message": PERSONAL}
                for place, (code, fault) in failed.items()
                if place < len(entries)
            ],
        }


class _QueueServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self.faulty = Faulty()


class _QueueHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        entries = json.loads(self.rfile.read(int(self.headers["content-length"])))["Entries"]
        faulty = cast("_QueueServer", self.server).faulty
        if faulty.replies and faulty.replies[0] is None:
            faulty.replies.pop(0)
            faulty.calls.append([entry["Id"] for entry in entries])
            self.close_connection = True
            return
        status, scripted = faulty.reply(entries)
        body = json.dumps(scripted).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@dataclass
class QueueRig:
    faulty: Faulty
    queue: SqsSyncQueue
    pauses: list[float]

    def send(self, count):
        wanted = requests(count)
        self.queue.send(wanted)
        assert {request for body in self.faulty.taken for request in parse(body)} == set(wanted)

    def refusal(self, count=1):
        with pytest.raises(QueueUnavailableError) as refused:
            self.queue.send(requests(count))
        assert isinstance(refused.value, TransientError)
        assert "kari" not in str(refused.value)
        assert refused.value.__cause__ is None
        return str(refused.value)


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[QueueRig]:
    server = _QueueServer(("127.0.0.1", 0), _QueueHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    pauses: list[Any] = []
    yield QueueRig(server.faulty, SqsSyncQueue(sqs_client(REGION), f"{url}/queue", pause=pauses.append), pauses)
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_was_not_taken_is_sent_again_and_only_that(rig: QueueRig) -> None:
    """A batch succeeds as a call when some of it, or all of it, failed."""
    rig.faulty.replies = [
        {1: ("InternalError", False), 4: ("ServiceUnavailable", False)},
        {0: ("InternalError", False)},
    ]
    rig.send(500)
    assert rig.faulty.calls == [["0", "1", "2", "3", "4"], ["1", "4"], ["1"]]
    assert len(rig.pauses) == 2
    assert sum(rig.pauses) < 1


def test_what_is_not_taken_three_times_is_an_error(rig: QueueRig) -> None:
    rig.faulty.replies = [{0: ("InternalError", False)}] * 3
    assert rig.refusal() == "queue_InternalError"
    assert len(rig.faulty.calls) == 3


def test_what_is_our_own_fault_is_not_sent_again(rig: QueueRig) -> None:
    rig.faulty.replies = [{0: ("InvalidMessageContents", True)}]
    assert rig.refusal() == "queue_InvalidMessageContents"
    assert len(rig.faulty.calls) == 1


def test_batches_before_the_one_that_failed_are_taken(rig: QueueRig) -> None:
    """The caller asks for all of them again, which does no harm (I7)."""
    rig.faulty.replies = [{}, (403, "AccessDeniedException")]
    assert rig.refusal(1_500) == "queue_AccessDeniedException"
    assert len(rig.faulty.taken) == 10


@pytest.mark.parametrize(("status", "code"), [(400, "AWS.SimpleQueueService.NonExistentQueue"), (403, "AccessDenied")])
def test_a_call_that_is_refused_is_reported_as_its_code(rig: QueueRig, status: int, code: str) -> None:
    rig.faulty.replies = [(status, code)]
    assert rig.refusal() == f"queue_{code}"
    assert len(rig.faulty.calls) == 1


def test_what_is_no_code_is_not_reported(rig: QueueRig) -> None:
    """I11."""
    rig.faulty.replies = [(400, PERSONAL)]
    assert rig.refusal() == "queue_refused"


@pytest.mark.parametrize(
    "passing", [None, (500, "InternalFailure"), (503, "ServiceUnavailable"), (400, "ThrottlingException")]
)
def test_what_passes_is_tried_again(rig: QueueRig, passing: Any) -> None:
    """A connection that died while the container was frozen, among others."""
    rig.faulty.replies = [passing]
    rig.send(1)
    assert len(rig.faulty.calls) == 2


@pytest.mark.parametrize(
    ("lasting", "code"),
    [(None, "queue_ConnectionClosedError"), ((503, "ServiceUnavailable"), "queue_ServiceUnavailable")],
)
def test_what_lasts_is_given_up_soon(rig: QueueRig, lasting: Any, code: str) -> None:
    rig.faulty.replies = [lasting] * 5
    started = time.monotonic()
    assert rig.refusal() == code
    assert time.monotonic() - started < 5
    assert len(rig.faulty.calls) == 2


def test_a_service_that_cannot_be_reached_is_reported_as_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    queue = SqsSyncQueue(sqs_client(REGION), "http://127.0.0.1:1/queue")
    with pytest.raises(QueueUnavailableError, match=r"^queue_EndpointConnectionError$"):
        queue.send(requests(1))
    queue.return_later({"a-handle": 1.0})  # comes again anyway
