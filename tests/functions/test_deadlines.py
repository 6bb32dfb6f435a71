"""I18: a function whose outside says a little now and then ends by itself, with its own work done."""

from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local.stack.function_host import function_host
from local.stack.stack import endpoints
from tests.functions.conftest import CREDENTIAL
from tests.support.foundation import DAY, days
from tests.support.trickler import Trickler

if TYPE_CHECKING:
    from emulators.lambda_host.template.provision import Stack
    from local.stack.aws import LocalAws
    from tests.conftest import TestDatabase
    from tests.support.foundation import Foundation

EVENTS = Path(__file__).parents[2] / "events"
NIGHTLY_CHECK = json.loads((EVENTS / "expiry_check.scheduled.json").read_text())
CHANGED = json.loads((EVENTS / "status_changed.event.json").read_text())

TRICKLES: dict[str, Any] = {
    "1xx": {"pieces": cycle([b"HTTP/1.1 100 Continue\r\n\r\n"])},
    "head": {"pieces": cycle([b"x"]), "first": b"HTTP/1.1 200 OK\r\nx: "},
    "body": {"pieces": cycle([b" "]), "first": b"HTTP/1.1 200 OK\r\n\r\n"},
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow) if case != "body" else case for case in TRICKLES]
)
def test_the_check_expires_people_though_the_website_trickles(
    apis: tuple[LocalAws, Stack, Any], database: TestDatabase, foundation: Foundation, case: Any
) -> None:
    """It was killed at 300 s with nobody expired, on each of three tries."""
    aws, stack, clients = apis
    mentor = foundation.mentor(foundation.organisation(), DAY - days(1))
    for secret, value in (
        ("ExpiryCheckDatabaseSecret", database.login("ExpiryCheck")),
        ("DataverseSecret", CREDENTIAL),
    ):
        clients.secretsmanager.put_secret_value(
            SecretId=stack.physical_id(secret), SecretString=json.dumps(dict(value))
        )
    with Trickler(**TRICKLES[case]) as site:
        url = site.url.rstrip("/")
        environment = endpoints(aws.url, aws.url) | {"DATAVERSE_URL": url, "ENTRA_AUTHORITY": url}
        with function_host(stack, environment) as host:
            done = host.invoke("ExpiryCheck", NIGHTLY_CHECK, 8)
    assert done.function_error is None, (done.payload, done.log_lines)
    assert done.payload["state"] == "degraded"
    assert done.payload["reason"].startswith("entra_")
    assert foundation.status(mentor) == "certification_expired"
    assert foundation.all("SELECT state FROM certification.runs") == ["degraded"]


def test_the_webhook_responds_though_the_queue_trickles(apis: tuple[LocalAws, Stack, Any]) -> None:
    """Lambda would kill it, and nobody would know why."""
    aws, stack, _ = apis
    with Trickler(**TRICKLES["1xx"]) as queue:
        environment = endpoints(aws.url, aws.url) | {"AWS_ENDPOINT_URL_SQS": queue.url}
        with function_host(stack, environment) as host:
            done = host.invoke("StatusChanged", CHANGED, 4)
    assert done.payload["errorMessage"] == "QueueUnavailableError: queue_DeadlineExceededError"
