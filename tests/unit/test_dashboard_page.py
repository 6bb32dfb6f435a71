"""The coordinators' page as a file: one style, one script, no address of others, all words in three languages."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

_FILE = Path(__file__).parents[2] / "shared" / "dashboard" / "page.html"
TEXT = _FILE.read_text(encoding="utf-8")
SCRIPT = "".join(re.findall(r"<script>(.*?)</script>", TEXT, re.DOTALL))
STYLE = "".join(re.findall(r"<style>(.*?)</style>", TEXT, re.DOTALL))


class Elements(HTMLParser):
    """Collect every element with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements() -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(TEXT)
    return parser.found


def words() -> dict[str, list[str]]:
    """Return the table of words, which is JSON but for the quotes around its keys."""
    (table,) = re.findall(r"^const WORDS = \{\n(.*?)\n\};$", TEXT, re.DOTALL | re.MULTILINE)
    found: dict[str, list[str]] = json.loads("{" + re.sub(r"^(\w+):", r'"\1":', table, flags=re.MULTILINE) + "}")
    return found


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{\w+\}", text))


WORDS = words()
KEYS = [pytest.param(key, id=key) for key in WORDS]


def test_there_is_one_style_and_one_script() -> None:
    """The page's policy allows its own script and style by their hashes, which are computed from these tags."""
    tags = [(tag, attributes) for tag, attributes in elements() if tag in {"style", "script", "link", "base"}]

    assert tags == [("style", {}), ("script", {})]
    assert STYLE
    assert SCRIPT


def test_no_element_carries_style_or_script() -> None:
    """A strict policy allows no inline handlers and no style attributes, also none that the script would set."""
    names = {name for _, attributes in elements() for name in attributes}

    assert not [name for name in names if name == "style" or name.startswith("on")]
    assert not re.search(r"setAttribute\(\s*[\"'`](?:style|on)", SCRIPT)
    assert not re.search(r"cssText|\.on[a-z]+\s*=[^=]", SCRIPT)


def test_no_address_of_others_is_in_the_page() -> None:
    """One self-contained file without third-party hosts."""
    assert not re.search(r"https?:|(?<!:)//[\w.-]+\.\w|url\(|@import", TEXT)


def test_the_script_makes_no_html_of_text() -> None:
    """Text of the server is text, never HTML or script."""
    makers = r"insertAdjacentHTML|createContextualFragment|document\.write|\beval\(|new Function"

    assert not re.search(rf"(?:inner|outer)HTML\s*\+?=[^=]|{makers}", TEXT)


def test_only_the_language_is_stored() -> None:
    """The token is in memory only, and what was searched for is in no storage."""
    assert re.findall(r"(?:localStorage|sessionStorage|indexedDB|document\.cookie|caches)\b[^;]*", SCRIPT) == [
        'localStorage.getItem("language")',
        'localStorage.setItem("language", chosen)',
    ]


def test_the_token_leaves_the_address_first() -> None:
    """The token is taken from the fragment and removed from the address at once: before any other statement."""
    taken, removed, words_begin = (
        SCRIPT.index(part) for part in ("tokenOf(location.hash)", "history.replaceState", "const WORDS")
    )

    assert taken < removed < words_begin
    assert not re.search(r"fetch\(|addEventListener|\$\(", SCRIPT[:removed])


def test_placeholders_stand_in_meta_tags_only() -> None:
    """Settings reach the page through meta tags, HTML-escaped, so that none becomes script."""
    inside = {
        attributes["name"]: attributes["content"]
        for tag, attributes in elements()
        if tag == "meta" and "{{" in (attributes.get("content") or "")
    }

    assert inside == {
        "sign-in-url": "{{sign_in_url}}",
        "support-sms": "{{support_sms}}",
        "support-email": "{{support_email}}",
    }
    assert TEXT.count("{{") == len(inside)


def test_the_page_is_small() -> None:
    """page_kb: the page loads on a phone with a poor connection."""
    assert len(TEXT.encode()) < 86_000


@pytest.mark.parametrize("key", KEYS)
def test_each_word_is_in_three_languages(key: str) -> None:
    """Bokmål, nynorsk and English say the same, about the same things."""
    texts = WORDS[key]

    assert len(texts) == 3
    assert all(text.strip() == text and text for text in texts)
    assert placeholders(texts[0]) == placeholders(texts[1]) == placeholders(texts[2])
    assert all(text.count("[") == text.count("]") == text.count("|") for text in texts)


def test_every_word_that_is_said_is_in_the_table() -> None:
    """A page that says an unknown word stops."""
    said = set(re.findall(r"\bsay\(\"(\w+)\"", SCRIPT)) | set(re.findall(r"data-(?:words|label)=\"(\w+)\"", TEXT))

    assert said
    assert not said - set(WORDS)


def test_every_word_in_the_table_is_used() -> None:
    """No sentence is kept that nobody reads."""
    said = TEXT.replace(re.findall(r"const WORDS = \{.*?\n\};", TEXT, re.DOTALL)[0], "")
    by_value = re.compile(r"(?:status|state|sort|is|field|nightly|proof|problem)_\w+|(?:ended|forbidden|signedOut)T\w+")

    assert [key for key in WORDS if not re.search(rf"\b{key}\b", said) and not by_value.fullmatch(key)] == []
