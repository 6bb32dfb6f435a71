"""The client secret of Dynamics."""

from shared.domain.alerts import Condition
from shared.domain.conditions.entry import ConditionText, Entry, Severity
from shared.domain.wording.numbers import Counted

SECRET = {
    Condition.SECRET_ENDING: Entry(
        severity=Severity.CAN_WAIT,
        nb=ConditionText(
            title="Klienthemmeligheten til Dynamics utløper snart",
            what="Når klienthemmeligheten utløper, når ingenting nettsiden lenger.",
            counted=Counted("dag igjen", "dager igjen"),
            steps=(
                "Lag en ny hemmelighet i Entra (App registrations, Certificates & secrets).",
                "Legg den inn som neste versjon av hemmeligheten for Dataverse, se at den virker, og ta den i bruk.",
            ),
        ),
        en=ConditionText(
            title="The client secret of Dynamics ends soon",
            what="When the client secret ends nothing reaches the website any more.",
            counted=Counted("day left", "days left"),
            steps=(
                "Make a new secret in Entra (App registrations, Certificates & secrets).",
                "Put it into the secret of Dataverse as the next version, see that it works, make it current.",
            ),
        ),
    ),
    Condition.SECRET_ENDED: Entry(
        severity=Severity.ENDANGERS,
        nb=ConditionText(
            title="Klienthemmeligheten til Dynamics er utløpt",
            what=(
                "Dagen da klienthemmeligheten utløper, er forbi, ifølge hemmeligheten for Dataverse. Uten en"
                " hemmelighet som virker, når ingenting nettsiden."
            ),
            counted=Counted("dag siden", "dager siden"),
            steps=(
                (
                    "Lag en ny hemmelighet i Entra nå (App registrations, Certificates & secrets), og legg den inn"
                    " som gjeldende versjon av hemmeligheten for Dataverse."
                ),
                "Hvis Dynamics slipper oss inn likevel, er bare datoen ved siden av hemmeligheten gammel: Rett den.",
            ),
        ),
        en=ConditionText(
            title="The client secret of Dynamics has ended",
            what=(
                "The day on which the client secret ends is over, as the secret of Dataverse has it. Nothing reaches"
                " the website without a secret that works."
            ),
            counted=Counted("day ago", "days ago"),
            steps=(
                (
                    "Make a new secret in Entra now (App registrations, Certificates & secrets), and put it into the"
                    " secret of Dataverse as the current version."
                ),
                "If Dynamics authorises us all the same, only the date beside the secret is old: correct it.",
            ),
        ),
    ),
    Condition.SECRET_WITHOUT_END_DATE: Entry(
        severity=Severity.CAN_WAIT,
        nb=ConditionText(
            title="Ingen vet når klienthemmeligheten til Dynamics utløper",
            what="Hemmeligheten for Dataverse sier ikke hvilken dag den utløper, så ingen kan varsles om det.",
            counted=None,
            steps=(
                (
                    'Legg til "client_secret_expires_on": "2027-05-31" i hemmeligheten for Dataverse, med dagen som'
                    " Entra viser."
                ),
            ),
        ),
        en=ConditionText(
            title="Nobody knows when the client secret of Dynamics ends",
            what="The secret of Dataverse does not say on which day it ends, so nobody can be warned of it.",
            counted=None,
            steps=(
                (
                    'Add "client_secret_expires_on": "2027-05-31" to the secret of Dataverse, with the day that Entra'
                    " shows."
                ),
            ),
        ),
    ),
    Condition.PENDING_SECRET_REFUSED: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Den neste klienthemmeligheten til Dynamics virker ikke",
            what="Neste versjon av hemmeligheten for Dataverse blir avvist. Den som er i bruk, virker fortsatt.",
            counted=None,
            steps=(
                "Ikke ta den i bruk.",
                "Sammenlign den med det Entra viser. Oftest er det ID-en som ble kopiert i stedet for verdien.",
            ),
        ),
        en=ConditionText(
            title="The next client secret of Dynamics does not work",
            what="The next version of the secret of Dataverse is refused. The one in use goes on working for now.",
            counted=None,
            steps=(
                "Do not make it current.",
                "Compare it with what Entra shows; most often the id was copied for the value.",
            ),
        ),
        cause_first=False,  # the secret in use is good: nobody must begin with that one
    ),
}
