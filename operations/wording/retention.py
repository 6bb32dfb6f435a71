"""Name the kinds of records that are deleted by themselves, and say why some stay for longer."""

KEPT = {
    "sweeps": "runs of sweeps",
    "runs": "other runs, with their counts",
    "notices": "settled notices",
    "unusable_addresses": "addresses that no mail went to, and nobody has any more",
    "reminders": "reminders of mentors who are gone",
    "transitions": "transitions of mentors who are gone",
    "step_failures": "failures that are over",
    "mail_drills": "mails of drills",
    "alert_tests": "test alerts",
    "findings": "closed findings",
    "alerts": "closed alerts",
    "brakes": "closed brakes",
    "proofs": "proofs",
    "audit": "the audit",
    "journals": "lines of break-glass journals that were imported",
    "rotations": "rotations of the credential",
}
WHY = {
    "runs": "The last run of each function, runs that were undone, and runs whose proof is kept.",
    "notices": (
        "Notices of the certification that a mentor has now, of a run that was undone, not reported to the coordinator"
        " yet, or still to be reopened."
    ),
    "reminders": (
        "Reminders and transitions of every mentor whom the app has: without them somebody could be reminded or expired"
        " twice for one date."
    ),
    "rotations": "The last rotation, which can be taken back, and one that is open.",
    "proofs": "The chain itself, which holds hashes alone, is kept for good, and so is the last proof.",
}
