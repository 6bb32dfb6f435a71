"""functions.dynamics_sync in a real process: messages, answer, log and metrics, and the whole way of a nightly
check.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from emulators.lambda_host.template.provision import local_clients
from emulators.lambda_host.triggers.event_sources import EventSources
from local.stack.aws import REGION
from local.stack.function_host import function_host
from local.stack.stack import endpoints
from shared.domain.listings import Result
from shared.observability import metric_name
from tests.support.foundation import DAY, days
from tests.support.syncs import unsynced, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.template.provision import Stack
    from local.stack.aws import LocalAws
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation
    from tests.support.syncs import Crew, EmulatedWebsite

LATER = DAY + days(100)
NEXT_NIGHTLY_CHECK = {"scheduled_time": "2026-12-01T23:15:00Z"}
COUNTS = {f"listings_{result}" for result in Result} | {"sync_stopped"}


@dataclass
class Consumer:
    """The function, its queue, and every line it logs."""

    host: LambdaHost
    stack: Any
    aws_url: str
    clients: Any
    queue: str
    lines: list[str] = field(default_factory=list)

    def put_secret(self, name: str, value: object) -> None:
        text = json.dumps(value)
        self.clients.secretsmanager.put_secret_value(SecretId=self.stack.physical_id(name), SecretString=text)

    def send(self, *bodies: str) -> list[dict[str, Any]]:
        """Put messages into the queue and take them out again, as an event source mapping does: records, in order."""
        ids = [self.clients.sqs.send_message(QueueUrl=self.queue, MessageBody=body)["MessageId"] for body in bodies]
        found: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + 10
        while len(found) < len(ids):
            assert time.monotonic() < deadline
            got = self.clients.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            found |= {message["MessageId"]: message for message in got.get("Messages", [])}
        return [record(found[one]) for one in ids]

    def invoke(self, *records: dict[str, Any]) -> Any:
        return self.host.invoke("DynamicsSync", {"Records": list(records)})

    def visible_again(self, seconds: float) -> set[str]:
        """The ids of messages that come back within so many seconds."""
        got = self.clients.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=int(seconds), VisibilityTimeout=0
        )
        return {message["MessageId"] for message in got.get("Messages", [])}


def record(message: dict[str, Any], receives: int = 1, queue: str = "SyncRequests") -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-north-1:123456789012:hlf-certification-{queue}",
    }


def asking_for(*mentors: object, version: int = 1) -> str:
    return json.dumps({"mentors": [{"id": str(mentor), "version": version} for mentor in mentors]})


def logged(invocation: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in invocation.log_lines if line.startswith("{")]


def metrics(invocation: Any) -> dict[str, float]:
    found = {}
    for line in logged(invocation):
        if "_aws" in line:
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                found[metric["Name"]] = sum(line[metric["Name"]])
    return found


@pytest.fixture
def consumer(apis: tuple[LocalAws, Stack, Any], database: TestDatabase, crew: Crew) -> Iterator[Consumer]:
    """A cold function on the test's database and website."""
    aws, stack, _ = apis
    clients = local_clients(aws.url, REGION)
    queue = stack.physical_id("SyncRequests")
    clients.sqs.purge_queue(QueueUrl=queue)
    environment = endpoints(aws.url, aws.url) | {"DATAVERSE_URL": crew.url, "ENTRA_AUTHORITY": crew.url}
    with ExitStack() as running:
        lines: list[str] = []
        host = running.enter_context(function_host(stack, environment, on_log=lambda line: lines.append(line.text)))
        made = Consumer(host, stack, aws.url, clients, queue, lines)
        made.put_secret("DynamicsSyncDatabaseSecret", crew.login)
        made.put_secret("DataverseSecret", crew.secret.value)
        yield made


@pytest.fixture
def organisation(foundation: Foundation) -> Any:
    made = foundation.organisation()
    foundation.evaluated(made)
    return made


def test_good_unreadable_and_poison_messages_in_one_batch(
    consumer: Consumer, foundation: Foundation, site: EmulatedWebsite, organisation: Any
) -> None:
    """I13: only the unreadable one comes again; the poison row is rejected, and its message is done."""
    good, bad, other = (foundation.mentor(organisation, LATER, consent=True) for _ in range(3))
    site.poison(str(bad))
    records = consumer.send(asking_for(good), "kari.saether@example.no", asking_for(bad, other))
    done = consumer.invoke(*records)
    assert done.payload == {"batchItemFailures": [{"itemIdentifier": records[1]["messageId"]}]}
    assert set(site.visible()) == {str(good), str(other)}
    assert foundation.listing_state(bad) == "rejected"
    found = metrics(done)
    assert (found["ListingsPublished"], found["ListingsRejected"], found["MessagesUnreadable"]) == (2, 1, 1)


