"""The rows that a website holds of its table, which may be older than the table: a portal caches what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.dataverse.website.sorting import ORDERS

if TYPE_CHECKING:
    from emulators.dataverse.model.store import Store
    from emulators.dataverse.model.types import Row
    from emulators.dataverse.website.definition import WebsiteDefinition


class WebsiteCache:
    """The visible rows of a table. With `lag_seconds` a visitor may see rows that are so many seconds old."""

    def __init__(self, definition: WebsiteDefinition) -> None:
        self.definition = definition
        self.reset()

    def reset(self) -> None:
        """Hold nothing, and show every change at once."""
        self.lag_seconds = 0.0
        self.refreshed_at = 0.0
        """time.time() of the last look at the table."""
        self._rows: list[Row] = []
        self._version = -1

    def refresh(self) -> None:
        """Read the table again at the next visit, as if the time had passed."""
        self.refreshed_at = 0.0

    def rows(self, store: Store, now: float) -> list[Row]:
        """Return the rows that a visitor sees now, by name."""
        if now >= self.refreshed_at + self.lag_seconds:
            if store.log.version != self._version:  # else nothing was written since
                self._rows, self._version = self._visible(store), store.log.version
            self.refreshed_at = now
        return self._rows

    def _visible(self, store: Store) -> list[Row]:
        definition = self.definition
        table = store.tables_by_set[definition.set]
        names = [column.name for column in definition.columns]
        key = table.schema.keys[0].columns[0] if table.schema.keys else table.schema.primary_id
        found = [
            {"key": row[key], **{name: row[name] for name in names}}
            for row in table.rows.values()
            if row["statecode"] == 0 and row.get(definition.published) is not False
        ]
        heading = next((column.name for column in definition.columns if column.shown_as == "heading"), names[0])
        order = ORDERS[definition.language]
        return sorted(found, key=lambda row: order(str(row[heading] or "")))
