"""Runs that failed, did not do all of their work, or never came."""

from shared.domain.alerts import Condition
from shared.domain.conditions.entry import ConditionText, Entry, Severity

RUNS = {
    Condition.RUN_FAILED: Entry(
        severity=Severity.ENDANGERS,
        nb=ConditionText(
            title="En kjøring mislyktes",
            what="Den siste kjøringen av denne funksjonen mislyktes. Årsaken sier hvorfor.",
            counted=None,
            steps=(
                "Den prøves på nytt av seg selv. Se om det har ordnet seg: `status`",
                "Hvis den mislykkes igjen, følg veiledningen.",
            ),
        ),
        en=ConditionText(
            title="A run failed",
            what="The last run of this function failed. The reason says why.",
            counted=None,
            steps=(
                "See whether it has been put right by itself, because it is tried again: `status`",
                "If it fails again, follow the runbook.",
            ),
        ),
    ),
    Condition.RUN_DEGRADED: Entry(
        severity=Severity.CAN_WAIT,
        nb=ConditionText(
            title="En kjøring måtte la noe ligge",
            what="Den siste kjøringen av denne funksjonen gjorde jobben sin, unntatt det som årsaken nevner.",
            counted=None,
            steps=(
                "Slå opp koden i årsaken i veiledningen.",
                "Se de siste kjøringene: `status`",
            ),
        ),
        en=ConditionText(
            title="A run could not do all of its work",
            what="The last run of this function did its work, except for what the reason names.",
            counted=None,
            steps=(
                "Look the code of the reason up in the runbook.",
                "See the last runs: `status`",
            ),
        ),
    ),
    Condition.RUN_MISSING: Entry(
        severity=Severity.ENDANGERS,
        nb=ConditionText(
            title="En kjøring uteble",
            what="Denne funksjonen har ikke gjort jobben sin på lengre tid enn den skal.",
            counted=None,
            steps=(
                "Se om tidsplanen for den er slått på (EventBridge Scheduler).",
                "Kjør den for hånd, slik veiledningen viser.",
            ),
        ),
        en=ConditionText(
            title="A run never came",
            what="This function has not done its work for longer than it may be silent.",
            counted=None,
            steps=(
                "Look whether its schedule is enabled (EventBridge Scheduler).",
                "Run it by hand as the runbook shows.",
            ),
        ),
    ),
}
