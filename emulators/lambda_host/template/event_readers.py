"""Rules of the event bus, and what SES publishes to it, from resolved properties to dataclasses.

Only the default event bus is here. It is also the only one that SES publishes to
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/
aws-properties-ses-configurationseteventdestination-eventbridgedestination.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.lambda_host.errors import LambdaHostError, TemplateError
from emulators.lambda_host.template.event_patterns import read_pattern
from emulators.lambda_host.template.intrinsics import as_text
from emulators.lambda_host.template.properties import Properties
from emulators.lambda_host.template.resources import ConfigurationSet, EventRule, MailEventDestination, RuleTarget

if TYPE_CHECKING:
    from emulators.lambda_host.template.naming import Account

_DAY = 24 * 60 * 60
_UNSERVED = ("Input", "InputPath", "InputTransformer")


def read_event_rule(properties: Properties, account: Account) -> EventRule:
    """Read an AWS::Events::Rule that has a pattern, and functions as its targets."""
    where, values = properties.logical_id, properties.values
    if "EventPattern" not in values:
        raise TemplateError(
            f"{where}: AWS::Events::Rule is not run here without an EventPattern: "
            "use the event type ScheduleV2 (EventBridge Scheduler), which has time zones"
        )
    if not as_text(values.get("EventBusName", "default")).endswith("default"):
        raise TemplateError(f"{where}.EventBusName: only the default event bus is here")
    pattern = values["EventPattern"]
    try:
        read_pattern(pattern, f"{where}.EventPattern")
    except LambdaHostError as error:
        raise TemplateError(str(error)) from None
    targets = [Properties(f"{where}.Targets", target, properties.name) for target in values.get("Targets") or []]
    return EventRule(
        logical_id=where,
        name=properties.name,
        arn=account.arn("events", f"rule/{properties.name}"),
        pattern=pattern,
        enabled=properties.one_of("State", "ENABLED", ("ENABLED", "DISABLED")) == "ENABLED",
        targets=tuple(_target(target) for target in targets),
    )


def _target(properties: Properties) -> RuleTarget:
    if properties.text("Arn").split(":")[2:3] != ["lambda"]:
        raise TemplateError(f"{properties.logical_id}.Arn: only functions are targets here")
    for key in _UNSERVED:
        if key in properties.values:
            raise TemplateError(f"{properties.logical_id}.{key}: a target gets the whole event here")
    retry = properties.part("RetryPolicy")
    return RuleTarget(
        function=properties.function_in("Arn"),
        arn=properties.text("Arn"),
        maximum_retry_attempts=retry.number("MaximumRetryAttempts", 185, 0, 185),
        maximum_event_age_seconds=retry.number("MaximumEventAgeInSeconds", _DAY, 60, _DAY),
        dead_letter_arn=properties.part("DeadLetterConfig").values.get("Arn"),
    )


def read_configuration_set(properties: Properties, _: Account) -> ConfigurationSet:
    """Read an AWS::SES::ConfigurationSet."""
    reasons = properties.part("SuppressionOptions").values.get("SuppressedReasons")
    domain = properties.part("TrackingOptions").values.get("CustomRedirectDomain")
    return ConfigurationSet(
        logical_id=properties.logical_id,
        name=properties.name,
        sending=_holds(properties.part("SendingOptions"), "SendingEnabled", default=True),
        reputation_metrics=_holds(properties.part("ReputationOptions"), "ReputationMetricsEnabled", default=False),
        suppressed_reasons=None if reasons is None else tuple(as_text(reason) for reason in reasons),
        tracking_domain=None if domain is None else as_text(domain),
    )


def read_mail_event_destination(properties: Properties, _: Account) -> MailEventDestination:
    """Read an AWS::SES::ConfigurationSetEventDestination whose events go to EventBridge."""
    destination = properties.part("EventDestination")
    bus = destination.part("EventBridgeDestination")
    if not bus.values:
        raise TemplateError(f"{properties.logical_id}: only an EventBridgeDestination is served here")
    if not bus.text("EventBusArn").endswith(":event-bus/default"):
        raise TemplateError(f"{bus.logical_id}.EventBusArn: only the default event bus is supported")
    return MailEventDestination(
        logical_id=properties.logical_id,
        name=as_text(destination.values.get("Name", properties.logical_id)),
        configuration_set=properties.text("ConfigurationSetName"),
        enabled=_holds(destination, "Enabled", default=False),
        event_types=tuple(as_text(kind).upper() for kind in destination.values.get("MatchingEventTypes") or ()),
        event_bus_arn=bus.text("EventBusArn"),
    )


def _holds(properties: Properties, key: str, *, default: bool) -> bool:
    return properties.one_of(key, as_text(default), ("true", "false")) == "true"
