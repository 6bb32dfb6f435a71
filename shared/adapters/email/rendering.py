"""From a notice to its words: the templates under shared/email_templates, as plain text and as one HTML page.

A message is one file, with a part for each language after a line such as `=== nb ===`: the subject, an empty line, the
text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined, UndefinedError, select_autoescape

from shared.adapters.email.links import call_link, email_link, site_link, sms_link
from shared.domain.errors import PermanentError, UnusableAddressError
from shared.domain.mail.addresses import ADDRESS_MAX, deliverable_address, readable_name
from shared.domain.mail.notices import SECTIONS, Digest, DigestLine, Notice

if TYPE_CHECKING:
    from datetime import date

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MESSAGES = Path(__file__).parents[2] / "email_templates"
_LANGUAGE = re.compile(r"^=== (\w+) ===\n", re.MULTILINE)


class UnrenderableNoticeError(PermanentError):
    """When a template asks for something the notice does not have: a fault in the template."""


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """A message in words. `subject` is one line; `text` and `html` say the same."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A part of the text between two blank lines. `tag` is h2, p or ul. On a page, the lines are escaped already."""

    tag: str
    lines: tuple[str, ...]


def render(notice: Notice) -> RenderedMessage:
    """Write the message of this notice in its locale, NFC-normalised.

    Raises UnrenderableNoticeError, whose message names the template's missing variable and nothing of the person.
    """
    notice = _tidy(notice)
    values: dict[str, object] = {"notice": notice, "digest": notice.digest}
    template = f"{notice.kind.value}.{notice.locale.value}"
    try:
        subject, text = _letter(_fill(template, values))
        _, body = _letter(_fill(template, values, with_links=True))
    except UndefinedError as exc:
        raise UnrenderableNoticeError(f"notice {notice.id}: {exc.message}") from exc
    page: dict[str, object] = {"locale": notice.locale.value, "subject": subject, "blocks": blocks(body)}
    return RenderedMessage(subject=subject, text=text, html=_fill("page.html", page, with_links=True))


def _letter(filled: str) -> tuple[str, str]:
    """Return the subject, on one line, and the text below it."""
    subject, _, text = filled.strip().partition("\n\n")
    return " ".join(subject.split()), text.strip() + "\n"


def blocks(text: str) -> list[TextBlock]:
    """Split the text into the parts of a page: a heading is underlined with as many dashes, `- ` starts a list item."""
    parts: list[TextBlock] = []
    for paragraph in text.strip().split("\n\n"):
        lines = [line for line in paragraph.split("\n") if line]
        if len(lines) > 1 and lines[1] == "-" * len(lines[0]):
            parts.append(TextBlock("h2", (lines[0],)))
            lines = lines[2:]
        for is_item, group in groupby(lines, key=lambda line: line.startswith("- ")):
            parts.append(TextBlock("ul" if is_item else "p", tuple(line[2:] if is_item else line for line in group)))
    return parts


def templates(message: str) -> dict[str, str]:
    """Return the template of a message in each language."""
    _, *found = _LANGUAGE.split((MESSAGES / f"{message}.txt").read_text(encoding="utf-8"))
    return dict(zip(found[::2], found[1::2], strict=True))


def _source(template: str) -> str | None:
    """Return the text of `page.html`, or of the part of a message that `reminder.nb` names."""
    if template == "page.html":
        return (MESSAGES / template).read_text(encoding="utf-8")
    message, _, locale = template.partition(".")
    return templates(message).get(locale)


@cache
def _environment(*, with_links: bool) -> Environment:
    environment = Environment(
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",), default=with_links),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"day": _day, "english_day": _english_day, "counts": _counts}
    environment.filters |= {
        name: filled if with_links else _as_it_is
        for name, filled in {"email": email_link, "sms": sms_link, "call": call_link, "site": site_link}.items()
    }
    return environment


def _fill(template: str, values: dict[str, object], *, with_links: bool = False) -> str:
    filled = _environment(with_links=with_links).get_template(template).render(values)
    return unicodedata.normalize("NFC", filled)


def _as_it_is(value: str, _target: str = "") -> str:
    return value


def _day(value: date) -> str:
    """31.12.2026, as every Norwegian writes it."""
    return f"{value:%d.%m.%Y}"


def _english_day(value: date) -> str:
    """31 December 2026: figures alone are read as another day in half of the world."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def _counts(pairs: list[tuple[int, str]]) -> str:
    """`2 utløpt, 1 ikke levert`: what there is none of is not said."""
    return ", ".join(f"{count} {what}" for count, what in pairs if count)


def _tidy(notice: Notice) -> Notice:
    """Put each name on one line, and leave out a contact's address that a reply could not reach."""
    return replace(
        notice,
        organisation_name=readable_name(notice.organisation_name),
        recipient_name=readable_name(notice.recipient_name),
        contact_name=None if notice.digest else readable_name(notice.contact_name or "") or None,
        contact_email=reply_address(notice),
        digest=_tidy_digest(notice.digest) if notice.digest else None,
        instead_of=None if notice.instead_of is None else readable_name(notice.instead_of),
    )


def _tidy_digest(digest: Digest) -> Digest:
    def tidy(lines: tuple[DigestLine, ...]) -> tuple[DigestLine, ...]:
        return tuple(
            replace(
                line,
                mentor_name=readable_name(line.mentor_name),
                phone=readable_name(line.phone or ""),
                email=readable_name(line.email or "", longest=ADDRESS_MAX),
            )
            for line in lines
        )

    return Digest(omitted=digest.omitted, **{section: tidy(getattr(digest, section)) for section in SECTIONS})


def reply_address(notice: Notice) -> str | None:
    """Return the address that a reply goes to: the contact's, if there is one with an address that works.

    A fault in the contact's address must not stop the mail to the recipient, so it is left out.
    """
    if notice.digest or not notice.contact_email:
        return None
    try:
        return deliverable_address(notice.contact_email)
    except UnusableAddressError:
        return None
