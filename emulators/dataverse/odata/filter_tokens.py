"""The words of a `$filter`, each with its position, which errors name as the service does."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from emulators.dataverse.odata.urls import refused

_GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_PATTERNS: Final = {
    "space": r"[ \t]+",
    "enumeration": r"[A-Za-z_][\w.]*'(?:[^']|'')*'",  # Namespace.Type'Member'
    "text": r"'(?:[^']|'')*'",
    "guid": rf"{_GUID}(?![\w-])",
    "datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?(?![\w:.+-])",
    "date": r"\d{4}-\d\d-\d\d(?![\w-])",
    "number": r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w)",
    "name": r"[A-Za-z_][\w.]*(?:/[A-Za-z_]\w*)*(?:/\$count)?",
    "alias": r"@\w+",
    "list": r"\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]\"])*\]",
    "mark": r"[(),=:]",
}
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS.items()))


class Token(NamedTuple):
    """`kind` is one of the patterns' names, or "end"; `text` as written."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """Split, and end with a token of kind "end". Raises DataverseError."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            if text[position] == "'":
                raise refused(f"There is an unterminated string literal at position {len(text)} in '{text}'.")
            raise refused(
                f"Syntax error: character '{text[position]}' is not valid at position {position} in '{text}'."
            )
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup or "", match.group(), position))
        position = match.end()
    found.append(Token("end", "", len(text)))
    return found
