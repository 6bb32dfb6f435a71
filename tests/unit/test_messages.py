"""What people receive: the words, and the octets they travel in. The mails themselves are under golden/."""

from __future__ import annotations

import email
import os
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from email.header import decode_header
from email.policy import SMTP
from html.parser import HTMLParser
from pathlib import Path
from quopri import decodestring
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.email import rendering
from shared.adapters.email.mime import Sender, compose, from_mailbox
from shared.adapters.email.rendering import UnrenderableNoticeError, blocks, render
from shared.domain.errors import IncompleteNoticeError, PermanentError, UnusableAddressError
from shared.domain.mail.addresses import readable_name, usable_address
from shared.domain.mail.notices import Digest, DigestLine, Locale, Notice, NoticeKind
from tests.support.there import there

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 12, 17, 9, 0, tzinfo=UTC)
LAST_DAY = date(2026, 12, 31)
SENDER = Sender("ikke-svar@hlf.example")
SECTIONS = ("expired", "unreachable", "undeliverable", "needs_decision", "reminded", "reactivated")
EVERY_MESSAGE = [pytest.param(kind, locale, id=f"{kind}.{locale}") for kind in NoticeKind for locale in Locale]


def line(name="Kari Nordmann", **known):
    return DigestLine(mentor_name=name, **({"expires_on": LAST_DAY} | known))


def sections(**lines: tuple[DigestLine, ...]) -> Digest:
    values: dict[str, Any] = lines
    return Digest(**values)


PHONE, EMAIL = "+47 900 00 000", "kari.ass@example.no"
DIGEST = Digest(
    expired=(line("Kari Ås", phone=PHONE, email=EMAIL), line("Per Bø", phone="900 00 001", reason="no_email")),
    unreachable=(
        line("Ola Nordmann", phone="900 00 002", reason="no_email"),
        line("Anne Lund", email="anne.lund", reason="malformed_email"),
        line("Pål Ek", phone="900 00 003", email="slettet@anonymised.invalid", reason="reserved_domain"),
        line("Tone Rø", reason="no_email"),
        line("Rolf Aa", phone="22 33 44 55", email="rolf@example.no", reason="address_bounced"),
        line("Siri By", phone="+46 70 123 45 67", email="siri@example.no", reason="address_complained"),
    ),
    undeliverable=(
        line("Eva Moe", phone="ring sønnen", email="eva@example.no", reason="MessageRejected"),
        line("Aud Eng", phone="900 00 004", email="aud@example.no", reason="address_bounced"),
        line("Bo Fos", phone="900 00 005", email="bo@example.no", reason="address_bounces_repeatedly"),
        line("Dag Hoel", phone="22 33 44 66", email="dag@example.no", reason="address_complained"),
        line("Else Ihle", phone="900 00 006", email="else@example.no", reason="bounced_transiently"),
        line("Finn Jahr", phone="02800", email="finn@example.no", reason="bounced_at_former_address"),
        line("Geir Kvam", phone="900 00 007", email="geir@example.no", reason="bounced_undetermined"),
        line("Hege Lie", phone="900 00 008", email="hege@example.no", reason="complained_at_former_address"),
        line("Ivar Moen", phone="900 00 009", email="ivar@example.no", reason="stopped_by_ses"),
    ),
    needs_decision=(
        line("Liv Dahl", phone=PHONE, email="liv@example.no", reason="manually_set_active"),
        line("Nils Vik", email="nils@example.no", reason="awaiting_manual_reactivation"),
        line("Siv Berg", phone=PHONE, reason="manually_set_expired"),
        line("Jon Li", reason="40001"),
    ),
    reminded=(line("Tor Hagen", days_left=14), line("Mia Strand", days_left=1), line("Åge Holm", days_left=0)),
    reactivated=(line("Gro Fjell", expires_on=date(2028, 12, 31)),),
    omitted=12,
)


def notice(kind=NoticeKind.REMINDER, locale=Locale.NB, **changes):
    known = {
        "id": 4711,
        "kind": kind,
        "locale": locale,
        "organisation_name": "Hørselsforbundet",
        "recipient_name": "Åse Bjørnå",
        "recipient_address": "ase.bjorna@example.no",
        "contact_name": "Øyvind Sæther",
        "contact_email": "oyvind@hlf.example.no",
    }
    if kind is NoticeKind.DIGEST:
        known |= {"digest": DIGEST, "contact_name": None, "contact_email": None}
    else:
        known |= {"expires_on": LAST_DAY, "days_left": 14}
    return Notice(**(known | changes))


def parsed(raw):
    return email.message_from_bytes(raw, policy=SMTP)


class Tags(HTMLParser):
    """The tags of a page, and what is between them."""

    def __init__(self, html):
        super().__init__()
        self.seen, self.text = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    def names(self):
        return [tag for tag, _ in self.seen]


