"""force_sync behind its function URL, as coordinators' dashboards call it: in its own process, over HTTP."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from emulators.dataverse.model import defaults
from emulators.lambda_host.template.provision import provision
from emulators.lambda_host.triggers.function_urls import FunctionUrls
from local.stack.aws import REGION
from local.stack.function_host import function_host
from local.stack.parameters import local_template, website_at
from local.stack.stack import endpoints
from shared.domain.sync_messages import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID

    from emulators.identity.server import LocalIdentity
    from emulators.lambda_host.runtime.host import LambdaHost
    from emulators.lambda_host.template.provision import Stack
    from local.stack.aws import LocalAws
    from shared.domain.listings import SyncRequest

REASON = "Står fortsatt på nettsiden"
PROBLEMS = "tag:hlf.no,2026:certification:problem:"
ORIGIN = "https://app.example.no"
CREDENTIAL = {
    "tenant_id": defaults.TENANT_ID,
    "client_id": defaults.CLIENT_ID,
    "client_secret": defaults.CLIENT_SECRET,
}
# They differ from one response to the next.
_OF_ONE_RESPONSE = {"date", "x-amzn-requestid"}


@dataclass(frozen=True)
class UrlResponse:
    """A response, with its headers in lower case, repeated ones as they came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of a header that stands once, or None. A repeated header fails the test."""
        values = [value for known, value in self.headers if known == name]
        assert len(values) < 2, f"{name} stands {len(values)} times"
        return values[0] if values else None

    @property
    def content(self) -> Any:
        """Return the JSON of the body."""
        return json.loads(self.body)

    @property
    def lasting(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Return all of it that does not differ between two equal responses."""
        return self.status, sorted(one for one in self.headers if one[0] not in _OF_ONE_RESPONSE), self.body

    def problem(self, name: str, status: int) -> dict[str, Any]:
        """Return the members of a problem, which must be this one in the form of RFC 9457."""
        assert (self.status, self.header("content-type")) == (status, "application/problem+json"), self
        content: dict[str, Any] = self.content
        assert (content["type"], content["status"]) == (PROBLEMS + name, status)
        assert content["title"]
        assert content["detail"]
        assert self.header("cache-control") == "no-store"
        return content


@dataclass(frozen=True)
class ForceSyncUrl:
    """The function behind its URL, the identity provider it trusts, its queue, and every line it logs."""

    host: LambdaHost
    stack: Stack
    clients: Any
    url: str
    identity: LocalIdentity
    lines: list[str] = field(default_factory=list)

    def put_secret(self, name: str, value: object) -> None:
        """Store a secret of the template."""
        text = value if isinstance(value, str) else json.dumps(value)
        self.clients.secretsmanager.put_secret_value(SecretId=self.stack.physical_id(name), SecretString=text)

    def log_in(self, login: Mapping[str, Any]) -> None:
        """Have the function use this login from its next connection on."""
        self.put_secret("ForceSyncDatabaseSecret", login)
        self.put_secret("DataverseSecret", CREDENTIAL)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> UrlResponse:
        """Send a request with these headers and no others."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        try:
            connection.request(method, path, body=body or None, headers=dict(headers or {}))
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        return UrlResponse(reply.status, [(name.lower(), value) for name, value in reply.getheaders()], content)

    def signed_in(self, person: UUID) -> dict[str, str]:
        """Return the header of a person who is signed in."""
        return {"authorization": f"Bearer {self.identity.token(person)}"}

    def get(self, coordinator: UUID, path: str, **headers: str) -> UrlResponse:
        """Read as a coordinator."""
        return self.request("GET", path, headers=self.signed_in(coordinator) | headers)

    def post(self, coordinator: UUID, path: str, body: bytes, content_type: str = "application/json") -> UrlResponse:
        """Send a body as a coordinator."""
        return self.request("POST", path, body, self.signed_in(coordinator) | {"content-type": content_type})

    def force(self, coordinator: UUID, mentor: UUID, reason: str = REASON) -> UrlResponse:
        """Force a sync."""
        body = json.dumps({"reason": reason}, ensure_ascii=False).encode()
        return self.post(coordinator, f"/mentors/{mentor}/sync", body)

    def requests(self) -> list[SyncRequest]:
        """Take what stands in the queue of syncs."""
        queue = self.stack.physical_id("SyncRequests")
        found: list[SyncRequest] = []
        while got := self.clients.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                self.clients.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                found += parse(message["Body"])
        return found

    def forget(self) -> None:
        """Empty the queue and the log."""
        self.clients.sqs.purge_queue(QueueUrl=self.stack.physical_id("SyncRequests"))
        self.lines.clear()

    @contextmanager
    def inbox(self) -> Iterator[Callable[[], list[str]]]:
        """Yield a callable that returns the subjects of what operations was sent since its last call."""
        sqs, sns = self.clients.sqs, self.clients.sns
        queue = sqs.create_queue(QueueName=f"inbox-{uuid4()}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = self.stack.physical_id("OperationsTopic")
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]

        def subjects() -> list[str]:
            found: list[str] = []
            while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
                for message in got:
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                    found.append(json.loads(message["Body"])["Subject"])
            return found

        try:
            yield subjects
        finally:
            sns.unsubscribe(SubscriptionArn=subscription)
            sqs.delete_queue(QueueUrl=queue)

    def logged(self) -> list[dict[str, Any]]:
        """Return the function's own lines."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    def metrics(self) -> list[dict[str, Any]]:
        """Return the sets of metrics that the function has written."""
        return [line for line in self.logged() if "_aws" in line]

    def works(self) -> list[dict[str, Any]]:
        """Return the lines about forced syncs."""
        return [line for line in self.logged() if line.get("message") == "work" and "outcome" in line]


@contextmanager
def opened(
    apis: tuple[LocalAws, Stack, Any],
    identity: LocalIdentity,
    website: str,
    parameters: Mapping[str, str] | None = None,
    **environment: str,
) -> Iterator[ForceSyncUrl]:
    """Yield a function that was not called yet. `parameters` are those of template.yaml."""
    aws, _, clients = apis
    here = website_at(website) | {"TOKEN_ISSUER": identity.issuer}
    stack = provision(local_template(parameters, region=REGION), clients, here)
    lines: list[str] = []
    extra = endpoints(aws.url, aws.url) | {"STACK_NAME": ""} | environment
    with (
        function_host(stack, extra, on_log=lambda line: lines.append(line.text), maximum_concurrency=100) as host,
        FunctionUrls(stack, host) as urls,
    ):
        yield ForceSyncUrl(host, stack, clients, urls.url("ForceSync"), identity, lines)
