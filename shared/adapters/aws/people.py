"""Whether mail reaches people: the sender's identity in SES, and who receives the alerts of operations.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.adapters.aws.call import aws_call
from shared.adapters.aws.deliverability import identities_of
from shared.adapters.aws.deployment import client
from shared.adapters.aws.recipients import RECOMMENDED, Recipients, count_recipients
from shared.domain.errors import OperationsUnreachableError
from shared.domain.integration.findings import Finding, broken, holds, unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_sns import SNSClient

_SECONDS: Final = 10.0

POINTS: Final = {
    "dependencies.mail.sender": "SES has verified the address that mails come from, or its domain",
    "dependencies.mail.account": "the SES account has left the sandbox, and may send",
    "dependencies.operations.recipients": "somebody receives the alerts of operations, and has confirmed it",
}


def people_findings(region: str, sender: str, topic_arn: str) -> Iterator[Finding]:
    """Yield a finding for each of POINTS."""
    checks: dict[str, Callable[[], Finding]] = {
        "dependencies.mail.sender": lambda: _sender(region, sender),
        "dependencies.mail.account": lambda: _account(region),
        "dependencies.operations.recipients": lambda: recipients_finding(client("sns", region), topic_arn),
    }
    for point, check in checks.items():
        try:
            yield aws_call("aws", _SECONDS, check, OperationsUnreachableError)
        except OperationsUnreachableError as error:
            yield unchecked(point, POINTS[point], str(error))


def _sender(region: str, sender: str) -> Finding:
    point, ses = "dependencies.mail.sender", client("sesv2", region)
    states = []
    for identity, found in identities_of(ses, sender):  # SES takes the nearest of these
        if found["VerifiedForSendingStatus"]:
            kind = "the address" if identity == sender else "its domain"
            return holds(point, POINTS[point], f"{kind} is verified")
        states.append(found.get("VerificationStatus", "unknown"))
    there = f"its verification is {', '.join(states)}" if states else "neither is an identity of this region"
    return broken(point, POINTS[point], there, "verify the domain in SES, in this region (docs/operations/deploy.md)")


def _account(region: str) -> Finding:
    point, account = "dependencies.mail.account", client("sesv2", region).get_account()
    if not account.get("ProductionAccessEnabled"):
        return broken(
            point,
            POINTS[point],
            "it is in the sandbox: mail reaches only verified addresses",
            "request production access in SES, in this region",
        )
    if not account.get("SendingEnabled"):
        status = account.get("EnforcementStatus", "unknown")
        return broken(
            point, POINTS[point], f"sending is paused ({status})", "see Reputation metrics in SES, and write to AWS"
        )
    return holds(point, POINTS[point], str(account.get("EnforcementStatus", "")))


def recipients_finding(sns: SNSClient, topic_arn: str) -> Finding:
    """Return whether somebody has confirmed to receive the alerts, and how many have."""
    point, found = "dependencies.operations.recipients", count_recipients(sns, topic_arn)
    if not found.confirmed:
        there = "nobody is subscribed" if found == Recipients(0, 0, 0, 0) else f"none confirmed: {_counted(found)}"
        return broken(
            point,
            POINTS[point],
            there,
            "set OperationsEmail, and confirm in the mail that AWS sends; until then every alert is lost",
        )
    said = [f"{found.confirmed} confirmed: {_counted(found)}"]
    if found.confirmed < RECOMMENDED or not found.sms:
        said.append("two are recommended, one of them by SMS (OperationsPhone)")
    if found.unheard is None:
        said.append("whether SNS may send to that number was not looked up")
    return holds(point, POINTS[point], "; ".join(said))


def _counted(found: Recipients) -> str:
    said = [f"{found.email} by e-mail", f"{found.sms} by SMS"]
    if found.other:
        said.append(f"{found.other} otherwise")
    if found.unheard:
        said.append(f"{found.unheard} of them a number that is not verified in the SMS sandbox")
    if found.pending:
        said.append(f"{found.pending} not confirmed yet")
    if found.sms_limit_dollars is not None:
        said.append(f"SMS for at most {found.sms_limit_dollars} dollars a month")
    return ", ".join(said)
