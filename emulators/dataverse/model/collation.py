"""The comparison of text: as in the service's database, without case and without spaces at the end (choices.py)."""

from __future__ import annotations

import unicodedata

from emulators.dataverse.model import choices


def folded(text: str) -> str:
    """Return a text in a form that is equal for all texts that the service takes as one."""
    if choices.TEXT_IGNORES_TRAILING_SPACES:
        text = text.rstrip(" ")
    if not choices.ACCENTS_MATTER:
        text = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return text.casefold() if choices.TEXT_IGNORES_CASE else text
