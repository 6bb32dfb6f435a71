"""What the codes of a degraded run mean, of one and of several."""

from __future__ import annotations

from shared.domain.wording.numbers import plural

_REASONS = {
    "step_failures": (
        "{n} mentor stood in the way and was skipped; explain says why",
        "{n} mentors stood in the way and were skipped; explain says why",
    ),
    "unnotified": (
        "{n} mentor could not be mailed and has no coordinator to tell",
        "{n} mentors could not be mailed and have no coordinator to tell",
    ),
    "expiries_skipped_manual_edit": (
        "{n} mentor was set active by hand although the certification has ended",
        "{n} mentors were set active by hand although their certification has ended",
    ),
    "expiries_skipped_busy": (
        "{n} mentor was being edited and is rechecked the next nightly check",
        "{n} mentors were being edited and are rechecked the next nightly check",
    ),
    "reminders_braked": (
        "{n} reminder is too many at once, so none was made; release-brake lets the next run make it",
        "{n} reminders are too many at once, so none was made; release-brake lets the next run make them",
    ),
    "expiries_braked": (
        "{n} expiry is too many at once, so none was made; release-brake lets the next run make it",
        "{n} expiries are too many at once, so none was made; release-brake lets the next run make them",
    ),
    "reactivations_skipped_manual_edit": (
        "{n} renewed mentor was set expired by hand and stays so",
        "{n} renewed mentors were set expired by hand and stay so",
    ),
    "reactivations_skipped_busy": (
        "{n} mentor was being edited and is rechecked the next nightly check",
        "{n} mentors were being edited and are rechecked the next nightly check",
    ),
    "notices_undeliverable": (
        "{n} message cannot be delivered: the address is missing or was refused",
        "{n} messages cannot be delivered: the address is missing or was refused",
    ),
    "notices_given_back": (
        "{n} notice was not accepted and waits for the next run",
        "{n} notices were not accepted and wait for the next run",
    ),
    "notices_outcome_unknown": (
        "{n} notice is of unknown outcome: the reply was lost, it is not sent again by itself",
        "{n} notices are of unknown outcome: the reply was lost, they are not sent again by themselves",
    ),
    "notices_stuck": (
        "{n} notice is stuck in a claim and needs a person to look",
        "{n} notices are stuck in a claim and need a person to look",
    ),
}


def said(code: str, n: int) -> str:
    """The code in a sentence; itself where it is not known."""
    one, several = _REASONS.get(code, (code, code))
    return plural(n, one, several).format(n=n)
