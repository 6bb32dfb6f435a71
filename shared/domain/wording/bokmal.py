"""Alerts in bokmål."""

from __future__ import annotations

from shared.domain.alerts import Condition
from shared.domain.wording.bokmal_codes import CODES
from shared.domain.wording.texts import ConditionText, Counted, MailText, Texts

_MENTORS = Counted("likeperson", "likepersoner")
_CHANGES = Counted("endring venter", "endringer venter")
_MESSAGES = Counted("melding", "meldinger")
_WAITING = (
    " Endringer som venter: {n}. Likepersoner blant dem som har trukket samtykket, er på pause eller har utløpt"
    " sertifisering, og som fortsatt vises: {still_shown}."
)

CONDITIONS: dict[Condition, ConditionText] = {
    Condition.WEBSITE_REFUSES_US: ConditionText(
        "Dynamics slipper oss ikke inn",
        "Dynamics godtar ikke innloggingen vår, så ingenting sendes til nettsiden. Så lenge det varer, vises også de"
        " som"
        " utløper, settes på pause eller trekker samtykket sitt.",
        _CHANGES,
        (
            "Se hva som venter, og hvem som fortsatt vises: `status`",
            "Skjul dem som fortsatt vises, for hånd i Dynamics: sett radene deres til Inaktiv.",
            "Det som har ventet, sendes av seg selv innen fem minutter etter at Dynamics slipper oss inn igjen.",
        ),
        "Nettsiden har ikke tatt imot endringer siden {since}." + _WAITING,
    ),
    Condition.WEBSITE_UNREACHABLE: ConditionText(
        "Vi får ikke kontakt med Dynamics",
        "Dynamics svarer ikke, så endringer når ikke nettsiden. Så lenge det varer, vises også de som utløper,"
        " settes på"
        " pause eller trekker samtykket sitt.",
        _CHANGES,
        (
            "Se om Microsoft melder om driftsfeil (admin.microsoft.com, Tjenestetilstand).",
            "Hvis Dynamics åpner seg i nettleseren: Skjul dem som fortsatt vises, for hånd. Sett radene til Inaktiv.",
            "Det er ingenting å reparere: Det som har ventet, sendes av seg selv når Dynamics svarer igjen.",
        ),
        "Vi har ikke fått kontakt med nettsiden siden {since}." + _WAITING,
    ),
    Condition.SECRET_ENDING: ConditionText(
        "Klienthemmeligheten til Dynamics utløper snart",
        "Når klienthemmeligheten utløper, når ingenting nettsiden lenger.",
        Counted("dag igjen", "dager igjen"),
        (
            "Lag en ny hemmelighet i Entra (App registrations, Certificates & secrets).",
            "Legg den inn som neste versjon av hemmeligheten for Dataverse, se at den virker, og ta den i bruk.",
        ),
    ),
    Condition.SECRET_ENDED: ConditionText(
        "Klienthemmeligheten til Dynamics er utløpt",
        "Dagen da klienthemmeligheten utløper, er forbi, ifølge hemmeligheten for Dataverse. Uten en hemmelighet som"
        " virker, når ingenting nettsiden.",
        Counted("dag siden", "dager siden"),
        (
            (
                "Lag en ny hemmelighet i Entra nå (App registrations, Certificates & secrets), og legg den inn som"
                " gjeldende"
                " versjon av hemmeligheten for Dataverse."
            ),
            "Hvis Dynamics slipper oss inn likevel, er bare datoen ved siden av hemmeligheten gammel: Rett den.",
        ),
    ),
    Condition.SECRET_WITHOUT_END_DATE: ConditionText(
        "Ingen vet når klienthemmeligheten til Dynamics utløper",
        "Hemmeligheten for Dataverse sier ikke hvilken dag den utløper, så ingen kan varsles om det.",
        None,
        (
            (
                'Legg til "client_secret_expires_on": "2027-05-31" i hemmeligheten for Dataverse, med dagen som Entra'
                " viser."
            ),
        ),
    ),
    Condition.PENDING_SECRET_REFUSED: ConditionText(
        "Den neste klienthemmeligheten til Dynamics virker ikke",
        "Neste versjon av hemmeligheten for Dataverse blir avvist. Den som er i bruk, virker fortsatt.",
        None,
        (
            "Ikke ta den i bruk.",
            "Sammenlign den med det Entra viser. Oftest er det ID-en som ble kopiert i stedet for verdien.",
        ),
    ),
    Condition.LISTED_BUT_INVALID: ConditionText(
        "HASTER: Nettsiden viser noen som ikke skal vises",
        "Nettsiden kan vise likepersoner som ikke har gyldig sertifisering, eller som ikke samtykker. De fleste"
        " likepersoner besøker folk hjemme.",
        _MENTORS,
        (
            "Se hvem og hvorfor: `proof`",
            "En retting er alt i gang. Se etter igjen om ti minutter: `status`",
            "Hvis noen fortsatt vises da, skjul raden for hånd i Dynamics: Sett den til Inaktiv.",
        ),
    ),
    Condition.ORPHAN_LISTED: ConditionText(
        "Nettsiden viser rader som ikke hører til noen likeperson",
        "Nettsiden viser rader som ikke hører til noen i appen. Vi skjuler dem ikke uten at en innstilling sier det.",
        Counted("rad", "rader"),
        (
            "Se hvilke: `proof`",
            "Hvis de ikke skal være der, sett dem til Inaktiv i Dynamics.",
            "Hvis hele tabellen er vår, si det i innstillingen table_is_ours. Da skjules de av seg selv.",
        ),
    ),
    Condition.NOT_CONVERGING: ConditionText(
        "En retting på nettsiden holder ikke",
        "Nettsiden ble rettet to ganger og avviker igjen: Noe annet skriver der.",
        _MENTORS,
        (
            "Se hvilke felter: `proof`",
            "Se i Dynamics hvem som endret raden (overvåkingslogg): en person, en flyt, en import.",
        ),
    ),
    Condition.LISTINGS_REJECTED: ConditionText(
        "Dynamics avviser noen oppføringer",
        "Dynamics tar ikke imot disse oppføringene, så nettsiden viser dem ikke slik de er nå.",
        _MENTORS,
        (
            "Se hvilke og hvorfor: `rejected list`",
            "Rett det som årsaken sier, og prøv igjen: `rejected retry --all --actor YOU --reason WHY`",
        ),
    ),
    Condition.CLAIM_STUCK: ConditionText(
        "Noe ble påbegynt og aldri avsluttet",
        "En kjøring ble avbrutt mens den hadde disse under arbeid.",
        Counted("under arbeid", "under arbeid"),
        ("Følg veiledningen.",),
    ),
    Condition.NONE_SENT: ConditionText(
        "Det var meldinger å sende, men ingen ble sendt",
        "Den siste kjøringen hadde meldinger å sende og sendte ingen.",
        _MESSAGES,
        (
            "Se hvordan de siste kjøringene gikk: `status`",
            "Se om SES har stanset utsending for kontoen.",
        ),
    ),
    Condition.RUN_FAILED: ConditionText(
        "En kjøring mislyktes",
        "Den siste kjøringen av denne funksjonen mislyktes. Årsaken sier hvorfor.",
        None,
        (
            "Den prøves på nytt av seg selv. Se om det har ordnet seg: `status`",
            "Hvis den mislykkes igjen, følg veiledningen.",
        ),
    ),
    Condition.RUN_DEGRADED: ConditionText(
        "En kjøring måtte la noe ligge",
        "Den siste kjøringen av denne funksjonen gjorde jobben sin, unntatt det som årsaken nevner.",
        None,
        ("Slå opp koden i årsaken i veiledningen.", "Se de siste kjøringene: `status`"),
    ),
    Condition.RUN_MISSING: ConditionText(
        "En kjøring uteble",
        "Denne funksjonen har ikke gjort jobben sin på lengre tid enn den skal.",
        None,
        (
            "Se om tidsplanen for den er slått på (EventBridge Scheduler).",
            "Kjør den for hånd, slik veiledningen viser.",
        ),
    ),
    Condition.UNSYNCED_TOO_OLD: ConditionText(
        "Endringer når ikke nettsiden",
        "Endringer har ventet på nettsiden i mer enn 15 minutter.",
        _MENTORS,
        (
            "Se hva som holder dem tilbake: `status`",
            "Be om dem på nytt, og se hva som skjer: `reconcile --sweep`",
        ),
    ),
    Condition.DEAD_LETTERS: ConditionText(
        "Forespørsler ble gitt opp",
        "Meldinger i denne køen ble prøvd mange ganger og gitt opp.",
        _MESSAGES,
        (
            "Se på dem: `dlq list`",
            "Når årsaken er borte: `dlq replay`",
        ),
    ),
    Condition.CHANGES_MISSED: ConditionText(
        "Endringer i appen ble ikke notert",
        "En utløser (trigger) av våre kunne ikke notere en endring i appen. Appen gikk videre; neste gjennomgang tar"
        " endringen med.",
        Counted("endring", "endringer"),
        (
            "Slå opp SQLSTATE i veiledningen. Hvis en kolonne i appen er endret, sier migrate hva du gjør.",
            "Se om det fortsetter: `status`",
        ),
    ),
    Condition.PAST_TRIGGERS: ConditionText(
        "Endringer i appen gikk utenom utløserne våre",
        "Likepersoner ble endret i appens database uten utløserne våre: en gjenoppretting, replikering, en utløser"
        " som er"
        " slått av.",
        Counted("likeperson på 24 timer", "likepersoner på 24 timer"),
        (
            "Nettsiden følger etter av seg selv, først for dem som ikke skal vises. Se om den har gjort det: `status`",
            "Sammenlign alt, også navn og numre som er endret: `reconcile`",
            "Finn ut hva som skrev der. Hvis det ikke var en gjenoppretting, skjer det igjen.",
        ),
    ),
    Condition.TRIGGER_OFF: ConditionText(
        "En utløser (trigger) av våre er av",
        "Utløsere av våre mangler eller er slått av på denne tabellen, så endringer når nettsiden bare ved"
        " gjennomgangen.",
        Counted("utløser", "utløsere"),
        (
            "Finn ut hvem som slo dem av, og at de er ferdige: en gjenoppretting, en import, en reparasjon.",
            "Legg alle tilbake, også dem som mangler, som databasens eier: `migrate`",
            "Sammenlign så alt: `reconcile`",
        ),
    ),
    Condition.STRUCTURE_DAMAGED: ConditionText(
        "Databasen har mistet noe av vårt",
        "Regler, indekser, utløsere eller funksjoner mangler, er ugyldige, slått av eller ikke slik de ble laget."
        " Uten dem kan noe bli gjort to ganger, eller ikke i det hele tatt.",
        Counted("ting", "ting"),
        (
            "Finn ut hvem som endret databasen, og at de er ferdige: en gjenoppretting, en import, en reparasjon.",
            "Legg alt tilbake: `migrate`",
            "Den sier hva den ikke kan legge tilbake, og hvor mange rader som er i veien: rett dem, og kjør den igjen.",
            "Sammenlign nettsiden med appen: `reconcile`",
        ),
    ),
    Condition.DUPLICATES: ConditionText(
        "Noe ble gjort to ganger",
        "En statusendring, en påminnelse eller en melding står mer enn én gang i loggene for samme sertifisering.",
        Counted("tilfelle", "tilfeller"),
        (
            "Se hvilke: `duplicates list`",
            "Når du vet hvorfor: `duplicates review --all --actor YOU --reason WHY`",
        ),
    ),
    Condition.BRAKE: ConditionText(
        "Bremsen holder tilbake en stor endring",
        "En kjøring ville ha utløpt, påminnet eller rettet uvanlig mange likepersoner i én organisasjon på en gang, og"
        " gjorde ingenting av det.",
        _MENTORS,
        (
            "Se om det stemmer: En import med feil datoer ser slik ut, og slutten på et langt avbrudd også.",
            "Hvis det stemmer: `release-brake --org {organisation_id} --kind {kind} --actor YOU --reason WHY`",
            "Den neste kjøringen innen 24 timer gjør endringen. Etter det holder bremsen igjen.",
        ),
    ),
    Condition.WEBSITE_RESULT_SMALL: ConditionText(
        "Nettsiden viser nesten ingen",
        "Dynamics svarte med langt færre rader enn det skulle vise. Vi regner det som en feil og endrer ingenting.",
        None,
        (
            "Åpne nettsiden: Står likepersonene der?",
            "Hvis de gjør det, sammenlign på nytt: `reconcile`",
            "Hvis radene virkelig er borte: `reconcile --accept-small --actor YOU --reason WHY`",
        ),
    ),
}

