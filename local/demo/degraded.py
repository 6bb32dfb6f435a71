"""Sentences for the codes of a degraded run, in the singular and the plural."""

from __future__ import annotations

from shared.domain.wording.numbers import plural

_REASONS = {
    "step_failures": (
        "{n} mentor failed and was skipped; explain says why",
        "{n} mentors failed and were skipped; explain says why",
    ),
    "unnotified": (
        "{n} mentor could not be mailed and has no coordinator to notify",
        "{n} mentors could not be mailed and have no coordinator to notify",
    ),
    "expiries_skipped_manual_edit": (
        "{n} mentor was set active by hand although the certification has ended",
        "{n} mentors were set active by hand although their certification has ended",
    ),
    "expiries_skipped_busy": (
        "{n} mentor was being edited and is rechecked in the next nightly check",
        "{n} mentors were being edited and are rechecked in the next nightly check",
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
        "{n} mentor was being edited and is rechecked in the next nightly check",
        "{n} mentors were being edited and are rechecked in the next nightly check",
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
        "{n} notice has an unknown outcome: the reply was lost, and it is not sent again by itself",
        "{n} notices have an unknown outcome: the reply was lost, and they are not sent again by themselves",
    ),
    "notices_stuck": (
        "{n} notice is stuck in a claim and needs a person to check it",
        "{n} notices are stuck in a claim and need a person to check them",
    ),
}


def said(code: str, n: int) -> str:
    """Return the code as a sentence, or the code itself if it is unknown."""
    one, several = _REASONS.get(code, (code, code))
    return plural(n, one, several).format(n=n)
