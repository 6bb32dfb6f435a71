"""Publish a test alert, and record that a person has read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from psycopg.rows import class_row

from operations.errors import NothingToDoError, NotKnownError, OperationsError
from operations.wording.speech import say
from shared.adapters.aws.sns import publish_to
from shared.domain.alert_test import new_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import psycopg
    from mypy_boto3_sns import SNSClient

    from shared.domain.alert_test import AlertTestMessage

PATIENCE: Final = timedelta(days=1)
"""A test that nobody has acknowledged for so long was not heard."""


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
    writing: Callable[[], AbstractContextManager[psycopg.Connection]],
    sns: SNSClient,
    topic_arn: str,
    named: tuple[str, str],
    message: Callable[[str], AlertTestMessage],
) -> AlertTest:
    """Record a test alert, publish it, and record that SNS took it.

    `message` makes the message of a code. Raises OperationsError if SNS refused it, and NotKnownError if it is unknown
    whether SNS took it.
    """
    code = new_code()
    with writing() as connection:
        connection.execute("SELECT certification.start_alert_test(%s, %s, %s)", (code, *named))
    try:
        publish_to(sns, topic_arn, *message(code))
    except ClientError as refusal:
        refused = refusal.response["Error"].get("Code", "refused")
        raise OperationsError(say("SNS refused the message, so nobody got it: {code}", code=refused)) from None
    except BotoCoreError as failure:
        raise NotKnownError(f"SNS could not be called, so nothing is known: {failure}") from None
    with writing() as connection:
        connection.execute("SELECT certification.settle_alert_test(%s)", (code,))
        settled = connection.execute("SELECT s.* FROM certification.settle_alert_test(%s) AS s", (code,)).fetchone()
    assert settled is not None  # noqa: S101 - for the type checker: the row was written above
    return AlertTest(code, *settled)


def acknowledge(connection: psycopg.Connection, code: str, actor: str) -> Acknowledgement:
    """Record that a person has read a test alert. Raises NothingToDoError if there is none with that code."""
    row = connection.execute(
        "SELECT a.result, a.started_at, a.acknowledgements FROM certification.acknowledge_alert_test(%s, %s) AS a",
        (code, actor),
    ).fetchone()
    if row is None or row[0] == "unknown":
        raise NothingToDoError(say("there is no test alert with the code {code}: read it once more", code=code))
    return Acknowledgement(code, *row)


def last_test(connection: psycopg.Connection) -> AlertTest | None:
    """Return the last test alert; None: there was never one."""
    with connection.cursor(row_factory=class_row(AlertTest)) as cursor:
        return cursor.execute(
            "SELECT t.code, t.started_at, t.published_at, t.acknowledged_at, t.acknowledgements"
            " FROM certification.alert_tests AS t ORDER BY t.started_at DESC LIMIT 1"
        ).fetchone()
