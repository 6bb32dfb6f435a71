"""Publish a test alert, and record that a person has read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from psycopg.rows import class_row

from operations.errors import NothingToDoError, NotKnownError, OperationsError
from operations.wording.speech import say
from shared.adapters.aws.sns import publish_to
from shared.domain.alert_test import new_code

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from mypy_boto3_sns import SNSClient

    from shared.domain.alert_test import AlertTestMessage

PATIENCE: Final = timedelta(days=1)
"""A test that nobody has acknowledged for so long was not heard."""


type Step = Callable[..., list[Any]]
"""Makes a statement of operations.commands.steps, beside the database or by a function of the stack."""


@dataclass(frozen=True)
class AlertTest:
    """A test alert. `published_at` None: SNS did not take it, as far as is known."""

    code: str
    started_at: datetime
    published_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledgements: int = 0

    def is_unheard(self, now: datetime) -> bool:
        """Return whether a day has passed and nobody has acknowledged it."""
        return self.acknowledged_at is None and now - self.started_at > PATIENCE


@dataclass(frozen=True)
class Acknowledgement:
    """What became of an acknowledgement: `result` is acknowledged, or again for a person who has done so before."""

    code: str
    result: str
    started_at: datetime
    acknowledgements: int


def publish_test(
    step: Step,
    sns: SNSClient,
    topic_arn: str,
    named: tuple[str, str],
    message: Callable[[str], AlertTestMessage],
) -> AlertTest:
    """Record a test alert, publish it, and record that SNS took it.

    `step` makes a statement of operations.commands.steps, and `message` the message of a code. Raises OperationsError
    if SNS refused it, and NotKnownError if it is unknown whether SNS took it.
    """
    code = new_code()
    step("start-alert-test", code, *named)
    try:
        publish_to(sns, topic_arn, *message(code))
    except ClientError as refusal:
        refused = refusal.response["Error"].get("Code", "refused")
        raise OperationsError(say("SNS refused the message, so nobody got it: {code}", code=refused)) from None
    except BotoCoreError as failure:
        raise NotKnownError(f"SNS could not be called, so nothing is known: {failure}") from None
    [settled] = step("settle-alert-test", code)
    started_at, published_at = (datetime.fromisoformat(settled[name]) for name in ("started_at", "published_at"))
    return AlertTest(code, started_at, published_at)


def acknowledge(step: Step, code: str, actor: str) -> Acknowledgement:
    """Record that a person has read a test alert. Raises NothingToDoError if there is none with that code."""
    [found] = step("acknowledge-alert-test", code, actor)
    if found["result"] == "unknown":
        raise NothingToDoError(say("there is no test alert with the code {code}: read it once more", code=code))
    started_at = datetime.fromisoformat(found["started_at"])
    return Acknowledgement(code, found["result"], started_at, found["acknowledgements"])


def last_test(connection: psycopg.Connection) -> AlertTest | None:
    """Return the last test alert; None: there was never one."""
    with connection.cursor(row_factory=class_row(AlertTest)) as cursor:
        return cursor.execute(
            "SELECT t.code, t.started_at, t.published_at, t.acknowledged_at, t.acknowledgements"
            " FROM certification.alert_tests AS t ORDER BY t.started_at DESC LIMIT 1"
        ).fetchone()
