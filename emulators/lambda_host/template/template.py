"""A SAM template as the resources it creates.

`load_template` resolves everything with the names that can be known beforehand, so every mistake shows at once;
`provision` resolves it again with the ids that the local AWS APIs gave.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.intrinsics import NO_VALUE, PhysicalId, Scope, as_text, resolve
from emulators.lambda_host.template.naming import ALIAS, NAME_PROPERTY, VERSION, Account
from emulators.lambda_host.template.properties import Properties
from emulators.lambda_host.template.readers import READERS
from emulators.lambda_host.template.resources import (
    Alias,
    EventInvokeConfig,
    EventRule,
    EventSourceMapping,
    FunctionUrl,
    Schedule,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulators.lambda_host.template.resources import (
        ConfigurationSet,
        Function,
        MailEventDestination,
        QueueResource,
        SecretResource,
        Subscription,
        Topic,
    )


@dataclass(frozen=True)
class Template:
    """The resources that a template's conditions leave. `scope` knows the ids they are resolved with."""

    account: Account
    resources: Mapping[str, Mapping[str, Any]]
    raw_outputs: Mapping[str, Mapping[str, Any]]
    scope: Scope

    def kind(self, logical_id: str) -> str:
        """Return the resource type, or "" if the template has no such resource."""
        return str(self.resources.get(logical_id, {}).get("Type", ""))

    def name(self, logical_id: str) -> str:
        """Return the resource's own name: the template's, or a made-up one."""
        kind = self.kind(logical_id)
        given = self._raw_properties(logical_id).get(NAME_PROPERTY.get(kind, ""))
        name = NO_VALUE if given is None else resolve(given, self.scope, f"{logical_id}.{NAME_PROPERTY[kind]}")
        return self.account.name_of(kind, logical_id) if name is NO_VALUE else as_text(name)

    def expected_id(self, logical_id: str) -> PhysicalId | None:
        """Return the resource's identifiers, as far as they are known before it exists."""
        if logical_id not in self.resources:
            return None
        kind = self.kind(logical_id)
        if kind in {ALIAS, VERSION}:
            raw = self._raw_properties(logical_id)
            # The function is named as it will be called; its other ids may not be known yet.
            named = raw.get("FunctionName")
            function = named["Ref"] if isinstance(named, dict) and named.get("Ref") in self.resources else None
            text = self.name(function) if function else as_text(resolve(named, self.scope, logical_id))
            alias = as_text(resolve(raw.get("Name", ""), self.scope, logical_id))
            return self.account.qualified_id(kind, text.rpartition(":function:")[2], alias)
        return self.account.physical_id(kind, logical_id, self.name(logical_id))

    def with_ids(self, physical_id: Callable[[str], PhysicalId | None]) -> Template:
        """Return the same template, resolved with these ids."""
        return replace(self, scope=replace(self.scope, physical_id=physical_id))

    def properties(self, logical_id: str) -> Properties:
        """Return a resource's properties, every intrinsic function in them replaced."""
        values = resolve(self._raw_properties(logical_id), self.scope, logical_id)
        return Properties(logical_id, values, self.name(logical_id) if self.kind(logical_id) in NAME_PROPERTY else "")

    def read(self, logical_id: str) -> Any:  # noqa: ANN401 - one of the classes of resources.py
        """Return the resource as its dataclass."""
        read = READERS[self.kind(logical_id)](self.properties(logical_id), self.account)
        if isinstance(read, Alias):
            names = {function.name: function.logical_id for function in self.functions}
            return replace(read, function=names.get(read.function, read.function))
        if isinstance(read, Schedule | EventSourceMapping | FunctionUrl | EventInvokeConfig):
            return replace(read, function=self._logical_id_of_function.get(read.function, read.function))
        if isinstance(read, EventRule):
            known = self._logical_id_of_function
            targets = (replace(one, function=known.get(one.function, one.function)) for one in read.targets)
            return replace(read, targets=tuple(targets))
        return read

    def of_kind(self, kind: str) -> tuple[Any, ...]:
        """Return all resources of this type, in the order of their logical ids."""
        return tuple(self.read(logical_id) for logical_id in sorted(self.resources) if self.kind(logical_id) == kind)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        return self.of_kind("AWS::Lambda::Function")

    @cached_property
    def aliases(self) -> tuple[Alias, ...]:
        return self.of_kind(ALIAS)

    @cached_property
    def schedules(self) -> tuple[Schedule, ...]:
        return self.of_kind("AWS::Scheduler::Schedule")

    @cached_property
    def event_rules(self) -> tuple[EventRule, ...]:
        return self.of_kind("AWS::Events::Rule")

    @cached_property
    def configuration_sets(self) -> tuple[ConfigurationSet, ...]:
        return self.of_kind("AWS::SES::ConfigurationSet")

    @cached_property
    def mail_event_destinations(self) -> tuple[MailEventDestination, ...]:
        return self.of_kind("AWS::SES::ConfigurationSetEventDestination")

    @cached_property
    def queues(self) -> tuple[QueueResource, ...]:
        return self.of_kind("AWS::SQS::Queue")

    @cached_property
    def topics(self) -> tuple[Topic, ...]:
        return self.of_kind("AWS::SNS::Topic")

    @cached_property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return the subscriptions written as a resource and those inside a topic."""
        inline = [
            subscription
            for topic in self.topics
            for subscription in self.properties(topic.logical_id).inline_subscriptions(self._topic_arn(topic))
        ]
        return (*self.of_kind("AWS::SNS::Subscription"), *inline)

    @cached_property
    def secrets(self) -> tuple[SecretResource, ...]:
        return self.of_kind("AWS::SecretsManager::Secret")

    @cached_property
    def event_source_mappings(self) -> tuple[EventSourceMapping, ...]:
        return self.of_kind("AWS::Lambda::EventSourceMapping")

    @cached_property
    def function_urls(self) -> tuple[FunctionUrl, ...]:
        return self.of_kind("AWS::Lambda::Url")

    @cached_property
    def event_invoke_configs(self) -> tuple[EventInvokeConfig, ...]:
        return self.of_kind("AWS::Lambda::EventInvokeConfig")

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """Return the values of the Outputs section."""
        return {
            name: as_text(resolve(output.get("Value"), self.scope, f"Outputs.{name}"))
            for name, output in self.raw_outputs.items()
        }

    def check(self) -> None:
        """Read everything once; raise TemplateError for the first thing that is wrong."""
        for logical_id in self.resources:
            if self.kind(logical_id) in READERS:
                self.read(logical_id)
        _ = self.outputs
        functions = {function.logical_id for function in self.functions}
        triggers: tuple[Alias | Schedule | EventSourceMapping | FunctionUrl | EventInvokeConfig, ...] = (
            *self.aliases,
            *self.schedules,
            *self.event_source_mappings,
            *self.function_urls,
            *self.event_invoke_configs,
        )
        invoked = [(trigger.logical_id, trigger.function) for trigger in triggers]
        invoked += [(rule.logical_id, target.function) for rule in self.event_rules for target in rule.targets]
        for logical_id, function in invoked:
            if function not in functions:
                raise TemplateError(f"{logical_id}: its target is no function of this template")

    @cached_property
    def _logical_id_of_function(self) -> dict[str, str]:
        """Map names to logical ids: triggers give a function's name or ARN, and here it goes by its logical id.

        NAME:ALIAS is known too; a trigger on an alias that the template does not have has no target.
        """
        names = {function.logical_id: function.name for function in self.functions}
        found = {name: logical_id for logical_id, name in names.items()}
        return found | {
            f"{names[alias.function]}:{alias.name}": alias.function for alias in self.aliases if alias.function in names
        }

    def _raw_properties(self, logical_id: str) -> Mapping[str, Any]:
        properties = self.resources[logical_id].get("Properties") or {}
        if not isinstance(properties, dict):
            raise TemplateError(f"{logical_id}: Properties must be a map")
        return properties

    def _topic_arn(self, topic: Topic) -> str:
        found = self.scope.physical_id(topic.logical_id)
        return found.ref if found else ""
