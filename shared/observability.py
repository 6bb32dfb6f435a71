"""Logs and metrics. Both carry ids, codes and numbers only (I11), and metrics carry zeros (I12)."""

from __future__ import annotations

import functools
import logging
import sys
import traceback
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from shared.domain.deadlines import function_ends_in
from shared.domain.errors import CertificationError
from shared.domain.privacy import redact
from shared.domain.runs import RunState
from shared.domain.webhook import UNSIGNED, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from types import TracebackType
    from uuid import UUID

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from shared.domain.runs import Count, Organisation, Verdict

METRIC_NAMESPACE = "HLF/Certification"
SERVICE = "certification"


type _ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class FunctionFailedError(Exception):
    """A function ends with an error. Its message is a code and never free text, because Lambda logs it."""


class _Formatter(LambdaPowertoolsFormatter):
    """The formatter of log lines: one JSON object a line, without anything that looks like personal data."""

    def __init__(self) -> None:
        # Powertools' own stack trace holds the exception's message, which can quote a row of the database.
        super().__init__(utc=True, serialize_stacktrace=False)

    def serialize(self, log: dict[str, Any]) -> str:  # type: ignore[override]
        return super().serialize(_redacted(log))

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's name
        """Return the types and places, without messages: a driver's message can quote a row of the database."""
        kind, _, place = ei
        frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(place)]
        return "\n".join([*frames, kind.__name__ if kind else ""])


def _redacted(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(part) for part in value]
    return value


@functools.cache
def logger() -> Logger:
    """Return the function's logger. Log records of libraries, from WARNING up, pass through the same formatter."""
    formatter = _Formatter()
    others = logging.StreamHandler(sys.stdout)
    others.setFormatter(formatter)
    others.setLevel(logging.WARNING)
    logging.basicConfig(level=logging.WARNING, handlers=[others], force=True)
    return Logger(service=SERVICE, logger_formatter=formatter)


class LogAndMetrics:
    """shared.ports.Report: one log line and one set of metrics per organisation, one of each per run."""

    def organisation(
        self, run_id: UUID, organisation: Organisation, as_of: date | None, counts: Sequence[Count], verdict: Verdict
    ) -> None:
        """Report what a run did for one organisation, with the settings that it used."""
        logger().info(
            "organisation",
            run_id=str(run_id),
            organisation_id=str(organisation.id),
            as_of=as_of and as_of.isoformat(),
            state=verdict.state.value,
            reason=verdict.reason,
            thresholds=organisation.thresholds,
            org_thresholds=organisation.org_thresholds,
            reactivate_renewed=organisation.reactivate_renewed,
            counts={f"{count.measure}.{count.detail}".rstrip("."): count.n for count in counts},
        )
        totals: dict[str, int] = defaultdict(int)
        for count in counts:
            totals[metric_name(count.measure)] += count.n
        _emit({"organisation": str(organisation.id)}, totals)

    def organisation_failed(self, run_id: UUID, organisation: Organisation, error: Exception) -> None:
        """Log where an organisation's part of a run failed: type and place, no message."""
        logger().error(
            "organisation_failed",
            run_id=str(run_id),
            organisation_id=str(organisation.id),
            error=type(error).__name__,
            exc_info=error,
        )

    def run(self, function: str, run_id: UUID, verdict: Verdict) -> None:
        """Report how a run ended: exactly one of three metrics is 1, the others 0."""
        logger().info("run", function=function, run_id=str(run_id), state=verdict.state.value, reason=verdict.reason)
        _emit({"function": function}, {metric_name(f"runs_{state}"): int(state is verdict.state) for state in RunState})

    def work(self, function: str, counts: Mapping[str, int], **facts: object) -> None:
        """Report what a function or a part of a run did: all of its counts, zeros included (I12)."""
        logger().info("work", extra={"function": function, "counts": dict(counts), **facts})
        self.count(function, counts)

    def count(self, function: str, counts: Mapping[str, int]) -> None:
        """Report the counts as metrics only, without a log line."""
        _emit({"function": function}, {metric_name(measure): n for measure, n in counts.items()})


class PublicReport(LogAndMetrics):
    """The report of a function that strangers can call as often as they like: a log line costs more than the call."""

    def work(self, function: str, counts: Mapping[str, int], **facts: object) -> None:
        """Report nothing for an unsigned call, a metric for a wrong signature, and everything for all other calls."""
        reason = facts.get("reason")
        if reason == Refusal.SIGNATURE_WRONG:
            self.count(function, {measure: n for measure, n in counts.items() if n})
        elif reason not in UNSIGNED:
            super().work(function, counts, **facts)


def metric_name(measure: str) -> str:
    """Return a measure's name in CloudWatch's usual form: reminders_due -> RemindersDue."""
    return "".join(word.capitalize() for word in measure.split("_"))


def _emit(dimensions: dict[str, str], metrics: dict[str, int]) -> None:
    if not metrics:
        return
    emf = AmazonCloudWatchEMFProvider(
        namespace=METRIC_NAMESPACE,
        service=SERVICE,
        metric_set={},
        dimension_set={},
        metadata_set={},
        default_dimensions={},
    )
    for name, value in dimensions.items():
        emf.add_dimension(name, value)
    for name, number in metrics.items():
        emf.add_metric(name, MetricUnit.Count, number)
    emf.flush_metrics()


type Handler[Event] = Callable[[Event, LambdaContext], dict[str, Any]]


def guarded[Event](handler: Handler[Event]) -> Handler[Event]:
    """Bound every wait by the function's own time, log every error in our form, and raise only a code to Lambda.

    Lambda's runtime logs an uncaught exception's message unchanged, with any values of a row that it quotes.
    """

    @functools.wraps(handler)
    def guard(event: Event, context: LambdaContext) -> dict[str, Any]:
        try:
            with function_ends_in(context.get_remaining_time_in_millis() / 1000):
                return handler(event, context)
        except CertificationError as error:
            logger().error("failed", error=type(error).__name__, reason=str(error))
            code = f"{type(error).__name__}: {error}"
        except Exception as error:  # noqa: BLE001 - the outermost boundary; a code is raised below
            logger().exception("failed", error=type(error).__name__)
            code = f"unexpected {type(error).__name__}; the log line has the place"
        raise FunctionFailedError(redact(code)) from None

    return guard
