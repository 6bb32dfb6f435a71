"""Print what forgetting a person removes, and what stays where and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations import console
from operations.commands.forget_person import Elsewhere, Kind
from operations.screens import printing
from operations.wording.speech import many, say

if TYPE_CHECKING:
    from operations.commands.forget_person import ForgetOutcome

KINDS = {Kind.MENTOR: "mentor {id}", Kind.COORDINATOR: "coordinator {id}"}
STAYS = {
    Elsewhere.APP: (
        "The app's own tables (mentors, certifications, status log, coordinators): the app erases them itself."
    ),
    Elsewhere.LISTING: (
        "A bare listing with the id, and which thresholds and ends were reached, because the app still has the mentor"
        " as inactive. Run this again once the app has deleted the mentor."
    ),
    Elsewhere.AUDIT: (
        "{n} entries of the audit, with the id, the actor and the reason: the record of who did what. They are kept as"
        " long as the audit is. Proofs hold no person."
    ),
    Elsewhere.DYNAMICS: (
        "The hidden and emptied row in Dynamics with the id alone: HLF IT deletes the row of {table} whose {key} is"
        " {id}. This system has no right to delete."
    ),
    Elsewhere.DYNAMICS_HISTORY: (
        "Dynamics' own history: the audit history of that row, if auditing is on, and the environment's backups. HLF IT"
        " deletes the first; the second end by themselves."
    ),
    Elsewhere.SUPPRESSION_LIST: (
        "The suppression list of SES, if mail to the address ever bounced; this system does not know the address any"
        " more. Whoever has it runs: aws sesv2 delete-suppressed-destination --email-address ADDRESS"
    ),
    Elsewhere.MESSAGES: (
        "Messages that were sent: in the person's own mailbox, and the ids in alerts to operations. Queues keep ids for"
        " 4 days, dead letters for 14; dlq list shows those."
    ),
    Elsewhere.LOGS: (
        "The functions' logs: ids for 90 days, never a name. Where the database calls by pg_net, its last calls with"
        " the id for 6 hours."
    ),
    Elsewhere.BACKUPS: (
        "Backups of the database, until they end, and files that somebody has exported. After a restore run this again"
        " for every forget_person in the audit since."
    ),
}


def show(outcome: ForgetOutcome) -> None:
    """Print both lists."""
    who = say(KINDS[outcome.kind], id=outcome.id)
    if outcome.forgotten:
        console.out.print(f"[green]{say('Forgotten')}[/green]: {who}")
        title, nothing = say("Removed here:"), say("Removed here: nothing")
    else:
        console.out.print(f"[yellow]{say('To be forgotten')}[/yellow]: {who}")
        title, nothing = say("Would be removed here:"), say("Would be removed here: nothing")
    console.out.print(title if outcome.removed else nothing)
    for table, n in outcome.removed.items():
        printing.text(f"certification.{table}: {many(n, '{n} row', '{n} rows')}", indent=2)
    console.out.print(say("What stays, and who may remove it:"))
    values = {
        "n": f"{outcome.audit_entries:,}",
        "table": outcome.website_table,
        "key": outcome.website_key,
        "id": outcome.id,
    }
    for place in outcome.elsewhere:
        printing.text(f"- {say(STAYS[place], **values)}", indent=2)
