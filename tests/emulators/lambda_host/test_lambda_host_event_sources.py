"""Queues that feed functions, held against what AWS documents: a real SQS API, real function processes."""

from __future__ import annotations

import json
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.runtime.invocation import Invocation
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import local_clients, provision
from emulators.lambda_host.triggers.event_sources import EventSourceError, EventSources
from emulators.lambda_host.triggers.sqs_batches import ReceivedMessage, done
from local.stack.aws import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK_ROOT = Path(__file__).parent / "lambda_host_fixtures" / "task"
REPORTS = "FunctionResponseTypes: [ReportBatchItemFailures]"


def fed(name, event="", function="", queue="", handler="take"):
    """A function and the queue that feeds it."""
    return f"""
  {name}Queue: {{Type: AWS::SQS::Queue, Properties: {{VisibilityTimeout: 30{"," if queue else ""} {queue}}}}}
  {name}:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.queued.{handler}
      Runtime: python3.13
      Timeout: 10{function and f"\n      {function}"}
      Events: {{Feed: {{Type: SQS, Properties: {{Queue: !GetAtt {name}Queue.Arn{"," if event else ""} {event}}}}}}}
"""


TEMPLATE = (
    "Transform: AWS::Serverless-2016-10-31\nResources:\n  Dead: {Type: AWS::SQS::Queue}\n"
    + fed("Plain")
    + fed("Reporting", REPORTS)
    + fed("Partly", REPORTS)
    + fed("Failing", REPORTS)
    + fed("Confused", REPORTS)
    + fed("Windowed", "BatchSize: 25, MaximumBatchingWindowInSeconds: 1")
    + fed("Patient", "BatchSize: 25, MaximumBatchingWindowInSeconds: 60")
    + fed("Heavy", "BatchSize: 40, MaximumBatchingWindowInSeconds: 1", handler="count")
    + fed("Bounded", "BatchSize: 1, ScalingConfig: {MaximumConcurrency: 2}")
    + fed("Disabled", "Enabled: false")
    + fed("SwitchedOff", "", "ReservedConcurrentExecutions: 0").replace(
        "VisibilityTimeout: 30", "VisibilityTimeout: 10"
    )
    + fed("Alone", "BatchSize: 1, ScalingConfig: {MaximumConcurrency: 2}", "ReservedConcurrentExecutions: 1")
    + fed("Ordered", REPORTS, queue="FifoQueue: true, ContentBasedDeduplication: true")
    + fed(
        "Returning",
        REPORTS,
        queue="RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2}",
    )
    .replace("VisibilityTimeout: 30", "VisibilityTimeout: 1")
    .replace("Timeout: 10", "Timeout: 1")
)


def wait_until(holds, seconds=10):
    end = time.monotonic() + seconds
    while not (result := holds()) and time.monotonic() < end:
        time.sleep(0.005)
    return result


