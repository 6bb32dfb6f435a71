"""The fixed words of alerts in bokmål."""

from __future__ import annotations

from shared.domain.alerts import Language
from shared.domain.wording.bokmal_codes import CODES
from shared.domain.wording.numbers import Counted, Unit
from shared.domain.wording.texts import MailText, Texts

TEXTS = Texts(
    Language.NB,
    CODES,
    MailText(
        subject="HLF-sertifisering: {title}",
        still="Fortsatt, i {lasted}: {title}",
        over="Over: {title}",
        lasted="Dette er over. Det varte i {lasted}.",
        nothing_to_do="Du trenger ikke gjøre noe.",
        since="SIDEN",
        until="TIL",
        clock="norsk tid",
        how_many="ANTALL",
        ids="ID-ER",
        more="og {n} til",
        what_to_do="DETTE GJØR DU",
        runbook="VEILEDNING",
        alert="VARSEL",
        facts={
            "days_left": "DAGER IGJEN",
            "due": "SKULLE SENDES",
            "ends_on": "UTLØPER",
            "kind": "SLAG",
            "longest_silence_minutes": "HØYST (MINUTTER)",
            "of": "AV",
            "organisation_id": "ORGANISASJON",
            "percent": "PROSENT",
            "reason": "ÅRSAK",
            "sent": "SENDT",
            "still_shown": "VISES ENNÅ",
            "triggers": "UTLØSERE",
        },
        units={
            Unit.DAY: Counted("dag", "dager"),
            Unit.HOUR: Counted("time", "timer"),
            Unit.MINUTE: Counted("minutt", "minutter"),
        },
        a_moment="under ett minutt",
    ),
)
