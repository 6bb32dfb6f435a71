"""The app's database, and ours in it."""

from shared.domain.alerts import Condition
from shared.domain.conditions.entry import ConditionText, Entry, Severity
from shared.domain.wording.numbers import Counted

DATABASE = {
    Condition.CHANGES_MISSED: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Endringer i appen ble ikke notert",
            what=(
                "En utløser (trigger) av våre kunne ikke notere en endring i appen. Appen gikk videre; neste"
                " gjennomgang tar endringen med."
            ),
            counted=Counted("endring", "endringer"),
            steps=(
                "Slå opp SQLSTATE i veiledningen. Hvis en kolonne i appen er endret, sier migrate hva du gjør.",
                "Se om det fortsetter: `status`",
            ),
        ),
        en=ConditionText(
            title="Changes in the app were not noted",
            what=(
                "A trigger of ours could not record a change in the app. The app went on; the next sweep takes the"
                " change up."
            ),
            counted=Counted("change", "changes"),
            steps=(
                "Look the SQLSTATE up in the runbook. If a column of the app has changed, migrate says what to do.",
                "See whether it goes on: `status`",
            ),
        ),
    ),
    Condition.PAST_TRIGGERS: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Endringer i appen gikk utenom utløserne våre",
            what=(
                "Likepersoner ble endret i appens database uten utløserne våre: en gjenoppretting, replikering, en"
                " utløser som er slått av."
            ),
            counted=Counted("likeperson på 24 timer", "likepersoner på 24 timer"),
            steps=(
                (
                    "Nettsiden følger etter av seg selv, først for dem som ikke skal vises. Se om den har gjort det:"
                    " `status`"
                ),
                "Sammenlign alt, også navn og numre som er endret: `reconcile`",
                "Finn ut hva som skrev der. Hvis det ikke var en gjenoppretting, skjer det igjen.",
            ),
        ),
        en=ConditionText(
            title="Changes in the app went past our triggers",
            what=(
                "Mentors were changed in the app's database without our triggers: a restore, replication, a trigger"
                " that is off."
            ),
            counted=Counted("mentor in 24 hours", "mentors in 24 hours"),
            steps=(
                "The website follows by itself, those who must not be listed first. See whether it has: `status`",
                "Compare all of it, for names and numbers that changed as well: `reconcile`",
                "Find out what wrote there. If it was no restore, it will do it again.",
            ),
        ),
    ),
    Condition.TRIGGER_OFF: Entry(
        severity=Severity.ENDANGERS,
        nb=ConditionText(
            title="En utløser (trigger) av våre er av",
            what=(
                "Utløsere av våre mangler eller er slått av på denne tabellen, så endringer når nettsiden bare ved"
                " gjennomgangen."
            ),
            counted=Counted("utløser", "utløsere"),
            steps=(
                "Finn ut hvem som slo dem av, og at de er ferdige: en gjenoppretting, en import, en reparasjon.",
                "Legg alle tilbake, også dem som mangler, som databasens eier: `migrate`",
                "Sammenlign så alt: `reconcile`",
            ),
        ),
        en=ConditionText(
            title="A trigger of ours is off",
            what=(
                "Triggers of ours are missing or disabled on this table, so changes reach the website by the sweep"
                " only."
            ),
            counted=Counted("trigger", "triggers"),
            steps=(
                "Find out who switched them off, and that they are done: a restore, an import, a repair.",
                "Put all of them back, missing ones too, as the database's owner: `migrate`",
                "Then compare all of it: `reconcile`",
            ),
        ),
    ),
    Condition.STRUCTURE_DAMAGED: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Databasen har mistet noe av vårt",
            what=(
                "Regler, indekser, utløsere eller funksjoner mangler, er ugyldige, slått av eller ikke slik de ble"
                " laget. Uten dem kan noe bli gjort to ganger, eller ikke i det hele tatt."
            ),
            counted=Counted("ting", "ting"),
            steps=(
                "Finn ut hvem som endret databasen, og at de er ferdige: en gjenoppretting, en import, en reparasjon.",
                "Legg alt tilbake: `migrate`",
                (
                    "Den sier hva den ikke kan legge tilbake, og hvor mange rader som er i veien: rett dem, og kjør"
                    " den igjen."
                ),
                "Sammenlign nettsiden med appen: `reconcile`",
            ),
        ),
        en=ConditionText(
            title="The database has lost something of ours",
            what=(
                "Constraints, indexes, triggers or functions are missing, invalid, switched off or not as they were"
                " made. Without them something may be done twice, or not at all."
            ),
            counted=Counted("thing", "things"),
            steps=(
                "Find out who changed the database, and that they are done: a restore, an import, a repair by hand.",
                "Put everything back: `migrate`",
                (
                    "It says what it cannot put back, and how many rows are against it: put those right and migrate"
                    " again."
                ),
                "Compare the website with the app: `reconcile`",
            ),
        ),
    ),
}
