"""One organisation for all the ways in which its name is written: capitals, width and spaces do not matter."""

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
    """Return the letters and digits alone: where only they agree, two names are most likely meant as one."""
    return "".join(letter for letter in comparable(name) if letter.isalnum())


def spellings(names: Iterable[str]) -> dict[str, str]:
    """Return the spelling to use for each comparable name: the most frequent, of equally frequent ones the first."""
    counts: dict[str, Counter[str]] = {}
    for name in names:
        counts.setdefault(comparable(name), Counter())[name] += 1
    return {key: spelt.most_common(1)[0][0] for key, spelt in counts.items()}
