"""How full the queues are: SQS in process."""

from __future__ import annotations

from uuid import uuid4

import boto3
import pytest

from local.stack.aws import REGION
from shared.adapters.aws.sqs import SqsQueueDepths, SqsSyncQueue, sqs_client
from shared.domain.errors import QueueUnavailableError
from shared.domain.listings import SyncRequest


@pytest.fixture
def urls(moto: None) -> dict[str, str]:
    sqs = boto3.client("sqs", region_name=REGION)
    return {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("SyncRequests", "DeadLetters")}


def test_what_waits_in_each_queue_is_counted_in_messages(urls: dict[str, str]) -> None:
    client = sqs_client(REGION)
    SqsSyncQueue(client, urls["SyncRequests"]).send(SyncRequest(uuid4(), 1) for _ in range(250))
    assert SqsQueueDepths(client, urls).read() == {"SyncRequests": 3, "DeadLetters": 0}


def test_a_queue_that_is_away_is_reported_as_a_code(urls: dict[str, str]) -> None:
    depths = SqsQueueDepths(sqs_client(REGION), urls | {"RepairRequests": urls["DeadLetters"] + "-gone"})
    with pytest.raises(QueueUnavailableError, match=r"^queue_[\w.]*NonExistentQueue$"):
        depths.read()
