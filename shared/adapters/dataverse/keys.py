"""The address of one row by its alternate key.

https://learn.microsoft.com/power-apps/developer/data-platform/define-alternate-keys-entity
"""

from __future__ import annotations

import re
from urllib.parse import quote

API = "/api/data/v9.2/"

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
# Dataverse stores these characters in keys, but serves no GET or PATCH whose key has one, however it is encoded.
_NOT_ADDRESSABLE = re.compile(r"[/<>*%&:\\?+\x00-\x1f\x7f]")
# The limit for all columns of a key together; text takes two bytes a character.
_LONGEST_KEY_BYTES = 900


class NotAddressableError(ValueError):
    """A row cannot be addressed; the message is a code."""


def key_value(value: str) -> str:
    """Return the value as it stands between the quotes in a URL. Raises NotAddressableError before anything is sent."""
    if len(value.encode("utf-16-le", "surrogatepass")) > _LONGEST_KEY_BYTES:
        raise NotAddressableError("key_not_addressable")
    if _PLAIN.fullmatch(value):
        return value
    if not value or _NOT_ADDRESSABLE.search(value):
        raise NotAddressableError("key_not_addressable")
    try:
        return quote(value.replace("'", "''"), safe="")
    except UnicodeEncodeError:
        raise NotAddressableError("key_not_addressable") from None


def identifier(name: str, code: str) -> str:
    """Return the name of a table or a column. Raises NotAddressableError with `code` for a name unsafe in a URL."""
    if not _IDENTIFIER.fullmatch(name):
        raise NotAddressableError(code)
    return name
