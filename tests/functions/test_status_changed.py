"""functions.status_changed in a real process: over its function URL, by an event, and at the end of the whole chain."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from emulators.lambda_host.template.provision import local_clients
from emulators.lambda_host.triggers.async_invocations import AsyncInvocations
from emulators.lambda_host.triggers.event_rules import BusEvent, EventRules
from emulators.lambda_host.triggers.function_urls import FunctionUrls
from emulators.pg_net.worker import PgNet
from local.stack.aws import REGION
from local.stack.function_host import function_host
from local.stack.stack import endpoints
from shared.domain.sync_messages import parse
from shared.domain.webhook import LARGEST_BODY, Refusal, signature
from shared.observability import metric_name
from shared.use_cases.status_changed import no_counts
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.template.provision import Stack
    from local.stack.aws import LocalAws
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

EVENTS = Path(__file__).parents[2] / "events"
EVENT = json.loads((EVENTS / "status_changed.event.json").read_text())
REQUEST = json.loads((EVENTS / "status_changed.requested.json").read_text())
KEY, OTHER = "k" * 32, "o" * 64
SECRET = {"current": KEY, "previous": OTHER}
EXAMPLES_KEY = "a-key-for-examples-only-0123456789"


@dataclass
class WebhookCaller:
    """The function behind its URL, its queue and its secret."""

    host: LambdaHost
    url: str
    sqs: Any
    queue: str
    secrets: Any
    secret: str
    lines: list[str] = field(default_factory=list)

    def put(self, value):
        self.secrets.put_secret_value(SecretId=self.secret, SecretString=json.dumps(value))

    def messages(self):
        """What the queue has, and has no more."""
        found: list[Any] = []
        while got := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found += parse(message["Body"])
        return sorted((request.mentor_id, request.version) for request in found)

    def request(self, method="POST", body=b"", **headers):
        """Return status, headers and JSON."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            connection.request(method, "/", body=body, headers=headers)
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        assert method == "HEAD" or reply.headers["content-type"] == "application/json"
        return reply.status, reply.headers, json.loads(content or "null")

    def notify(self, body, *, key=KEY, at=None, method="POST", **changes):
        timestamp = str(int(time.time() if at is None else at))
        headers = {
            "Content-Type": "application/json",
            "X-Certification-Timestamp": timestamp,
            "X-Certification-Signature": signature(key, timestamp, body),
        }
        return self.request(method, body, **(headers | changes))

    def invoke(self, key):
        """Return the status of a signed request that comes as an event."""
        return self.host.invoke("StatusChanged", signed_event(body_of((uuid4(), 1)), key)).payload["statusCode"]

    def last(self):
        """Its last line about a webhook, and its last metrics."""
        objects = [json.loads(line) for line in self.lines if line.startswith("{")]
        works = [line for line in objects if line.get("message") == "work"]
        metrics = [line for line in objects if "_aws" in line]
        return works[-1], metrics[-1]


def body_of(*mentors):
    return json.dumps({"mentors": [{"id": str(mentor), "version": version} for mentor, version in mentors]}).encode()


def signed_event(body, key):
    """What the function URL makes of such a request."""
    timestamp = str(int(time.time()))
    signed = {"x-certification-timestamp": timestamp, "x-certification-signature": signature(key, timestamp, body)}
    return REQUEST | {"headers": REQUEST["headers"] | signed, "body": body.decode()}


@contextmanager
def opened(apis, **environment):
    """A function that has not been called yet, and its webhook without a URL."""
    aws, stack, clients = apis
    secrets = clients.secretsmanager
    lines = []
    extra = endpoints(aws.url, aws.url) | environment
    with function_host(stack, extra, on_log=lambda line: lines.append(line.text)) as host:
        sqs, queue = local_clients(aws.url, REGION).sqs, stack.physical_id("SyncRequests")
        yield WebhookCaller(host, "", sqs, queue, secrets, stack.physical_id("WebhookSecret"), lines)


@pytest.fixture(scope="module")
def warm(apis: tuple[LocalAws, Stack, Any]) -> Iterator[Any]:
    with opened(apis) as webhook, FunctionUrls(apis[1], webhook.host) as urls:
        webhook.put(SECRET)
        webhook.url = urls.url("StatusChanged")
        yield webhook


