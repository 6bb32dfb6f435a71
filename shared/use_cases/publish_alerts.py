"""Tell operations what is wrong, once for each thing, and when it is over. Every scheduled run ends with this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.alert_message import message
from shared.domain.commands import Target
from shared.domain.errors import CertificationError
from shared.domain.wording.languages import TEXTS
from shared.domain.wording.texts import Language

if TYPE_CHECKING:
    from datetime import datetime

    from shared.ports import Alerts, Operations, Report


_HERE = Target()
# Zeros included (I12).
NOTHING_TOLD = ("alerts_open", "alerts_opened", "alerts_closed", "alerts_told", "alerts_untold")


def tell_operations(
    function: str,
    *,
    alerts: Alerts,
    operations: Operations,
    report: Report,
    now: datetime,
    language: Language = Language.EN,
    target: Target = _HERE,
) -> dict[str, int]:
    """Open and close alerts by what is wrong now, and send what is due. Answers the counts.

    `target`: what the commands that are told work on.
    Raises nothing that is foreseen: a run has done its work by now. What could not be told is told by the next run.
    """
    counts = dict.fromkeys(NOTHING_TOLD, 0)
    reasons: set[str] = set()
    try:
        counts |= alerts.note()
        for alert in alerts.to_tell():
            try:
                operations.tell(message(alert, now, TEXTS[language], target))
                alerts.told(alert)
                counts["alerts_told"] += 1
            except CertificationError as error:
                counts["alerts_untold"] += 1
                reasons.add(str(error))
    except CertificationError as error:
        counts["alerts_untold"] += 1
        reasons.add(str(error))
    report.work(function, counts, reasons=sorted(reasons))
    return counts
