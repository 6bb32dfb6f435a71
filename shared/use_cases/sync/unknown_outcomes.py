"""The reading of rows before anything is decided about them: their version, or a request's outcome, is unknown (I6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.listings import NO_ROW, Accepted, Action, Change, OutcomeUnknown, Outdated, PushOutcome, RowState

if TYPE_CHECKING:
    from shared.use_cases.sync.work import Work


def on_known_versions(work: Work, changes: list[Change]) -> tuple[list[Change], list[Change]]:
    """Read the rows to hide whose version is unknown. Return the changes to send, and those already hidden.

    With the version, a late request cannot hide a mentor who is listed again. A change counts as hidden already when
    its row does not exist. A row that cannot be read is hidden whatever its version.
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
    """Read each row whose response was lost or whose known version is outdated, and decide by what it shows (I6)."""
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
    """Return the change and its outcome, decided by the row as it was read.

    A row that shows what was to be written proves nothing: it may have shown that before, and the request may still be
    carried out. A row with another version than the request named proves that the request was carried out or can no
    longer have an effect.
    """
    if row is None:
        return change, outcome
    if not row.exists:
        return (change, Accepted()) if change.action.needs_no_row else (replace(change, row_version=NO_ROW), outcome)
    if row.as_sent and (row.version is None or change.row_version is None):
        return change, Accepted()  # the request named no version and may still come: settled as outcome_unknown
    if row.as_sent and row.version != change.row_version:
        return change, Accepted(row.version)
    return replace(change, row_version=row.version), outcome
