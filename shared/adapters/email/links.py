"""Addresses and numbers as links on the page of a mail. What cannot be followed is shown as it is."""

from __future__ import annotations

import re
from urllib.parse import quote

from markupsafe import Markup

from shared.domain.addresses import deliverable_address
from shared.domain.errors import UnusableAddressError

# Eight digits are a number in Norway; ten are one whose + was lost, as Excel loses it.
_NORWEGIAN = re.compile(r"(?:47)?([0-9]{8})")
# ITU-T E.164: at most 15 digits. Three are an emergency number's, and no mentor's.
_NUMBER = re.compile(r"\+?[0-9]{5,15}")


def email_link(address: str) -> Markup | str:
    """Link to a new mail (RFC 6068)."""
    try:
        target = deliverable_address(address)
    except UnusableAddressError:
        return address
    return _link(f"mailto:{quote(target, safe='@')}", address)


def phone_link(number: str) -> Markup | str:
    """Link to a call (RFC 3966), with the code of the country where it is known."""
    digits = re.sub(r"[ ().\-\u2010-\u2013]", "", number.replace("(0)", ""))
    digits = re.sub(r"^00", "+", digits)
    if not _NUMBER.fullmatch(digits):
        return number
    return _link(f"tel:{_NORWEGIAN.sub(r'+47\1', digits) if _NORWEGIAN.fullmatch(digits) else digits}", number)


def site_link(host: str) -> Markup:
    """Link to the front page of a website."""
    return _link(f"https://{host}/", host)


def _link(target: str, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(target, text)
