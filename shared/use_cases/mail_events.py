"""What became of a mail: recorded once, in whatever order the events come (I17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.mail.events import BAD_NEWS, DrillEvent, DrillOutcome, MailEventKind, NotOurs, RecordOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.domain.mail.events import MailEvent
    from shared.ports import MailEvents, Report

_COUNT_OF_KIND = {
    MailEventKind.DELIVERY: "mails_delivered",
    MailEventKind.BOUNCE: "mails_bounced",
    MailEventKind.COMPLAINT: "mails_complained",
    MailEventKind.DELAY: "mails_delayed",
    MailEventKind.REJECT: "mails_rejected",
}
_NEW = frozenset({RecordOutcome.RECORDED, RecordOutcome.WAITING})
# Every event reports all of these, zeros included (I12).
MAIL_EVENT_COUNTS = (
    *(f"mail_events_{outcome}" for outcome in (*RecordOutcome, *NotOurs, *DrillOutcome)),
    *_COUNT_OF_KIND.values(),
)


def record_mail_event(
    event: MailEvent | DrillEvent | NotOurs,
    *,
    mail_events: MailEvents,
    publish_alerts: Callable[[str], object],
    report: Report,
) -> RecordOutcome | NotOurs | DrillOutcome:
    """Record the event once and return what was done with it. One that is not ours is counted, never an error.

    Alerts are published in the run that sees a mail that did not arrive; the next sweep sees an event that waits.
    """
    counts = dict.fromkeys(MAIL_EVENT_COUNTS, 0)
    if isinstance(event, NotOurs):
        report.work("mail_events", counts | {f"mail_events_{event}": 1})
        return event
    if isinstance(event, DrillEvent):  # of no notice, so it is in no other count
        drill = mail_events.record_drill(event)
        report.work("mail_events", counts | {f"mail_events_{drill}": 1}, drill_id=str(event.drill_id))
        return drill
    outcome = mail_events.record(event)
    counts[f"mail_events_{outcome}"] = 1
    counts[_COUNT_OF_KIND[event.kind]] = int(outcome in _NEW)
    report.work(
        "mail_events", counts, notice_id=event.notice_id, kind=event.kind.value, code=event.code, outcome=outcome.value
    )
    if outcome is RecordOutcome.RECORDED and event.kind in BAD_NEWS:
        publish_alerts("mail_events")
    return outcome
