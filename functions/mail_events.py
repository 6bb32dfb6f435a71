"""What became of each mail. Trigger: the events of SES, by a rule of EventBridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.bootstrap.mail_events import mail_events_ports
from shared.observability import LogAndMetrics, guarded, logger
from shared.ses_events import mail_event
from shared.use_cases.mail_events import record_mail_event

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger().inject_lambda_context(clear_state=True)
@guarded
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Record what SES says of one mail. Return {"outcome": …}: what was done, or why the event is not ours.

    Event: "Email Bounced" and its like, with the tag notice_id that every mail of ours carries.
    """
    said = mail_event(event)
    report = LogAndMetrics()
    with mail_events_ports(report) as ports:
        outcome = record_mail_event(
            said, mail_events=ports.mail_events, publish_alerts=ports.publish_alerts, report=report
        )
    return {"outcome": outcome.value}