OF_SUBJECTS: dict[tuple[Condition, str], ConditionText] = {
    (Condition.CLAIM_STUCK, "notices"): ConditionText(
        "Ingen vet om noen meldinger ble sendt",
        "En kjøring ble avbrutt mens den sendte disse. De sendes ikke på nytt av seg selv, for da kunne de komme to"
        " ganger.",
        _MESSAGES,
        (
            (
                'Følg veiledningen, "A notice is stuck or of unknown outcome": '
                "Den sier hvordan du ser om en melding ble sendt."
            ),
        ),
    ),
    (Condition.CLAIM_STUCK, "listings"): ConditionText(
        "Endringer til nettsiden ble påbegynt og aldri avsluttet",
        "En arbeider ble avbrutt med disse under arbeid, og ingen har tatt over: Det ser ut til at ingen arbeider"
        " kjører.",
        _MENTORS,
        (
            "Få noen til å ta over: `reconcile --sweep`",
            'Følg veiledningen, "The website is not being updated".',
        ),
    ),
    (Condition.DEAD_LETTERS, "DeadLetters"): ConditionText(
        "Planlagte kjøringer ble gitt opp",
        "Hendelser i denne køen startet en kjøring som mislyktes for godt, eller som ikke lot seg starte.",
        Counted("hendelse", "hendelser"),
        (
            "Se hvilke, og hvordan hver av dem kjøres på nytt: `dlq list`",
            "Når det er gjort, fjern den: `dlq drop ID --actor YOU --reason WHY`",
        ),
    ),
}

TEXTS = Texts(
    CONDITIONS,
    OF_SUBJECTS,
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
            "reason": "ÅRSAK",
            "sent": "SENDT",
            "still_shown": "VISES ENNÅ",
            "triggers": "UTLØSERE",
        },
        units=(Counted("dag", "dager"), Counted("time", "timer"), Counted("minutt", "minutter")),
        a_moment="under ett minutt",
    ),
)