class QueueStack:
    """A stack whose functions tell what they get."""

    def __init__(self, text, aws, folder):
        self.aws, self.sqs, self.reported = aws, local_clients(aws.url).sqs, defaultdict(list)
        path = folder / f"{uuid4().hex}.yaml"
        path.write_text(text)
        self.stack = provision(load_template(path, stack_name=f"s{uuid4().hex[:8]}"), local_clients(aws.url))
        self.host = LambdaHost(self.stack, TASK_ROOT, on_log=self._on_log)

    def _on_log(self, line):
        if line.text.startswith("{"):
            self.reported[line.function].append(json.loads(line.text))

    def sources(self, **options):
        return EventSources(self.stack, self.host, self.aws.url, **options)

    def url(self, name):
        return self.stack.physical_id(f"{name}Queue")

    def send(self, name, *bodies, **options):
        """Send each body, as JSON if it is no text; the ids."""
        texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
        ids = []
        for start in range(0, len(texts), 10):
            entries: Any = [
                {"Id": str(number), "MessageBody": text, **options}
                for number, text in enumerate(texts[start : start + 10])
            ]
            reply = self.sqs.send_message_batch(QueueUrl=self.url(name), Entries=entries)
            ids += [sent["MessageId"] for sent in reply["Successful"]]
        return ids

    def events(self, name, records):
        """The invocations of a function once they have had so many records in all."""
        count = lambda: sum(len(reported["event"]["Records"]) for reported in self.reported[name])  # noqa: E731
        assert wait_until(lambda: count() >= records), f"{count()} records came"
        return [reported["event"]["Records"] for reported in self.reported[name]]

    def waiting(self, name):
        """How many messages can be received, and how many are hidden."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.url(name) if name != "Dead" else self.stack.physical_id("Dead")
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def settles(self, name, waiting):
        wait_until(lambda: self.waiting(name) == waiting)
        return self.waiting(name)

    def close(self):
        self.host.close()
        self.sqs.close()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture(scope="module")
def world(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueueStack]:
    world = QueueStack(TEMPLATE, aws, tmp_path_factory.mktemp("world"))
    with world.sources():
        yield world
    world.close()


@pytest.fixture
def another(aws: LocalAws, tmp_path: Path) -> Iterator[Any]:
    """A stack whose queues nobody polls yet."""
    made = []

    def make(text):
        made.append(QueueStack("Transform: AWS::Serverless-2016-10-31\nResources:\n" + text, aws, tmp_path))
        return made[-1]

    yield make
    for world in made:
        world.close()


# What a function gets


def test_a_message_becomes_a_record_and_is_deleted_on_success(world: QueueStack) -> None:
    """Lambda Developer Guide, "Using Lambda with Amazon SQS": the example event; deleted when processed."""
    attributes = {
        "origin": {"DataType": "String", "StringValue": "app"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    before = time.time() * 1000
    (message_id,) = world.send("Plain", "hei på deg", MessageAttributes=attributes)
    ((record,),) = world.events("Plain", 1)
    assert record.keys() == {
        "messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody", "md5OfMessageAttributes",
        "eventSource", "eventSourceARN", "awsRegion",
    }  # fmt: skip
    assert (record["messageId"], record["body"]) == (message_id, "hei på deg")
    assert record["md5OfBody"] == "c8740994a76a8c2c10fe05a09bdc6156"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert before - 1000 <= int(record["attributes"]["SentTimestamp"]) <= time.time() * 1000
    assert {"SenderId", "ApproximateFirstReceiveTimestamp"} <= record["attributes"].keys()
    empty: dict[Any, Any] = {"stringListValues": [], "binaryListValues": []}
    assert record["messageAttributes"] == {
        "origin": {"stringValue": "app", "dataType": "String", **empty},
        "seal": {"binaryValue": "AAE=", "dataType": "Binary", **empty},
    }
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == world.stack.attribute("PlainQueue", "Arn")
    assert record["awsRegion"] == "eu-north-1"
    assert world.settles("Plain", (0, 0)) == (0, 0)


def test_messages_that_wait_are_taken_ten_at_a_time(another: Any) -> None:
    """Lambda API reference, CreateEventSourceMapping: BatchSize, 10 by default for a queue."""
    world = another(fed("Late"))
    world.send("Late", *(f"m{number}" for number in range(25)))
    with world.sources():
        events = world.events("Late", 25)
    assert sorted(len(records) for records in events) == [5, 10, 10]
    assert {record["body"] for records in events for record in records} == {f"m{number}" for number in range(25)}


def test_a_batching_window_gathers_more_than_one_request_takes(world: QueueStack) -> None:
    """ "Using Lambda with Amazon SQS": batches of more than 10 are gathered until the window is over."""
    began = time.time()
    world.send("Windowed", *("x" for _ in range(15)))
    (records,) = world.events("Windowed", 15)
    assert len(records) == 15
    assert world.reported["Windowed"][0]["at"] - began > 0.95


def test_a_full_batch_does_not_wait_for_the_window(world: QueueStack) -> None:
    """ "Using Lambda with Amazon SQS": the window, the batch size or 6 MB, whichever comes first."""
    world.send("Patient", *("x" for _ in range(25)))
    (records,) = world.events("Patient", 25)
    assert len(records) == 25


def test_an_event_is_never_larger_than_six_megabytes(world: QueueStack) -> None:
    """ "Using Lambda with Amazon SQS": a batch is invoked when its payload reaches 6 MB, whatever the window."""
    for _ in range(30):
        world.send("Heavy", "x" * 250_000)
    assert wait_until(lambda: sum(reported["records"] for reported in world.reported["Heavy"]) == 30)
    assert all(reported["records"] <= 25 for reported in world.reported["Heavy"])
    assert world.settles("Heavy", (0, 0)) == (0, 0)


def test_a_fifo_queue_keeps_its_order_and_reports_the_group(world: QueueStack) -> None:
    """ "Using Lambda with Amazon SQS": the example event of a FIFO queue."""
    for number in range(3):
        world.sqs.send_message(QueueUrl=world.url("Ordered"), MessageBody=f"m{number}", MessageGroupId="g")
    records = [record for event in world.events("Ordered", 3) for record in event]
    assert [record["body"] for record in records] == ["m0", "m1", "m2"]
    assert {"SequenceNumber", "MessageGroupId", "MessageDeduplicationId"} <= records[0]["attributes"].keys()


def test_a_message_reaches_a_waiting_function_at_once(world: QueueStack) -> None:
    """A message reaches a waiting function long before the queue would be rechecked.

    SQS Developer Guide, "Amazon SQS short and long polling": a long poll ends when a message comes.
    """
    delays = []
    for _ in range(15):
        reported = len(world.reported["Reporting"])
        sent = time.time()
        world.send("Reporting", "x")
        assert wait_until(lambda reported=reported: len(world.reported["Reporting"]) > reported)
        delays.append(world.reported["Reporting"][-1]["at"] - sent)
    assert statistics.median(delays) < 0.025  # ministack by itself looks every 100 ms


# What becomes of the messages


IDS = [ReceivedMessage("a", "", b""), ReceivedMessage("b", "", b""), ReceivedMessage("c", "", b"")]


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (None, ""),
        ({}, ""),
        ({"batchItemFailures": []}, ""),
        ({"batchItemFailures": None}, ""),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, "b"),
        ({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}, {"itemIdentifier": "c"}]}, "bc"),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, "abc"),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, "abc"),
        ({"batchItemFailures": [{"itemIdentifier": 7}]}, "abc"),
        ({"batchItemFailures": [{"messageId": "b"}]}, "abc"),
        ({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "stranger"}]}, "abc"),
        ({"batchItemFailures": ["b"]}, "abc"),
        ({"batchItemFailures": "b"}, "abc"),
        ("not JSON at all", "abc"),
        ([], "abc"),
    ],
)
def test_what_a_partial_batch_response_means(reply: Any, kept: str) -> None:
    """ "Handling errors for an SQS event source in Lambda", "Success and failure conditions"."""

    def ids_kept(function_error=None, *, reports=True):
        invocation = Invocation("", reply, function_error, 0, None, 0, ())
        deleted = {message.id for message in done(IDS, invocation, reports_failures=reports)}
        return "".join(message.id for message in IDS if message.id not in deleted)

    assert ids_kept() == kept
    assert ids_kept(reports=False) == ""
    assert ids_kept("Unhandled") == ids_kept("Unhandled", reports=False) == "abc"


def test_only_the_messages_that_the_function_names_stay(world: QueueStack) -> None:
    """Only what the function names stays, and the queue's own timeout hides it.

    "Handling errors for an SQS event source in Lambda": only failed messages become visible again.
    """
    world.send("Partly", {"fail": True}, {}, {}, {"fail": True})
    world.events("Partly", 4)
    assert world.settles("Partly", (0, 2)) == (0, 2)


@pytest.mark.parametrize(
    ("name", "body"),
    [("Failing", {"raise": "no"}), ("Confused", {"reply": {"batchItemFailures": [{"itemIdentifier": "?"}]}})],
)
def test_a_failure_of_the_function_keeps_the_whole_batch(world: QueueStack, name: str, body: Any) -> None:
    """ "Handling errors for an SQS event source in Lambda": an exception or a bad answer fails all messages."""
    world.send(name, body, body)
    world.events(name, 2)
    time.sleep(0.1)
    assert world.waiting(name) == (0, 2)


def test_a_message_that_keeps_failing_goes_to_the_dead_letters(world: QueueStack) -> None:
    """A message that keeps failing comes back, and then goes where the queue sends it.

    SQS Developer Guide, "Using dead-letter queues": maxReceiveCount; the count is in the record.
    """
    world.send("Returning", "the first start takes its time")
    world.events("Returning", 1)
    world.send("Returning", {"fail": True})
    _, (first,), (second,) = world.events("Returning", 3)
    assert [record["attributes"]["ApproximateReceiveCount"] for record in (first, second)] == ["1", "2"]
    assert first["messageId"] == second["messageId"]
    assert world.reported["Returning"][2]["at"] - world.reported["Returning"][1]["at"] > 0.9
    assert world.settles("Dead", (1, 0)) == (1, 0)
    assert len(world.reported["Returning"]) == 3


# How many at a time


def test_no_more_batches_run_than_the_mapping_allows(world: QueueStack) -> None:
    """No more batches run than the mapping allows, and the other messages wait in the queue.

    "Configuring scaling behavior for SQS event source mappings": maximum concurrency.
    """
    world.send("Bounded", *({"sleep": 0.3} for _ in range(6)))
    world.events("Bounded", 1)
    assert world.waiting("Bounded")[0] >= 3
    world.events("Bounded", 6)
    assert len({reported["pid"] for reported in world.reported["Bounded"]}) == 2
    assert world.settles("Bounded", (0, 0)) == (0, 0)


def test_a_throttled_batch_is_tried_again_while_it_is_hidden(world: QueueStack) -> None:
    """ "Using Lambda with Amazon SQS": the visibility timeout leaves time to retry when the function is throttled."""
    world.send("Alone", {"sleep": 0.2}, {"sleep": 0.2}, {})
    events = world.events("Alone", 3)
    assert [record["attributes"]["ApproximateReceiveCount"] for (record,) in events] == ["1", "1", "1"]
    assert world.settles("Alone", (0, 0)) == (0, 0)


def test_a_function_that_never_runs_leaves_its_messages(world: QueueStack) -> None:
    """Lambda Developer Guide, "Configuring reserved concurrency": 0 throttles a function altogether."""
    world.send("SwitchedOff", "x")
    assert world.settles("SwitchedOff", (0, 1)) == (0, 1)
    assert world.reported["SwitchedOff"] == []


def test_a_disabled_mapping_takes_nothing(world: QueueStack) -> None:
    """Lambda API reference, CreateEventSourceMapping: Enabled."""
    world.send("Disabled", "x")
    time.sleep(0.1)
    assert world.waiting("Disabled") == (1, 0)


# What Lambda refuses


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ("FilterCriteria: {Filters: [{Pattern: '{}'}]}", "FnFeed.FilterCriteria: messages are not filtered here"),
        ("BatchSize: 11", "FnFeed: a BatchSize above 10 needs MaximumBatchingWindowInSeconds"),
        ("BatchSize: 0", "FnFeed.BatchSize: 0 is not between 1 and 10000"),
        ("ScalingConfig: {MaximumConcurrency: 1}", "MaximumConcurrency: 1 is not between 2 and 1000"),
        ("MaximumBatchingWindowInSeconds: 301", "301 is not between 0 and 300"),
    ],
)
def test_a_mapping_that_cannot_be_is_one_clear_error(another: Any, event: str, reason: str) -> None:
    """Lambda API reference, CreateEventSourceMapping: the bounds; and what is not built here."""
    with pytest.raises(TemplateError, match=reason):
        another(fed("Fn", event))


def test_a_fifo_queue_has_no_batching_window(another: Any) -> None:
    """Lambda API reference, CreateEventSourceMapping: MaximumBatchingWindowInSeconds."""
    with pytest.raises(TemplateError, match="a FIFO queue has no MaximumBatchingWindowInSeconds"):
        another(fed("Fn", "MaximumBatchingWindowInSeconds: 1", queue="FifoQueue: true, QueueName: fn.fifo"))


def test_a_queue_that_hides_messages_too_briefly_is_refused(another: Any) -> None:
    """A queue that hides messages for less time than the function may take is refused.

    Lambda's own words when such a mapping is created, also for a disabled one.
    """
    world = another(fed("Slow", "Enabled: false").replace("VisibilityTimeout: 30", "VisibilityTimeout: 9"))
    reason = "SlowFeed: Queue visibility timeout: 9 seconds is less than Function timeout: 10 seconds"
    with pytest.raises(EventSourceError, match=reason), world.sources():
        pass


def test_a_queue_that_is_not_there_is_refused(another: Any) -> None:
    """Lambda API reference, CreateEventSourceMapping: ResourceNotFoundException."""
    world = another(fed("Lost"))
    world.sqs.delete_queue(QueueUrl=world.url("Lost"))
    with pytest.raises(EventSourceError, match=r"LostFeed: arn:aws:sqs:\S* QueueDoesNotExist"), world.sources():
        pass


# Leaving


def test_after_it_is_left_nothing_is_taken_any_more(another: Any) -> None:
    """A request that still waited would take the next message, and hide it."""
    world = another(fed("Quiet"))
    with world.sources():
        world.send("Quiet", "x")
        world.events("Quiet", 1)
    world.send("Quiet", "y")
    time.sleep(0.1)
    assert world.waiting("Quiet") == (1, 0)
    with world.sources():
        assert world.events("Quiet", 2)[1][0]["attributes"]["ApproximateReceiveCount"] == "1"


def test_what_was_gathered_and_not_begun_goes_back_at_once(another: Any) -> None:
    """The next one who polls shall not wait for the visibility timeout."""
    world = another(fed("Gathering", "BatchSize: 20, MaximumBatchingWindowInSeconds: 60"))
    with world.sources():
        world.send("Gathering", "x", "y")
        assert world.settles("Gathering", (0, 2)) == (0, 2)
    assert world.waiting("Gathering") == (2, 0)
    assert world.reported["Gathering"] == []


def test_a_batch_that_runs_too_long_is_stopped_and_stays(another: Any) -> None:
    """Leaving takes a bounded time; the messages come back when the queue shows them again."""
    world = another(fed("Long"))
    with world.sources(patience_seconds=0.1):
        world.send("Long", {"sleep": 8})
        world.events("Long", 1)
        began = time.monotonic()
    assert time.monotonic() - began < 6
    assert world.waiting("Long") == (0, 1)


def test_an_sqs_that_went_away_stops_nobody_from_leaving(tmp_path: Path) -> None:
    """The local AWS APIs may be the first to go; what is taken when they come back is a new stack's matter."""
    with LocalAws(tmp_path) as aws:
        world = QueueStack("Transform: AWS::Serverless-2016-10-31\nResources:\n" + fed("Orphan"), aws, tmp_path)
        with world.sources():
            world.send("Orphan", "x")
            world.events("Orphan", 1)
            aws.stop()
            time.sleep(0.1)
        world.close()
