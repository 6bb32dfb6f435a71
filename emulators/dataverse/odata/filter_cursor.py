"""A place in the text of a `$filter`, and the steps from token to token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulators.dataverse.odata.filter_tokens import Token, tokens
from emulators.dataverse.odata.urls import not_implemented, refused

if TYPE_CHECKING:
    from emulators.dataverse.model.errors import DataverseError


class Cursor:
    """Reads the tokens of a text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def takes(self, kind: str, text: str) -> bool:
        if self.next[:2] != (kind, text):
            return False
        self.at += 1
        return True

    def expect(self, kind: str, text: str = "") -> Token:
        token = self.next
        if token.kind != kind or (text and token.text != text):
            raise self.syntax_error()
        return self.take() if kind != "end" else token

    def syntax_error(self) -> DataverseError:
        if self.next.text == "in":
            return not_implemented()
        return refused(f"Syntax error at position {self.next.position} in '{self.text}'.")
