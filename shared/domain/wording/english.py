"""Alerts in English."""

from __future__ import annotations

from shared.domain.alerts import Condition
from shared.domain.wording.english_codes import CODES
from shared.domain.wording.texts import ConditionText, Counted, MailText, Texts

_MENTORS = Counted("mentor", "mentors")
_CHANGES = Counted("change waiting", "changes waiting")
_MESSAGES = Counted("message", "messages")
_WAITING = (
    " Changes waiting: {n}. Mentors among them who withdrew consent, are paused or have expired, and are still shown:"
    " {still_shown}."
)

CONDITIONS: dict[Condition, ConditionText] = {
    Condition.WEBSITE_REFUSES_US: ConditionText(
        "Dynamics refuses our credential",
        "Dynamics does not authorise us, so nothing is sent to the website. Until it does, people who expire, are"
        " paused or"
        " withdraw their consent are still shown.",
        _CHANGES,
        (
            "See what waits, and who is still shown: `status`",
            "Hide those who are still shown by hand in Dynamics: set their rows to Inactive.",
            "What has waited is sent by itself within five minutes after Dynamics authorises us again.",
        ),
        "The website has taken no changes since {since}." + _WAITING,
    ),
    Condition.WEBSITE_UNREACHABLE: ConditionText(
        "Dynamics cannot be reached",
        "Dynamics does not answer, so changes do not reach the website. Until it does, people who expire, are paused or"
        " withdraw their consent are still shown.",
        _CHANGES,
        (
            "Look whether Microsoft tells of an outage (admin.microsoft.com, Service health).",
            "If Dynamics opens in a browser, hide those who are still shown by hand: set their rows to Inactive.",
            "There is nothing to repair: what has waited is sent by itself when it answers again.",
        ),
        "The website has not been reachable since {since}." + _WAITING,
    ),
    Condition.SECRET_ENDING: ConditionText(
        "The client secret of Dynamics ends soon",
        "When the client secret ends nothing reaches the website any more.",
        Counted("day left", "days left"),
        (
            "Make a new secret in Entra (App registrations, Certificates & secrets).",
            "Put it into the secret of Dataverse as the next version, see that it works, make it current.",
        ),
    ),
    Condition.SECRET_ENDED: ConditionText(
        "The client secret of Dynamics has ended",
        "The day on which the client secret ends is over, as the secret of Dataverse has it. Nothing reaches the"
        " website"
        " without a secret that works.",
        Counted("day ago", "days ago"),
        (
            (
                "Make a new secret in Entra now (App registrations, Certificates & secrets), and put it into the secret"
                " of Dataverse as the current version."
            ),
            "If Dynamics authorises us all the same, only the date beside the secret is old: correct it.",
        ),
    ),
    Condition.SECRET_WITHOUT_END_DATE: ConditionText(
        "Nobody knows when the client secret of Dynamics ends",
        "The secret of Dataverse does not say on which day it ends, so nobody can be warned of it.",
        None,
        ('Add "client_secret_expires_on": "2027-05-31" to the secret of Dataverse, with the day that Entra shows.',),
    ),
    Condition.PENDING_SECRET_REFUSED: ConditionText(
        "The next client secret of Dynamics does not work",
        "The next version of the secret of Dataverse is refused. The one in use goes on working for now.",
        None,
        (
            "Do not make it current.",
            "Compare it with what Entra shows; most often the id was copied for the value.",
        ),
    ),
    Condition.LISTED_BUT_INVALID: ConditionText(
        "URGENT: somebody is listed who must not be",
        "The website may show mentors who are not valid, or who do not consent. Most mentors visit homes.",
        _MENTORS,
        (
            "See who and why: `proof`",
            "A repair is under way by itself. Look again in ten minutes: `status`",
            "If somebody is still listed then, hide the row in Dynamics by hand: set it to Inactive.",
        ),
    ),
    Condition.ORPHAN_LISTED: ConditionText(
        "The website shows rows of no mentor",
        "The website shows rows that belong to nobody in the app. They are not ours to hide unless a setting says so.",
        Counted("row", "rows"),
        (
            "See which: `proof`",
            "If they are not meant to be there, set them to Inactive in Dynamics.",
            "If the whole table is ours, say so in the setting table_is_ours, and they are hidden by themselves.",
        ),
    ),
    Condition.NOT_CONVERGING: ConditionText(
        "A repair of the website does not hold",
        "The website was repaired twice and differs again: something else writes there.",
        _MENTORS,
        (
            "See which fields: `proof`",
            "Look in Dynamics who changed the row (Audit history): a person, a flow, an import.",
        ),
    ),
    Condition.LISTINGS_REJECTED: ConditionText(
        "Dynamics refuses some listings",
        "Dynamics refuses these listings for good, so the website does not show them as they are.",
        _MENTORS,
        (
            "See which and why: `rejected list`",
            "Put right what the reason says, then: `rejected retry --all --actor YOU --reason WHY`",
        ),
    ),
    Condition.CLAIM_STUCK: ConditionText(
        "Something was begun and never ended",
        "A run was cut off while it had these in hand.",
        Counted("in hand", "in hand"),
        ("Follow the runbook.",),
    ),
    Condition.NONE_SENT: ConditionText(
        "Messages were due and none was sent",
        "The last run had messages to send and sent none.",
        _MESSAGES,
        (
            "See how the last runs went: `status`",
            "Look whether SES has paused sending for the account.",
        ),
    ),
    Condition.RUN_FAILED: ConditionText(
        "A run failed",
        "The last run of this function failed. The reason says why.",
        None,
        (
            "See whether it has been put right by itself, because it is tried again: `status`",
            "If it fails again, follow the runbook.",
        ),
    ),
    Condition.RUN_DEGRADED: ConditionText(
        "A run could not do all of its work",
        "The last run of this function did its work, except for what the reason names.",
        None,
        ("Look the code of the reason up in the runbook.", "See the last runs: `status`"),
    ),
    Condition.RUN_MISSING: ConditionText(
        "A run never came",
        "This function has not done its work for longer than it may be silent.",
        None,
        (
            "Look whether its schedule is enabled (EventBridge Scheduler).",
            "Run it by hand as the runbook shows.",
        ),
    ),
    Condition.UNSYNCED_TOO_OLD: ConditionText(
        "Changes do not reach the website",
        "Changes have waited for the website for more than 15 minutes.",
        _MENTORS,
        (
            "See what holds them up: `status`",
            "Ask for them again, and see what comes of it: `reconcile --sweep`",
        ),
    ),
    Condition.DEAD_LETTERS: ConditionText(
        "Requests were given up",
        "Messages in this queue were tried many times and given up.",
        _MESSAGES,
        (
            "Look at them: `dlq list`",
            "When the cause is gone: `dlq replay`",
        ),
    ),
    Condition.CHANGES_MISSED: ConditionText(
        "Changes in the app were not noted",
        "A trigger of ours could not record a change in the app. The app went on; the next sweep takes the change up.",
        Counted("change", "changes"),
        (
            "Look the SQLSTATE up in the runbook. If a column of the app has changed, migrate says what to do.",
            "See whether it goes on: `status`",
        ),
    ),
    Condition.PAST_TRIGGERS: ConditionText(
        "Changes in the app went past our triggers",
        "Mentors were changed in the app's database without our triggers: a restore, replication, a trigger that is"
        " off.",
        Counted("mentor in 24 hours", "mentors in 24 hours"),
        (
            "The website follows by itself, those who must not be listed first. See whether it has: `status`",
            "Compare all of it, for names and numbers that changed as well: `reconcile`",
            "Find out what wrote there. If it was no restore, it will do it again.",
        ),
    ),
    Condition.TRIGGER_OFF: ConditionText(
        "A trigger of ours is off",
        "Triggers of ours are missing or disabled on this table, so changes reach the website by the sweep only.",
        Counted("trigger", "triggers"),
        (
            "Find out who switched them off, and that they are done: a restore, an import, a repair.",
            "Put all of them back, missing ones too, as the database's owner: `migrate`",
            "Then compare all of it: `reconcile`",
        ),
    ),
    Condition.STRUCTURE_DAMAGED: ConditionText(
        "The database has lost something of ours",
        "Constraints, indexes, triggers or functions are missing, invalid, switched off or not as they were made."
        " Without them something may be done twice, or not at all.",
        Counted("thing", "things"),
        (
            "Find out who changed the database, and that they are done: a restore, an import, a repair by hand.",
            "Put everything back: `migrate`",
            "It says what it cannot put back, and how many rows are against it: put those right and migrate again.",
            "Compare the website with the app: `reconcile`",
        ),
    ),
    Condition.DUPLICATES: ConditionText(
        "Something was done twice",
        "A transition, a reminder or a message is in the logs more than once for one certification.",
        Counted("case", "cases"),
        (
            "See which: `duplicates list`",
            "When you know why: `duplicates review --all --actor YOU --reason WHY`",
        ),
    ),
    Condition.BRAKE: ConditionText(
        "The brake holds a mass change",
        "A run would have expired, reminded or repaired unusually many mentors of one organisation at once, and did"
        " nothing of that.",
        _MENTORS,
        (
            "Look whether they are right: a wrong import of dates looks like this, and so does the end of an outage.",
            "If they are: `release-brake --org {organisation_id} --kind {kind} --actor YOU --reason WHY`",
            "The next run within 24 hours carries it out; then the release has ended.",
        ),
    ),
    Condition.WEBSITE_RESULT_SMALL: ConditionText(
        "The website shows almost nobody",
        "Dynamics answered with far fewer rows than it was made to show. That is taken for a fault: nothing changes.",
        None,
        (
            "Open the website: are the mentors there?",
            "If they are, compare again: `reconcile`",
            "If the rows are truly gone: `reconcile --accept-small --actor YOU --reason WHY`",
        ),
    ),
}

