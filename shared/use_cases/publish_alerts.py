"""The publishing of alerts: one message for each thing that is wrong, and one when it is over.

Every scheduled run ends with this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.alert_message import message
from shared.domain.alerts import Language
from shared.domain.commands import Target
from shared.domain.errors import CertificationError
from shared.domain.wording.languages import TEXTS

if TYPE_CHECKING:
    from datetime import datetime

    from shared.ports import AlertPublisher, Alerts, Report


_HERE = Target()
# Every run reports all of these, zeros included (I12).
ALERT_COUNTS = ("alerts_open", "alerts_opened", "alerts_closed", "alerts_sent", "alerts_unsent")


def publish_alerts(
    function: str,
    *,
    alerts: Alerts,
    publisher: AlertPublisher,
    report: Report,
    now: datetime,
    language: Language = Language.EN,
    target: Target = _HERE,
) -> dict[str, int]:
    """Open and close alerts by what is wrong now, and send what is due. Return the counts.

    `target`: the system that the commands in the messages work on.
    Never raises a CertificationError, because the run's work is already done. The next run publishes what could not be
    sent.
    """
    counts = dict.fromkeys(ALERT_COUNTS, 0)
    reasons: set[str] = set()
    try:
        counts |= alerts.record()
        for alert in alerts.claim_unsent():
            try:
                publisher.publish(message(alert, now, TEXTS[language], target))
                alerts.mark_sent(alert)
                counts["alerts_sent"] += 1
            except CertificationError as error:
                counts["alerts_unsent"] += 1
                reasons.add(str(error))
    except CertificationError as error:
        counts["alerts_unsent"] += 1
        reasons.add(str(error))
    report.work(function, counts, reasons=sorted(reasons))
    return counts