@pytest.fixture
def secret(apis: tuple[LocalAws, Stack, Any]) -> Iterator[None]:
    """Puts the secret back that the warm function knows."""
    _, stack, clients = apis
    secrets = clients.secretsmanager
    yield
    secrets.put_secret_value(SecretId=stack.physical_id("WebhookSecret"), SecretString=json.dumps(SECRET))


@pytest.fixture
def webhook(warm: Any) -> Any:
    """One process for all tests that leave it as it is."""
    warm.sqs.purge_queue(QueueUrl=warm.queue)  # what other functions' tests left there may be no sync request
    warm.lines.clear()
    return warm


@pytest.mark.parametrize("key", [KEY, OTHER])
def test_a_signed_webhook_is_taken_and_asks_for_whom_it_names(webhook: Any, key: Any) -> None:
    """Under either of two keys."""
    first, second = uuid4(), uuid4()
    status, _, response = webhook.notify(body_of((first, 3), (second, 1), (first, 5)), key=key)
    assert (status, response) == (202, {"accepted": 2})
    assert webhook.messages() == sorted([(first, 5), (second, 1)])


def test_the_same_webhook_twice_does_no_harm(webhook: Any) -> None:
    """I7: a replay within its five minutes asks for what is already so; dynamics_sync finds that."""
    mentor, now = uuid4(), time.time()
    assert {webhook.notify(body_of((mentor, 3)), at=now)[0] for _ in range(2)} == {202}
    assert webhook.messages() == [(mentor, 3)] * 2


STRANGERS = {
    "no_signature": {"X-Certification-Signature": ""},
    "no_time": {"X-Certification-Timestamp": ""},
    "a_time_that_is_none": {"X-Certification-Timestamp": "soon"},
    "a_time_of_5000_digits": {"X-Certification-Timestamp": "9" * 5000},
    "another_method": {"method": "GET"},
}


@pytest.mark.parametrize("case", STRANGERS)
def test_an_unsigned_call_leaves_no_line(webhook: Any, case: Any) -> None:
    """Neither of ours nor of the platform's, cold start included; a stranger fills no log."""
    status, _, response = webhook.notify(body_of((uuid4(), 1)), **STRANGERS[case])
    assert status == (405 if case == "another_method" else 401)
    assert response == {"error": "only POST" if status == 405 else "invalid signature or timestamp"}
    assert webhook.lines == []
    assert webhook.messages() == []


def test_a_cold_start_for_a_stranger_leaves_no_line(apis: tuple[LocalAws, Stack, Any]) -> None:
    """What he calls first is a new environment."""
    with opened(apis) as webhook:
        assert webhook.host.invoke("StatusChanged", REQUEST | {"headers": {}}).payload["statusCode"] == 401
        assert webhook.lines == []


@pytest.mark.parametrize("signature_", ["sha256=" + "0" * 64, "x", "\xe5" * 100, "sha256=" + "f" * 7000])
def test_a_garbage_signature_is_a_number_and_no_more(webhook: Any, signature_: str) -> None:
    """Whoever can call can send one, so it wakes nobody; one small line for the metric."""
    status, _, response = webhook.notify(body_of((uuid4(), 1)), **{"X-Certification-Signature": signature_})
    assert (status, response) == (401, {"error": "invalid signature or timestamp"})
    (line,) = webhook.lines
    said = json.loads(line)
    assert said["WebhooksRefusedSignatureWrong"] == [1.0]
    assert len(line) < 400


def test_a_signed_webhook_of_long_ago_is_logged_and_alarms(webhook: Any) -> None:
    """Only who holds our key can make it; the sender learns nothing of why."""
    status, _, response = webhook.notify(body_of((uuid4(), 1)), at=1_796_117_400 - 10**9)
    assert (status, response) == (401, {"error": "invalid signature or timestamp"})
    work, metrics = webhook.last()
    assert (work["reason"], work["via"], work["mentors"]) == (Refusal.TIMESTAMP_OLD, "url", [])
    assert metrics["WebhooksRefusedTimestampOld"] == [1.0]
    assert webhook.messages() == []


