"""Provisioning creates a template's queues, topics and secrets in local AWS APIs, and resolves the functions with them.

A function URL gets a free port, which function_urls.py will serve.

May be run again on the same APIs: what exists is brought to the template's settings. A secret's value is set only when
the secret is made, since a person may have put the real one there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConfigValueStore, ConstantProvider

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.intrinsics import PhysicalId
from emulators.lambda_host.template.resources import GeneratedSecret
from emulators.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

    from emulators.lambda_host.template.resources import Function, QueueResource, Schedule, SecretResource, Topic
    from emulators.lambda_host.template.template import Template

PLACEHOLDER_SECRET = "{}"
"""The value of a secret for which the template has none: valid JSON that holds nothing."""


@dataclass(frozen=True)
class AwsClients:
    """The APIs that resources are created in."""

    sqs: SQSClient
    sns: SNSClient
    secretsmanager: SecretsManagerClient
    sesv2: SESV2Client


def local_clients(endpoint_url: str, region: str = "eu-north-1") -> AwsClients:
    """Return clients for a local server. They use no profile, proxy or credentials of a person."""
    untouched = botocore.session.Session()
    # Every setting at botocore's own default, whatever the environment or a file in the home folder sets.
    defaults = {
        name: ConstantProvider(default) for name, (_, _, default, _) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    }
    untouched.register_component("config_store", ConfigValueStore(mapping=defaults))
    session = boto3.Session("local", "local", botocore_session=untouched)

    def client(service: Any) -> Any:  # noqa: ANN401 - the services have nothing in common
        return session.client(service, region, endpoint_url=endpoint_url, config=Config(proxies={}))

    return AwsClients(
        sqs=client("sqs"), sns=client("sns"), secretsmanager=client("secretsmanager"), sesv2=client("sesv2")
    )


@dataclass(frozen=True)
class Stack:
    """A template whose resources exist. `template` is resolved with their ids.

    `environment` has values of this machine for variables that the template gives a function, in place of its own.
    A function gets those that it has. So a local http address needs no parameter that a deployed stack would accept.
    """

    template: Template
    environment: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """Return the functions, their environments fully resolved."""
        own = self.environment
        return tuple(
            replace(function, environment={k: own.get(k, v) for k, v in function.environment.items()})
            for function in self.template.functions
        )

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """Return the schedules, enabled or not."""
        return self.template.schedules

    @property
    def outputs(self) -> Mapping[str, str]:
        """Return the values of the template's Outputs, such as a function's URL."""
        return self.template.outputs

    def physical_id(self, logical_id: str) -> str:
        """Return the value of `Ref`: a queue's URL, a topic's or secret's ARN, a function's name."""
        return self._found(logical_id).ref

    def attribute(self, logical_id: str, name: str) -> str:
        """Return the value of `Fn::GetAtt`."""
        return self._found(logical_id).attributes[name]

    def _found(self, logical_id: str) -> PhysicalId:
        found = self.template.scope.physical_id(logical_id)
        if found is None:
            raise TemplateError(f"The template has no resource {logical_id}")
        return found


def provision(template: Template, aws: AwsClients, environment: Mapping[str, str] | None = None) -> Stack:
    """Create the resources of the functions, in the order in which they refer to each other.

    `environment`: see Stack.
    """
    creation = _Creation(template, aws)
    for logical_id in sorted(template.resources):
        if template.kind(logical_id) in _CREATORS:
            creation.physical_id(logical_id)
    resolved = creation.template
    for subscription in resolved.subscriptions:
        # The local SNS knows no functions: messages of a topic are not delivered to them.
        if subscription.protocol != "lambda":
            aws.sns.subscribe(
                TopicArn=subscription.topic_arn,
                Protocol=subscription.protocol,
                Endpoint=subscription.endpoint,
                Attributes=dict(subscription.attributes),
            )
    return Stack(resolved, environment or {})


class _Creation:
    """Creates a resource when it is first asked for, so a resource is made after all it refers to."""

    def __init__(self, template: Template, aws: AwsClients) -> None:
        self.template = template.with_ids(self.physical_id)
        self._made: dict[str, PhysicalId] = {}
        self._aws = aws
        self._being_made: list[str] = []

    def physical_id(self, logical_id: str) -> PhysicalId | None:
        kind = self.template.kind(logical_id)
        if kind == "AWS::Lambda::Url" and logical_id not in self._made:
            # Not read before it is made: that would need the functions, which may refer to this address.
            self._made[logical_id] = PhysicalId(logical_id, {"FunctionUrl": f"http://127.0.0.1:{free_port()}/"})
        create = _CREATORS.get(kind)
        if create is None:
            return self._made.get(logical_id) or self.template.expected_id(logical_id)
        if logical_id in self._being_made:
            raise TemplateError(f"Circular dependency: {' -> '.join([*self._being_made, logical_id])}")
        if logical_id not in self._made:
            self._being_made.append(logical_id)
            self._made[logical_id] = create(self.template.read(logical_id), self._aws)
            self._being_made.pop()
        return self._made[logical_id]


def _create_queue(queue: QueueResource, aws: AwsClients) -> PhysicalId:
    attributes: dict[Any, str] = dict(queue.attributes)
    try:
        url = aws.sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
    except aws.sqs.exceptions.QueueDoesNotExist:
        url = aws.sqs.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]
    else:
        if attributes:
            aws.sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    arn = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return PhysicalId(url, {"Arn": arn, "QueueName": queue.name, "QueueUrl": url})


def _create_topic(topic: Topic, aws: AwsClients) -> PhysicalId:
    arn = aws.sns.create_topic(Name=topic.name, Attributes=dict(topic.attributes))["TopicArn"]
    return PhysicalId(arn, {"TopicArn": arn, "TopicName": topic.name})


def _create_secret(secret: SecretResource, aws: AwsClients) -> PhysicalId:
    client = aws.secretsmanager
    try:
        arn = client.describe_secret(SecretId=secret.name)["ARN"]
    except client.exceptions.ResourceNotFoundException:
        value = _secret_value(secret, client)
        arn = client.create_secret(Name=secret.name, Description=secret.description, SecretString=value)["ARN"]
    return PhysicalId(arn, {"Id": arn})


def _secret_value(secret: SecretResource, client: SecretsManagerClient) -> str:
    if not isinstance(secret.value, GeneratedSecret):
        return PLACEHOLDER_SECRET if secret.value is None else secret.value
    options: dict[str, Any] = dict(secret.value.password_options)
    password = client.get_random_password(**options)["RandomPassword"]
    if secret.value.template is None or secret.value.key is None:
        return password
    return json.dumps({**json.loads(secret.value.template), secret.value.key: password})


_CREATORS: Mapping[str, Callable[[Any, AwsClients], PhysicalId]] = {
    "AWS::SNS::Topic": _create_topic,
    "AWS::SQS::Queue": _create_queue,
    "AWS::SecretsManager::Secret": _create_secret,
}
