"""Conditions of the client secret or certificate of Dynamics."""

from shared.domain.alerts import Condition
from shared.domain.conditions.entry import ConditionText, Entry, Severity, Wording
from shared.domain.credentials.forms import CredentialForm
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
                "Prøv den og ta den i bruk, uten stans: `rotate-credential --actor YOU --reason WHY`",
            ),
        ),
        en=ConditionText(
            title="The client secret of Dynamics expires soon",
            what="Once the client secret has expired, no change reaches the website.",
            counted=Counted("day left", "days left"),
            steps=(
                "Create a new secret in Entra (App registrations, Certificates & secrets).",
                "Try it and put it in use, without a pause: `rotate-credential --actor YOU --reason WHY`",
            ),
        ),
        forms={
            CredentialForm.CERTIFICATE: Wording(
                nb=ConditionText(
                    title="Sertifikatet til Dynamics utløper snart",
                    what="Når sertifikatet utløper, når ingenting nettsiden lenger.",
                    counted=Counted("dag igjen", "dager igjen"),
                    steps=(
                        "Lag et nytt sertifikat, og last det opp i Entra (App registrations, Certificates & secrets).",
                        (
                            "Prøv det og ta det i bruk, uten stans:"
                            " `rotate-credential --file FILE --actor YOU --reason WHY`"
                        ),
                    ),
                ),
                en=ConditionText(
                    title="The certificate of Dynamics expires soon",
                    what="Once the certificate has expired, no change reaches the website.",
                    counted=Counted("day left", "days left"),
                    steps=(
                        "Make a new certificate, and upload it in Entra (App registrations, Certificates & secrets).",
                        (
                            "Try it and put it in use, without a pause:"
                            " `rotate-credential --file FILE --actor YOU --reason WHY`"
                        ),
                    ),
                ),
            ),
        },
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
                    "Lag en ny hemmelighet i Entra nå (App registrations, Certificates & secrets), og ta den i bruk:"
                    " `rotate-credential --actor YOU --reason WHY`"
                ),
                "Hvis Dynamics slipper oss inn likevel, er bare datoen ved siden av hemmeligheten gammel: Rett den.",
            ),
        ),
        en=ConditionText(
            title="The client secret of Dynamics has expired",
            what=(
                "According to the Dataverse secret, the client secret has expired. Without a "
                "valid one, no change reaches the website."
            ),
            counted=Counted("day ago", "days ago"),
            steps=(
                (
                    "Create a new secret in Entra now (App registrations, Certificates & secrets), and put it in use:"
                    " `rotate-credential --actor YOU --reason WHY`"
                ),
                ("If Dynamics still accepts it, only the date in the Dataverse secret is out of date: correct it."),
            ),
        ),
        forms={
            CredentialForm.CERTIFICATE: Wording(
                nb=ConditionText(
                    title="Sertifikatet til Dynamics er utløpt",
                    what=(
                        "Dagen da sertifikatet utløper, er forbi, ifølge sertifikatet selv. Uten et sertifikat som"
                        " virker, når ingenting nettsiden."
                    ),
                    counted=Counted("dag siden", "dager siden"),
                    steps=(
                        (
                            "Lag et nytt sertifikat nå, last det opp i Entra (App registrations, Certificates &"
                            " secrets), og ta det i bruk: `rotate-credential --file FILE --actor YOU --reason WHY`"
                        ),
                    ),
                ),
                en=ConditionText(
                    title="The certificate of Dynamics has expired",
                    what=(
                        "According to the certificate itself, its last day is over. Without a valid one, no change"
                        " reaches the website."
                    ),
                    counted=Counted("day ago", "days ago"),
                    steps=(
                        (
                            "Make a new certificate now, upload it in Entra (App registrations, Certificates &"
                            " secrets), and put it in use: `rotate-credential --file FILE --actor YOU --reason WHY`"
                        ),
                    ),
                ),
            ),
        },
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
            title="The end date of the client secret of Dynamics is unknown",
            what=("The Dataverse secret does not state its end date, so no warning can be sent before it expires."),
            counted=None,
            steps=(
                (
                    'Add "client_secret_expires_on": "2027-05-31" to the Dataverse secret, with the '
                    "day that Entra shows."
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
                "Sammenlign den med det Entra viser. Oftest er det ID-en som ble kopiert i stedet for verdien.",
                "Ta den bort igjen: `rotate-credential --undo --actor YOU --reason WHY`",
            ),
        ),
        en=ConditionText(
            title="The next client secret of Dynamics does not work",
            what=(
                "Entra or Dynamics refuses the next version of the Dataverse secret. The current version still works."
            ),
            counted=None,
            steps=(
                "Compare it with what Entra shows. Often the secret's id was copied instead of its value.",
                "Take it back: `rotate-credential --undo --actor YOU --reason WHY`",
            ),
        ),
        cause_first=False,  # the secret in use works, so the steps must not begin with it
    ),
}
