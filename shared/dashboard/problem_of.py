"""From an error to the problem that the caller is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError

from shared.dashboard import problems
from shared.dashboard.problems import problem
from shared.domain.errors import (
    CertificationError,
    ForceSyncLimitError,
    NoSuchMentorError,
    NotACoordinatorError,
    TransientError,
)
from shared.observability import logger

if TYPE_CHECKING:
    from collections.abc import Sequence

_SECONDS_TO_TRY_AGAIN = 30.0
_OF_THE_CALLER = {NotACoordinatorError: problems.NOT_A_COORDINATOR, NoSuchMentorError: problems.NO_SUCH_MENTOR}


def problem_of(error: Exception, *, allowed: Sequence[str]) -> dict[str, Any]:
    """Return the response to a request that failed. `allowed`: the methods that its address takes.

    An error of ours is logged as every function logs it, and told as a problem instead of Lambda's 502.
    """
    match error:
        case RequestUnsupportedContentType():
            return problem(problems.NOT_JSON)
        case RequestValidationError():
            # The place and the rule that was broken; the value that was sent may hold a name (I11).
            faults = [(_field(fault["loc"]), str(fault["msg"])) for fault in error.errors()]
            return problem(problems.INVALID_REQUEST, errors=faults)
        case NotFoundError():
            kind = problems.METHOD_NOT_ALLOWED if allowed else problems.NO_SUCH_PATH
            return problem(kind, allow=", ".join(allowed) or None)
        case ForceSyncLimitError():
            return problem(problems.RATE_LIMITED, retry_after=error.seconds)
        case NotACoordinatorError() | NoSuchMentorError():
            return problem(_OF_THE_CALLER[type(error)])
        case _:
            return _fault_of_ours(error)


def _field(place: Sequence[str | int]) -> str:
    """Return the innermost name; what is no JSON at all has a position in the body instead."""
    return next(part for part in reversed(place) if isinstance(part, str))


def _fault_of_ours(error: Exception) -> dict[str, Any]:
    if isinstance(error, CertificationError):
        logger().error("failed", error=type(error).__name__, reason=str(error))
    else:
        logger().error("failed", error=type(error).__name__, exc_info=error)
    if isinstance(error, TransientError):
        return problem(problems.DATABASE_UNAVAILABLE, retry_after=_SECONDS_TO_TRY_AGAIN)
    return problem(problems.INTERNAL_ERROR)