@pytest.mark.parametrize(
    ("request_", "status", "error"),
    [
        ({"method": "GET", "body": b""}, 405, "only POST"),
        ({"method": "DELETE", "body": b"{}"}, 405, "only POST"),
        ({"body": b"x" * (LARGEST_BODY + 1)}, 413, "at most 65536 octets"),
        ({"body": b"{}"}, 400, 'expected {"mentors": [...]} with 1 to 100 mentors'),
        ({"body": b"\xff\xfe"}, 400, "not JSON in UTF-8"),
        ({"body": b'{"mentors": [{"id": "kari@example.no", "version": 1}]}'}, 400, "mentors[0].id: expected a UUID"),
    ],
)
def test_what_is_not_a_webhook_is_reported_what_was_expected(
    webhook: Any, request_: Any, status: int, error: str
) -> None:
    found, headers, response = webhook.notify(**request_)
    assert (found, response) == (status, {"error": error})
    assert headers["allow"] == ("POST" if status == 405 else None)
    assert "kari" not in "".join(webhook.lines)
    assert webhook.messages() == []
    # Signed with our key, so somebody has to look; of a stranger's call there is no line.
    assert [line for line in webhook.lines if '"work"' in line] == webhook.lines[:-1]
    assert bool(webhook.lines) == (status == 400)


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/x-www-form-urlencoded", "text/plain"])
def test_a_body_is_the_same_octets_however_lambda_hands_it_over(webhook: Any, kind: str) -> None:
    """A function URL encodes what it does not take for text in base64."""
    mentor = uuid4()
    assert webhook.notify(body_of((mentor, 1)), **{"Content-Type": kind})[0] == 202
    assert webhook.messages() == [(mentor, 1)]


def test_the_request_in_the_events_folder_is_signed_as_it_says(webhook: Any) -> None:
    """It is old by now; signed anew it is taken."""
    headers, body = REQUEST["headers"], REQUEST["body"].encode()
    expected = signature(EXAMPLES_KEY, headers["x-certification-timestamp"], body)
    assert headers["x-certification-signature"] == expected
    assert webhook.host.invoke("StatusChanged", REQUEST).payload["statusCode"] == 401
    done = webhook.host.invoke("StatusChanged", signed_event(body, KEY))
    assert (done.payload["statusCode"], json.loads(done.payload["body"])) == (202, {"accepted": 2})


def test_an_event_is_taken_without_a_signature(webhook: Any) -> None:
    """EventBridge's, or what RDS invokes the function with: IAM has vouched for it."""
    assert webhook.host.invoke("StatusChanged", EVENT).payload == {"accepted": 2}
    only = {name: EVENT[name] for name in ("source", "detail-type", "detail")}
    assert webhook.host.invoke("StatusChanged", only).payload == {"accepted": 2}
    wanted = sorted((m["id"], m["version"]) for m in EVENT["detail"]["mentors"])
    assert sorted((str(mentor), version) for mentor, version in webhook.messages()) == sorted(wanted * 2)
    assert webhook.last()[0]["via"] == "event"


def test_an_event_reaches_it_by_the_rule_of_the_template(
    warm: WebhookCaller, apis: tuple[LocalAws, Stack, Any]
) -> None:
    """Whoever puts "Listing changed" on the account's bus needs no key and no address; other events do not come."""
    aws, stack, _ = apis
    warm.messages()
    with (
        AsyncInvocations(stack, warm.host, aws.url) as taken,
        EventRules(stack, warm.host, taken, aws.url) as rules,
    ):
        for source, detail_type in (("somebody.else", "Listing changed"), ("certification.app", "Listing removed")):
            rules.publish(BusEvent(source, detail_type, EVENT["detail"]))
        rules.publish(BusEvent("certification.app", "Listing changed", EVENT["detail"]))
        wanted = sorted((m["id"], m["version"]) for m in EVENT["detail"]["mentors"])
        found: list[Any] = []
        deadline = time.monotonic() + 20
        while not found and time.monotonic() < deadline:
            time.sleep(0.05)
            found = warm.messages()
    assert [(str(mentor), version) for mentor, version in found] == wanted


@pytest.mark.parametrize("smuggled", [EVENT, {**EVENT, "requestContext": None}, {"detail": EVENT["detail"]}])
def test_a_request_is_never_taken_for_an_event(webhook: Any, smuggled: Any) -> None:
    """Whatever its body and headers say, unsigned it is refused."""
    headers = {"source": "certification.app", "detail-type": "Listing changed", "detail": "{}"}
    status, _, _ = webhook.request(body=json.dumps(smuggled).encode(), **headers)
    assert status == 401
    signed, _, response = webhook.notify(json.dumps(smuggled).encode())
    assert (signed, "mentors" in response["error"]) == (400, True)
    assert webhook.messages() == []


