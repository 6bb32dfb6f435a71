"""Yes, no or not yet, in plain words: the first sentence counts everything that differs (I14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.calendar_days import OSLO
from local.operations import words
from shared.domain.comparison import Answer

if TYPE_CHECKING:
    from datetime import datetime

    from local.operations.proof import ProofHead

# Of each class one and several; what a brake or the day holds among the first is said apart.
_SAID = {
    "listed_but_invalid": ("is shown who is not valid", "are shown who are not valid"),
    "missing": ("is not shown who should be", "are not shown who should be"),
    "field_drift": ("is shown otherwise than the app has it", "are shown otherwise than the app has them"),
    "unpublished_field": ("row holds what is published no more", "rows hold what is published no more"),
    "orphan": ("row is shown of no mentor in the app", "rows are shown of no mentor in the app"),
}
STYLES = {Answer.YES: "green", Answer.NO: "red", Answer.NOT_YET: "yellow"}


def text(proof: ProofHead) -> str:
    """The verdict and the two figures, without markup."""
    return " ".join(filter(None, (first_sentence(proof), _figures(proof))))


def first_sentence(proof: ProofHead) -> str:
    """What the proof says, with everything that differs."""
    if not proof.complete:
        return f"Nothing is proven: {words.reason(proof.reason)}."
    match proof.verdict:
        case Answer.YES:
            return (
                f"Yes. {proof.website_listed:,} listed = {proof.app_listed:,} valid and consenting,"
                " and each is shown as the app has it."
            )
        case Answer.NO:
            return f"No. {'; '.join([*_differing(proof), *_causes(proof), *_in_flight(proof)])}."
        case Answer.NOT_YET:
            return f"Not yet. {'; '.join(_in_flight(proof))}."


def _differing(proof: ProofHead) -> list[str]:
    held = proof.count("held_by_brake")
    found = []
    for name in _SAID:
        n = proof.count(name) - proof.count(f"{name}_in_flight") - (held if name == "listed_but_invalid" else 0)
        if n > 0:
            found.append(_counted(n, name))
    if held:
        since = proof.moment("brake_since")
        found.insert(0, f"{_counted(held, 'listed_but_invalid')}, held by the brake{_since(since)}")
    if n := proof.count("rows_repeated"):
        found.append(f"{n:,} {'certification too many is' if n == 1 else 'certifications too many are'} in the app")
    return found or ["The two sides differ"]


def _causes(proof: ProofHead) -> list[str]:
    """What holds them up, where it is known: these are among those counted before."""
    return [
        f"{n:,} of them {why}"
        for name, why in (
            ("rejected", "refused by the website"),
            ("waiting", "waiting for the website"),
            ("day_not_checked", "because the day's check has not come"),
            ("came_past_triggers", "changed in the app past our triggers"),
            ("differences_unverified", "read only once"),
        )
        if (n := proof.count(name))
    ]


def _in_flight(proof: ProofHead) -> list[str]:
    if not proof.in_flight:
        return []
    each = [_counted(n, name) for name in _SAID if (n := proof.count(f"{name}_in_flight"))]
    known = proof.moment("known_at")
    why = "changed a moment ago" if not proof.count("day_turns") else "the day's check has not come yet"
    when = f", known after {_time(known)}" if known else ""
    return [f"{' and '.join(each) or f'{proof.in_flight:,} differ'} ({why}{when})"]


def _figures(proof: ProofHead) -> str:
    if not proof.complete or proof.verdict is Answer.YES:
        return ""
    return f"{proof.website_listed:,} listed, {proof.app_listed:,} valid and consenting, {proof.equal:,} equal."


def _counted(n: int, name: str) -> str:
    one, several = _SAID[name]
    return f"{n:,} {one if n == 1 else several}"


def _since(at: datetime | None) -> str:
    return f" since {_time(at)}" if at else ""


def _time(at: datetime) -> str:
    return f"{at.astimezone(OSLO):%d.%m.%Y %H:%M}"
