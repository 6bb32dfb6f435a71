"""The order of a list of names, as the alphabet of a language has it."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# æ, ø and å come after z, in this order; letters of other languages stand with the one they are read as.
_ALPHABET: Final = str.maketrans(
    {"æ": "{", "ä": "{", "ø": "|", "ö": "|", "œ": "|", "å": "}"}
    | {"ü": "y", "đ": "d", "ð": "d", "ł": "l", "ŋ": "n", "ŧ": "t", "þ": "th"}
)
_DOUBLE_A: Final = re.compile("aa")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")


def norwegian_order(text: str) -> tuple[str, str]:
    """Return a key that sorts as a Norwegian index does: aa is å, so after z; an accent only decides between equals."""
    letters = _DOUBLE_A.sub("å", unicodedata.normalize("NFC", text).casefold())
    plain = unicodedata.normalize("NFD", letters.translate(_ALPHABET))
    return _ACCENTS.sub("", plain), letters


def unicode_order(text: str) -> tuple[str, str]:
    """Return a key that sorts by code point, without regard to case except between equals."""
    return text.casefold(), text


ORDERS: Final[dict[str, Callable[[str], tuple[str, str]]]] = {"": unicode_order, "nb": norwegian_order}
"""Language to the key that sorts by it."""
