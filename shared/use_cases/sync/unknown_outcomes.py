"""Read a row before anything is decided about it, where its version or the outcome of a request is not known (I6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.listings import NO_ROW, Accepted, Action, Change, OutcomeUnknown, Outdated, PushOutcome, RowState

if TYPE_CHECKING:
    from shared.use_cases.sync.work import Work


def on_known_versions(work: Work, changes: list[Change]) -> tuple[list[Change], list[Change]]:
    """Read the rows to hide whose version is not known, so that a late request cannot hide somebody who is back.

    Returns what is to be sent, and what is hidden already because there is no row. A row that cannot be read is hidden
    whatever its version.
    """
    unknown = [change for change in changes if change.action is Action.HIDE and change.row_version is None]
    if not unknown:
        return changes, []
    rows = dict(zip([change.mentor_id for change in unknown], work.website.read(unknown), strict=True))
    gone = [
        change
        for change in unknown
        if change.action.needs_no_row and (row := rows[change.mentor_id]) is not None and not row.exists
    ]
    versions = {mentor_id: row.version for mentor_id, row in rows.items() if row is not None}
    return [
        replace(change, row_version=versions.get(change.mentor_id)) if change.mentor_id in rows else change
        for change in changes
        if change not in gone
    ], gone


def after_reading(work: Work, outcomes: list[tuple[Change, PushOutcome]]) -> list[tuple[Change, PushOutcome]]:
    """Read each row whose response was lost, or that is not as it was known, before anything is decided (I6)."""
    unsure = [(change, outcome) for change, outcome in outcomes if isinstance(outcome, Outdated | OutcomeUnknown)]
    if not unsure:
        return outcomes
    work.outcome_unknown.update(
        (change.mentor_id, change.version)
        for change, outcome in unsure
        if isinstance(outcome, OutcomeUnknown) and not outcome.harmless
    )
    rows = dict(zip([c.mentor_id for c, _ in unsure], work.website.read([c for c, _ in unsure]), strict=True))
    return [
        _decided(change, outcome, rows[change.mentor_id])
        if isinstance(outcome, Outdated | OutcomeUnknown)
        else (change, outcome)
        for change, outcome in outcomes
    ]


def _decided(change: Change, outcome: Outdated | OutcomeUnknown, row: RowState | None) -> tuple[Change, PushOutcome]:
    """What a row that was read says of a change whose outcome is unknown.

    That it shows what was to be written proves nothing: it may have done so before, and the request may come yet. That
    it has another version than the request named does: the request was carried out, or can do nothing any more.
    """
    if row is None:
        return change, outcome
    if not row.exists:
        return (change, Accepted()) if change.action.needs_no_row else (replace(change, row_version=NO_ROW), outcome)
    if row.as_sent and (row.version is None or change.row_version is None):
        return change, Accepted()  # no version was named, so it may come yet: settled as outcome_unknown
    if row.as_sent and row.version != change.row_version:
        return change, Accepted(row.version)
    return replace(change, row_version=row.version), outcome