@pytest.mark.parametrize(
    "event",
    [
        {},
        {**EVENT, "source": "somebody.else"},
        {**EVENT, "detail-type": "Listing removed"},
        {**EVENT, "detail": {"mentors": []}},
        {**EVENT, "detail": None},
        {"mentors": EVENT["detail"]["mentors"]},
    ],
)
def test_an_event_of_another_form_ends_with_an_error(webhook: Any, event: Any) -> None:
    """So that it reaches the dead letters and a person."""
    done = webhook.host.invoke("StatusChanged", event)
    assert done.function_error == "Unhandled"
    assert done.payload["errorMessage"].startswith(("InvalidEventError: ", "WebhookRefusedError: "))
    assert webhook.messages() == []


def test_its_metrics_carry_zeros_and_its_line_carries_ids(webhook: Any) -> None:
    """I11, I12."""
    mentor = uuid4()
    webhook.notify(body_of((mentor, 1)))
    work, metrics = webhook.last()
    assert work["counts"] == no_counts() | {"webhooks_accepted": 1, "mentors_in_webhooks": 1}
    assert work["mentors"] == [str(mentor)]
    for measure in no_counts():
        assert metrics[metric_name(measure)] == [float(work["counts"][measure])]
    assert (metrics["function"], metrics["service"]) == ("status_changed", "certification")
    assert KEY not in "".join(webhook.lines)


# Each of these has a process of its own -------------------------------------------------------------------------------


@pytest.mark.usefixtures("secret")
def test_a_wrong_key_does_not_wear_out_the_secret(apis: tuple[LocalAws, Stack, Any]) -> None:
    """A warm container reads the secret again when no key fits, but not at a stranger's will."""
    with opened(apis) as webhook:
        webhook.put({"current": KEY})
        assert webhook.invoke(KEY) == 202
        webhook.put({"current": OTHER, "previous": KEY})
        assert webhook.invoke(OTHER) == 202
        assert webhook.invoke(KEY) == 202
        webhook.put({"current": "z" * 32})
        assert webhook.invoke("z" * 32) == 401  # read afresh a moment ago


@pytest.mark.parametrize("value", [{}, {"current": "short"}])
@pytest.mark.usefixtures("secret")
def test_a_secret_without_a_key_is_our_fault(apis: tuple[LocalAws, Stack, Any], value: Any) -> None:
    """503 and a metric that alarms; {} is what a new stack has. No caller is authorised, even with an empty key."""
    with opened(apis) as webhook:
        webhook.put(value)
        assert webhook.invoke("") == 503
        work, metrics = webhook.last()
        assert (work["reason"], metrics["WebhooksFailed"]) == ("webhook_without_key", [1.0])


def test_a_queue_that_does_not_take_it_is_answered_with_503(apis: tuple[LocalAws, Stack, Any], warm: Any) -> None:
    """And for an event with an error, so that Lambda tries again."""
    with opened(apis, AWS_ENDPOINT_URL_SQS="http://127.0.0.1:1") as webhook:
        assert webhook.invoke(KEY) == 503
        assert webhook.last()[0]["reason"] == "queue_EndpointConnectionError"
        done = webhook.host.invoke("StatusChanged", EVENT)
        assert done.payload["errorMessage"] == "QueueUnavailableError: queue_EndpointConnectionError"


def test_a_change_in_the_database_arrives_in_the_queue(
    webhook: Any, database: TestDatabase, foundation: Foundation
) -> None:
    """The chain: SQL, trigger, signature, pg_net, function URL, queue. A rollback arrives nowhere."""
    foundation.do("INSERT INTO certification.webhook (url, secret) VALUES (%s, %s)", webhook.url, KEY)
    with PgNet(database.dsn) as net:
        organisation = foundation.organisation()
        mentor = foundation.mentor(organisation, DAY + days(100))
        foundation.do("UPDATE peer_mentors SET listing_consent = true WHERE id = %s", mentor)
        net.wait_until_quiet(15)
        webhook.messages()
        foundation.do("UPDATE peer_mentors SET phone = '+47 900 00 000' WHERE id = %s", mentor)
        net.wait_until_quiet(15)
        version = foundation.one("SELECT desired_version FROM certification.listings WHERE mentor_id = %s", mentor)
        assert webhook.messages() == [(mentor, version)]
        statuses = foundation.all("SELECT DISTINCT status_code FROM net._http_response")
        assert statuses == [202]
