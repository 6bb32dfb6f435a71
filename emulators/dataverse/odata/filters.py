"""`$filter`, compiled to one Python function over a row.

The grammar is OData 4.0's (part 2, 5.1.1), as far as Dataverse documents it ("Filter rows using OData"): comparison and
logical operators, parentheses, contains/startswith/endswith, columns of the same row, columns of a row a lookup points
at, and Dataverse's own functions. `x in (…)` is refused with 501, as the service does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from emulators.dataverse.model import choices, comparisons
from emulators.dataverse.model.comparisons import FilterColumn, Literal, compare, compare_columns
from emulators.dataverse.odata.filter_cursor import Cursor
from emulators.dataverse.odata.filter_functions import (
    NAMESPACE,
    TEXT_FUNCTIONS,
    dataverse_function,
    text_function,
    unknown_function,
)
from emulators.dataverse.odata.filter_tokens import Token, tokens
from emulators.dataverse.odata.literals import read
from emulators.dataverse.odata.urls import not_implemented, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulators.dataverse.model.types import Predicate, Row

_DEEPEST: Final = 100
"""Parentheses inside parentheses. OData's library has a limit too; Python's stack needs one."""
_ARITHMETIC: Final = frozenset({"add", "sub", "mul", "div", "mod", "has"})


def compile_filter(text: str, resolve: Callable[[str], FilterColumn], aliases: Mapping[str, str]) -> Predicate:
    """Return the predicate of a filter. `resolve` returns the column of a property path; see columns.py.

    Raises DataverseError.
    """
    parser = _Parser(text, resolve, aliases)
    predicate = parser.any_of()
    parser.expect("end")
    return predicate


class _Parser(Cursor):
    def __init__(self, text: str, resolve: Callable[[str], FilterColumn], aliases: Mapping[str, str]) -> None:
        super().__init__(text)
        self.resolve = resolve
        self.aliases = aliases
        self.depth = 0

    def any_of(self) -> Predicate:
        parts = [self.all_of()]
        while self.takes("name", "or"):
            parts.append(self.all_of())
        return _any(parts)

    def all_of(self) -> Predicate:
        parts = [self.one()]
        while self.takes("name", "and"):
            parts.append(self.one())
        return _all(parts)

    def one(self) -> Predicate:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise refused("The recursion limit of the filter has been exceeded.")
        predicate = self._one()
        self.depth -= 1
        return predicate

    def _one(self) -> Predicate:
        if self.takes("name", "not"):
            inner = self.one()
            return lambda row: not inner(row)
        if self.takes("mark", "("):
            inner = self.any_of()
            if not self.takes("mark", ")"):
                if self.next.text == "in":
                    raise not_implemented()
                raise refused(f"')' or operator expected at position {self.next.position} in '{self.text}'.")
            return inner
        if self.next.kind == "name" and self.tokens[self.at + 1].text == "(":
            return self.function()
        return self.comparison()

    def comparison(self) -> Predicate:
        left = self.operand()
        token = self.next
        if token.text in {"in", *_ARITHMETIC}:
            raise not_implemented()
        if token.kind != "name" or token.text not in comparisons.OPERATORS:
            if isinstance(left, FilterColumn) and left.kind == "boolean" and token.text in {"", ")", "and", "or"}:
                if not choices.BARE_BOOLEAN_COLUMNS:
                    raise not_implemented()
                return compare(left, "eq", Literal("boolean", True))
            raise self.syntax_error()
        name = self.take().text
        right = self.operand()
        if isinstance(left, FilterColumn):
            return compare_columns(left, name, right) if isinstance(right, FilterColumn) else compare(left, name, right)
        if isinstance(right, FilterColumn):
            return compare(right, comparisons.SWAPPED[name], left)
        raise not_implemented()

    def operand(self) -> FilterColumn | Literal:
        token = self.meant()
        if token.kind == "name" and token.text not in {"null", "true", "false"}:
            return self.column()
        return self.literal()

    def meant(self) -> Token:
        """Return the next word; for an alias, the value or the property path that it stands for."""
        token = self.next
        if token.kind != "alias":
            return token
        text = self.aliases.get(token.text, "null")  # OData 4.0, part 2, 5.3: an alias without a value is null
        words = tokens(text)
        if len(words) != len(("value", "end")):
            raise refused(f"Syntax error at position 0 in '{text}'.")
        return words[0]

    def column(self) -> FilterColumn:
        token = self.meant()
        if token.kind != "name":
            raise self.syntax_error()
        if self.tokens[self.at + 1].text == "(":
            raise unknown_function(token.text)
        self.at += 1
        return self.resolve(token.text)

    def literal(self) -> Literal:
        token = self.meant()
        if (found := read(token)) is None:
            if token.kind == "end":
                raise refused(f"Expression expected at position {token.position} in '{self.text}'.")
            raise self.syntax_error()
        self.at += 1
        return found

    def function(self) -> Predicate:
        name = self.take().text
        self.expect("mark", "(")
        if name in TEXT_FUNCTIONS:
            column = self.column()
            self.expect("mark", ",")
            wanted = self.literal()
            self.expect("mark", ")")
            if column.kind not in {"text", "word"} or wanted.kind != "text":
                raise refused(
                    f"No function signature for the function with name '{name}' matches the specified arguments."
                )
            return text_function(name, column, wanted.value)
        if name.endswith(("/any", "/all")):
            self.resolve(name.rpartition("/")[0])  # 501 for rows that point here, 400 for a typo
        if not name.startswith(NAMESPACE):
            raise unknown_function(name)
        arguments = self.arguments()
        return dataverse_function(name.removeprefix(NAMESPACE), self.resolve, arguments)

    def arguments(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while not self.takes("mark", ")"):
            if found:
                self.expect("mark", ",")
            name = self.expect("name").text
            self.expect("mark", "=")
            value = self.take()
            found[name] = self.aliases.get(value.text, "") if value.kind == "alias" else value.text
            if self.next.kind == "end":
                raise self.syntax_error()
        return found


def _all(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == len(("left", "right")):  # by far the most frequent case needs no loop
        left, right = parts
        return lambda row: left(row) and right(row)
    return lambda row: all(part(row) for part in parts)


def _any(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]

    def predicate(row: Row) -> bool:
        for part in parts:  # noqa: SIM110 - any() of a generator takes twice the time, and `or` chains are long
            if part(row):
                return True
        return False

    return predicate
