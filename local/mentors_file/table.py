"""A CSV file with a header: its columns, and its rows as text with the problems of that text.

One bad row never hides another (I13); a file that is not such a table is refused whole. RFC 4180 defines CSV. Norwegian
Excel writes `;` in place of the `,` of the RFC, and a tab in its "Unicode Text".
"""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from local.mentors_file.problems import ROW, RowProblem, UnreadableFile, some
from local.mentors_file.spoilt_values import may_be_spoilt, spoilt
from local.mentors_file.text import text_of
from local.mentors_file.values import ValueRefusedError, is_repeatable, may_hold_identity_number, text_faults, tidy

_IGNORED_COLUMN_LENGTH = 10_000
# A quotation mark that is never closed would swallow the rest of the file. After this many lines it becomes a problem
# of the line that opened it, and reading resumes at the next line.
_LINES_PER_RECORD = 50
# Excel itself reads and writes such a first line, which names the delimiter. Saved again, the line ends in delimiters.
_SEP_LINE = re.compile(r'"?sep=([^\w\s"]|\t)"?\1*+[;,\t]*+\s*', re.IGNORECASE)
_ONE_CELL = re.compile(r'"([^"]+)"[;,\t]*+\s*')
# A file concatenated from others has a byte order mark inside its header.
_UNSEEN_IN_HEADER = re.compile("[\ufeff\u200b-\u200f\u2060]")
_VALUE_IN_HEADER = re.compile(r"@|\d{4}|\d\d[./-]\d\d")


class Cells:
    """The cells of one row by column, and their problems."""

    def __init__(self, line: int, values: dict[str, str]) -> None:
        self.line = line
        self.problems: list[RowProblem] = []
        self._values = values

    def refuse(self, column: str, reason: str) -> None:
        """Record a problem, so that the row is not used."""
        self.problems.append(RowProblem(self.line, column, reason))

    def refused(self, column: str) -> bool:
        """Return whether the column's value is unreliable: it, or the row as a whole, has a problem."""
        return any(problem.column in {column, ROW} for problem in self.problems)

    def take[T](self, column: str, parse: Callable[[str], T], otherwise: T) -> T:
        """Return the parsed value of the column, or `otherwise` for a refused one, so that all problems are found."""
        if self.refused(column):
            return otherwise
        try:
            return parse(tidy(self._values.get(column, "")))
        except ValueRefusedError as refusal:
            self.refuse(column, str(refusal))
            return otherwise


