"""The website as a whole."""

from shared.domain.alerts import Condition
from shared.domain.conditions.entry import ConditionText, Entry, Severity
from shared.domain.wording.numbers import Counted

WEBSITE = {
    Condition.WEBSITE_REFUSES_US: Entry(
        severity=Severity.STOPS_EVERYTHING,
        nb=ConditionText(
            title="Dynamics slipper oss ikke inn",
            what=(
                "Dynamics godtar ikke innloggingen vår, så ingenting sendes til nettsiden. Så lenge det varer, vises"
                " også de som utløper, settes på pause eller trekker samtykket sitt."
            ),
            counted=Counted("endring venter", "endringer venter"),
            steps=(
                "Se hva som venter, og hvem som fortsatt vises: `status`",
                "Skjul dem som fortsatt vises, for hånd i Dynamics: sett radene deres til Inaktiv.",
                "Det som har ventet, sendes av seg selv innen fem minutter etter at Dynamics slipper oss inn igjen.",
            ),
            headline=(
                "Nettsiden har ikke tatt imot endringer siden {since}. Endringer som venter: {n}. Likepersoner blant"
                " dem som har trukket samtykket, er på pause eller har utløpt sertifisering, og som fortsatt vises:"
                " {still_shown}."
            ),
        ),
        en=ConditionText(
            title="Dynamics refuses our credential",
            what=(
                "Dynamics does not authorise us, so nothing is sent to the website. Until it does, people who expire,"
                " are paused or withdraw their consent are still shown."
            ),
            counted=Counted("change waiting", "changes waiting"),
            steps=(
                "See what waits, and who is still shown: `status`",
                "Hide those who are still shown by hand in Dynamics: set their rows to Inactive.",
                "What has waited is sent by itself within five minutes after Dynamics authorises us again.",
            ),
            headline=(
                "The website has taken no changes since {since}. Changes waiting: {n}. Mentors among them who"
                " withdrew consent, are paused or have expired, and are still shown: {still_shown}."
            ),
        ),
    ),
    Condition.WEBSITE_UNREACHABLE: Entry(
        severity=Severity.STOPS_EVERYTHING,
        nb=ConditionText(
            title="Vi får ikke kontakt med Dynamics",
            what=(
                "Dynamics svarer ikke, så endringer når ikke nettsiden. Så lenge det varer, vises også de som"
                " utløper, settes på pause eller trekker samtykket sitt."
            ),
            counted=Counted("endring venter", "endringer venter"),
            steps=(
                "Se om Microsoft melder om driftsfeil (admin.microsoft.com, Tjenestetilstand).",
                (
                    "Hvis Dynamics åpner seg i nettleseren: Skjul dem som fortsatt vises, for hånd. Sett radene til"
                    " Inaktiv."
                ),
                "Det er ingenting å reparere: Det som har ventet, sendes av seg selv når Dynamics svarer igjen.",
            ),
            headline=(
                "Vi har ikke fått kontakt med nettsiden siden {since}. Endringer som venter: {n}. Likepersoner blant"
                " dem som har trukket samtykket, er på pause eller har utløpt sertifisering, og som fortsatt vises:"
                " {still_shown}."
            ),
        ),
        en=ConditionText(
            title="Dynamics cannot be reached",
            what=(
                "Dynamics does not answer, so changes do not reach the website. Until it does, people who expire, are"
                " paused or withdraw their consent are still shown."
            ),
            counted=Counted("change waiting", "changes waiting"),
            steps=(
                "Look whether Microsoft tells of an outage (admin.microsoft.com, Service health).",
                "If Dynamics opens in a browser, hide those who are still shown by hand: set their rows to Inactive.",
                "There is nothing to repair: what has waited is sent by itself when it answers again.",
            ),
            headline=(
                "The website has not been reachable since {since}. Changes waiting: {n}. Mentors among them who"
                " withdrew consent, are paused or have expired, and are still shown: {still_shown}."
            ),
        ),
    ),
    Condition.WEBSITE_RESULT_SMALL: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Nettsiden viser nesten ingen",
            what=(
                "Dynamics svarte med langt færre rader enn det skulle vise. Vi regner det som en feil og endrer"
                " ingenting."
            ),
            counted=None,
            steps=(
                "Åpne nettsiden: Står likepersonene der?",
                "Hvis de gjør det, sammenlign på nytt: `reconcile`",
                "Hvis radene virkelig er borte: `reconcile --accept-small --actor YOU --reason WHY`",
            ),
        ),
        en=ConditionText(
            title="The website shows almost nobody",
            what=(
                "Dynamics answered with far fewer rows than it was made to show. That is taken for a fault: nothing"
                " changes."
            ),
            counted=None,
            steps=(
                "Open the website: are the mentors there?",
                "If they are, compare again: `reconcile`",
                "If the rows are truly gone: `reconcile --accept-small --actor YOU --reason WHY`",
            ),
        ),
    ),
    Condition.UNSYNCED_TOO_OLD: Entry(
        severity=Severity.CAN_WAIT,
        nb=ConditionText(
            title="Endringer når ikke nettsiden",
            what="Endringer har ventet på nettsiden i mer enn 15 minutter.",
            counted=Counted("likeperson", "likepersoner"),
            steps=(
                "Se hva som holder dem tilbake: `status`",
                "Be om dem på nytt, og se hva som skjer: `reconcile --sweep`",
            ),
        ),
        en=ConditionText(
            title="Changes do not reach the website",
            what="Changes have waited for the website for more than 15 minutes.",
            counted=Counted("mentor", "mentors"),
            steps=(
                "See what holds them up: `status`",
                "Ask for them again, and see what comes of it: `reconcile --sweep`",
            ),
        ),
    ),
}