OF_SUBJECTS: dict[tuple[Condition, str], ConditionText] = {
    (Condition.CLAIM_STUCK, "notices"): ConditionText(
        "Nobody knows whether some messages were sent",
        "A run was cut off while it was sending these. They are not sent again by themselves: that could be twice.",
        _MESSAGES,
        (
            (
                'Follow the runbook, "A notice is stuck or of unknown outcome": '
                "it says how to see whether a message was sent."
            ),
        ),
    ),
    (Condition.CLAIM_STUCK, "listings"): ConditionText(
        "Changes for the website were begun and never ended",
        "A worker was cut off with these in hand, and none has taken them over: it seems that no worker runs.",
        _MENTORS,
        (
            "Have them taken over: `reconcile --sweep`",
            'Follow the runbook, "The website is not being updated".',
        ),
    ),
    (Condition.DEAD_LETTERS, "DeadLetters"): ConditionText(
        "Scheduled runs were given up",
        "Events in this queue started a run that failed for good, or could not start one.",
        Counted("event", "events"),
        (
            "See which, and how each is run again: `dlq list`",
            "When that is done, remove it: `dlq drop ID --actor YOU --reason WHY`",
        ),
    ),
}

TEXTS = Texts(
    CONDITIONS,
    OF_SUBJECTS,
    CODES,
    MailText(
        subject="HLF certification: {title}",
        still="Still, for {lasted}: {title}",
        over="Over: {title}",
        lasted="This is over. It lasted {lasted}.",
        nothing_to_do="You need not do anything.",
        since="SINCE",
        until="UNTIL",
        clock="Oslo time",
        how_many="HOW MANY",
        ids="IDS",
        more="and {n} more",
        what_to_do="WHAT TO DO",
        runbook="RUNBOOK",
        alert="ALERT",
        facts={
            "days_left": "DAYS LEFT",
            "due": "DUE",
            "ends_on": "ENDS ON",
            "kind": "KIND",
            "longest_silence_minutes": "AT MOST (MINUTES)",
            "of": "OF",
            "organisation_id": "ORGANISATION",
            "reason": "REASON",
            "sent": "SENT",
            "still_shown": "STILL SHOWN",
            "triggers": "TRIGGERS",
        },
        units=(Counted("day", "days"), Counted("hour", "hours"), Counted("minute", "minutes")),
        a_moment="less than a minute",
    ),
)
