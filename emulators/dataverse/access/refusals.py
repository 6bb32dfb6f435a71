"""How Entra refuses a token request."""

from __future__ import annotations


class EntraError(Exception):
    """A refused token request; becomes the reply with AADSTS `number`."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.error = error
        self.number = number
        self.text = text