def test_metrics_carry_zeros(consumer: Consumer, foundation: Foundation, organisation: Any) -> None:
    """I12: also when there is nothing to do."""
    mentor = foundation.mentor(organisation, LATER)
    done = consumer.invoke(*consumer.send(asking_for(mentor)))
    names = {metric_name(count) for count in COUNTS}
    assert names | {"MessagesUnreadable", "MessagesGivenBack"} <= set(metrics(done))
    assert metrics(done)["SyncStopped"] == 0


@pytest.mark.slow
def test_what_has_to_wait_comes_again_when_the_website_said_so(
    consumer: Consumer, foundation: Foundation, site: EmulatedWebsite, organisation: Any
) -> None:
    """I9: not after the queue's six minutes; the message's own visibility is changed."""
    mentor = foundation.mentor(organisation, LATER, consent=True)
    site.fail_next(1, status=429, retry_after=9)
    (asked,) = consumer.send(asking_for(mentor))
    done = consumer.invoke(asked)
    assert done.payload == {"batchItemFailures": [{"itemIdentifier": asked["messageId"]}]}
    assert metrics(done)["MessagesGivenBack"] == 1
    assert consumer.visible_again(3) == set()
    deadline = time.monotonic() + 20
    while asked["messageId"] not in consumer.visible_again(2):
        assert time.monotonic() < deadline


def test_a_refused_credential_is_a_metric_in_that_run(
    consumer: Consumer, foundation: Foundation, site: EmulatedWebsite, organisation: Any
) -> None:
    """I10: and a new secret is taken up by the same, warm process."""
    mentor = foundation.mentor(organisation, LATER, consent=True)
    site.add_secret("a-new-local-secret")
    site.revoke_secret()
    (asked,) = consumer.send(asking_for(mentor))
    done = consumer.invoke(asked)
    assert metrics(done)["SyncStopped"] == 1
    assert done.payload["batchItemFailures"] == [{"itemIdentifier": asked["messageId"]}]
    line, reported = (line for line in logged(done) if line.get("message") == "work")
    assert line["reasons"] == ["entra_7000215"]
    assert reported["counts"]["alerts_sent"] == reported["counts"]["alerts_opened"] == 1
    secret = json.loads(
        consumer.clients.secretsmanager.get_secret_value(SecretId=consumer.stack.physical_id("DataverseSecret"))[
            "SecretString"
        ]
    )
    consumer.put_secret("DataverseSecret", secret | {"client_secret": "a-new-local-secret"})
    foundation.do("UPDATE certification.sync_state SET tried_at = tried_at - interval '61 seconds'")
    again = consumer.invoke(asked)
    assert again.init_ms is None
    assert again.payload == {"batchItemFailures": []}
    assert site.shows(mentor)


def test_no_line_names_anybody(
    consumer: Consumer, foundation: Foundation, site: EmulatedWebsite, organisation: Any
) -> None:
    """I11: not when rows are refused, replies are lost, messages are no messages, or the database goes away."""
    mentors = [
        foundation.mentor(organisation, LATER, consent=True, phone="400 11 222", area="Sætre" * number * 20)
        for number in range(4)
    ]
    site.poison(str(mentors[0]), status=403)
    site.reset_after(1, path=r"\$batch")
    consumer.invoke(*consumer.send(asking_for(*mentors), '{"mentors": "Kari Sæther 01017012345"}'))
    site.truncate_replies(1, path=r"\$batch")
    foundation.do("UPDATE peer_mentors SET last_name = 'Sæther-Vik'")
    consumer.invoke(*consumer.send(asking_for(*mentors)))
    consumer.host.invoke("DynamicsSync", {"sync": "kari.saether@example.no"})
    text = "\n".join(consumer.lines)
    assert len(consumer.lines) > 10
    for personal in ("Kari", "Sæther", "S\\u00e6ther", "example.no", "400 11 222", "40011222", "01017012345", "Sætre"):
        assert personal not in text, personal


def test_a_nightly_check_reaches_the_website_without_a_webhook(
    consumer: Consumer, database: TestDatabase, foundation: Foundation, site: EmulatedWebsite, organisation: Any
) -> None:
    """I3, I5, I7: the check, its messages, the queue and the consumer, as they are deployed."""
    consumer.put_secret("ExpiryCheckDatabaseSecret", database.login("ExpiryCheck"))
    ending = foundation.mentor(organisation, DAY, consent=True)
    staying = foundation.mentor(organisation, LATER, consent=True)
    consumer.invoke(*consumer.send(asking_for(ending, staying)))
    assert set(site.visible()) == {str(ending), str(staying)}
    with EventSources(consumer.stack, consumer.host, consumer.aws_url):
        assert consumer.host.invoke("ExpiryCheck", NEXT_NIGHTLY_CHECK).function_error is None
        deadline = time.monotonic() + 20
        while unsynced(foundation):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert foundation.status(ending) == "certification_expired"
    assert set(site.visible()) == {str(staying)} == set(wanted(foundation))
