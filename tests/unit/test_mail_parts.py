"""The mail as a parser of another make reads it: Rust's mailparse, which has no code in common with Python's email.

Its two alternatives say the same, word for word; the people in its headers are those who were meant; and nothing in it
tells anybody that it was opened.
"""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from itertools import product
from typing import Any

import fast_mail_parser
import pytest

from shared.adapters.email.mime import Sender, compose
from shared.adapters.email.rendering import render
from shared.domain.mail.notices import Locale, Notice, NoticeKind
from tests.support.every_mail import AT, every_mail
from tests.support.notices import a_notice
from tests.support.there import there

SENDER = Sender("ikke-svar@hlf.example.no")
EVERY_MAIL = [
    pytest.param([notice for _, notice in every_mail() if (notice.kind, notice.locale) == each], id=" ".join(each))
    for each in product(NoticeKind, Locale)
]
# Whatever a mail program fetches by itself, and tells a server by it.
FETCHING_TAGS = {
    *("img", "script", "link", "iframe", "frame", "object", "embed", "form", "video", "audio", "source", "track"),
    *("picture", "svg", "input", "base", "image", "portal"),
}
FETCHING_ATTRIBUTES = {"src", "srcset", "background", "poster", "ping", "action", "data", "cite", "manifest", "icon"}
FETCHING_STYLE = re.compile(r"url\(|@import|image-set|src\(|expression|behavior|https?:|//", re.IGNORECASE)
ASKING_HEADERS = {"disposition-notification-to", "return-receipt-to", "x-confirm-reading-to"}
LINK = re.compile(r"mailto:[^?&@]+@[^?&@]+|sms:\+\d+|tel:\+?\d+|https://www\.hlf\.no/")


class Page(HTMLParser):
    """The words that are seen on a page, its links, and its tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.title: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in {"title", "style"} else self._inside
        if tag in {"p", "li", "h1", "h2", "br", "ul"}:
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        (self.title if self._inside == "title" else self.words).append("" if self._inside == "style" else data)

    def seen(self) -> list[str]:
        return "".join(self.words).split()


@cache
def octets(notice: Notice) -> bytes:
    return compose(notice, SENDER, AT)


@cache
def read(notice: Notice) -> Any:
    """Return the mail as it was read: without one repair, or this fails."""
    return fast_mail_parser.parse_email(octets(notice), mode="full", strict=True)


@cache
def text_and_page(notice: Notice) -> tuple[str, Page]:
    mail = read(notice)
    (text,), (html,) = mail.text_plain, mail.text_html
    return text, Page(html)


def words_of(text: str) -> list[str]:
    """Return the words without what the text has for want of markup: the line under a heading, the dash of an item."""
    lines = [line.removeprefix("- ") for line in text.splitlines() if not re.fullmatch(r"-{3,}", line)]
    return " ".join(lines).split()


@pytest.mark.parametrize("notices", EVERY_MAIL)
def test_both_alternatives_say_the_same_word_for_word(notices: list[Notice]) -> None:
    """The one who reads the plain text is told no less, and no more: every word, in its order."""
    for notice in notices:
        subject = read(notice).subject
        text, page = text_and_page(notice)
        assert page.seen() == subject.split() + words_of(text)
        assert "".join(page.title) == subject


@pytest.mark.parametrize("notices", EVERY_MAIL)
def test_a_mail_is_two_alternatives_the_page_last(notices: list[Notice]) -> None:
    """RFC 2046 5.1.4: the last is the best, so a program that can show the page does."""
    for notice in notices:
        root = fast_mail_parser.parse_email_tree(octets(notice))
        assert root.content_type == "multipart/alternative"
        assert [part.content_type for part in root.children] == ["text/plain", "text/html"]
        assert not any(part.children or part.filename or part.disposition for part in root.children)
        words = render(notice)
        for part, written in zip(root.children, (words.text, words.html), strict=True):
            assert part.headers["Content-Type"] == [f'{part.content_type}; charset="utf-8"']
            assert part.headers["Content-Transfer-Encoding"] == ["quoted-printable"]
            assert there(part.content).decode().replace("\r\n", "\n").rstrip("\n") == written.rstrip("\n")


@pytest.mark.parametrize("notices", EVERY_MAIL)
def test_a_mail_names_the_people_who_were_meant(notices: list[Notice]) -> None:
    """One sender with the organisation's name, one recipient, and the coordinator to reply to, each header once."""
    for notice in notices:
        mail = read(notice)
        assert (mail.from_.display_name, mail.from_.address) == (notice.organisation_name, SENDER.address)
        assert [one.address for one in mail.to] == [notice.recipient_address]
        assert [one.address for one in mail.reply_to] == ([notice.contact_email] if notice.contact_email else [])
        if notice.contact_email and notice.contact_name:
            assert f"{notice.contact_name.strip()} ({notice.contact_email})" in mail.text_plain[0]
        assert not mail.cc + mail.bcc + mail.attachments
        assert all(len(values) == 1 for values in mail.headers.values())
        assert mail.date_parsed == AT


@pytest.mark.parametrize("name", ["HLF Innlandet", "Hørselsforbundet i Møre, og Romsdal", 'HLF "Oslo"', "A & <B>"])
def test_the_senders_name_is_that_of_the_organisation(name: str) -> None:
    """Each organisation's mail comes from a name its mentors know."""
    assert read(a_notice(organisation_name=name)).from_.display_name == name
    named = compose(a_notice(organisation_name=name), Sender(SENDER.address, "Likeperson i HLF"), AT)
    assert there(fast_mail_parser.parse_email(named).from_).display_name == "Likeperson i HLF"


@pytest.mark.parametrize("notices", EVERY_MAIL)
def test_no_mail_fetches_anything_when_it_is_opened(notices: list[Notice]) -> None:
    """No pixel, no font, no style sheet: nobody is told that a mail was opened, or where, or by which program."""
    for notice in notices:
        mail = read(notice)
        _, page = text_and_page(notice)
        names = [(name, value or "") for _, known in page.tags for name, value in known.items()]
        assert not {tag for tag, _ in page.tags} & FETCHING_TAGS
        assert not {name for name, _ in names} & FETCHING_ATTRIBUTES
        assert not [name for name, _ in names if name.startswith("on")]
        styles = re.findall(r"<style>(.*?)</style>", mail.text_html[0], re.DOTALL)
        styles += [value for name, value in names if name == "style"]
        assert not [style for style in styles if FETCHING_STYLE.search(style)]
        assert not {name.lower() for name in mail.headers} & ASKING_HEADERS


@pytest.mark.parametrize("notices", EVERY_MAIL)
def test_a_link_leads_where_its_words_say(notices: list[Notice]) -> None:
    """Straight to a person or to HLF's own site, never through a counter: what a link does can be read in the mail."""
    for notice in notices:
        _, page = text_and_page(notice)
        links = [known for tag, known in page.tags if tag == "a"]
        assert all(known.keys() == {"href"} for known in links)
        assert not [known for known in links if not LINK.fullmatch(there(known["href"]))]


def test_the_mails_here_are_of_every_kind_and_language() -> None:
    """A message or a language that is added comes here by itself."""
    assert {(notice.kind, notice.locale) for _, notice in every_mail()} == set(product(NoticeKind, Locale))
