"""The reading of a resource's properties, with errors that name the wrong one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulators.lambda_host.errors import TemplateError
from emulators.lambda_host.template.intrinsics import as_text
from emulators.lambda_host.template.resources import Subscription

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Properties:
    """A resource's resolved properties. Errors name the property that is wrong."""

    logical_id: str
    values: Mapping[str, Any]
    name: str

    def text(self, key: str) -> str:
        """Return a required property, as text."""
        if self.values.get(key) is None:
            raise TemplateError(f"{self.logical_id}.{key} is required")
        return as_text(self.values[key])

    def number(self, key: str, default: int, lowest: int, highest: int) -> int:
        """Return a whole number within the bounds that AWS sets."""
        value = self.values.get(key, default)
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise TemplateError(f"{self.logical_id}.{key}: {value!r} is not a whole number") from None
        if not lowest <= number <= highest:
            raise TemplateError(f"{self.logical_id}.{key}: {number} is not between {lowest} and {highest}")
        return number

    def one_of(self, key: str, default: str, allowed: Sequence[str]) -> str:
        """Return one of the words that AWS allows."""
        value = as_text(self.values.get(key, default))
        if value not in allowed:
            raise TemplateError(f"{self.logical_id}.{key}: {value} is not one of {', '.join(allowed)}")
        return value

    def part(self, key: str) -> Properties:
        """Return a nested map, empty if it is not there."""
        value = self.values.get(key) or {}
        if not isinstance(value, dict):
            raise TemplateError(f"{self.logical_id}.{key} must be a map")
        return Properties(f"{self.logical_id}.{key}", value, self.name)

    def function_in(self, key: str) -> str:
        """Return the function that this property names or gives the ARN of: NAME, or NAME:ALIAS."""
        return self.text(key).rpartition(":function:")[2]

    def inline_subscriptions(self, topic_arn: str) -> list[Subscription]:
        """Return the `Subscription` list of a topic."""
        items = [
            Properties(f"{self.logical_id}.Subscription", item, self.name)
            for item in self.values.get("Subscription") or []
        ]
        return [Subscription(topic_arn, item.text("Protocol"), item.text("Endpoint"), {}) for item in items]
