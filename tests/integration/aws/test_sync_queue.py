"""The queue of sync requests over real HTTP: the local SQS, and one that fails as SQS's reference says it may.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from emulators.lambda_host.template.provision import local_clients
from local.stack.aws import CREDENTIALS, REGION, LocalAws
from shared.adapters.aws.sqs import SqsSyncQueue, sqs_client
from shared.domain.errors import QueueUnavailableError, TransientError
from shared.domain.listings import SyncRequest
from shared.domain.sync_messages import MAX_MENTORS, parse

PERSONAL = "kari.saether@example.no cannot be reached"


def requests(count):
    return [SyncRequest(uuid4(), number) for number in range(1, count + 1)]


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


# The local SQS --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@dataclass
class Real:
    sqs: object
    url: str
    queue: SqsSyncQueue

    def messages(self):
        found = []
        while got := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            found += got
        return found


@pytest.fixture
def real(aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    sqs = local_clients(aws.url).sqs
    url = sqs.create_queue(QueueName=f"requests-{uuid4()}", Attributes={"VisibilityTimeout": "360"})["QueueUrl"]
    return Real(sqs, url, SqsSyncQueue(sqs_client(REGION), url))


@pytest.mark.parametrize(("count", "messages"), [(0, 0), (1, 1), (100, 1), (101, 2), (2_050, 21)])
def test_every_request_arrives_a_hundred_in_a_message(real, count, messages):
    """More than ten messages are more than one call."""
    wanted = requests(count)
    real.queue.send(iter(wanted))
    found = [parse(message["Body"]) for message in real.messages()]
    assert len(found) == messages
    assert {request for some in found for request in some} == set(wanted)
    assert max((len(some) for some in found), default=0) <= MAX_MENTORS


def test_a_mentor_is_asked_for_once_with_the_highest_version(real):
    mentor = uuid4()
    real.queue.send([SyncRequest(mentor, 3), SyncRequest(mentor, 9), SyncRequest(mentor, 4)])
    [message] = real.messages()
    assert message["Body"] == f'{{"mentors":[{{"id":"{mentor}","version":9}}]}}'


def test_a_message_that_is_returned_comes_again_after_its_time(real):
    real.queue.send(requests(1))
    [first] = real.messages()
    assert real.messages() == []
    real.queue.return_later({first["ReceiptHandle"]: 0.0})
    [again] = real.messages()
    assert again["MessageId"] == first["MessageId"]


def test_what_cannot_be_returned_is_left_to_the_queue(real):
    """Its visibility timeout brings it back; nothing is raised."""
    real.queue.return_later({f"no-such-handle-{number}": 1.0 for number in range(12)})


def test_a_queue_that_cannot_be_reached_raises_nothing(real, monkeypatch):
    """Its messages come back by themselves, a little later than they might."""
    SqsSyncQueue(real.queue._client, real.url + "-gone").return_later({"a-handle": 1.0})
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    SqsSyncQueue(sqs_client(REGION), real.url).return_later({"a-handle": 1.0})


def test_a_queue_that_does_not_exist_is_reported_as_a_code(real):
    queue = SqsSyncQueue(real.queue._client, real.url + "-gone")
    with pytest.raises(QueueUnavailableError, match=r"^queue_[\w.]*NonExistentQueue$"):
        queue.send(requests(1))


# One that fails -------------------------------------------------------------------------------------------------------


@dataclass
class Faulty:
    """Respond to SendMessageBatch with the next of `replies`, then takes everything.

    An answer is a function of the entries' ids that gives the ids to fail with a code and whether that is the sender's
    fault; or a status with a code; or None, which is no answer at all.
    """

    replies: list = field(default_factory=list)
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


class _QueueHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        entries = json.loads(self.rfile.read(int(self.headers["content-length"])))["Entries"]
        faulty = self.server.faulty
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
def rig(monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _QueueHandler)
    server.daemon_threads = True
    server.faulty = Faulty()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    pauses = []
    yield QueueRig(server.faulty, SqsSyncQueue(sqs_client(REGION), f"{url}/queue", pause=pauses.append), pauses)
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_was_not_taken_is_sent_again_and_only_that(rig):
    """A batch succeeds as a call when some of it, or all of it, failed."""
    rig.faulty.replies = [
        {1: ("InternalError", False), 4: ("ServiceUnavailable", False)},
        {0: ("InternalError", False)},
    ]
    rig.send(500)
    assert rig.faulty.calls == [["0", "1", "2", "3", "4"], ["1", "4"], ["1"]]
    assert len(rig.pauses) == 2
    assert sum(rig.pauses) < 1


def test_what_is_not_taken_three_times_is_an_error(rig):
    rig.faulty.replies = [{0: ("InternalError", False)}] * 3
    assert rig.refusal() == "queue_InternalError"
    assert len(rig.faulty.calls) == 3


def test_what_is_our_own_fault_is_not_sent_again(rig):
    rig.faulty.replies = [{0: ("InvalidMessageContents", True)}]
    assert rig.refusal() == "queue_InvalidMessageContents"
    assert len(rig.faulty.calls) == 1


def test_batches_before_the_one_that_failed_are_taken(rig):
    """The caller asks for all of them again, which does no harm (I7)."""
    rig.faulty.replies = [{}, (403, "AccessDeniedException")]
    assert rig.refusal(1_500) == "queue_AccessDeniedException"
    assert len(rig.faulty.taken) == 10


@pytest.mark.parametrize(("status", "code"), [(400, "AWS.SimpleQueueService.NonExistentQueue"), (403, "AccessDenied")])
def test_a_call_that_is_refused_is_reported_as_its_code(rig, status, code):
    rig.faulty.replies = [(status, code)]
    assert rig.refusal() == f"queue_{code}"
    assert len(rig.faulty.calls) == 1


def test_what_is_no_code_is_not_reported(rig):
    """I11."""
    rig.faulty.replies = [(400, PERSONAL)]
    assert rig.refusal() == "queue_refused"


@pytest.mark.parametrize(
    "passing", [None, (500, "InternalFailure"), (503, "ServiceUnavailable"), (400, "ThrottlingException")]
)
def test_what_passes_is_tried_again(rig, passing):
    """A connection that died while the container was frozen, among others."""
    rig.faulty.replies = [passing]
    rig.send(1)
    assert len(rig.faulty.calls) == 2


@pytest.mark.parametrize(
    ("lasting", "code"),
    [(None, "queue_ConnectionClosedError"), ((503, "ServiceUnavailable"), "queue_ServiceUnavailable")],
)
def test_what_lasts_is_given_up_soon(rig, lasting, code):
    rig.faulty.replies = [lasting] * 5
    started = time.monotonic()
    assert rig.refusal() == code
    assert time.monotonic() - started < 5
    assert len(rig.faulty.calls) == 2


def test_a_service_that_cannot_be_reached_is_reported_as_a_code(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    queue = SqsSyncQueue(sqs_client(REGION), "http://127.0.0.1:1/queue")
    with pytest.raises(QueueUnavailableError, match=r"^queue_EndpointConnectionError$"):
        queue.send(requests(1))
