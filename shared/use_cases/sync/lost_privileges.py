"""The distinction between a row that may not be written and a privilege that was taken away from us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import WebsiteRefusedError
from shared.domain.listings import Accepted, Change, ListingTable, NotNow, PushOutcome, Refused, RefusedKind
from shared.use_cases.sync.work import STOPPED_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.use_cases.sync.work import Work


def rows_distinguished_from_privileges(
    work: Work, outcomes: list[tuple[Change, PushOutcome]]
) -> list[tuple[Change, PushOutcome]]:
    """Return the outcomes, with NotNow for each refusal that concerns our privileges instead of the row.

    Every account that may write a table may also hide a row that does not exist in it, so a 403 to that is about us.
    Without this test, a role that was taken away would have every mentor rejected, one after the other. Accepted
    changes prove nothing, because creating, updating and every table have privileges of their own.
    Raises WebsiteRefusedError, after settling the outcomes, when the website refuses us altogether.
    """
    reasons = {outcome.reason if isinstance(outcome, Refused) else None for _, outcome in outcomes}
    # The same 400 for every change may be about the request itself: a tenant can require something more in it.
    same = len(outcomes) > 1 and len(reasons) == 1 and next(iter(reasons), None)
    suspects = {c.table: c.key for c, outcome in outcomes if _is_forbidden(outcome) or _is_bad_request(outcome, same)}
    if not suspects:
        return outcomes
    reported, refused = _written_to(work, [ListingTable(name, key) for name, key in suspects.items()])
    outcomes = [
        (change, NotNow(outcome.reason, STOPPED_SECONDS))
        if isinstance(outcome, Refused)
        and change.table in suspects
        and not isinstance(reported.get(change.table), Accepted)
        and (_is_forbidden(outcome) or _is_bad_request(outcome, same))
        else (change, outcome)
        for change, outcome in outcomes
    ]
    lacking = next((outcome for outcome in reported.values() if isinstance(outcome, Refused)), None)
    if lacking is not None and not any(isinstance(outcome, Accepted) for _, outcome in outcomes):
        # All of these changes may be of one organisation; the table of another may still be open to us (I13).
        others = [table for table in work.listings.tables() if table.name not in suspects]
        elsewhere, refused = _written_to(work, others)
        if not any(isinstance(outcome, Accepted) for outcome in elsewhere.values()):
            refused = refused or WebsiteRefusedError(lacking.reason, lacking.kind)
    if refused is not None:
        work.settle(outcomes)
        raise refused
    return outcomes


def _written_to(
    work: Work, tables: Sequence[ListingTable]
) -> tuple[dict[str, PushOutcome], WebsiteRefusedError | None]:
    """Return the outcome of a test write for each table, by name; no outcome, and the error, if we are refused."""
    try:
        return dict(zip([table.name for table in tables], work.website.writable(tables), strict=True)), None
    except WebsiteRefusedError as error:
        return {}, error


def _is_forbidden(outcome: PushOutcome) -> bool:
    return isinstance(outcome, Refused) and outcome.kind is RefusedKind.FORBIDDEN


def _is_bad_request(outcome: PushOutcome, same: str | bool | None) -> bool:
    return isinstance(outcome, Refused) and outcome.kind is RefusedKind.BAD_REQUEST and outcome.reason == same
