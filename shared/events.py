"""The events our functions take."""

from __future__ import annotations

from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from shared.domain.errors import PermanentError


class InvalidEventError(PermanentError):
    """When an event is not of the form the function takes; the message says which field and why."""


class Scheduled(BaseModel):
    """What a schedule sends: the time it was due, not the time it came (EventBridge Scheduler context attributes)."""

    model_config = ConfigDict(frozen=True)

    scheduled_time: AwareDatetime

    @classmethod
    def parse(cls, event: object) -> Self:
        """The event, checked. Raises InvalidEventError."""
        try:
            return cls.model_validate(event)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, fault['loc'])) or 'event'}: {fault['msg']}" for fault in error.errors()
            )
            raise InvalidEventError(f'{wrong}. Expected {{"scheduled_time": "2026-12-01T23:15:00Z"}}') from None
