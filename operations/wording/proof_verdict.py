"""Put a proof's verdict into plain words. The first sentence counts every difference (I14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.dates import OSLO
from operations.wording import words
from operations.wording.speech import many, say
from shared.domain.comparison import ProofVerdict

if TYPE_CHECKING:
    from datetime import datetime

    from operations.commands.proofs.proof import ProofHead

# The singular and plural of each class. Mentors that a brake keeps listed are reported separately.
SAID = {
    "listed_but_invalid": ("{n} is shown but not valid", "{n} are shown but not valid"),
    "missing": ("{n} is not shown but should be", "{n} are not shown but should be"),
    "field_drift": ("{n} is shown differently from the app", "{n} are shown differently from the app"),
    "unpublished_field": ("{n} row holds fields no longer published", "{n} rows hold fields no longer published"),
    "orphan": ("{n} row is shown for no mentor in the app", "{n} rows are shown for no mentor in the app"),
}
TOO_MANY = ("{n} surplus certification is in the app", "{n} surplus certifications are in the app")
# The known causes of delay among the differences.
HELD_UP = {
    "rejected": "{n} of them refused by the website",
    "waiting": "{n} of them waiting for the website",
    "day_not_checked": "{n} of them because the day's check has not run",
    "came_past_triggers": "{n} of them changed in the app, bypassing our triggers",
    "differences_unverified": "{n} of them read only once",
}
STYLES = {ProofVerdict.YES: "green", ProofVerdict.NO: "red", ProofVerdict.NOT_YET: "yellow"}


def text(proof: ProofHead) -> str:
    """Return the verdict and the figures, without markup."""
    return " ".join(filter(None, (first_sentence(proof), _figures(proof))))


def first_sentence(proof: ProofHead) -> str:
    """Return the verdict with every difference counted."""
    if not proof.complete:
        return say("Nothing is proven: {reason}.", reason=words.reason(proof.reason))
    match proof.verdict:
        case ProofVerdict.YES:
            return say(
                "Yes. {website} listed = {app} valid and consenting, and each is shown as the app has it.",
                **_both(proof),
            )
        case ProofVerdict.NO:
            return say("No. {found}.", found="; ".join([*_differing(proof), *_causes(proof), *_in_flight(proof)]))
        case ProofVerdict.NOT_YET:
            return say("Not yet. {found}.", found="; ".join(_in_flight(proof)))


def _differing(proof: ProofHead) -> list[str]:
    held = proof.count("held_by_brake")
    found = []
    for name, said in SAID.items():
        n = proof.count(name) - proof.count(f"{name}_in_flight") - (held if name == "listed_but_invalid" else 0)
        if n > 0:
            found.append(many(n, *said))
    if held:
        found.insert(0, _held(held, proof.moment("brake_since")))
    if n := proof.count("rows_repeated"):
        found.append(many(n, *TOO_MANY))
    return found or [say("The two sides differ")]


def _held(n: int, since: datetime | None) -> str:
    counted = many(n, *SAID["listed_but_invalid"])
    if since is None:
        return say("{counted}, held by the brake", counted=counted)
    return say("{counted}, held by the brake since {moment}", counted=counted, moment=_time(since))


def _causes(proof: ProofHead) -> list[str]:
    """Return the known causes. Their counts are part of the differences' counts."""
    return [say(why, n=f"{n:,}") for name, why in HELD_UP.items() if (n := proof.count(name))]


def _in_flight(proof: ProofHead) -> list[str]:
    if not proof.in_flight:
        return []
    each = [many(n, *SAID[name]) for name in SAID if (n := proof.count(f"{name}_in_flight"))]
    why = say("changed a moment ago")
    if proof.count("day_turns"):
        why = say("the day's check has not run yet")
    if known := proof.moment("known_at"):
        why = say("{why}, known after {moment}", why=why, moment=_time(known))
    return [f"{say(' and ').join(each) or many(proof.in_flight, '{n} differs', '{n} differ')} ({why})"]


def _figures(proof: ProofHead) -> str:
    if not proof.complete or proof.verdict is ProofVerdict.YES:
        return ""
    return say("{website} listed, {app} valid and consenting, {equal} equal.", equal=f"{proof.equal:,}", **_both(proof))


def _both(proof: ProofHead) -> dict[str, str]:
    return {"website": f"{proof.website_listed:,}", "app": f"{proof.app_listed:,}"}


def _time(at: datetime) -> str:
    return f"{at.astimezone(OSLO):%d.%m.%Y %H:%M}"
