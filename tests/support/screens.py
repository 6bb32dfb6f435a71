"""What a screen shows, whatever its width."""

from __future__ import annotations

import re

_CLOCK = re.compile(r"\d\d:\d\d(:\d\d)?|\d\d\.\d\d\.?(\d{4})?")


def figures(screen: str) -> set[str]:
    """Every word with a digit in it, but the times: those of two screens differ by a moment."""
    words = (word.strip("().,;:[]") for word in screen.split())
    return {word for word in words if re.search(r"\d", word) and not _CLOCK.fullmatch(word)}
