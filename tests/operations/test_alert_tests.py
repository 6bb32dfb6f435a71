"""Test alerts: what is published, what is recorded of it, and what a person who has read one does."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import psycopg
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from local.stack.aws import CREDENTIALS, REGION
from operations.cli import app
from operations.commands import steps
from operations.commands.alert_tests import publish_test
from operations.errors import NotKnownError, OperationsError
from shared.adapters.postgres.opening import login_of
from shared.domain.alert_test import message_of_test, new_code, read_code
from shared.domain.alerts import Language
from shared.domain.commands import Target
from tests.support.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

TARGET = Target("hlf-certification")
NAMED = ("kari", "the first deployment")
MESSAGE = partial(message_of_test, language=Language.EN, target=TARGET)


class Topic:
    """The topic of operations in moto, and a mailbox behind it."""

    def __init__(self) -> None:
        self.sns = boto3.client("sns", region_name=REGION)
        self.arn = self.sns.create_topic(Name="operations")["TopicArn"]
        sqs = boto3.client("sqs", region_name=REGION)
        self._url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=arn)
        self._sqs = sqs

    def received(self) -> list[dict[str, str]]:
        found = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield Topic()


@pytest.fixture
def secret(database: TestDatabase) -> Mapping[str, Any]:
    return database.login("Operations")


@pytest.fixture
def step(secret: Mapping[str, Any]) -> Callable[..., list[Any]]:
    login = login_of(secret)

    def made(name: str, *parameters: object) -> list[Any]:
        with psycopg.connect(**login) as connection:
            return steps.make(connection, name, parameters)

    return made


@pytest.fixture
def operator(secret: Mapping[str, Any]) -> Operator:
    return Operator.of(secret)


@pytest.fixture
def code(topic: Topic, step: Any) -> str:
    return publish_test(step, topic.sns, topic.arn, NAMED, MESSAGE).code


def test_a_test_alert_is_published_with_its_code(topic: Topic, step: Any, foundation: Foundation) -> None:
    """Somebody hears it: the message has the code, and the whole command that acknowledges it."""
    test = publish_test(
        step, topic.sns, topic.arn, NAMED, partial(message_of_test, language=Language.NB, target=TARGET)
    )
    [received] = topic.received()
    command = f"hlf-operations test-alert --acknowledge {test.code} --actor DITT-NAVN --stack hlf-certification"
    assert command in received["Message"]
    assert "Ingenting er galt" in received["Message"]
    assert test.code in received["Subject"]
    assert test.published_at is not None
    assert foundation.all("SELECT action, actor, reason, facts FROM certification.audit") == [
        ("test_alert", *NAMED, {"code": test.code})
    ]


@pytest.mark.parametrize("language", Language)
def test_a_text_message_of_it_fits_into_one(language: Language) -> None:
    """SMS is the channel on call. One message has 160 characters of GSM 7, which has æ, ø and å."""
    message = message_of_test("K7PD4W", language, TARGET)
    assert len(message.sms) <= 160
    assert set(message.sms) - set("æøåÆØÅ") <= set(map(chr, range(32, 127)))
    assert "K7PD4W" in message.sms
    assert message.mail.subject.isascii()
    assert len(message.mail.subject) <= 100


def test_who_has_read_it_says_so_once(operator: Operator, code: str, foundation: Foundation) -> None:
    """Two persons are two; one who says it twice is one. Both are in the audit."""
    typed = f" {code[:3].lower()}-{code[3:].lower()} "
    said = operator.run("test-alert", "--acknowledge", typed, "--actor", "kari")
    assert "1 person has read it" in said
    assert "before" in operator.run("test-alert", "--acknowledge", code, "--actor", "Kari ")
    found = json.loads(operator.run("test-alert", "--acknowledge", code, "--actor", "ola", "--json"))
    assert (found["result"], found["acknowledgements"]) == ("acknowledged", 2)
    assert foundation.all(
        "SELECT actor FROM certification.audit WHERE action = 'acknowledge_test_alert' ORDER BY at"
    ) == ["kari", "ola"]


def test_a_code_of_no_test_is_refused(operator: Operator, code: str) -> None:
    """Exit code 1 for a code that was never sent, 2 for what is none."""
    other = next(one for one in iter(new_code, code) if one != code)
    assert "no test alert" in operator.run("test-alert", "--acknowledge", other, "--actor", "kari", expect=1)
    assert "six letters" in operator.run("test-alert", "--acknowledge", "K7PD4", "--actor", "kari", expect=2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--actor", "kari"), "--reason"),
        (("--actor", " ", "--reason", "why"), "--actor is empty"),
        (("--actor", "kari", "--reason", "why", "--acknowledge", "K7PD4W"), "takes no --reason"),
        (("--actor", "system:expiry", "--reason", "why"), "a person's name"),
    ],
)
def test_a_command_line_that_is_not_understood(operator: Operator, words: tuple[str, ...], said: str) -> None:
    assert said in " ".join(operator.run("test-alert", *words, expect=2).split())


def test_without_a_stack_nothing_is_published(operator: Operator, foundation: Foundation) -> None:
    """The topic is the stack's: exit code 3, and no test is recorded."""
    operator.run("test-alert", "--actor", "kari", "--reason", "why", expect=2)
    assert foundation.all("SELECT * FROM certification.alert_tests") == []


def test_what_sns_refuses_is_said(topic: Topic, step: Any, foundation: Foundation) -> None:
    """It is recorded as not published, so `status` shows that nobody has read it."""
    with pytest.raises(OperationsError, match="NotFound"):
        publish_test(step, topic.sns, topic.arn + "-gone", NAMED, MESSAGE)
    assert foundation.all("SELECT published_at FROM certification.alert_tests") == [None]


def test_an_sns_that_is_not_reached_is_unknown(step: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3: it may have taken it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    sns = boto3.client("sns", region_name=REGION, endpoint_url="http://127.0.0.1:1")
    with pytest.raises(NotKnownError):
        publish_test(step, sns, f"arn:aws:sns:{REGION}:000000000000:x", NAMED, MESSAGE)


def test_the_status_says_whether_it_was_read(operator: Operator, code: str, foundation: Foundation) -> None:
    """At first it is not read yet, after a day by nobody; then by how many. No alert depends on it."""

    def line(*words: str) -> str:
        shown = operator.run("status", *words, expect=None)
        return next(one for one in shown.splitlines() if code in one or "read by" in one or "lest av" in one)

    assert f"test {code}" in line()
    assert "not read yet" in line()
    foundation.do("UPDATE certification.alert_tests SET started_at = started_at - interval '25 hours'")
    assert "read by nobody" in line()
    assert "ikke lest av noen" in line("--language", "nb")
    operator.run("test-alert", "--acknowledge", code, "--actor", "kari")
    assert "read by 1" in line()


def test_a_code_is_easily_read_aloud() -> None:
    """Nobody is to tell O from 0."""
    for _ in range(200):
        code = new_code()
        assert not set(code) & set("IO01")
        assert read_code(f"{code[:2]} {code[2:].lower()}") == code
    assert read_code("K7PD4O") is None


def test_the_help_says_what_it_is_for() -> None:
    said = CliRunner().invoke(app, ["test-alert", "--help"]).output
    assert "acknowledge" in said
