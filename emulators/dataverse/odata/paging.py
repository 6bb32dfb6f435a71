"""Pages: their size, and the cookie in `$skiptoken` that says where the next one begins.

Form and encoding are those of Microsoft's page "Page results using OData": a cookie inside a cookie, the inner one
percent-encoded twice.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote, unquote

from emulators.dataverse.odata.urls import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulators.dataverse.model.errors import DataverseError

LARGEST: Final = 5000
"""Rows in one page, and the most that is ever counted."""
_PREFERENCE: Final = re.compile(r'\s*([\w.-]+)\s*(?:=\s*(?:"([^"]*)"|([^",;]*)))?[^",]*(?:,|$)')
_ATTRIBUTE: Final = re.compile(r'(\w+)="([^"]*)"')
_ELEMENT: Final = re.compile(r'<(\w+) last="([^"]*)" first="([^"]*)" />')
_HEXADECIMAL: Final = re.compile("%[0-9A-F]{2}")


class Cookie(NamedTuple):
    """`number` of the page it leads to; `marks` by name: the last and the first value of the page before it."""

    number: int
    marks: Mapping[str, tuple[str, str]]
    tracking: bool = False

    def last(self, name: str) -> str:
        """Return the last value of a mark. Raises DataverseError."""
        if name not in self.marks:
            raise malformed()
        return self.marks[name][0]


@lru_cache(maxsize=256)  # all operations of a batch have the same
def preferences(prefer: str) -> Mapping[str, str]:
    """Return the preferences of a `Prefer` header by lower-case name; an empty value for none (RFC 7240)."""
    found: dict[str, str] = {}
    position = 0
    while position < len(prefer) and (match := _PREFERENCE.match(prefer, position)):
        name, quoted, bare = match.groups()
        found.setdefault(name.lower(), quoted if quoted is not None else (bare or "").strip())
        position = match.end()
    return found


def page_size(preferred: Mapping[str, str]) -> int | None:
    """Return the size in `odata.maxpagesize`, 5,000 at most; None for a size that is impossible."""
    text = preferred.get("odata.maxpagesize", "")
    return min(int(text), LARGEST) if text.isascii() and text.isdigit() and int(text) > 0 else None


def link(url: str, query: str, extra: str) -> str:
    """Return an address with the query as it came, without its old tokens and with one more option."""
    kept = [part for part in query.split("&") if part and not unquote(part).startswith(("$skiptoken=", "$deltatoken="))]
    return f"{url}?{'&'.join([*kept, extra])}".replace(" ", "%20")  # inside a $batch a query may have spaces


def write(cookie: Cookie) -> str:
    """Return `$skiptoken=…`, ready for a URL."""
    elements = "".join(
        f'<{name} last="{html.escape(last)}" first="{html.escape(first)}" />'
        for name, (last, first) in cookie.marks.items()
    )
    inner = _lower(quote(f'<cookie page="{cookie.number - 1}">{elements}</cookie>', safe=""))
    outer = f'<cookie pagenumber="{cookie.number}" pagingcookie="{inner}" istracking="{cookie.tracking}" />'
    return f"$skiptoken={quote(outer, safe='=/')}"


def read(text: str) -> Cookie:
    """Read a `$skiptoken`, percent-encoding removed once. Raises DataverseError for one that write() did not write."""
    attributes = dict(_ATTRIBUTE.findall(text))
    number = attributes.get("pagenumber", "")
    marks = {
        name: (html.unescape(last), html.unescape(first))
        for name, last, first in _ELEMENT.findall(unquote(attributes.get("pagingcookie", "")))
    }
    if not number.isdigit():
        raise malformed()
    return Cookie(int(number), marks, attributes.get("istracking") == "True")


def malformed() -> DataverseError:
    """Return 400 for a cookie that is not as it was given out."""
    return refused("Malformed XML in the Paging Cookie")


def lower_quote(text: str) -> str:
    """Return a text percent-encoded as .NET does it, with lower-case digits."""
    return _lower(quote(text, safe=""))


def _lower(text: str) -> str:
    return _HEXADECIMAL.sub(lambda match: match.group().lower(), text)
