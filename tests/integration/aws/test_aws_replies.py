"""Issue 8 D2: whatever an AWS service, or a proxy in its place, replies is one of our errors; on real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from local.stack.aws import CREDENTIALS, REGION
from shared.adapters.aws import secrets
from shared.adapters.aws.secrets import SecretVersions, read_secret
from shared.adapters.aws.sns import SnsAlertPublisher
from shared.adapters.aws.sqs import SqsQueueDepths, SqsSyncQueue, sqs_client
from shared.domain.alerts import AlertMessage
from shared.domain.errors import ConnectionLostError, OperationsUnreachableError, QueueUnavailableError
from shared.domain.listings import SyncRequest
from tests.support.website_wire import http
from tests.support.wire import _Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

BODIES: dict[str, str | bytes] = {
    "nothing": "",
    "a_login_page": "<html><body>Sign in</body></html>",
    "null": "null",
    "a_list": "[]",
    "a_text": '"x"',
    "nested": "[" * 100_000,
    "not_utf_8": b"\xff\xfe\0",
    "a_code_that_is_none": '{"__type": 7}',
    "entries_without_an_id": '{"Failed": [{}]}',
    "entries_without_a_code": '{"Failed": [{"Id": "0"}]}',
    "a_code_that_is_a_number": '{"Failed": [{"Id": "0", "Code": 7, "SenderFault": false}]}',
    "another_entry": '{"Successful": [{"Id": "99"}]}',
    "depths_in_a_list": '{"Attributes": []}',
    "no_depth": '{"Attributes": {"ApproximateNumberOfMessages": null}}',
    "digits": '{"Attributes": {"ApproximateNumberOfMessages": "%s"}}' % ("9" * 5000),
    "an_error_in_xml_without_a_code": "<ErrorResponse><Error><Code/></Error></ErrorResponse>",
    "another_xml": "<x><Error/></x>",
}


class SameReplyServer(_Listener):
    """Replies to everything with the same octets."""

    reply = b""

    def serve(self, client: Any) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += client.recv(65536)
        client.sendall(self.reply)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[SameReplyServer]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with SameReplyServer() as service:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{service.port}")
        secrets._provider.cache_clear()
        yield service
        secrets._provider.cache_clear()


@pytest.mark.parametrize("status", [200, 302, 400])
@pytest.mark.parametrize("body", BODIES)
def test_a_reply_no_service_should_send_is_one_of_our_errors(aws: SameReplyServer, status: int, body: Any) -> None:
    """A code, and nothing that was said in words (I11). What was not confirmed is not taken for sent."""
    aws.reply = http(status, BODIES[body], connection="close")
    client = sqs_client(REGION)
    queue = SqsSyncQueue(client, "http://127.0.0.1/q", pause=lambda _: None)
    with pytest.raises(QueueUnavailableError, match=r"^queue_[A-Za-z0-9._]+$"):
        queue.send([SyncRequest(uuid4(), 1)])
    queue.return_later({"handle": 5.0})
    with pytest.raises(QueueUnavailableError, match=r"^queue_[A-Za-z0-9._]+$"):
        SqsQueueDepths(client, {"a": "http://127.0.0.1/a"}).read()
    with pytest.raises(OperationsUnreachableError, match=r"^sns_[A-Za-z0-9._]+$"):
        SnsAlertPublisher(REGION, f"arn:aws:sns:{REGION}:000000000000:t").publish(AlertMessage("s", "b"))
    with pytest.raises(ConnectionLostError, match=r"^secret_"):
        read_secret("arn", REGION, fresh=True)
    with pytest.raises(ConnectionLostError, match=r"^secret_"):
        SecretVersions("arn", REGION).pending()


@pytest.mark.parametrize("text", ["7", '"[]"', '"' + "[" * 60_000 + '"', "null", '"x"', "{}"])
def test_a_next_secret_that_cannot_be_read_is_one_of_our_errors(aws: SameReplyServer, text: str) -> None:
    """Of the kinds that the health check knows."""
    aws.reply = http(200, f'{{"SecretString": {text}, "VersionStages": ["AWSPENDING"]}}', connection="close")
    with pytest.raises(ConnectionLostError, match=r"^secret_"):
        SecretVersions("arn", REGION).pending()
