"""The resources of a template, once it is translated and every value in it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True)
class Logging:
    """A function's LoggingConfig, for its process and for the lines of the platform.

    `log_format` is Text or JSON; only JSON has levels. `log_group` None: the one named after the function.
    """

    log_format: str = "Text"
    application_level: str = ""
    system_level: str = "INFO"
    log_group: str | None = None

    def keeps(self, level: str) -> bool:
        """Return whether a line of the platform's, of this level, is written."""
        return self.log_format == "Text" or SYSTEM_LEVELS.index(level) >= SYSTEM_LEVELS.index(self.system_level)


SYSTEM_LEVELS = ("DEBUG", "INFO", "WARN")
LATEST = "$LATEST"
"""The version that is not published."""


@dataclass(frozen=True)
class Function:
    """An AWS::Lambda::Function. `reserved_concurrency` None means the account's pool, 0 means switched off."""

    logical_id: str
    name: str
    arn: str
    handler: str
    runtime: str
    timeout_seconds: int
    memory_mb: int
    environment: Mapping[str, str]
    reserved_concurrency: int | None
    logging: Logging = Logging()
    layers: Sequence[str] = ()
    """The names that its layers have in the template."""


@dataclass(frozen=True)
class Alias:
    """An AWS::Lambda::Alias; `function` is the logical id of the function that it leads to."""

    logical_id: str
    name: str
    function: str


@dataclass(frozen=True)
class Schedule:
    """An AWS::Scheduler::Schedule whose target is a function of the same template.

    `function` is that function's logical id. `input` is the JSON text of the template, not yet substituted.
    """

    logical_id: str
    name: str
    arn: str
    function: str
    expression: str
    timezone: str
    input: str | None
    enabled: bool
    start: datetime | None
    end: datetime | None
    maximum_retry_attempts: int
    maximum_event_age_seconds: int
    dead_letter_arn: str | None
    flexible_window_minutes: int | None


@dataclass(frozen=True)
class RuleTarget:
    """A function that a rule delivers to, by its logical id. `arn` is the target as the rule names it."""

    function: str
    arn: str
    maximum_retry_attempts: int
    maximum_event_age_seconds: int
    dead_letter_arn: str | None


@dataclass(frozen=True)
class EventRule:
    """An AWS::Events::Rule with a pattern, on the default event bus."""

    logical_id: str
    name: str
    arn: str
    pattern: Mapping[str, Any]
    enabled: bool
    targets: tuple[RuleTarget, ...]


@dataclass(frozen=True)
class ConfigurationSet:
    """An AWS::SES::ConfigurationSet. `suppressed_reasons` None: the account's."""

    logical_id: str
    name: str
    sending: bool
    reputation_metrics: bool
    suppressed_reasons: tuple[str, ...] | None
    tracking_domain: str | None


@dataclass(frozen=True)
class MailEventDestination:
    """An AWS::SES::ConfigurationSetEventDestination that publishes to an event bus."""

    logical_id: str
    name: str
    configuration_set: str
    enabled: bool
    event_types: tuple[str, ...]
    event_bus_arn: str


@dataclass(frozen=True)
class QueueResource:
    """An AWS::SQS::Queue. `attributes` are in the words and types of the SQS API, RedrivePolicy as JSON text."""

    logical_id: str
    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Subscription:
    """A topic's subscriber, from the topic itself or from an AWS::SNS::Subscription."""

    topic_arn: str
    protocol: str
    endpoint: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Topic:
    """An AWS::SNS::Topic. `attributes` are in the words of the SNS API."""

    logical_id: str
    name: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class GeneratedSecret:
    """GenerateSecretString: a random password, put under `key` of the JSON text `template` if there is one."""

    template: str | None
    key: str | None
    password_options: Mapping[str, object]


@dataclass(frozen=True)
class SecretResource:
    """An AWS::SecretsManager::Secret; `value` None means that a person sets it after the deployment."""

    logical_id: str
    name: str
    description: str
    value: str | GeneratedSecret | None


@dataclass(frozen=True)
class EventSourceMapping:
    """An AWS::Lambda::EventSourceMapping: which queue feeds which function, and how much at a time."""

    logical_id: str
    function: str
    source_arn: str
    batch_size: int
    window_seconds: int
    maximum_concurrency: int | None
    reports_batch_item_failures: bool
    enabled: bool


@dataclass(frozen=True)
class FunctionUrl:
    """An AWS::Lambda::Url."""

    logical_id: str
    function: str
    auth_type: str
    cors: Mapping[str, object] | None


@dataclass(frozen=True)
class EventInvokeConfig:
    """An AWS::Lambda::EventInvokeConfig: what happens to asynchronous invocations that fail.

    `qualifier` is the alias through which they come.
    """

    logical_id: str
    function: str
    maximum_retry_attempts: int
    maximum_event_age_seconds: int
    on_failure_arn: str | None
    on_success_arn: str | None
    qualifier: str = LATEST
