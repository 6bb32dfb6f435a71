"""Amazon SNS, through which alerts are published.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from shared.adapters.aws.call import aws_call
from shared.domain.errors import OperationsUnreachableError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from shared.domain.alerts import AlertMessage

# Two tries of up to 5 seconds each; together they never take longer than this, whatever the network does.
_LONGEST_SECONDS = 12.0


def sns_client(region: str) -> SNSClient:
    """Return a client that gives up within seconds, because the next run tries again.

    AWS_ENDPOINT_URL points it at another server.
    """
    logging.getLogger("botocore").setLevel(logging.WARNING)  # at DEBUG it logs requests, at INFO each start
    config = Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=2, read_timeout=3)
    return boto3.client("sns", region_name=region, config=config)


class SnsAlertPublisher:
    """shared.ports.AlertPublisher on a topic. It makes its client only when there is something to publish."""

    def __init__(self, region: str, topic_arn: str) -> None:
        self._region = region
        self._topic_arn = topic_arn
        self._client: SNSClient | None = None

    def publish(self, message: AlertMessage) -> None:
        """Publish the message within 12 seconds. Raises OperationsUnreachableError with a code."""
        aws_call("sns", _LONGEST_SECONDS, lambda: self._publish(message), OperationsUnreachableError)

    def _publish(self, message: AlertMessage) -> None:
        self._client = self._client or sns_client(self._region)
        publish_to(self._client, self._topic_arn, message)


def publish_to(client: SNSClient, topic_arn: str, message: AlertMessage, sms: str = "") -> None:
    """Publish the message: whole by mail; by SMS its subject, or `sms`, because the body would be a dozen messages.

    SNS refuses more than 1,600 characters for SMS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html.
    """
    texts = {"default": message.body, "sms": sms or message.subject}
    client.publish(TopicArn=topic_arn, Subject=message.subject, Message=json.dumps(texts), MessageStructure="json")