class Balanced(HTMLParser):
    """Refuses a page whose tags are not closed in the order in which they were opened."""

    def __init__(self, html):
        super().__init__()
        self.open: list[Any] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        assert not (tag in {"p", "ul", "h1", "h2"} and {"p", "h1", "h2", "a"} & set(self.open))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def contrast(one, other):
    """The contrast of two colours as WCAG 2.2 has it."""

    def luminance(colour):
        colour = colour.lstrip("#")
        parts = [int(part * (2 // len(part)), 16) / 255 for part in re.findall("." * (len(colour) // 3), colour)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


# The words


@pytest.mark.parametrize(("kind", "locale"), EVERY_MESSAGE)
def test_every_message_in_every_language_reads_as_in_golden(kind: Any, locale: Any) -> None:
    """Set UPDATE_GOLDEN=1 to write the files anew, and read what changed."""
    words = render(notice(kind, locale))
    for suffix, mail in (("txt", f"{words.subject}\n\n{words.text}"), ("html", words.html + "\n")):
        golden = GOLDEN / f"{kind}.{locale}.{suffix}"
        if os.environ.get("UPDATE_GOLDEN"):
            golden.write_text(mail, encoding="utf-8")
        assert mail == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize(("kind", "locale"), EVERY_MESSAGE)
@pytest.mark.parametrize(
    "coordinator", [(None, None), ("Øyvind", None), (None, "o@hlf.example.no"), ("Ø", "o@hlf.example.no")]
)
def test_no_message_has_a_leftover_of_its_template(kind: Any, locale: Any, coordinator: Any) -> None:
    name, address = coordinator
    if kind is NoticeKind.DIGEST:
        name = address = None
    words = render(notice(kind, locale, contact_name=name, contact_email=address))
    for text in (words.subject, words.text):
        assert not re.search(r"[{}]|None|[ \t]\n|\n\n\n|  | [.,!]", text)
    assert not re.search(r"None|\{[{%#]|[%#}]\}", words.html)
    assert "\n" not in words.subject


@pytest.mark.parametrize(
    ("locale", "days", "said"),
    [
        ("nb", 0, "i dag"),
        ("nb", 1, "om 1 dag"),
        ("nb", 14, "om 14 dager"),
        ("nn", 0, "i dag"),
        ("nn", 1, "om 1 dag"),
        ("nn", 14, "om 14 dagar"),
        ("en", 0, "today"),
        ("en", 1, "in 1 day"),
        ("en", 14, "in 14 days"),
    ],
)
def test_the_days_left_are_said_as_people_say_them(locale: str, days: int, said: str) -> None:
    words = render(notice(locale=Locale(locale), days_left=days))
    assert re.search(rf" {said} \((31\.12\.2026|31 December 2026)\)$", words.subject)
    assert f" {said}.\n" in words.text


@pytest.mark.parametrize(
    ("locale", "said"),
    [("nb", "til og med 31.12.2026"), ("nn", "til og med 31.12.2026"), ("en", "up to and including 31 December 2026")],
)
@pytest.mark.parametrize("kind", [NoticeKind.REMINDER, NoticeKind.EXPIRED, NoticeKind.REACTIVATED])
def test_the_last_day_is_said_to_be_a_valid_day(kind: NoticeKind, locale: str, said: str) -> None:
    assert said in render(notice(kind, Locale(locale))).text


@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("month", range(1, 13))
def test_no_english_mail_has_a_date_in_figures(kind: Any, month: Any) -> None:
    """08.12.2026 is read as 12 August in half of the world; it is 8 December 2026."""
    day = date(2026, month, 8)
    digest = sections(**{section: (line(expires_on=day, days_left=1),) for section in SECTIONS})
    dates = {"digest": digest} if kind is NoticeKind.DIGEST else {"expires_on": day}
    words = render(notice(kind, Locale.EN, **dates))
    said = f"8 {day:%B} 2026"
    for text in (words.text, words.html) + ((words.subject,) if kind in {"reminder", "expired"} else ()):
        assert said in text
        assert not re.search(r"\d\.\d|\b0\d\b", text.partition("</style>")[2] or text)


def test_a_single_digit_day_has_its_zero() -> None:
    assert "til og med 01.02.2027" in render(notice(expires_on=date(2027, 2, 1))).text


def test_nynorsk_says_already_as_nynorsk_does() -> None:
    """«alt avtalt» reads as "everything agreed"."""
    text = render(notice(NoticeKind.EXPIRED, Locale.NN)).text
    assert "allereie avtalt" in text
    assert not re.search(r"\balt\b", text)


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("kind", [NoticeKind.REMINDER, NoticeKind.EXPIRED, NoticeKind.REACTIVATED])
@pytest.mark.parametrize("name", ["Øyvind Sæther", None])
@pytest.mark.parametrize("address", [None, "", "oyvind", "oyvind@anonymised.invalid"])
def test_whom_to_contact_can_be_reached(kind: NoticeKind, locale: Any, name: str | None, address: str | None) -> None:
    """Without an address of the coordinator, the way goes through the organisation."""
    words = render(notice(kind, locale, contact_name=name, contact_email=address))
    assert re.search(r"(gjennom|through) Hørselsforbundet \((se|sjå|see) www\.hlf\.no\)", words.text)
    assert (name or "oordinator") in words.text
    assert {"href": "https://www.hlf.no/"} in [known for tag, known in Tags(words.html).seen if tag == "a"]
    assert not re.search(r"svaret|answer goes", words.text)


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("kind", [NoticeKind.REMINDER, NoticeKind.EXPIRED, NoticeKind.REACTIVATED])
def test_a_mentors_subject_says_nothing_to_a_bystander(kind: NoticeKind, locale: Any) -> None:
    """A mentor's subject says nothing to a bystander of hearing or mentoring."""
    subject = render(notice(kind, locale)).subject.casefold()
    assert not re.search(r"hørsel|hørsl|hearing|hlf|likeperson|mentor|peer|åse", subject)


@pytest.mark.parametrize(("kind", "locale"), EVERY_MESSAGE)
def test_a_mentor_without_a_name_is_greeted_all_the_same(kind: Any, locale: Any) -> None:
    words = render(notice(kind, locale, recipient_name=""))
    assert words.text.startswith("Hello,\n" if locale is Locale.EN else "Hei!\n")


def test_a_coordinators_unusable_address_is_not_used() -> None:
    """A coordinator's unusable address is neither shown nor replied to."""
    one_notice = notice(contact_email="oyvind@hlf.example.no\r\nBcc: alle@hlf.example")
    assert "alle@" not in render(one_notice).text
    assert "svaret" not in render(one_notice).text
    assert parsed(compose(one_notice, SENDER, AT))["Reply-To"] is None


def test_a_reply_to_a_mentors_mail_goes_to_the_coordinator() -> None:
    assert parsed(compose(notice(), SENDER, AT))["Reply-To"] == "oyvind@hlf.example.no"


def test_a_digest_never_has_a_reply_address() -> None:
    """A digest has no reply address even if the row has a coordinator."""
    one_notice = notice(NoticeKind.DIGEST, contact_name="Øyvind", contact_email="oyvind@hlf.example.no")
    assert parsed(compose(one_notice, SENDER, AT))["Reply-To"] is None
    assert "Øyvind" not in render(one_notice).text


# The digest


@pytest.mark.parametrize("locale", list(Locale))
def test_an_empty_digest_has_no_sections_and_says_so(locale: Any) -> None:
    """An empty digest has no sections and says that no mentor needs following up."""
    words = render(notice(NoticeKind.DIGEST, locale, digest=Digest()))
    assert "---" not in words.text
    assert not re.search(r"\d", words.subject)


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("section", SECTIONS)
def test_a_digest_with_one_line_has_that_one_section(section: Any, locale: Any) -> None:
    words = render(notice(NoticeKind.DIGEST, locale, digest=sections(**{section: (line(),)})))
    assert len(re.findall(r"^-{3,}$", words.text, re.MULTILINE)) == 1
    assert len(re.findall(r"^- Kari Nordmann", words.text, re.MULTILINE)) == 1
    assert "(1)\n" in words.text
    assert re.search(r"\b1 ", words.subject)


@pytest.mark.parametrize("locale", list(Locale))
def test_a_full_digest_has_every_mentor_once_most_urgent_first(locale: Any) -> None:
    """A full digest names every mentor once, with the most urgent first."""
    digest = Digest(
        **{section: tuple(line(f"{section}-{n:03}") for n in range(100)) for section in SECTIONS}, omitted=7
    )
    words = render(notice(NoticeKind.DIGEST, locale, digest=digest))
    assert re.findall(r"^- ([a-z_]+-\d{3})", words.text, re.MULTILINE) == [
        f"{section}-{n:03}" for section in SECTIONS for n in range(100)
    ]
    assert words.subject.startswith("400 ")
    assert len(re.findall(r"… \w+ 7 (?:til|more)", words.text)) == 1


@pytest.mark.parametrize("locale", list(Locale))
def test_what_a_digest_left_out_is_in_its_subject_and_its_end(locale: Any) -> None:
    """What was left out of a digest is reported in the subject and at the end."""
    words = render(notice(NoticeKind.DIGEST, locale))
    assert re.search(r"… \w+ 12 (?:til|more)$", words.subject)
    assert not re.search(r"…", render(notice(NoticeKind.DIGEST, locale, digest=replace(DIGEST, omitted=0))).subject)


def test_the_subject_of_a_digest_counts_only_what_there_is() -> None:
    digest = Digest(expired=(line(),), needs_decision=(line(), line()), reminded=(line(days_left=7),))
    assert render(notice(NoticeKind.DIGEST, digest=digest)).subject == "3 må følges opp: 1 utløpt, 2 må avgjøres"


@pytest.mark.parametrize("locale", list(Locale))
def test_a_code_for_operations_is_not_shown_to_a_coordinator(locale: Any) -> None:
    """A code meant for operations is not shown to a coordinator."""
    words = render(notice(NoticeKind.DIGEST, locale))
    assert not re.search(r"MessageRejected|40001|_", words.text)


def test_a_digest_line_without_dates_is_still_a_sentence() -> None:
    digest = sections(**{section: (line(expires_on=None),) for section in SECTIONS})
    for locale in Locale:
        assert "None" not in render(notice(NoticeKind.DIGEST, locale, digest=digest)).text


def test_a_mentors_name_cannot_make_a_section_of_its_own() -> None:
    name = "Kari\n\nUtløpt\n------\n- Ola"
    words = render(notice(NoticeKind.DIGEST, digest=Digest(expired=(line(name),))))
    assert len(re.findall(r"^-{3,}$", words.text, re.MULTILINE)) == 1


@pytest.mark.parametrize("name", ["---", "-", "-" * 40])
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_an_organisations_name_cannot_make_a_heading(kind: Any, name: str) -> None:
    page = render(replace(notice(kind), organisation_name=name)).html
    assert page.count("<h2>") == render(notice(kind)).html.count("<h2>")
    assert re.search(rf"<br>\s*{name}", page)


MOBILE, LANDLINE, MAIL = {"phone": "900 00 000"}, {"phone": "22 33 44 55"}, {"email": "e@example.no"}
NO_OTHER_WAY = "fasttelefon, kan ikke få SMS: send brev, eller ring med tolk eller gjennom en kollega"
LETTER = "Send brev, eller spør noen som kjenner likepersonen."
ENGLISH_LETTER = "Please send a letter, or ask somebody who knows the peer mentor."
OTHER, BROKEN = {"phone": "P"}, {"email": "e@example.no", "reason": "address_bounced"}


@pytest.mark.parametrize(
    ("locale", "known", "said"),
    [
        ("nb", MOBILE | MAIL, "SMS til 900 00 000 (eller ring), e-post: e@example.no."),
        ("nb", MOBILE, "SMS til 900 00 000 (eller ring), ingen e-postadresse."),
        ("nb", MAIL, "E-post: e@example.no, ikke noe telefonnummer."),
        ("nb", {}, f"Verken telefonnummer eller e-postadresse står i appen. {LETTER}"),
        ("nb", {"phone": " \u200b", "email": "\n"}, f"Verken telefonnummer eller e-postadresse står i appen. {LETTER}"),
        ("nb", BROKEN, f"E-post: e@example.no (virker ikke), ikke noe telefonnummer. {LETTER}"),
        (
            "nb",
            MAIL | {"reason": "address_complained"},
            f"E-post: e@example.no (markert som søppelpost), ikke noe telefonnummer. {LETTER}",
        ),
        ("nb", MOBILE | BROKEN, "SMS til 900 00 000 (eller ring), e-post: e@example.no (virker ikke)."),
        ("nb", OTHER | MAIL, "SMS eller telefon: P, e-post: e@example.no."),
        ("nb", LANDLINE | MAIL, "E-post: e@example.no, telefon: 22 33 44 55 (fasttelefon, kan ikke få SMS)."),
        (
            "nb",
            LANDLINE | BROKEN,
            f"E-post: e@example.no (virker ikke), telefon: 22 33 44 55 ({NO_OTHER_WAY}).",
        ),
        (
            "nb",
            LANDLINE,
            f"Telefon: 22 33 44 55 ({NO_OTHER_WAY}), ingen e-postadresse.",
        ),
        ("nn", MOBILE | MAIL, "SMS til 900 00 000 (eller ring), e-post: e@example.no."),
        ("nn", MOBILE, "SMS til 900 00 000 (eller ring), inga e-postadresse."),
        ("nn", MAIL, "E-post: e@example.no, ikkje noko telefonnummer."),
        (
            "nn",
            {},
            f"Verken telefonnummer eller e-postadresse står i appen. {LETTER.replace('noen', 'nokon')}",
        ),
        ("nn", OTHER, "SMS eller telefon: P, inga e-postadresse."),
        ("nn", LANDLINE | MAIL, "E-post: e@example.no, telefon: 22 33 44 55 (fasttelefon, kan ikkje få SMS)."),
        ("en", MOBILE | MAIL, "Text message to 900 00 000 (or phone), e-mail: e@example.no."),
        ("en", MOBILE, "Text message to 900 00 000 (or phone), no e-mail address."),
        ("en", MAIL, "E-mail: e@example.no, no phone number."),
        (
            "en",
            {},
            f"Neither a phone number nor an e-mail address is in the app. {ENGLISH_LETTER}",
        ),
        ("en", OTHER, "Text message or phone: P, no e-mail address."),
        ("en", LANDLINE | MAIL, "E-mail: e@example.no, phone: 22 33 44 55 (landline, takes no text messages)."),
    ],
)
@pytest.mark.parametrize("section", SECTIONS[:4])
def test_who_must_be_contacted_has_the_ways_beside_the_name(section: Any, locale: str, known: Any, said: str) -> None:
    """In every section that asks for something, and what there is none of is said."""
    one_notice = notice(NoticeKind.DIGEST, Locale(locale), digest=sections(**{section: (line(**known),)}))
    (entry,) = re.findall(r"^- Kari.*", render(one_notice).text, re.MULTILINE)
    assert entry.endswith(f" {said}")


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        *((reason, "virker ikke") for reason in ("malformed_email", "reserved_domain", "unusable_address")),
        *((reason, "virker ikke") for reason in ("address_bounced", "address_bounces_repeatedly")),
        ("address_complained", "markert som søppelpost"),
    ],
)
def test_an_address_that_does_not_work_is_shown_and_said_not_to(reason: str, said: str) -> None:
    """The coordinator sees the slip of the pen, and no link to it."""
    digest = Digest(expired=(line(email="kari@example.no", reason=reason),))
    words = render(notice(NoticeKind.DIGEST, digest=digest))
    assert f"E-post: kari@example.no ({said}), ikke noe telefonnummer." in words.text
    assert "a" not in Tags(words.html).names()


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("section", ["unreachable", "undeliverable"])
def test_nobody_is_asked_to_phone_and_nothing_else(section: str, locale: Any) -> None:
    """Coordinators and mentors are hard of hearing; a text message comes first, where there is a way for one."""
    text = render(notice(NoticeKind.DIGEST, locale, digest=sections(**{section: (line(phone=PHONE),)}))).text
    assert re.search(r"helst på SMS|by text message if possible", text)
    assert not re.search(r"[Ss]end SMS eller ring|send a text message or phone", text)


ADDRESS_IS_DONE_WITH = (
    *("address_bounced", "address_bounces_repeatedly", "address_complained"),
    "complained_at_former_address",
)


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("section", ["unreachable", "undeliverable"])
def test_each_reason_has_words_of_its_own(section: str, locale: Any) -> None:
    """Why the mail did not arrive, and what the coordinator does about it (I17)."""
    entries = {}
    for reason in (*WHY, "MessageRejected"):
        digest = sections(**{section: (line(reason=reason, phone=PHONE),)})
        (entry,) = re.findall(r"^- Kari.*", render(notice(NoticeKind.DIGEST, locale, digest=digest)).text, re.MULTILINE)
        entries[reason] = entry
    assert len(set(entries.values())) == len(entries)
    for reason, entry in entries.items():
        assert re.search(WHY.get(reason, (".",) * 3)[list(Locale).index(locale)], entry), entry
        nothing_more = re.search(r"sender ikke mer |sender ikkje meir |send nothing more", entry)
        assert bool(nothing_more) is (reason in ADDRESS_IS_DONE_WITH)


@pytest.mark.parametrize("locale", list(Locale))
def test_a_complaint_of_a_former_address_marks_no_other(locale: Any) -> None:
    """The app may have another address by now, which nobody has marked; of the one it has, the mark is true."""
    marked = r"\((markert som søppelpost|marked as spam)\)"
    for reason, is_marked in (("complained_at_former_address", False), ("address_complained", True)):
        complained = (line(email=EMAIL, reason=reason),)
        for section in ("undeliverable", "unreachable", "expired"):
            words = render(notice(NoticeKind.DIGEST, locale, digest=sections(**{section: complained})))
            assert bool(re.search(marked, words.text)) is is_marked
            assert (f"mailto:{EMAIL}" in words.html) is not is_marked


@pytest.mark.parametrize("locale", list(Locale))
def test_who_was_not_told_of_the_expiry_is_said_with_why(locale: Any) -> None:
    """The coordinator may be the only one who can tell (I17)."""
    said = r"(Har ikke fått beskjed fra oss|Har ikkje fått beskjed frå oss|Has not heard from us): "
    for reason, (*each,) in WHY.items():
        entry = render(notice(NoticeKind.DIGEST, locale, digest=Digest(expired=(line(reason=reason),)))).text
        assert re.search(said + ".*" + each[list(Locale).index(locale)], entry), entry
    assert not re.search(said, render(notice(NoticeKind.DIGEST, locale, digest=Digest(expired=(line(),)))).text)


@pytest.mark.parametrize("locale", list(Locale))
def test_who_complained_is_not_said_to_have_read_nothing(locale: Any) -> None:
    """A mail that was marked as spam arrived; the section's sentence is of both kinds."""
    complained = Digest(undeliverable=(line(email=EMAIL, reason="address_complained"),))
    text = render(notice(NoticeKind.DIGEST, locale, digest=complained)).text
    assert re.search(r"ikk?j?e sikkert at de[i]? har|may not have read", text)
    assert not re.search(r"trolig|truleg|probably", text)


@pytest.mark.parametrize("locale", list(Locale))
def test_a_digest_does_not_ask_for_a_reply(locale: Any) -> None:
    """It has no Reply-To; and it names no way that the page may not have (SupportSms and SupportEmail may be empty)."""
    last = render(notice(NoticeKind.DIGEST, locale)).text.split("\n\n")[-3]
    assert re.search(r"Ingen les(er)? svar|Nobody reads replies", last)
    assert not re.search(r"SMS|text message", last)


# What the coordinator is asked to do, for each reason and in each language.
WHY = {
    "no_email": ("Spør om en e-postadresse", "Spør om ei e-postadresse", "ask for an e-mail address"),
    "malformed_email": ("ikke gyldig.*rett den", "ikkje gyldig.*rett henne", "not valid.*correct it"),
    "reserved_domain": ("ingen kan få e-post.*rett den", "ingen kan få e-post.*rett henne", "nobody.*correct it"),
    "address_bounced": ("virker ikke.*rett den i appen", "verkar ikkje.*rett henne", "does not work.*correct it"),
    "address_bounces_repeatedly": ("tre ganger.*innboksen er full", "tre gonger", "three times.*mailbox is full"),
    "address_complained": ("markert.*søppelpost.*annen", "markert.*søppelpost.*anna", "marked.*spam.*another"),
    "bounced_transiently": (
        "full.*fravær.*ikke å endre",
        "full.*fråvær.*ikkje å endre",
        "full.*out of office.*nothing to change",
    ),
    "bounced_undetermined": ("vet ikke hvorfor.*Spør", "veit ikkje kvifor.*Spør", "do not know why.*ask"),
    "bounced_at_former_address": ("ikke står i appen.*ny", "ikkje står i appen.*ny", "no longer in.*new"),
    "complained_at_former_address": ("ikke står i.*Spør", "ikkje står i.*Spør", "no longer in.*ask how"),
    "stopped_by_ses": ("ikke adressen.*driften", "ikkje av adressa.*drifta", "not the cause.*operations"),
}


@pytest.mark.parametrize("locale", list(Locale))
def test_a_sent_reminder_is_not_said_to_have_arrived(locale: Any) -> None:
    """What SES accepted is sent and no more, and the coordinator is told so (I17)."""
    text = render(notice(NoticeKind.DIGEST, locale, digest=Digest(reminded=(line(days_left=7),)))).text
    assert re.search(r"Påminnelse er sendt \(1\)|Påminning er send \(1\)|A reminder has been sent \(1\)", text)
    assert re.search(r"Vi v[ei]+t ikk?j?e enn[åo] om|We do not know yet whether", text)
    assert not re.search(r"[Hh]ar fått påminn|been reminded", text)


@pytest.mark.parametrize("locale", list(Locale))
def test_a_digest_at_the_fall_back_says_whose_it_is_and_why(locale: Any) -> None:
    """In its first line, and it greets nobody whom it does not know."""
    mail = notice(NoticeKind.DIGEST, locale, instead_of="Øyvind\nSæther", recipient_name="Hørselsforbundet")
    greeting, first = render(mail).text.split("\n\n")[:2]
    assert greeting in {"Hei!", "Hello,"}
    assert first.splitlines() == [first]
    assert first.count("Øyvind Sæther") == 2
    assert re.search(
        r"som vi ikkj?e når på e-post\. .*reserveadress|whom we do not reach by e-mail\. .*fall-back", first
    )


@pytest.mark.parametrize("locale", list(Locale))
def test_a_digest_at_the_fall_back_needs_no_name(locale: Any) -> None:
    """A coordinator without a name is a coordinator all the same."""
    first = render(notice(NoticeKind.DIGEST, locale, instead_of="\u200b")).text.split("\n\n")[1]
    assert re.search(r"(til|of) (en|ein|a) (k|c)oordinator, ", first)


@pytest.mark.parametrize("locale", list(Locale))
def test_a_coordinators_own_digest_has_no_word_of_a_fall_back(locale: Any) -> None:
    """It stands only where the mail is not where it belongs."""
    assert not re.search(r"reserveadress|fall-back", render(notice(NoticeKind.DIGEST, locale)).text)


# The page


@pytest.mark.parametrize(("kind", "locale"), EVERY_MESSAGE)
def test_the_page_says_the_same_as_the_text_in_its_language(kind: Any, locale: Any) -> None:
    """The HTML page says the same as the text, and names the language it is in."""
    words = render(notice(kind, locale))
    page = Tags(words.html)
    assert page.seen[0] == ("html", {"lang": locale.value})
    flat = " ".join("".join(page.text).split())
    for said in words.text.splitlines():
        assert said.removeprefix("- ").strip("-") in flat


@pytest.mark.parametrize(("kind", "locale"), EVERY_MESSAGE)
def test_the_page_has_one_main_heading_and_fetches_nothing(kind: Any, locale: Any) -> None:
    page = Tags(render(notice(kind, locale)).html)
    assert page.names().count("h1") == 1
    assert not {"img", "script", "link", "iframe", "form"} & set(page.names())
    assert not re.search(r"http:|url\(|@import|src=", render(notice(kind, locale)).html)


@pytest.mark.parametrize(("kind", "locale"), EVERY_MESSAGE)
def test_every_tag_of_the_page_is_closed_where_it_belongs(kind: Any, locale: Any) -> None:
    """What a mail program has to guess at, each guesses in its own way."""
    Balanced(render(notice(kind, locale)).html)


@pytest.mark.parametrize(("kind", "locale"), EVERY_MESSAGE)
def test_the_page_has_a_dark_mode(kind: Any, locale: Any) -> None:
    """The reader's own choice, with colours for text, ground and links in both."""
    page = render(notice(kind, locale)).html
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in Tags(page).seen
    light, dark = page.split("@media (prefers-color-scheme: dark)")
    for colours in (light, dark):
        body, link = (
            there(re.search(rf"^{tag} {{ (.*color.*) }}$", colours, re.MULTILINE))[1] for tag in ("body", "a")
        )
        ground, ink = there(re.search(r"background: (#\w+); color: (#\w+);", body)).groups()
        assert contrast(ground, ink) >= 7
        assert contrast(ground, there(re.search(r"#\w+", link))[0]) >= 7


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_addresses_and_numbers_are_links(kind: Any) -> None:
    """sms:, tel: and mailto:, and only where they lead somewhere: never to an address that no mail goes to."""
    links = [known["href"] for tag, known in Tags(render(notice(kind)).html).seen if tag == "a"]

    def either(number):
        return f"sms:+{number}", f"tel:+{number}"

    expected = [
        *(*either(4790000000), f"mailto:{EMAIL}", *either(4790000001)),
        *(*either(4790000002), *either(4790000003), "tel:+4722334455", *either(46701234567)),
        *(
            "mailto:eva@example.no",
            *either(4790000004),
            *either(4790000005),
            "tel:+4722334466",
        ),
        *(*either(4790000006), "mailto:else@example.no", "tel:02800", "mailto:finn@example.no"),
        *(*either(4790000007), "mailto:geir@example.no", *either(4790000008), "mailto:hege@example.no"),
        *(*either(4790000009), "mailto:ivar@example.no"),
        *(*either(4790000000), "mailto:liv@example.no", "mailto:nils@example.no", *either(4790000000)),
    ]
    assert links == (expected if kind is NoticeKind.DIGEST else ["mailto:oyvind@hlf.example.no"])


@pytest.mark.parametrize(
    ("number", "dialled", "takes_sms"),
    [
        ("90000000", "+4790000000", True),
        ("900 00 000", "+4790000000", True),
        ("0047 900 00 000", "+4790000000", True),
        ("+46 (0)70-123 45 67", "+46701234567", True),
        ("+4790000000", "+4790000000", True),
        ("4790000000", "+4790000000", True),
        ("47 900 00 000", "+4790000000", True),
        ("47900000", "+4747900000", True),
        ("4722334455", "+4722334455", False),
        *((f"{first}2 33 44 55", f"+47{first}2334455", False) for first in "235678"),
        ("800 80 000", "+4780080000", False),
        ("+47 000 12 345", "+4700012345", False),
        ("46701234567", "46701234567", False),
        ("+47 02800", "+4702800", False),
        ("02800", "02800", False),
        ("90000000 / 90000001", None, False),
        ("ring sønnen", None, False),
        ("12", None, False),
        ('"><script>', None, False),
        ("+", None, False),
        ("٩٠٠٠٠٠٠٠", None, False),
        ("9" + "-" * 20 + "0000000", None, False),
    ],
)
def test_a_number_is_a_link_if_a_phone_can_use_it(number: str, dialled: str | None, takes_sms: bool) -> None:
    """RFC 5724 and RFC 3966. No link writes a message to a landline, where it is lost and nobody is told."""
    page = Tags(render(notice(NoticeKind.DIGEST, digest=Digest(expired=(line(phone=number),)))).html)
    links = [known["href"] for tag, known in page.seen if tag == "a"]
    assert links == [f"sms:{dialled}"] * takes_sms + [f"tel:{dialled}"] * (dialled is not None)
    assert number in "".join(page.text)


def test_an_address_cannot_add_to_its_link() -> None:
    """& and ? are legal in an address, and would be a subject, a copy, a text (RFC 6068)."""
    digest = Digest(expired=(line(email="a?cc=x&b%41@example.no"),))
    page = Tags(render(notice(NoticeKind.DIGEST, digest=digest)).html)
    assert [known["href"] for tag, known in page.seen if tag == "a"] == ["mailto:a%3Fcc%3Dx%26b%2541@example.no"]


def test_a_name_cannot_put_markup_into_the_page() -> None:
    words = render(notice(recipient_name='<img src="https://example.com/x.png">', organisation_name="A & B"))
    assert "img" not in Tags(words.html).names()
    assert "A &amp; B" in words.html
    assert "A & B" in words.text


def test_a_heading_a_paragraph_and_a_list_are_distinguished() -> None:
    assert [(block.tag, block.lines) for block in blocks("A\n-\nb\nc\n- d\n- d\n\ne\n")] == [
        ("h2", ("A",)),
        ("p", ("b", "c")),
        ("ul", ("d", "d")),
        ("p", ("e",)),
    ]


def test_a_template_that_asks_for_too_much_names_no_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A template that asks for a value that is not there fails, and the error contains no name of a person."""
    (tmp_path / "reminder.txt").write_text("=== nb ===\n{{ notice.shoe_size }}\n\nHei!\n")
    monkeypatch.setattr(rendering, "MESSAGES", tmp_path)
    rendering._environment.cache_clear()
    try:
        with pytest.raises(UnrenderableNoticeError, match=r"notice 4711: .*shoe_size") as raised:
            render(notice())
    finally:
        rendering._environment.cache_clear()
    assert "Åse" not in str(raised.value)


# The octets


@pytest.mark.parametrize(("kind", "locale"), EVERY_MESSAGE)
def test_the_standard_library_reads_what_was_rendered(kind: Any, locale: Any) -> None:
    """The message is what was rendered when the standard library reads it."""
    one_notice = notice(kind, locale)
    words, message = render(one_notice), parsed(compose(one_notice, SENDER, AT))
    assert not any(part.defects for part in message.walk())
    assert message["Subject"] == words.subject
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    assert (text, html) == (words.text, words.html + "\n" * (not words.html.endswith("\n")))


@pytest.mark.parametrize(("kind", "locale"), EVERY_MESSAGE)
def test_every_line_is_short_and_7_bit_and_ended_by_crlf(kind: Any, locale: Any) -> None:
    """Every octet is 7-bit, and every line is short and ended by CRLF."""
    raw = compose(notice(kind, locale, recipient_name="Åse " * 30), SENDER, AT)
    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    lines = raw.split(b"\r\n")
    assert not any(b"\r" in one or b"\n" in one or b"\0" in one for one in lines)
    assert max(map(len, lines)) <= 78 + 20


def test_the_octets_decode_to_norwegian_without_an_email_parser() -> None:
    raw = compose(notice(NoticeKind.DIGEST, Locale.NN), SENDER, AT)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert "Må kontaktast på annan måte (6)" in decodestring(body).decode()
    unfolded = re.sub(r"\r\n[ \t]", " ", head.decode("ascii"))
    headers = dict(one.split(": ", 1) for one in unfolded.split("\r\n"))

    def words_of(value):
        return "".join(
            part.decode(charset or "ascii") if isinstance(part, bytes) else part
            for part, charset in decode_header(value)
        )

    assert words_of(headers["Subject"]).startswith("21 må følgjast opp: 2 gått ut, 6 får vi ikkje tak i på e-post")
    assert words_of(headers["From"]) == "Hørselsforbundet <ikke-svar@hlf.example>"
    assert words_of(headers["To"]) == "Åse Bjørnå <ase.bjorna@example.no>"


def test_the_headers_say_a_machine_sent_it_in_which_language() -> None:
    """The headers say that a machine sent the message, and in which language."""
    message = parsed(compose(notice(locale=Locale.NN), SENDER, AT))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert message["Content-Language"] == "nn"
    assert message["Date"].datetime == AT


def test_a_notice_has_one_message_id_whenever_it_is_composed() -> None:
    """The same notice has the same Message-ID whenever it is composed."""
    first, later = (parsed(compose(notice(), SENDER, at)) for at in (AT, AT.replace(day=18)))
    assert first["Message-ID"] == later["Message-ID"] == "<notice-4711@hlf.example>"
    assert first["X-Notice-ID"] == later["X-Notice-ID"] == "4711"
    assert parsed(compose(notice(id=4712), SENDER, AT))["Message-ID"] != first["Message-ID"]


def test_the_same_notice_at_the_same_moment_is_the_same_octets() -> None:
    assert compose(notice(), SENDER, AT) == compose(notice(), SENDER, AT)


def test_decomposed_letters_are_sent_composed() -> None:
    apart = unicodedata.normalize("NFD", "Åse Bjørnå")
    assert apart != "Åse Bjørnå"
    message = parsed(compose(notice(recipient_name=apart), SENDER, AT))
    assert message["To"].addresses[0].display_name == "Åse Bjørnå"
    assert "Hei, Åse Bjørnå!" in message.get_body(("plain",)).get_content()


def test_the_sender_is_the_organisation_unless_it_has_a_name() -> None:
    """The sender's name is the organisation's unless the organisation has one of its own for it."""
    assert parsed(compose(notice(), SENDER, AT))["From"].addresses[0].display_name == "Hørselsforbundet"
    named = Sender("ikke-svar@hlf.example", "Likepersonstjenesten, Møre")
    assert parsed(compose(notice(), named, AT))["From"].addresses[0].display_name == "Likepersonstjenesten, Møre"


@pytest.mark.parametrize("name", [None, "Møre, og Romsdal", 'Kari "Kaia" Moe', ""])
def test_the_from_given_to_ses_is_the_one_in_the_message(name: str | None) -> None:
    sender = Sender("ikke-svar@hlf.example", name)
    given = from_mailbox(notice(), sender)
    assert given.isascii()
    assert "\n" not in given
    assert parsed(f"From: {given}\r\n\r\n".encode())["From"] == parsed(compose(notice(), sender, AT))["From"]


# One recipient per message


ANYTHING = st.text(max_size=40)
HOSTILE = st.text(alphabet="aå@.,;:<>\"'\\()[] \r\n\t\0\x85\u2028=?_-", max_size=40)
ADDRESSES = st.one_of(ANYTHING, HOSTILE, st.emails(), st.builds("{}@{}".format, HOSTILE, HOSTILE))


@settings(deadline=None)  # the first example also compiles the templates
@given(name=st.one_of(ANYTHING, HOSTILE), address=ADDRESSES)
def test_no_name_and_no_address_adds_a_header_or_a_recipient(name: Any, address: Any) -> None:
    try:
        raw = compose(notice(recipient_name=name, recipient_address=address), SENDER, AT)
    except UnusableAddressError:
        return
    message = parsed(raw)
    assert raw.isascii()
    assert not any(part.defects for part in message.walk())
    assert message.keys() == parsed(compose(notice(), SENDER, AT)).keys()
    assert [one.addr_spec for one in message["To"].addresses] == [usable_address(address)]
    # Python 3.13.0 reads a space between the two encoded words of a long name.
    shown = "".join(message["To"].addresses[0].display_name.split())
    assert shown == ("" if "=?" in readable_name(name) else "".join(readable_name(name).split()))
    head = raw.partition(b"\r\n\r\n")[0]
    assert len(re.findall(rb"^To:", head, re.MULTILINE)) == 1


@settings(deadline=None)  # the first example also compiles the templates
@given(name=st.one_of(ANYTHING, HOSTILE), sender=ADDRESSES)
def test_no_sender_and_no_organisation_adds_a_header(name: Any, sender: Any) -> None:
    try:
        message = parsed(compose(notice(organisation_name=name), Sender(sender), AT))
    except UnusableAddressError:
        return
    assert message.keys() == parsed(compose(notice(), SENDER, AT)).keys()
    assert len(message["From"].addresses) == 1


@settings(deadline=None)  # the first example also compiles the templates
@given(name=st.one_of(ANYTHING, HOSTILE), address=ADDRESSES)
def test_no_coordinator_adds_a_header_or_stops_the_mentors_mail(name: Any, address: Any) -> None:
    message = parsed(compose(notice(contact_name=name, contact_email=address), SENDER, AT))
    assert set(message.keys()) <= set(parsed(compose(notice(), SENDER, AT)).keys())
    assert len(message["To"].addresses) == 1


def test_half_a_letter_in_another_name_still_makes_a_mail() -> None:
    """Half a letter in another person's name still makes a mail."""
    one_notice = notice(contact_name="Øyvind\ud800\0Sæther")
    assert (
        "Øyvind Sæther (oyvind@hlf.example.no)"
        in parsed(compose(one_notice, SENDER, AT)).get_body(("plain",)).get_content()
    )
    one_notice = notice(NoticeKind.DIGEST, digest=Digest(expired=(line("Kari\ud800"),)))
    assert "- Kari:" in parsed(compose(one_notice, SENDER, AT)).get_body(("plain",)).get_content()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "kari",
        "@example.no",
        "kari@",
        "kari@example",
        "kari@example.no\r\nBcc: ola@example.no",
        "kari@example.no\n",
        "kari@example.no,ola@example.no",
        "kari@example.no, ola@example.no",
        "kari@example.no;ola@example.no",
        "ola@example.no@example.no",
        "Kari <kari@example.no>",
        '"kari lund"@example.no',
        "kari lund@example.no",
        ".kari@example.no",
        "ka..ri@example.no",
        "kåre@example.no",
        "kari@[192.0.2.1]",
        "kari@192.0.2.1",
        "kari@-example.no",
        "kari@exa_mple.no",
        "kari@example..no",
        "kari@\u2028.no",
        "k" * 65 + "@example.no",
        "kari@" + "a" * 64 + ".no",
        "kari@" + "å" * 80 + ".no",
        "kari@" + "a." * 130 + "no",
    ],
)
def test_an_address_that_is_not_exactly_one_is_refused_unquoted(address: str) -> None:
    """An address that is not exactly one is refused, and the error does not repeat it."""
    with pytest.raises(UnusableAddressError, match=r"^unusable_(local_part|domain)$"):
        usable_address(address)


