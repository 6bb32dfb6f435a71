"""How many hear an alert, by what SNS says of the topic; no address is ever said (I11)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from local.stack.aws import REGION
from shared.adapters.aws.people import recipients_finding
from shared.adapters.aws.recipients import Recipients, count_recipients
from shared.domain.integration.findings import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPIC = f"arn:aws:sns:{REGION}:000000000000:operations"
NUMBER, OTHER = "+4790000001", "+4790000002"
PENDING = "PendingConfirmation"


def subscription(protocol: str, endpoint: str, *, confirmed: bool = True) -> dict[str, str]:
    arn = f"{TOPIC}:6b0e71bd-7e97-4d97-80ce-4a0994e55286" if confirmed else PENDING
    return {
        "SubscriptionArn": arn,
        "Owner": "000000000000",
        "Protocol": protocol,
        "Endpoint": endpoint,
        "TopicArn": TOPIC,
    }


MAIL, SMS = subscription("email", "drift@example.no"), subscription("sms", NUMBER)
WAITING = subscription("email", "vakt@example.no", confirmed=False)


@contextmanager
def answering(
    subscriptions: list[dict[str, str]], *, sandbox: bool | None = False, verified: tuple[str, ...] = ()
) -> Iterator[Any]:
    """Yield a client of SNS, which answers so. `sandbox` None: who asks has no right to know."""
    client = boto3.client("sns", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as sns:
        sns.add_response("list_subscriptions_by_topic", {"Subscriptions": subscriptions}, {"TopicArn": TOPIC})
        if any(one["Protocol"] == "sms" for one in subscriptions):
            if sandbox is None:
                sns.add_client_error("get_sms_sandbox_account_status", "AuthorizationError")
            else:
                sns.add_response("get_sms_sandbox_account_status", {"IsInSandbox": sandbox}, {})
            if sandbox:
                numbers = [{"PhoneNumber": one, "Status": "Verified"} for one in verified]
                numbers.append({"PhoneNumber": OTHER, "Status": "Pending"})
                sns.add_response("list_sms_sandbox_phone_numbers", {"PhoneNumbers": numbers}, {})
            sns.add_response(
                "get_sms_attributes",
                {"attributes": {"MonthlySpendLimit": "1"}},
                {"attributes": ["MonthlySpendLimit"]},
            )
        yield client


@pytest.mark.parametrize(
    ("subscriptions", "sandbox", "verified", "counted", "confirmed"),
    [
        ([], False, (), Recipients(0, 0, 0, 0), 0),
        ([WAITING], False, (), Recipients(0, 0, 0, 1), 0),
        ([MAIL, WAITING], False, (), Recipients(1, 0, 0, 1), 1),
        ([MAIL, SMS], False, (), Recipients(1, 1, 0, 0, 0, 1), 2),
        ([SMS], True, (NUMBER,), Recipients(0, 1, 0, 0, 0, 1), 1),
        ([MAIL, SMS], True, (), Recipients(1, 1, 0, 0, 1, 1), 1),
        ([MAIL, subscription("sms", OTHER)], True, (), Recipients(1, 1, 0, 0, 1, 1), 1),
        ([SMS], None, (), Recipients(0, 1, 0, 0, None, 1), 1),
        ([subscription("https", "https://example.no/x")], False, (), Recipients(0, 0, 1, 0), 1),
    ],
)
def test_recipients_are_counted(
    subscriptions: list[dict[str, str]],
    sandbox: bool | None,
    verified: tuple[str, ...],
    counted: Recipients,
    confirmed: int,
) -> None:
    """Confirmed and not, by mail and by SMS; a number that the sandbox keeps messages from does not count."""
    with answering(subscriptions, sandbox=sandbox, verified=verified) as client:
        found = count_recipients(client, TOPIC)
    assert found == counted
    assert found.confirmed == confirmed


@pytest.mark.parametrize(
    ("subscriptions", "verdict", "said"),
    [
        ([], Verdict.DOES_NOT_HOLD, "nobody is subscribed"),
        ([WAITING], Verdict.DOES_NOT_HOLD, "none confirmed: 0 by e-mail, 0 by SMS, 1 not confirmed yet"),
        ([MAIL], Verdict.HOLDS, "1 confirmed: 1 by e-mail, 0 by SMS; two are recommended, one of them by SMS"),
        ([MAIL, SMS], Verdict.HOLDS, "2 confirmed: 1 by e-mail, 1 by SMS, SMS for at most 1 dollars a month"),
    ],
)
def test_verify_integration_says_how_many(subscriptions: list[dict[str, str]], verdict: Verdict, said: str) -> None:
    """Fewer than two is said, and no fault; none is one. No address is in it."""
    with answering(subscriptions) as client:
        found = recipients_finding(client, TOPIC)
    assert found.verdict is verdict
    assert found.found.startswith(said)
    assert "example.no" not in str(found)
    assert NUMBER not in str(found)
