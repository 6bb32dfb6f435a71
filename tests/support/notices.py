"""Notices to send."""

from __future__ import annotations

from datetime import date
from typing import Any

from shared.domain.mail.notices import Locale, Notice, NoticeKind


def a_notice(number: int = 4711, **changes: Any) -> Notice:
    """Return a reminder to Åse Bjørnå, or what is made of it."""
    known: dict[str, Any] = {
        "id": number,
        "kind": NoticeKind.REMINDER,
        "locale": Locale.NB,
        "organisation_name": "Hørselsforbundet",
        "recipient_name": "Åse Bjørnå",
        "recipient_address": "ase.bjorna@example.no",
        "expires_on": date(2026, 12, 31),
        "days_left": 14,
        "contact_name": "Øyvind Sæther",
        "contact_email": "oyvind@example.no",
    }
    return Notice(**(known | changes))
