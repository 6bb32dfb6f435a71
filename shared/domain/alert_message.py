"""The message of an alert, in words for a tired reader: ids, codes and numbers only (I11)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from shared.domain.alerts import RUNBOOK, Alert, AlertMessage, AlertMessageKind, anchor, ids_left_out
from shared.domain.wording.numbers import Unit, in_one_unit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.domain.commands import Target
    from shared.domain.wording.texts import MailText, Texts

_OSLO = ZoneInfo("Europe/Oslo")
_MOST_IDS = 20
_LONGEST_SUBJECT = 100
_CODE = re.compile(r"[A-Za-z0-9_.:,-]{1,300}")
# A fact that is no code is left out. Eleven digits could be a national identity number.
_ELEVEN_DIGITS = re.compile(r"\d{11}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ASCII = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa", "é": "e"})


def message(alert: Alert, now: datetime, texts: Texts, target: Target) -> AlertMessage:
    """Return the message that is due. Its commands work on `target`."""
    text, mail = texts.of(alert.condition, alert.subject, alert.facts), texts.mail
    title = f"{text.title} ({alert.subject})" if alert.subject else text.title
    lasted = _duration(alert.since, alert.closed_at or now, mail)
    over = alert.kind is AlertMessageKind.CLOSED
    form = {
        AlertMessageKind.OPENED: "{title}",
        AlertMessageKind.REMINDER: mail.still,
        AlertMessageKind.CLOSED: mail.over,
    }[alert.kind]
    titled, shorter = (form.format(lasted=lasted, title=said) for said in (title, text.title))
    headline = text.headline.format(
        since=_time(alert.since), n=alert.n, still_shown=_number(alert.facts.get("still_shown"))
    )
    lines = [headline if headline and not over else titled, ""]
    lines += [mail.lasted.format(lasted=lasted), mail.nothing_to_do] if over else [text.what]
    lines += ["", *_table(alert, texts)]
    if not over:
        lines += _ids(alert, mail)
        lines += ["", mail.what_to_do, *_steps(alert, texts, target)]
    lines += ["", *_columns([(mail.runbook, f"{RUNBOOK}#{anchor(alert.condition)}"), (mail.alert, str(alert.id))])]
    return AlertMessage(
        _subject(*(mail.subject.format(title=said) for said in (titled, shorter))), "\n".join(lines) + "\n"
    )


def _table(alert: Alert, texts: Texts) -> list[str]:
    text, mail = texts.of(alert.condition, alert.subject, alert.facts), texts.mail
    rows = [(mail.since, f"{_time(alert.since)} ({mail.clock})")]
    if alert.closed_at:
        rows.append((mail.until, f"{_time(alert.closed_at)} ({mail.clock})"))
    if text.counted:
        rows.append((mail.how_many, text.counted.of(alert.n)))
    for name, value in _presentable(alert.facts):
        if name == "form":
            continue  # the words are of that form
        label = mail.facts.get(name, name.upper().replace("_", " "))
        rows.append((label, texts.meaning(value) if name == "reason" and isinstance(value, str) else str(value)))
    return _columns(rows)


def _steps(alert: Alert, texts: Texts, target: Target) -> list[str]:
    """Put each command on a line of its own, to be pasted."""
    lines = []
    known = dict(_presentable(alert.facts))
    if alert.ids:
        known["id"] = str(alert.ids[0])
    for number, step in enumerate(texts.steps(alert.condition, alert.subject, known), 1):
        lines.append(f"  {number}. {step.text}")
        if step.command:
            lines.append(f"     {target.command(step.command)}")
    return lines


def _ids(alert: Alert, mail: MailText) -> list[str]:
    if not alert.ids:
        return []
    shown = alert.ids[:_MOST_IDS]
    # Fewer ids than the limit: no other mentor has an id to show.
    more = ids_left_out(alert.n, alert.facts, len(shown)) if len(shown) == _MOST_IDS else 0
    return [
        "",
        mail.ids,
        *(f"  {identity}" for identity in shown),
        *([f"  {mail.more.format(n=more)}"] if more else []),
    ]


def _presentable(facts: Mapping[str, object]) -> list[tuple[str, object]]:
    """Keep codes and numbers only (I11)."""
    return [
        (name, value)
        for name, value in sorted(facts.items())
        if isinstance(value, int) or (isinstance(value, str) and _is_code(value))
    ]


def _is_code(value: str) -> bool:
    return bool(_UUID.fullmatch(value) or (_CODE.fullmatch(value) and not _ELEVEN_DIGITS.search(value)))


def _columns(rows: list[tuple[str, str]]) -> list[str]:
    return [f"{label:<12} {value}" for label, value in rows]


def _subject(*texts: str) -> str:
    """Return the first text that SNS takes (100 characters of printable ASCII), or the last one cut, with a mark."""
    for text in texts:
        plain = "".join(sign if " " <= sign <= "~" else "-" for sign in text.translate(_ASCII))
        if len(plain) <= _LONGEST_SUBJECT:
            return plain
    return plain[: _LONGEST_SUBJECT - 3].rstrip() + "..."


def _time(at: datetime) -> str:
    return f"{at.astimezone(_OSLO):%d.%m.%Y %H:%M}"


def _number(fact: object) -> int:
    return fact if isinstance(fact, int) else 0


def _duration(since: datetime, until: datetime, mail: MailText) -> str:
    n, unit = in_one_unit((until - since).total_seconds())
    return mail.a_moment if unit is Unit.SECOND else mail.units[unit].of(n)
