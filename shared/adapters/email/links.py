"""Addresses and numbers as links on the page of a mail. What cannot be followed is shown as it is."""

from __future__ import annotations

from urllib.parse import quote

from markupsafe import Markup

from shared.domain.errors import UnusableAddressError
from shared.domain.mail.addresses import deliverable_address
from shared.domain.mail.phone_numbers import phone_number


def email_link(address: str) -> Markup | str:
    """Link to a new mail (RFC 6068)."""
    try:
        target = deliverable_address(address)
    except UnusableAddressError:
        return address
    return _link(f"mailto:{quote(target, safe='@')}", address)


def sms_link(text: str, number: str) -> Markup | str:
    """Link to a new text message (RFC 5724), where the number can get one."""
    found = phone_number(number)
    return _link(f"sms:{found.dialled}", text) if found and found.takes_sms else text


def call_link(text: str, number: str) -> Markup | str:
    """Link to a call (RFC 3966), where a phone can dial the number."""
    found = phone_number(number)
    return _link(f"tel:{found.dialled}", text) if found else text


def site_link(host: str) -> Markup:
    """Link to the front page of a website."""
    return _link(f"https://{host}/", host)


def _link(target: str, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(target, text)