class CsvTable:
    """The table in the file at `path`. `lengths` names the known columns and the characters that each may hold.

    Raises UnreadableFile.
    """

    def __init__(self, path: Path, lengths: dict[str, int], required: tuple[str, ...]) -> None:
        self._path, self._lengths, self._required = path, lengths, required
        lines = io.StringIO(text_of(path), newline="")
        number, first, marks = self._first_line(lines)
        self._records = _records(chain([first], lines), self._delimiter(first, marks), number)
        self.columns, self._ignored = self._header(next(self._records)[1])
        self._nameless: set[str] = set()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was ignored, complete once the rows have been read. A nameless column without values is no loss."""
        warnings = [f"{column}: not a known column, ignored" for column in self._ignored]
        if nameless := [column for column in self.columns if column in self._nameless]:
            warnings.append(f"{some(nameless)}: no name in the first line, ignored")
        return tuple(warnings)

    def rows(self) -> Iterator[Cells]:
        """Yield every row that holds a value."""
        found = False
        for line, record in self._records:
            if record is None or any(cell.strip() for cell in record):
                found = True
                yield self._row(line, record)
        if not found:
            raise self._unreadable("the file has a header and no rows. Put one row on each line below the header.")

    def _row(self, line: int, record: list[str] | None) -> Cells:
        if record is None:
            cells = Cells(line, {})
            cells.refuse(
                ROW,
                "the row cannot be parsed: a quotation mark is opened and not closed, or something follows a "
                'closed one. Write a quotation mark inside a value twice ("").',
            )
            return cells
        record = self._completed(record)
        cells = Cells(line, dict(zip(self.columns, record, strict=False)))
        if len(record) != len(self.columns):
            cells.refuse(
                ROW,
                f"{len(record)} cells where the header has {len(self.columns)}: add or remove a delimiter, and put "
                "quotation marks around a value that holds one",
            )
        joined = "\x1f".join(record)
        suspect = not "".join(record).isprintable() or may_hold_identity_number(joined) or may_be_spoilt(joined)
        for number, cell in enumerate(record):
            column = self.columns[number] if number < len(self.columns) else ROW
            longest = self._lengths.get(column, _IGNORED_COLUMN_LENGTH)
            if len(cell) > longest:
                cells.refuse(column, f"{len(cell)} characters where {longest} fit: shorten it")
            for fault in self._faults(column, cell) if suspect else ():
                cells.refuse(column, fault)
            if column not in self._lengths and column not in self._ignored and cell.strip():
                self._nameless.add(column)
        return cells

    def _completed(self, record: list[str]) -> list[str]:
        """Fill or cut the row to the width of the header.

        Excel leaves out empty cells at the end of a row, and adds some where a longer row once was.
        """
        width = len(self.columns)
        while len(record) > width and not record[-1].strip():
            record = record[:-1]
        missing = self.columns[len(record) :]
        return record if set(missing) & set(self._required) else record + [""] * len(missing)

    def _faults(self, column: str, cell: str) -> list[str]:
        reason = spoilt(cell) if column in self._lengths else None
        return [reason] if reason else text_faults(cell)

    def _first_line(self, lines: Iterator[str]) -> tuple[int, str, str]:
        """Return the header's line number, the header, and the delimiters that it may have."""
        marks = ",;\t"
        for number, line in enumerate(lines, start=1):
            if number == 1 and (named := _SEP_LINE.fullmatch(line)):
                marks = named[1] + marks
            elif line.strip(f'{marks}" \r\n\u00a0'):
                return number, line, marks
        raise self._unreadable("the file is empty. Put the header on the first line and one row on each line below it.")

    def _delimiter(self, header: str, marks: str) -> str:
        if (whole := _ONE_CELL.fullmatch(header)) and any(mark in whole[1] for mark in marks):
            raise self._unreadable(
                "each line stands in one cell, with quotation marks around all of it. Read the original file into "
                'Excel with Data > "From Text/CSV", so that each value has a cell, and save it as "CSV UTF-8".'
            )

        def split(mark: str) -> list[str]:
            return [cell.strip(' "') for cell in header.split(mark)]

        mark = max(
            marks, key=lambda mark: (sum(_column(cell) in self._lengths for cell in split(mark)), len(split(mark)))
        )
        if len(split(mark)) == 1:
            raise self._unreadable(
                "the columns cannot be told apart, since the first line has neither a comma nor a semicolon nor a tab. "
                "Save the file as CSV with one of them between the columns."
            )
        return mark

    def _header(self, cells: list[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if cells is None:
            raise self._unreadable(
                "the first line opens a quotation mark and does not close it, or has no end. Correct it."
            )
        names = [_column(cell) for cell in cells]
        if any(_VALUE_IN_HEADER.search(cell) or text_faults(cell) for cell in cells):
            found = f"{len(cells)} cells that look like values, not like names of columns"
        else:
            found = ", ".join(name[:40] or "(no name)" for name in names[:40])
        if missing := [name for name in self._required if name not in names]:
            raise self._unreadable(
                f"the first line lacks {', '.join(missing)}. Found: {found}. Add the columns, or correct their names."
            )
        # An unknown column is named by its position if its name might describe a person.
        columns = tuple(
            name if name in self._lengths or is_repeatable(name) else f"column {place}"
            for place, name in enumerate(names, start=1)
        )
        if twice := [name for name, count in Counter(names).items() if name in self._lengths and count > 1]:
            raise self._unreadable(
                f"the first line has {', '.join(twice)} more than once. Found: {found}. Keep one of each."
            )
        ignored = (column for column, name in zip(columns, names, strict=True) if name and column not in self._lengths)
        return columns, tuple(dict.fromkeys(ignored))

    def _unreadable(self, what: str) -> UnreadableFile:
        return UnreadableFile(f"{self._path}: {what} Required columns: {', '.join(self._required)}.")


def _column(cell: str) -> str:
    return tidy(_UNSEEN_IN_HEADER.sub("", cell)).lower()


def _records(lines: Iterator[str], delimiter: str, line: int) -> Iterator[tuple[int, list[str] | None]]:
    """Yield each record with the line on which it starts; None for a record that is not CSV."""
    waiting: deque[str] = deque()
    taken: list[str] = []

    def supply() -> Iterator[str]:
        while len(taken) < _LINES_PER_RECORD:
            following = waiting.popleft() if waiting else next(lines, None)
            if following is None:
                return
            taken.append(following)
            yield following

    while True:
        taken.clear()
        try:
            record = next(csv.reader(supply(), delimiter=delimiter, strict=True), None)
        except csv.Error:
            record = None
            waiting.extendleft(reversed(taken[1:]))
            del taken[1:]
        if not taken:
            return
        yield line, record
        line += len(taken)
