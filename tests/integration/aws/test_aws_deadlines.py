"""I18: no call to AWS holds a function, whatever trickles; on real sockets and in real processes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import date
from itertools import cycle
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from local.stack.aws import CREDENTIALS
from shared.adapters.aws import secrets
from shared.adapters.aws.secrets import SecretVersions, read_secret
from shared.adapters.aws.ses import SesMailer, ses_client
from shared.adapters.aws.sns import SnsAlertPublisher
from shared.adapters.aws.sqs import SqsQueueDepths, SqsSyncQueue, sqs_client
from shared.adapters.email.mime import Sender
from shared.adapters.within import DeadlineExceededError, within
from shared.domain.alerts import AlertMessage
from shared.domain.deadlines import at_most, function_ends_in
from shared.domain.errors import ConnectionLostError, OperationsUnreachableError, QueueUnavailableError
from shared.domain.listings import SyncRequest
from shared.domain.mail.notices import Locale, Notice, NoticeKind, Unknown
from tests.support.trickler import Trickler

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-north-1"
LEFT = 1.8
"""Seconds until the function is stopped; a second of them is its own."""


@pytest.fixture(autouse=True)
def trickling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Trickler]:
    """Every AWS service replies with headers that never end."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with Trickler((b"x-%d: 1\r\n" % n for n in cycle(range(9))), first=b"HTTP/1.1 200 OK\r\n") as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        monkeypatch.delenv("AWS_ENDPOINT_URL_SESV2", raising=False)
        secrets._provider.cache_clear()
        yield aws
        secrets._provider.cache_clear()


@contextmanager
def in_the_functions_time():
    with function_ends_in(LEFT):
        began = time.monotonic()
        yield
        assert time.monotonic() - began < LEFT - 0.3


def test_a_queue_that_trickles_is_given_up() -> None:
    """Of all that is asked of it; a message whose time cannot be set comes again anyway."""
    client = sqs_client(REGION)
    queue = SqsSyncQueue(client, "http://127.0.0.1/q")
    with in_the_functions_time(), pytest.raises(QueueUnavailableError, match=r"^queue_DeadlineExceededError$"):
        queue.send([SyncRequest(uuid4(), 1)])
    with in_the_functions_time():
        queue.return_later({str(number): 5.0 for number in range(30)})
    with in_the_functions_time(), pytest.raises(QueueUnavailableError, match=r"^queue_DeadlineExceededError$"):
        SqsQueueDepths(client, {"a": "http://127.0.0.1/a", "b": "http://127.0.0.1/b"}).read()


def test_secrets_that_trickle_are_given_up() -> None:
    """The one in use and the one to come."""
    with in_the_functions_time(), pytest.raises(ConnectionLostError, match=r"^secret_cannot_be_read$"):
        read_secret("arn", REGION, fresh=True)
    with in_the_functions_time(), pytest.raises(ConnectionLostError, match=r"^secret_cannot_be_read$"):
        SecretVersions("arn", REGION).pending()


def test_a_topic_that_trickles_is_given_up() -> None:
    """Whoever is to be told is told by the next run."""
    with in_the_functions_time(), pytest.raises(OperationsUnreachableError, match=r"^sns_DeadlineExceededError$"):
        SnsAlertPublisher(REGION, f"arn:aws:sns:{REGION}:000000000000:t").publish(AlertMessage("s", "b"))


def test_a_mail_whose_reply_trickles_is_of_unknown_outcome() -> None:
    """I4: it may have been sent, and is not sent again."""
    notice = Notice(
        id=7,
        kind=NoticeKind.EXPIRED,
        locale=Locale.NB,
        organisation_name="HLF",
        recipient_name="Kari",
        recipient_address="kari@example.no",
        expires_on=date(2026, 12, 1),
    )
    mailer = SesMailer(ses_client(REGION), Sender("ikke-svar@example.no"))
    with in_the_functions_time():
        assert mailer.send(notice) == Unknown("DeadlineExceededError")


@pytest.mark.parametrize("client", [sqs_client, ses_client], ids=["sqs", "ses"])
def test_no_client_asks_for_longer_than_it_is_waited_for(client: Any) -> None:
    """Connecting, reading and asking again are bounded by botocore too."""
    config = client(REGION).meta.config
    tries = config.retries["total_max_attempts"]
    assert tries * (config.connect_timeout + config.read_timeout) <= 13


def test_no_secret_is_asked_for_for_longer_than_it_is_waited_for() -> None:
    """The default of botocore is 60 seconds, five times."""
    config: Any = secrets._provider(REGION).client.meta.config
    assert config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout) <= 6


def test_a_call_returns_raises_or_is_given_up() -> None:
    """And is not made at all when there is no time left."""
    made = []
    assert within(1, lambda: 7) == 7
    with pytest.raises(KeyError):
        within(1, lambda: dict[str, int]()["x"])
    with pytest.raises(DeadlineExceededError, match="no_reply_in_time"):
        within(0.05, lambda: time.sleep(0.5))
    with function_ends_in(0.5), pytest.raises(DeadlineExceededError, match="no_time_left"):
        within(1, lambda: made.append(1))
    assert made == []


def test_a_functions_time_ends_with_the_function() -> None:
    """The next invocation has a time of its own."""
    with function_ends_in(61):
        assert 59 < at_most(100) <= 60
        assert at_most(5) == 5
        with function_ends_in(11):
            assert 9 < at_most(100) <= 10
        assert 59 < at_most(100) <= 60
    with function_ends_in(-10):
        assert at_most(5) == 0
    assert at_most(100) == 100
