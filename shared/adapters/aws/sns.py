"""Amazon SNS: how operations is told. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from shared.adapters.aws.call import aws_call
from shared.domain.errors import OperationsUnreachableError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from shared.domain.alerts import Message

# Two tries of up to 5 seconds; in all no longer than this, whatever the network does.
_LONGEST_SECONDS = 12.0


def sns_client(region: str) -> SNSClient:
    """Return a client that gives up within seconds: the next run tells again. AWS_ENDPOINT_URL points it elsewhere."""
    import boto3  # noqa: PLC0415 - 150 ms, and most runs have nothing to tell
    from botocore.config import Config  # noqa: PLC0415

    logging.getLogger("botocore").setLevel(logging.INFO)  # at DEBUG it logs whole requests
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=2, read_timeout=3)
    return boto3.client("sns", region_name=region, config=config)


class SnsOperations:
    """shared.ports.Operations on a topic. The client is made when there is something to tell."""

    def __init__(self, region: str, topic_arn: str) -> None:
        self._region = region
        self._topic_arn = topic_arn
        self._client: SNSClient | None = None

    def tell(self, message: Message) -> None:
        """Publish, within 12 seconds. Raises OperationsUnreachableError with a code."""
        aws_call("sns", _LONGEST_SECONDS, lambda: self._publish(message), OperationsUnreachableError)

    def _publish(self, message: Message) -> None:
        self._client = self._client or sns_client(self._region)
        self._client.publish(TopicArn=self._topic_arn, Subject=message.subject, Message=message.body)
