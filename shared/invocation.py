"""The values that a handler reads from its Lambda context."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext


def seconds_left(context: LambdaContext) -> Callable[[], float]:
    """Return a clock of the seconds that this invocation still has."""

    def seconds() -> float:
        return context.get_remaining_time_in_millis() / 1000

    return seconds
