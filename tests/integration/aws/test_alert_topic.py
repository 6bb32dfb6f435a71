"""The topic that alerts are published to: SNS in process, and one that is not to be reached."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.stub import Stubber

from local.stack.aws import CREDENTIALS, REGION
from shared.adapters.aws.sns import SnsAlertPublisher, publish_to
from shared.domain.alerts import AlertMessage
from shared.domain.errors import OperationsUnreachableError

MESSAGE = AlertMessage("subject", "Blåbær\n")


@pytest.fixture
def topic(moto: None) -> str:
    return boto3.client("sns", region_name=REGION).create_topic(Name="operations")["TopicArn"]


def test_a_message_arrives_at_a_subscriber_as_it_was_written(topic: str) -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns", region_name=REGION).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    SnsAlertPublisher(REGION, topic).publish(MESSAGE)
    (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    published = json.loads(received["Body"])
    assert (published["Subject"], published["Message"]) == MESSAGE


def test_a_text_message_has_the_subject_and_no_more(topic: str) -> None:
    """The body is for mail: SNS would send it as a dozen text messages, or refuse it."""
    client = boto3.client("sns", region_name=REGION)
    with Stubber(client) as sns:
        for sms, said in (("", "subject"), ("short", "short")):
            texts = json.dumps({"default": MESSAGE.body, "sms": said})
            sns.add_response(
                "publish",
                {"MessageId": "1"},
                {"TopicArn": topic, "Subject": "subject", "Message": texts, "MessageStructure": "json"},
            )
            publish_to(client, topic, MESSAGE, sms)


@pytest.mark.parametrize(
    ("message", "code"), [(MESSAGE, "sns_NotFound"), (AlertMessage("x" * 101, "body"), "sns_InvalidParameter")]
)
def test_what_is_refused_is_reported_as_its_code(topic: str, message: AlertMessage, code: str) -> None:
    """I11."""
    publisher = SnsAlertPublisher(REGION, topic if code != "sns_NotFound" else topic + "-gone")
    with pytest.raises(OperationsUnreachableError, match=f"^{code}$"):
        publisher.publish(message)


def test_a_topic_that_cannot_be_reached_is_reported_as_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    publisher = SnsAlertPublisher(REGION, f"arn:aws:sns:{REGION}:000000000000:operations")
    with pytest.raises(OperationsUnreachableError, match=r"^sns_EndpointConnectionError$"):
        publisher.publish(MESSAGE)
