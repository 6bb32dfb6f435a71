"""Functions and what belongs to them, from resolved properties to dataclasses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.intrinsics import as_text
from emulators.lambda_host.template.resources import (
    LATEST,
    SYSTEM_LEVELS,
    Alias,
    EventInvokeConfig,
    EventSourceMapping,
    Function,
    FunctionUrl,
    Logging,
)

if TYPE_CHECKING:
    from emulators.lambda_host.template.naming import Account
    from emulators.lambda_host.template.properties import Properties

_ENVIRONMENT_KEY = re.compile(r"[a-zA-Z]\w+", re.ASCII)
_RESERVED = re.compile(
    r"_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_(FUNCTION_\w+|INITIALIZATION_TYPE"
    r"|LOG_(GROUP|STREAM)_NAME|RUNTIME_API)|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN"
    r"|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)
# The transform puts a digest of its content behind a layer's name.
_LAYER = re.compile(r":layer:(?P<name>[\w-]+?)(?:[0-9a-f]{10})?:\d+$")
_APPLICATION_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_BATCH_WITHOUT_WINDOW = 10


def read_function(properties: Properties, account: Account) -> Function:
    """Read an AWS::Lambda::Function."""
    if properties.values.get("PackageType") == "Image":
        raise TemplateError(f"{properties.logical_id}: container images are not run here")
    environment = properties.part("Environment").part("Variables").values
    for key, value in environment.items():
        where = f"{properties.logical_id}.Environment.Variables.{key}"
        if _RESERVED.fullmatch(key) or not _ENVIRONMENT_KEY.fullmatch(key):
            raise TemplateError(f"{where}: Lambda does not let a function set a variable of this name")
        if isinstance(value, dict | list):
            raise TemplateError(f"{where}: the value must be text")
    reserved = properties.values.get("ReservedConcurrentExecutions")
    return Function(
        logical_id=properties.logical_id,
        name=properties.name,
        arn=account.arn("lambda", f"function:{properties.name}"),
        handler=properties.text("Handler"),
        runtime=properties.text("Runtime"),
        timeout_seconds=properties.number("Timeout", 3, 1, 900),
        memory_mb=properties.number("MemorySize", 128, 128, 10_240),
        environment={key: as_text(value) for key, value in environment.items()},
        reserved_concurrency=None
        if reserved is None
        else properties.number("ReservedConcurrentExecutions", 0, 0, 100_000),
        logging=_logging(properties.part("LoggingConfig")),
        layers=tuple(_layer(as_text(arn)) for arn in properties.values.get("Layers") or ()),
    )


def _layer(arn: str) -> str:
    found = _LAYER.search(arn)
    return found["name"] if found else arn


def _logging(config: Properties) -> Logging:
    """Read a LoggingConfig (Lambda Developer Guide, "Configuring advanced logging controls").

    Only JSON has levels, and they are INFO unless they are set.
    """
    levels = {key for key in ("ApplicationLogLevel", "SystemLogLevel") if key in config.values}
    log_format = config.one_of("LogFormat", "Text", ("Text", "JSON"))
    if log_format == "Text" and levels:
        raise TemplateError(f"{config.logical_id}: {min(levels)} needs LogFormat JSON")
    group = config.values.get("LogGroup")
    return Logging(
        log_format,
        config.one_of("ApplicationLogLevel", "INFO", _APPLICATION_LEVELS) if log_format == "JSON" else "",
        config.one_of("SystemLogLevel", "INFO", SYSTEM_LEVELS),
        None if group is None else as_text(group),
    )


def read_alias(properties: Properties, _: Account) -> Alias:
    """Read an AWS::Lambda::Alias. Of its versions there is one here, so no traffic is shifted."""
    return Alias(properties.logical_id, properties.text("Name"), properties.function_in("FunctionName"))


def read_event_source_mapping(properties: Properties, _: Account) -> EventSourceMapping:
    """Read an AWS::Lambda::EventSourceMapping of a queue."""
    where, source = properties.logical_id, properties.text("EventSourceArn")
    if source.split(":")[2] != "sqs":
        raise TemplateError(f"{where}.EventSourceArn: only queues are polled here, not {source}")
    if properties.values.get("FilterCriteria"):
        raise TemplateError(f"{where}.FilterCriteria: messages are not filtered here")
    scaling = properties.part("ScalingConfig")
    window = properties.number("MaximumBatchingWindowInSeconds", 0, 0, 300)
    batch_size = properties.number("BatchSize", 10, 1, 10_000)
    if batch_size > _BATCH_WITHOUT_WINDOW and not window:
        raise TemplateError(f"{where}: a BatchSize above 10 needs MaximumBatchingWindowInSeconds of at least 1")
    if window and source.endswith(".fifo"):
        raise TemplateError(f"{where}: a FIFO queue has no MaximumBatchingWindowInSeconds, and BatchSize is at most 10")
    return EventSourceMapping(
        logical_id=properties.logical_id,
        function=properties.function_in("FunctionName"),
        source_arn=source,
        batch_size=batch_size,
        window_seconds=window,
        maximum_concurrency=scaling.number("MaximumConcurrency", 2, 2, 1000)
        if "MaximumConcurrency" in scaling.values
        else None,
        reports_batch_item_failures="ReportBatchItemFailures" in (properties.values.get("FunctionResponseTypes") or []),
        enabled=as_text(properties.values.get("Enabled", True)) == "true",
    )


def read_function_url(properties: Properties, _: Account) -> FunctionUrl:
    """Read an AWS::Lambda::Url."""
    if properties.values.get("InvokeMode", "BUFFERED") != "BUFFERED":
        raise TemplateError(f"{properties.logical_id}.InvokeMode: responses are not streamed here")
    return FunctionUrl(
        properties.logical_id,
        properties.function_in("TargetFunctionArn"),
        properties.text("AuthType"),
        properties.values.get("Cors"),
    )


def read_event_invoke_config(properties: Properties, _: Account) -> EventInvokeConfig:
    """Read an AWS::Lambda::EventInvokeConfig."""
    destinations = properties.part("DestinationConfig")
    function, qualifier = properties.function_in("FunctionName"), properties.text("Qualifier")
    return EventInvokeConfig(
        logical_id=properties.logical_id,
        function=function if qualifier == LATEST else f"{function}:{qualifier}",
        qualifier=qualifier,
        maximum_retry_attempts=properties.number("MaximumRetryAttempts", 2, 0, 2),
        maximum_event_age_seconds=properties.number("MaximumEventAgeInSeconds", 6 * 60 * 60, 60, 6 * 60 * 60),
        on_failure_arn=destinations.part("OnFailure").values.get("Destination"),
        on_success_arn=destinations.part("OnSuccess").values.get("Destination"),
    )