@pytest.mark.parametrize(
    ("address", "as_sent"),
    [
        ("kari@example.no", "kari@example.no"),
        (" kari@example.no ", "kari@example.no"),
        ("kari+hlf@sub.example.no", "kari+hlf@sub.example.no"),
        ("o'brien@example.no", "o'brien@example.no"),
        ("post@blåbær.no", "post@xn--blbr-roah.no"),
        ("post@bla\u030abær.no", "post@xn--blbr-roah.no"),
        ("post@xn--blbr-roah.no", "post@xn--blbr-roah.no"),
    ],
)
def test_an_address_is_written_as_ses_takes_it(address: str, as_sent: str) -> None:
    assert usable_address(address) == as_sent


@pytest.mark.parametrize(
    "name", ["Kari\r\nBcc: x@example.no", "Kari\n", "Kari\0", "Kari\x85", "Kari\u2028", "Kari\ud800"]
)
@pytest.mark.parametrize("whose", ["recipient_name", "organisation_name"])
def test_a_line_break_in_a_name_adds_no_header(name: str, whose: str) -> None:
    message = parsed(compose(notice(**{whose: name}), SENDER, AT))
    assert message.keys() == parsed(compose(notice(), SENDER, AT)).keys()
    shown = message["To" if whose == "recipient_name" else "From"].addresses[0].display_name
    assert shown in {"Kari", "Kari Bcc: x@example.no"}


