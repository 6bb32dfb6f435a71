"""From a resource's resolved properties to its dataclass, one function per resource type.

Defaults are those of the AWS CloudFormation template reference.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulators.lambda_host.template.event_readers import (
    read_configuration_set,
    read_event_rule,
    read_mail_event_destination,
)
from emulators.lambda_host.template.function_readers import (
    read_alias,
    read_event_invoke_config,
    read_event_source_mapping,
    read_function,
    read_function_url,
)
from emulators.lambda_host.template.intrinsics import as_text
from emulators.lambda_host.template.resources import (
    GeneratedSecret,
    QueueResource,
    SecretResource,
    Subscription,
    Topic,
)
from emulators.lambda_host.template.schedule_reader import read_schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulators.lambda_host.template.naming import Account
    from emulators.lambda_host.template.properties import Properties

_QUEUE_NUMBERS = (
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
)
_QUEUE_FIFO = ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_QUEUE_JSON = ("RedrivePolicy", "RedriveAllowPolicy")


def read_queue(properties: Properties, _: Account) -> QueueResource:
    """Read an AWS::SQS::Queue."""
    values = properties.values
    attributes = {key: as_text(values[key]) for key in (*_QUEUE_NUMBERS, *_QUEUE_FIFO) if key in values}
    attributes |= {
        key: values[key] if isinstance(values[key], str) else json.dumps(values[key], sort_keys=True)
        for key in _QUEUE_JSON
        if key in values
    }
    fifo = attributes.get("FifoQueue") == "true"
    name = properties.name if not fifo or properties.name.endswith(".fifo") else f"{properties.name}.fifo"
    return QueueResource(properties.logical_id, name, attributes)


def read_topic(properties: Properties, _: Account) -> Topic:
    """Read an AWS::SNS::Topic."""
    known = ("DisplayName", "FifoTopic", "ContentBasedDeduplication")
    return Topic(
        properties.logical_id,
        properties.name,
        {key: as_text(properties.values[key]) for key in known if key in properties.values},
    )


def read_subscription(properties: Properties, _: Account) -> Subscription:
    """Read an AWS::SNS::Subscription."""
    values = properties.values
    attributes = {
        key: values[key] if isinstance(values[key], str) else json.dumps(values[key])
        for key in ("RawMessageDelivery", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy")
        if key in values
    }
    return Subscription(
        properties.text("TopicArn"), properties.text("Protocol"), properties.text("Endpoint"), attributes
    )


def read_secret(properties: Properties, _: Account) -> SecretResource:
    """Read an AWS::SecretsManager::Secret."""
    generate = properties.part("GenerateSecretString").values
    value: str | GeneratedSecret | None = properties.values.get("SecretString")
    if "GenerateSecretString" in properties.values:
        value = GeneratedSecret(
            template=generate.get("SecretStringTemplate"),
            key=generate.get("GenerateStringKey"),
            password_options={
                key: option
                for key, option in generate.items()
                if key not in {"SecretStringTemplate", "GenerateStringKey"}
            },
        )
    return SecretResource(
        properties.logical_id, properties.name, as_text(properties.values.get("Description", "")), value
    )


READERS: Mapping[str, Callable[[Properties, Account], object]] = {
    "AWS::Events::Rule": read_event_rule,
    "AWS::Lambda::Alias": read_alias,
    "AWS::Lambda::EventInvokeConfig": read_event_invoke_config,
    "AWS::Lambda::EventSourceMapping": read_event_source_mapping,
    "AWS::Lambda::Function": read_function,
    "AWS::Lambda::Url": read_function_url,
    "AWS::SES::ConfigurationSet": read_configuration_set,
    "AWS::SES::ConfigurationSetEventDestination": read_mail_event_destination,
    "AWS::SNS::Subscription": read_subscription,
    "AWS::SNS::Topic": read_topic,
    "AWS::SQS::Queue": read_queue,
    "AWS::Scheduler::Schedule": read_schedule,
    "AWS::SecretsManager::Secret": read_secret,
}
