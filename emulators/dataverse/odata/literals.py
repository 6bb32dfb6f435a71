"""Values in a `$filter` (OData 4.0, part 2, 5.1.1.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from emulators.dataverse.model.comparisons import Literal, utc
from emulators.dataverse.odata.urls import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.dataverse.odata.filter_tokens import Token


def read(token: Token) -> Literal | None:
    """Return a token's literal, None for a token that is none. Raises DataverseError for a day that no calendar has."""
    kind, text, _ = token
    if kind == "name":
        return _WORDS.get(text)
    return _LITERALS[kind](text) if kind in _LITERALS else None


def _moment(kind: str, text: str) -> Literal:
    try:
        moment = utc(text)
    except ValueError:
        raise refused(f"Unrecognized literal '{text}'.") from None
    return Literal(kind, text if kind == "date" else moment)


_WORDS: Final = {"true": Literal("boolean", True), "false": Literal("boolean", False), "null": Literal("null", None)}
_LITERALS: Final[dict[str, Callable[[str], Literal]]] = {
    "text": lambda text: Literal("text", text[1:-1].replace("''", "'")),
    "enumeration": lambda text: Literal("text", text[text.index("'") + 1 : -1]),
    "number": lambda text: Literal("number", int(text) if text.lstrip("-").isdigit() else float(text)),
    "guid": lambda text: Literal("guid", text.lower()),
    "date": lambda text: _moment("date", text),
    "datetime": lambda text: _moment("datetime", text),
}
