"""The queues of sync requests and of repairs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shared.adapters.aws.sqs import SqsQueueDepths, SqsSyncQueue, sqs_client
from shared.settings import queue_settings, repair_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient

    from shared.ports import QueueDepths, SyncQueue


def sync_queue() -> SyncQueue:
    """Return the queue of sync requests."""
    settings = queue_settings()
    return SqsSyncQueue(_client(settings.region), settings.url)


def repair_queue() -> SyncQueue:
    """Return the queue of repairs."""
    settings = repair_settings()
    return SqsSyncQueue(_client(settings.region), settings.url)


def queue_depths(region: str, urls: Mapping[str, str]) -> QueueDepths:
    """Return the reader of the depths of these queues. `urls`: their addresses by their names in template.yaml."""
    return SqsQueueDepths(_client(region), urls)


@cache
def _client(region: str) -> SQSClient:
    """Return the container's client; it is kept, because making one costs more than a call."""
    return sqs_client(region)
