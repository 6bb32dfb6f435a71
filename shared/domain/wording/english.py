"""The fixed words of alerts in English."""

from __future__ import annotations

from shared.domain.alerts import Language
from shared.domain.wording.english_codes import CODES
from shared.domain.wording.numbers import Counted, Unit
from shared.domain.wording.texts import MailText, Texts

TEXTS = Texts(
    Language.EN,
    CODES,
    MailText(
        subject="HLF certification: {title}",
        still="Still, for {lasted}: {title}",
        over="Over: {title}",
        lasted="This is over. It lasted {lasted}.",
        nothing_to_do="You need not do anything.",
        since="SINCE",
        until="UNTIL",
        clock="Oslo time",
        how_many="HOW MANY",
        ids="IDS",
        more="and {n} more",
        what_to_do="WHAT TO DO",
        runbook="RUNBOOK",
        alert="ALERT",
        facts={
            "days_left": "DAYS LEFT",
            "due": "DUE",
            "ends_on": "ENDS ON",
            "kind": "KIND",
            "longest_silence_minutes": "AT MOST (MINUTES)",
            "of": "OF",
            "organisation_id": "ORGANISATION",
            "percent": "PERCENT",
            "reason": "REASON",
            "sent": "SENT",
            "still_shown": "STILL SHOWN",
            "triggers": "TRIGGERS",
        },
        units={
            Unit.DAY: Counted("day", "days"),
            Unit.HOUR: Counted("hour", "hours"),
            Unit.MINUTE: Counted("minute", "minutes"),
        },
        a_moment="less than a minute",
    ),
)
