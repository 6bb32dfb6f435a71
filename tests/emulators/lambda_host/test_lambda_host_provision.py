"""The resources of a template, created in local AWS APIs that are really asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.runtime.host import LambdaHost
from emulators.lambda_host.template.load import load_template
from emulators.lambda_host.template.provision import local_clients, provision
from local.stack.aws import LocalAws

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK_ROOT = Path(__file__).parent / "lambda_host_fixtures" / "task"
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Dead: {Type: AWS::SQS::Queue, Properties: {MessageRetentionPeriod: 1209600}}
  Awaiting:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 77
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2}
  Ordered: {Type: AWS::SQS::Queue, Properties: {QueueName: ordered.fifo, FifoQueue: true}}
  News:
    Type: AWS::SNS::Topic
    Properties:
      Subscription: [{Protocol: sqs, Endpoint: !GetAtt Awaiting.Arn}]
  ToDead:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Dead.Arn, RawMessageDelivery: true}
  Given: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: !Sub '{"queue": "${Awaiting}"}'}}
  Made:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString: {SecretStringTemplate: '{"user": "app"}', GenerateStringKey: password, PasswordLength: 40}
  Later: {Type: AWS::SecretsManager::Secret, Properties: {Name: !Sub "${AWS::StackName}/by-hand"}}
  Look:
    Type: AWS::Serverless::Function
    Properties:
      Handler: sample.handlers.look
      Runtime: python3.13
      Environment:
        Variables:
          QUEUE_URL: !Ref Awaiting
          QUEUE_ARN: !GetAtt Awaiting.Arn
          TOPIC_ARN: !Ref News
          SECRET_ARN: !Ref Later
          BOTH: !Sub "${Given} ${Awaiting.QueueName}"
"""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with LocalAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws.url


@pytest.fixture
def aws(endpoint: str) -> Iterator[Any]:
    clients = local_clients(endpoint)
    yield clients
    for client in (clients.sqs, clients.sns, clients.secretsmanager):
        client.close()


@pytest.fixture
def load(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    def load(text=TEMPLATE):
        path = tmp_path / "template.yaml"
        path.write_text(text)
        # A stack of its own for each test, on one server.
        return load_template(path, stack_name=f"s{abs(hash(request.node.name)):x}")

    return load


def test_a_function_gets_the_ids_that_the_apis_gave(aws: Any, load: Any, endpoint: str) -> None:
    """CloudFormation template reference, "Return values": Ref of a queue is its URL, of a topic or secret its ARN."""
    stack = provision(load(), aws)
    with LambdaHost(stack, TASK_ROOT) as host:
        found = host.invoke("Look", {}).payload["environment"]
    assert found["QUEUE_URL"] == stack.physical_id("Awaiting")
    assert found["QUEUE_ARN"] == stack.attribute("Awaiting", "Arn")
    assert found["TOPIC_ARN"] == stack.physical_id("News")
    assert (
        found["SECRET_ARN"]
        == aws.secretsmanager.describe_secret(SecretId=f"{stack.template.account.stack_name}/by-hand")["ARN"]
    )
    assert found["BOTH"] == f"{stack.physical_id('Given')} {stack.attribute('Awaiting', 'QueueName')}"
    aws.sqs.send_message(QueueUrl=found["QUEUE_URL"], MessageBody="hei")
    assert aws.sqs.receive_message(QueueUrl=found["QUEUE_URL"])["Messages"][0]["Body"] == "hei"


def test_queues_have_the_templates_attributes_and_dead_letters(aws: Any, load: Any) -> None:
    """Queues have the template's attributes, and dead letters go where it says.

    CloudFormation template reference, AWS::SQS::Queue; SQS Developer Guide, "Using dead-letter queues".
    """
    stack = provision(load(), aws)
    awaiting, dead = stack.physical_id("Awaiting"), stack.physical_id("Dead")
    attributes = aws.sqs.get_queue_attributes(QueueUrl=awaiting, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "77"
    assert json.loads(attributes["RedrivePolicy"]) == {
        "deadLetterTargetArn": stack.attribute("Dead", "Arn"),
        "maxReceiveCount": 2,
    }
    aws.sqs.send_message(QueueUrl=awaiting, MessageBody="poison")
    for _ in range(3):
        aws.sqs.receive_message(QueueUrl=awaiting, VisibilityTimeout=0)
    assert aws.sqs.receive_message(QueueUrl=dead)["Messages"][0]["Body"] == "poison"
    ordered = stack.physical_id("Ordered")
    aws.sqs.send_message(QueueUrl=ordered, MessageBody="1", MessageGroupId="g", MessageDeduplicationId="1")


def test_a_topic_reaches_its_subscribers(aws: Any, load: Any) -> None:
    """CloudFormation template reference, AWS::SNS::Topic (Subscription) and AWS::SNS::Subscription."""
    stack = provision(load(), aws)
    aws.sns.publish(TopicArn=stack.physical_id("News"), Message="hei")
    wrapped = aws.sqs.receive_message(QueueUrl=stack.physical_id("Awaiting"), WaitTimeSeconds=1)["Messages"][0]
    raw = aws.sqs.receive_message(QueueUrl=stack.physical_id("Dead"), WaitTimeSeconds=1)["Messages"][0]
    assert json.loads(wrapped["Body"])["Message"] == "hei"
    assert raw["Body"] == "hei"


def test_secrets_have_a_given_or_generated_or_placeholder_value(aws: Any, load: Any) -> None:
    """CloudFormation template reference, AWS::SecretsManager::Secret: SecretString, GenerateSecretString."""
    stack = provision(load(), aws)
    values = {
        name: json.loads(aws.secretsmanager.get_secret_value(SecretId=stack.physical_id(name))["SecretString"])
        for name in ("Given", "Made", "Later")
    }
    assert values["Given"] == {"queue": stack.physical_id("Awaiting")}
    assert values["Made"]["user"] == "app"
    assert len(values["Made"]["password"]) == 40
    assert values["Later"] == {}


def test_provisioning_again_changes_what_the_template_changed(aws: Any, load: Any) -> None:
    """Provisioning twice changes nothing except what the template changed.

    CloudFormation User Guide, "Update behaviors of stack resources": what did not change is left alone.
    """
    first = provision(load(), aws)
    aws.secretsmanager.put_secret_value(SecretId=first.physical_id("Later"), SecretString='{"real": 1}')
    aws.sqs.send_message(QueueUrl=first.physical_id("Awaiting"), MessageBody="still here")
    second = provision(load(TEMPLATE.replace("77", "78")), aws)
    names = ("Dead", "Awaiting", "Ordered", "News", "Given", "Made", "Later")
    assert [second.physical_id(name) for name in names] == [first.physical_id(name) for name in names]
    assert second.functions == first.functions
    queue = second.physical_id("Awaiting")
    assert aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"] == {
        "VisibilityTimeout": "78"
    }
    assert aws.sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "still here"
    assert aws.secretsmanager.get_secret_value(SecretId=second.physical_id("Later"))["SecretString"] == '{"real": 1}'
    subscriptions = aws.sns.list_subscriptions_by_topic(TopicArn=second.physical_id("News"))["Subscriptions"]
    assert len(subscriptions) == 2


def test_resources_that_need_each_other_are_refused(aws: Any, load: Any) -> None:
    """CloudFormation User Guide, "Troubleshooting": circular dependency between resources."""
    text = """
Resources:
  One: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Two.Arn}}}
  Two: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt One.Arn}}}
"""
    with pytest.raises(TemplateError, match="One -> Two -> One"):
        provision(load(text), aws)
