"""The forms in which two spellings of an organisation's name are compared. Capitals, width and spaces do not matter."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_UNSEEN: Final = re.compile("[\u00ad\u200c\u200d]")


@lru_cache(maxsize=4096)
def comparable(name: str) -> str:
    """Return the form in which two spellings of one name are equal."""
    wide = unicodedata.normalize("NFKC", _UNSEEN.sub("", name))
    return " ".join(unicodedata.normalize("NFKC", wide.casefold()).split())


def letters_of(name: str) -> str:
    """Return only the letters and digits. Two names that agree only in these most likely mean the same organisation."""
    return "".join(letter for letter in comparable(name) if letter.isalnum())


def spellings(names: Iterable[str]) -> dict[str, str]:
    """Return the spelling to use for each comparable name: the most frequent, or the first of equally frequent ones."""
    counts: dict[str, Counter[str]] = {}
    for name in names:
        counts.setdefault(comparable(name), Counter())[name] += 1
    return {key: spelt.most_common(1)[0][0] for key, spelt in counts.items()}
