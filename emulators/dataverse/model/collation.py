"""How the service compares text: as its database does, without case and without the spaces at the end (choices.py)."""

from __future__ import annotations

import unicodedata

from emulators.dataverse.model import choices


def folded(text: str) -> str:
    """Return a text so that what the service takes for one and the same is equal."""
    if choices.TEXT_IGNORES_TRAILING_SPACES:
        text = text.rstrip(" ")
    if not choices.ACCENTS_MATTER:
        text = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return text.casefold() if choices.TEXT_IGNORES_CASE else text
