"""Every mail there can be: each message in each language, in each state that its words depend on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from shared.domain.mail.notices import SECTIONS, Digest, DigestLine, LineReason, Locale, Notice, NoticeKind
from tests.support.notices import a_notice

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = datetime(2026, 12, 17, 9, 0, tzinfo=UTC)
LAST_DAY = date(2026, 12, 31)
LONG_NAME = "Anne-Margrethe Vindenes-Kristoffersen av Sør-Trøndelag " * 2
ONE_WORD = "Æ" * 110
PHONES = (None, "900 00 000", "22 33 44 55", "+46 (0)70-123 45 67", "02800", "ring sønnen", "900 00 000 / 900 00 001")
EMAILS = (None, "kari@example.no", "kari.lund", "a?cc=x&b%41@example.no", f"{'k' * 60}@{'lang-' * 12}domene.example.no")
REASONS = (None, *LineReason, "MessageRejected")


def lines() -> tuple[DigestLine, ...]:
    """Return a line for each reason, with every form of a number and of an address among them."""
    return tuple(
        DigestLine(
            mentor_name=(f"Kari {number}", LONG_NAME, ONE_WORD)[number % 3],
            phone=PHONES[number % len(PHONES)],
            email=EMAILS[number % len(EMAILS)],
            expires_on=LAST_DAY if number % 4 else None,
            days_left=number % 31,
            reason=reason,
        )
        for number, reason in enumerate(REASONS)
    )


def _full_digest() -> Digest:
    """Return a digest with 100 lines in each section, as many as there can be."""
    some = (lines() * 100)[:100]
    return Digest(omitted=7, **dict.fromkeys(SECTIONS, some))


def _digests() -> Iterator[tuple[str, Digest]]:
    yield "empty", Digest()
    yield "every reason", Digest(omitted=3, **dict.fromkeys(SECTIONS, lines()))
    for section in SECTIONS:
        one = {section: (DigestLine(mentor_name="Kari", phone="900 00 000", expires_on=LAST_DAY, days_left=1),)}
        yield f"only {section}", Digest(omitted=0, **one)


def every_mail() -> Iterator[tuple[str, Notice]]:
    """Yield each mail with what it is called."""
    for locale in Locale:
        for kind in (NoticeKind.REMINDER, NoticeKind.EXPIRED, NoticeKind.REACTIVATED):
            notice = a_notice(kind=kind, locale=locale)
            for days in (0, 1, 14) if kind is NoticeKind.REMINDER else (14,):
                yield f"{kind} {locale} {days}", replace(notice, days_left=days)
            yield f"{kind} {locale} no contact", replace(notice, contact_name=None, contact_email=None)
            yield f"{kind} {locale} contact without address", replace(notice, contact_email=None)
            yield f"{kind} {locale} contact without name", replace(notice, contact_name=None)
            yield f"{kind} {locale} nobody's name", replace(notice, recipient_name="", organisation_name="A & <B>")
            yield f"{kind} {locale} long", replace(notice, recipient_name=ONE_WORD, contact_name=LONG_NAME)
        for called, digest in _digests():
            yield f"digest {locale} {called}", _digest(locale, digest)
        yield (
            f"digest {locale} fall-back",
            replace(_digest(locale, Digest(expired=lines())), instead_of="Øyvind Sæther"),
        )
        yield f"digest {locale} fall-back without a name", replace(_digest(locale, Digest()), instead_of="")


def the_longest_mail(locale: Locale) -> Notice:
    """Return the digest with as many lines as there can be."""
    return _digest(locale, _full_digest())


def _digest(locale: Locale, digest: Digest) -> Notice:
    return a_notice(kind=NoticeKind.DIGEST, locale=locale, digest=digest, contact_name=None, contact_email=None)
