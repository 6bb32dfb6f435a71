"""Conditions of deliveries: begun, given up, not sent, or done twice."""

from shared.domain.alerts import Condition
from shared.domain.conditions.entry import ConditionText, Entry, Severity, Wording
from shared.domain.wording.numbers import Counted

DELIVERIES = {
    Condition.NONE_SENT: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Det var meldinger å sende, men ingen ble sendt",
            what="Den siste kjøringen hadde meldinger å sende og sendte ingen.",
            counted=Counted("melding", "meldinger"),
            steps=(
                "Se hvordan de siste kjøringene gikk: `status`",
                "Se om SES har stanset utsending for kontoen.",
            ),
        ),
        en=ConditionText(
            title="Messages were due, and none was sent",
            what="The last run had messages to send and sent none.",
            counted=Counted("message", "messages"),
            steps=(
                "See how the last runs went: `status`",
                "Check whether SES has paused sending for the account.",
            ),
        ),
    ),
    Condition.CLAIM_STUCK: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Noe ble påbegynt og aldri avsluttet",
            what="En kjøring ble avbrutt mens den hadde disse under arbeid.",
            counted=Counted("under arbeid", "under arbeid"),
            steps=("Følg veiledningen.",),
        ),
        en=ConditionText(
            title="Work was begun and never finished",
            what="A run was cut off while it was working on these.",
            counted=Counted("in hand", "in hand"),
            steps=("Follow the runbook.",),
        ),
        subjects={
            "notices": Wording(
                nb=ConditionText(
                    title="Ingen vet om noen meldinger ble sendt",
                    what=(
                        "En kjøring ble avbrutt mens den sendte disse. De sendes ikke på nytt av seg selv, for da"
                        " kunne de komme to ganger. Melder SES fra om dem, ordner det seg av seg selv."
                    ),
                    counted=Counted("melding", "meldinger"),
                    steps=(
                        (
                            'Følg veiledningen, "A notice is stuck or of unknown outcome": Den sier hvordan du ser om'
                            " en melding ble sendt."
                        ),
                    ),
                ),
                en=ConditionText(
                    title="It is unknown whether some messages were sent",
                    what=(
                        "A run was cut off while it was sending these. They are not sent again by themselves: that"
                        " could be twice. An event of SES about one settles it."
                    ),
                    counted=Counted("message", "messages"),
                    steps=(
                        (
                            'Follow the runbook, "A notice is stuck or of unknown outcome": it says how to see'
                            " whether a message was sent."
                        ),
                    ),
                ),
            ),
            "listings": Wording(
                nb=ConditionText(
                    title="Endringer til nettsiden ble påbegynt og aldri avsluttet",
                    what=(
                        "En arbeider ble avbrutt med disse under arbeid, og ingen har tatt over: Det ser ut til at"
                        " ingen arbeider kjører."
                    ),
                    counted=Counted("likeperson", "likepersoner"),
                    steps=(
                        "Få noen til å ta over: `reconcile --sweep`",
                        'Følg veiledningen, "The website is not being updated".',
                    ),
                ),
                en=ConditionText(
                    title="Changes for the website were begun and never ended",
                    what=(
                        "A worker was cut off with these in hand, and none has taken them over: it seems that no"
                        " worker runs."
                    ),
                    counted=Counted("mentor", "mentors"),
                    steps=(
                        "Have them taken over: `reconcile --sweep`",
                        'Follow the runbook, "The website is not being updated".',
                    ),
                ),
            ),
        },
    ),
    Condition.DEAD_LETTERS: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Forespørsler ble gitt opp",
            what="Meldinger i denne køen ble prøvd mange ganger og gitt opp.",
            counted=Counted("melding", "meldinger"),
            steps=(
                "Se på dem: `dlq list`",
                "Når årsaken er borte: `dlq replay`",
            ),
        ),
        en=ConditionText(
            title="Requests were given up",
            what="Messages in this queue were tried many times and given up.",
            counted=Counted("message", "messages"),
            steps=(
                "Look at them: `dlq list`",
                "Once the cause is gone: `dlq replay`",
            ),
        ),
        subjects={
            "DeadLetters": Wording(
                nb=ConditionText(
                    title="Planlagte kjøringer ble gitt opp",
                    what=(
                        "Hendelser i denne køen startet en kjøring som mislyktes for godt, eller som ikke lot seg"
                        " starte."
                    ),
                    counted=Counted("hendelse", "hendelser"),
                    steps=(
                        "Se hvilke, og hvordan hver av dem kjøres på nytt: `dlq list`",
                        "Når det er gjort, fjern den: `dlq drop ID --actor YOU --reason WHY`",
                    ),
                ),
                en=ConditionText(
                    title="Scheduled runs were given up",
                    what="Events in this queue started a run that failed for good, or could not start one.",
                    counted=Counted("event", "events"),
                    steps=(
                        "See which, and how each is run again: `dlq list`",
                        "When that is done, remove it: `dlq drop ID --actor YOU --reason WHY`",
                    ),
                ),
            ),
        },
    ),
    Condition.DUPLICATES: Entry(
        severity=Severity.WAITS_FOR_A_PERSON,
        nb=ConditionText(
            title="Noe ble gjort to ganger",
            what=(
                "En statusendring, en påminnelse eller en melding står mer enn én gang i loggene for samme"
                " sertifisering."
            ),
            counted=Counted("tilfelle", "tilfeller"),
            steps=(
                "Se hvilke: `duplicates list`",
                "Når du vet hvorfor: `duplicates review --all --actor YOU --reason WHY`",
            ),
        ),
        en=ConditionText(
            title="Something was done twice",
            what="A transition, a reminder or a message is in the logs more than once for one certification.",
            counted=Counted("case", "cases"),
            steps=(
                "See which: `duplicates list`",
                "Once you know why: `duplicates review --all --actor YOU --reason WHY`",
            ),
        ),
    ),
}
