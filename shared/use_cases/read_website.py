"""The reading of the website's rows into a comparison: all of them, or those of some mentors once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import WebsiteMisconfiguredError
from shared.domain.listings import RefusedKind
from shared.domain.website_rows import by_table, columns_to_read, seen_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from shared.domain.comparison import ComparisonOutcome
    from shared.domain.website_rows import Site
    from shared.ports import Comparison, WebsiteReader

_GONE = {RefusedKind.NOT_FOUND, RefusedKind.NO_SUCH_TABLE}


def read_everything(comparison: Comparison, reader: WebsiteReader, page_read: Callable[[int], None]) -> None:
    """Read every row of every table, a page at a time. `page_read` is called with the number of rows of each page."""

    def read(sites: Sequence[Site]) -> None:
        for page in reader.pages(sites[0].table, columns_to_read(sites)):
            comparison.add(seen_rows(sites, page))
            page_read(len(page))

    comparison.prepare_meanwhile()
    for sites in by_table(comparison.sites):
        _read_what_is_there(read, sites, comparison, reader)


def read_again(mentors: Sequence[UUID], comparison: Comparison, reader: WebsiteReader) -> ComparisonOutcome:
    """Read these mentors' rows by their keys, replace what was read before, and compare them."""
    keys = [str(mentor) for mentor in mentors]

    def read(sites: Sequence[Site]) -> None:
        rows = reader.rows(sites[0].table, sites[0].key, keys, columns_to_read(sites))
        comparison.add(seen_rows(sites, (row for row in rows if row is not None)))

    comparison.forget(mentors)
    for sites in by_table(comparison.sites):
        _read_what_is_there(read, sites, comparison, reader)
    return comparison.compare(mentors)


def _read_what_is_there(
    read: Callable[[Sequence[Site]], None], sites: Sequence[Site], comparison: Comparison, reader: WebsiteReader
) -> None:
    """Read the sites, without those tables and columns that are no longer published and are gone from Dynamics."""
    try:
        read(sites)
    except WebsiteMisconfiguredError as error:
        there = _without_what_is_gone(sites, error, comparison, reader)
        if there:
            read(there)


def _without_what_is_gone(
    sites: Sequence[Site], error: WebsiteMisconfiguredError, comparison: Comparison, reader: WebsiteReader
) -> Sequence[Site]:
    first = sites[0]
    if not first.mapped and (error.kind in _GONE or _has_another_key(first, comparison, reader)):
        return ()
    others = dict.fromkeys(name for site in sites for name in site.others)
    gone = [name for name in others if not _exists(name, first, reader)]
    if not gone:
        raise error
    for site in sites:
        comparison.forget_others(site.number, gone)
    return [one for one in comparison.sites if (one.table, one.key) == (first.table, first.key)]


def _has_another_key(old: Site, comparison: Comparison, reader: WebsiteReader) -> bool:
    """Return whether a key of an earlier mapping is gone from a table whose rows are now read by another key."""
    read = any(site.mapped and site.table == old.table for site in comparison.sites)
    return read and not _exists(old.key, old, reader)


def _exists(column: str, site: Site, reader: WebsiteReader) -> bool:
    try:
        for _ in reader.pages(site.table, (site.key, column)):
            break
    except WebsiteMisconfiguredError as error:
        if error.kind is RefusedKind.BAD_REQUEST:
            return False
        raise
    return True
