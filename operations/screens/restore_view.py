"""Print which mails are held back after a restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.screens import printing
from operations.wording import words
from operations.wording.speech import many, say

if TYPE_CHECKING:
    from uuid import UUID

    from operations.commands.mails.after_restore import HeldBack

_MOST_IDS = 20
KINDS = {
    "reminder": ("{n} reminder", "{n} reminders"),
    "expired": ("{n} notice of an expiry", "{n} notices of expiries"),
    "reactivated": ("{n} notice of a renewal", "{n} notices of renewals"),
}


def held_back(held: HeldBack) -> None:
    """Print the counts without zeros, with the ids, and what is left to do."""
    if held.released:
        printing.text(say("Waits again, and goes with the next sending if it is still true:"))
    elif held.done:
        printing.text(say("Held back, because they were sent before the restore:"))
    else:
        printing.text(say("Would be held back, because they were sent before the restore:"))
    for name, says in KINDS.items():
        mentors: tuple[UUID, ...] = getattr(held, name)
        if mentors:
            listed = words.first([str(mentor) for mentor in mentors[:_MOST_IDS]], _MOST_IDS, len(mentors))
            printing.text(f"{many(len(mentors), *says)}: {listed}", indent=2)
    if not held.notices:
        printing.text(say("no mail"), indent=2)
    if held.released:
        return
    if not held.done:
        printing.text(say("Who changed in the app after the restore is left out. All ids: --json."))
    printing.text(say("The coordinators get the digest of those days once more. Tell them."))
