"""Who receives the alerts of operations, counted and never named.

https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html: a subscription that awaits confirmation
has no ARN. A number is subscribed without any; in the SMS sandbox SNS sends to verified numbers only
(https://docs.aws.amazon.com/sns/latest/dg/sns-sms-sandbox.html), and it stops within minutes of the month's limit
(https://docs.aws.amazon.com/sns/latest/dg/sms_preferences.html).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

RECOMMENDED = 2
"""One is on leave, asleep or has a full mailbox."""


@dataclass(frozen=True)
class Recipients:
    """How many hear of an alert. `unheard`: numbers that the SMS sandbox keeps messages from; None: not known."""

    email: int
    sms: int
    other: int
    pending: int
    unheard: int | None = 0
    sms_limit_dollars: int | None = None
    """What SMS of the whole account may cost a month; None: not known, or there is no SMS."""

    @property
    def confirmed(self) -> int:
        """Return how many are confirmed and not known to be unreachable."""
        return self.email + self.sms + self.other - (self.unheard or 0)


def count_recipients(sns: SNSClient, topic_arn: str) -> Recipients:
    """Count the subscriptions of a topic. Raises ClientError or BotoCoreError if they cannot be listed."""
    subscribed = [
        one
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
        for one in page["Subscriptions"]
    ]
    confirmed = [one for one in subscribed if one["SubscriptionArn"].startswith("arn:")]
    numbers = [one["Endpoint"] for one in confirmed if one["Protocol"] == "sms"]
    mails = sum(one["Protocol"].startswith("email") for one in confirmed)
    return Recipients(
        email=mails,
        sms=len(numbers),
        other=len(confirmed) - mails - len(numbers),
        pending=len(subscribed) - len(confirmed),
        unheard=_unheard(sns, numbers) if numbers else 0,
        sms_limit_dollars=_limit(sns) if numbers else None,
    )


def _unheard(sns: SNSClient, numbers: list[str]) -> int | None:
    try:
        if not sns.get_sms_sandbox_account_status()["IsInSandbox"]:
            return 0
        verified = {
            one["PhoneNumber"]
            for page in sns.get_paginator("list_sms_sandbox_phone_numbers").paginate()
            for one in page["PhoneNumbers"]
            if one["Status"] == "Verified"
        }
    except ClientError:  # whoever asks may have no right to know it
        return None
    return sum(number not in verified for number in numbers)


def _limit(sns: SNSClient) -> int | None:
    try:
        return int(sns.get_sms_attributes(attributes=["MonthlySpendLimit"])["attributes"]["MonthlySpendLimit"])
    except (ClientError, KeyError, ValueError):
        return None