# What a notice must hold


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": NoticeKind.DIGEST, "digest": None},
        {"digest": Digest()},
        {"expires_on": None},
        {"days_left": None},
        {"days_left": -1},
        {"kind": NoticeKind.EXPIRED, "expires_on": None},
        {"kind": NoticeKind.REACTIVATED, "expires_on": None},
        {"instead_of": "Øyvind Sæther"},
    ],
    ids=str,
)
def test_a_notice_that_would_read_as_nonsense_cannot_be_made(broken: Any) -> None:
    with pytest.raises(IncompleteNoticeError, match="notice 4711") as raised:
        notice(**broken)
    assert isinstance(raised.value, PermanentError)
    assert "Åse" not in str(raised.value)


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_a_notice_shown_in_a_log_names_nobody_i11(kind: Any) -> None:
    digest = {"instead_of": "Øyvind Sæther"} if kind is NoticeKind.DIGEST else {}
    one_notice = notice(kind, contact_name="Øyvind Sæther", contact_email="oyvind@hlf.example.no", **digest)
    assert "4711" in repr(one_notice)
    assert not re.search(r"Åse|ase|Øyvind|Hørsel|@|Kari|Nordmann", f"{one_notice!r} {one_notice}")


def test_every_message_is_a_file_with_a_part_in_every_language() -> None:
    """And no file is left over."""
    messages = {*NoticeKind, "words"}
    assert {file.stem for file in rendering.MESSAGES.glob("*.txt")} == messages
    for message in messages:
        assert list(rendering.templates(message)) == list(Locale)
