"""A table that fits: where the terminal is too narrow for its columns they stand below each other, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from rich import box
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult


_UNBOUNDED = 10_000
_SHORTEST_NAME = 10


class FittingTable(Table):
    """Nothing in it is ever cut: a text that is too long goes on in the next line, a figure stays in one."""

    @override
    def add_column(self, header: RenderableType = "", *args: Any, **settings: Any) -> None:
        if settings.get("justify") == "right":
            settings = {"no_wrap": True} | settings
        super().add_column(header, *args, **({"overflow": "fold"} | settings))

    @override
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self._widths(console, options)
        if widths is None:
            yield from self._below_each_other(console)
            return
        for column, width in zip(self.columns, widths, strict=True):
            column.width = width
        yield from super().__rich_console__(console, options)

    def _widths(self, console: Console, options: ConsoleOptions) -> list[int] | None:
        """So that no word, code or figure is broken; None where there is no room for that."""
        unbounded = options.update(max_width=_UNBOUNDED)
        least, most = [], []
        for column in self.columns:
            measured = [Measurement.get(console, unbounded, cell) for cell in (column.header, *column.cells)]
            longest = max(one.maximum for one in measured)
            shortest = longest if column.no_wrap else max(one.minimum for one in measured)
            if column.overflow == "ellipsis":
                longest = min(longest, column.max_width or longest)
                shortest = min(longest, _SHORTEST_NAME)
            least.append(max(shortest, column.min_width or 0))
            most.append(max(longest, least[-1]))
        between = Measurement.get(console, unbounded, self).maximum - sum(most)
        spare = options.max_width - between - sum(least)
        if spare < 0:
            return None
        wanted = [longest - shortest for shortest, longest in zip(least, most, strict=True)]
        share = min(spare / sum(wanted), 1) if sum(wanted) else 0
        return [shortest + int(more * share) for shortest, more in zip(least, wanted, strict=True)]

    def _below_each_other(self, console: Console) -> Iterator[RenderableType]:
        if self.title:
            yield _text(console, self.title, self.title_style)
        titles = [_text(console, column.header) for column in self.columns]
        first = Text()
        for row in zip(*(list(column.cells) for column in self.columns), strict=True):
            cells = [_text(console, cell) for cell in row]
            # A blank in the first column says that it is the same as above.
            first = cells[0] if cells[0].plain.strip() else first
            yield Text.assemble((first.plain, "bold"))
            for title, cell in zip(titles[1:], cells[1:], strict=True):
                if cell.plain.strip():
                    yield Padding(
                        Text.assemble(title, ": " if title.plain else "", cell, overflow="fold"), (0, 0, 0, 2)
                    )
        if self.caption:
            yield _text(console, self.caption)


def _text(console: Console, cell: RenderableType | None, style: Any = "") -> Text:  # noqa: ANN401 - what rich takes
    if isinstance(cell, Text):
        return cell
    return console.render_str(str(cell or ""), style=str(style or ""), overflow="fold")


def new_table(title: str) -> Table:
    """Return a table in the style of all of them."""
    return FittingTable(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
