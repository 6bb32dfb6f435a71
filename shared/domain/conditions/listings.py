"""Single listings, and mass changes of them."""

from shared.domain.alerts import Condition
from shared.domain.conditions.entry import ConditionText, Entry, Severity
from shared.domain.wording.numbers import Counted

LISTINGS = {
    Condition.LISTED_BUT_INVALID: Entry(
        severity=Severity.ENDANGERS,
        nb=ConditionText(
            title="HASTER: Nettsiden viser noen som ikke skal vises",
            what=(
                "Nettsiden kan vise likepersoner som ikke har gyldig sertifisering, eller som ikke samtykker. De"
                " fleste likepersoner besøker folk hjemme."
            ),
            counted=Counted("likeperson", "likepersoner"),
            steps=(
                "Se hvem og hvorfor: `proof`",
                "En retting er alt i gang. Se etter igjen om ti minutter: `status`",
                "Hvis noen fortsatt vises da, skjul raden for hånd i Dynamics: Sett den til Inaktiv.",
            ),
        ),
        en=ConditionText(
            title="URGENT: somebody is listed who must not be",
            what="The website may show mentors who are not valid, or who do not consent. Most mentors visit homes.",
            counted=Counted("mentor", "mentors"),
            steps=(
                "See who and why: `proof`",
                "A repair is under way by itself. Look again in ten minutes: `status`",
                "If somebody is still listed then, hide the row in Dynamics by hand: set it to Inactive.",
            ),
        ),
    ),
    Condition.ORPHAN_LISTED: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Nettsiden viser rader som ikke hører til noen likeperson",
            what=(
                "Nettsiden viser rader som ikke hører til noen i appen. Vi skjuler dem ikke uten at en innstilling"
                " sier det."
            ),
            counted=Counted("rad", "rader"),
            steps=(
                "Se hvilke: `proof`",
                "Hvis de ikke skal være der, sett dem til Inaktiv i Dynamics.",
                "Hvis hele tabellen er vår, si det i innstillingen table_is_ours. Da skjules de av seg selv.",
            ),
        ),
        en=ConditionText(
            title="The website shows rows of no mentor",
            what=(
                "The website shows rows that belong to nobody in the app. They are not ours to hide unless a setting"
                " says so."
            ),
            counted=Counted("row", "rows"),
            steps=(
                "See which: `proof`",
                "If they are not meant to be there, set them to Inactive in Dynamics.",
                "If the whole table is ours, say so in the setting table_is_ours, and they are hidden by themselves.",
            ),
        ),
    ),
    Condition.NOT_CONVERGING: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="En retting på nettsiden holder ikke",
            what="Nettsiden ble rettet to ganger og avviker igjen: Noe annet skriver der.",
            counted=Counted("likeperson", "likepersoner"),
            steps=(
                "Se hvilke felter: `proof`",
                "Se i Dynamics hvem som endret raden (overvåkingslogg): en person, en flyt, en import.",
            ),
        ),
        en=ConditionText(
            title="A repair of the website does not hold",
            what="The website was repaired twice and differs again: something else writes there.",
            counted=Counted("mentor", "mentors"),
            steps=(
                "See which fields: `proof`",
                "Look in Dynamics who changed the row (Audit history): a person, a flow, an import.",
            ),
        ),
    ),
    Condition.LISTINGS_REJECTED: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Dynamics avviser noen oppføringer",
            what="Dynamics tar ikke imot disse oppføringene, så nettsiden viser dem ikke slik de er nå.",
            counted=Counted("likeperson", "likepersoner"),
            steps=(
                "Se hvilke og hvorfor: `rejected list`",
                "Rett det som årsaken sier, og prøv igjen: `rejected retry --all --actor YOU --reason WHY`",
            ),
        ),
        en=ConditionText(
            title="Dynamics refuses some listings",
            what="Dynamics refuses these listings for good, so the website does not show them as they are.",
            counted=Counted("mentor", "mentors"),
            steps=(
                "See which and why: `rejected list`",
                "Put right what the reason says, then: `rejected retry --all --actor YOU --reason WHY`",
            ),
        ),
    ),
    Condition.BRAKE: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Bremsen holder tilbake en stor endring",
            what=(
                "En kjøring ville ha utløpt, påminnet eller rettet uvanlig mange likepersoner i én organisasjon på en"
                " gang, og gjorde ingenting av det."
            ),
            counted=Counted("likeperson", "likepersoner"),
            steps=(
                "Se om det stemmer: En import med feil datoer ser slik ut, og slutten på et langt avbrudd også.",
                "Hvis det stemmer: `release-brake --org {organisation_id} --kind {kind} --actor YOU --reason WHY`",
                "Den neste kjøringen innen 24 timer gjør endringen. Etter det holder bremsen igjen.",
            ),
        ),
        en=ConditionText(
            title="The brake holds a mass change",
            what=(
                "A run would have expired, reminded or repaired unusually many mentors of one organisation at once,"
                " and did nothing of that."
            ),
            counted=Counted("mentor", "mentors"),
            steps=(
                (
                    "Look whether they are right: a wrong import of dates looks like this, and so does the end of an"
                    " outage."
                ),
                "If they are: `release-brake --org {organisation_id} --kind {kind} --actor YOU --reason WHY`",
                "The next run within 24 hours carries it out; then the release has ended.",
            ),
        ),
    ),
}
