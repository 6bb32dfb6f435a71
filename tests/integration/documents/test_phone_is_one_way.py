"""No mail, page, screen or paper names the telephone as the only way to reach somebody: many of our readers are deaf.

Each sentence (or cell of a table) that speaks of phoning must also name a way in writing, or stand below with a reason.
No heading speaks of phoning at all.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shared.adapters.email.rendering import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]

# Why each is phoning. What a program calls, and rings as a webhook did, is another word; a column's name is no advice.
PHONING = {
    r"\bring(er|e|es|te|t|jer|je)?\b": "nb, nn: to phone",
    r"\b(opp|an)rop\w*\b|\bopprin\w+": "nb, nn: a call",
    r"\b(mobil|fast)?telefon\w*\b|\btlf\b|\bfastnummer\w*": "nb, nn: a telephone, a landline",
    r"\b(tele)?phon(e|es|ed|ing)\b|\blandlines?\b|\bdial\w*": "en: to phone, a telephone, a landline",
    r"\bcall(s|ed|ing)? (on )?(him|her|them|us|you|me|people|somebody|everyone|nobody|each of them)\b": "en: to phone",
    r"\bcall(s|ed|ing)? (the |a |an |your |their )?(mentor|coordinator|person|owner|member|deput)": "en: to phone",
    r"\bcall(s|ed|ing)? the (application owner|organisation|administrator)": "en: to phone",
    r"\bcan(not)? call\b|\bby (a )?call\b|\bcall up\b|\bgive .{1,12} a call\b": "en: to phone somebody",
}
WRITING = re.compile(
    r"\bSMS\b|\btekst-?melding|\btext message|\be-post|\be-mail|\bmail\b|\bskriv|\bwrit|\bbrev\b|\bletter\b",
    re.IGNORECASE,
)
# A way that is said not to be there.
_MISSING = re.compile(
    r"\b(ingen|inga|no|uten|utan|without|verken|neither)\b[^,.:]*?\b(e-post|e-mail|SMS|text message)\w*", re.IGNORECASE
)
_PHONING = re.compile("|".join(PHONING), re.IGNORECASE)

# What speaks of phoning, names no way in writing beside it, and is right all the same.
ALLOWED = {
    r"^contract\.md: This system never calls them": "functions of the database",
    r"^dashboard\.md: !\[The page on a phone": "a device with a small window",
    r"^koordinator\.md: Du logger inn .* datamaskin, nettbrett og telefon": "a device",
    r"^koordinator\.md: En likeperson som ikke hører i telefonen": "says why phoning does not do",
    r"^koordinator\.md: (Du tren?ge?r? aldri å ringj?e|You never have to phone)": "says that nobody has to",
    r"^koordinator\.md: .*\b(ringer ingen|ringjer ingen|calls nobody)": "says that the system does not",
    r"^opplaering\.md: Du trenger ingen telefon": "says that nobody has to",
    r"^operations/deploy\.md: .*many of them cannot phone": "says why to give a number for SMS and an address",
    r"^mentors-file\.md: (line \d+, phone$|.*[Tt]elephone numbers )": "a column of the file",
    r"^privacy\.md: Names, addresses and phone numbers are in no log": "what is not written down",
    r"^operations/hlf-it\.md: telefon$": "a column of the website",
    r"^(operations/break-glass\.md|break_glass/.*): .*[Nn]avn og telefonnummer": "what the website shows",
    r"^operations/wording/.*: .* first_name, last_name, full_name, phone, email": "a field of the website",
    r"^shared/dashboard/page\.html: (telefon|phone)$": "a field of the website",
    r"^shared/dashboard/page\.html: (eller ring|or phone)$": "in brackets, after the SMS (tests/e2e/dashboard)",
    r"^koordinator\.md: - A \*\*landline\*\* takes no text messages": "the next sentence has what else there is",
    r"^shared/email_templates/words\.txt: (Telefon: …, in|Phone: …, no)": "a landline, and nothing else is known",
    r"^shared/.*: .*landline, takes no text messages": "a landline; phoning with help is one way",
    r"^shared/.*: (Verken telefon|Neither a phone number|The app has neither a phone)": "says that there is no way",
}


def sentences(text: str) -> Iterator[str]:
    """Yield what is read at one go: a sentence, or the cell of a table."""
    for part in re.split(r"\n\s*\n|\n(?=\s*(?:[-*#|>]|\d+\. ))|\||\n(?=#)", text):
        for sentence in re.split(r"(?<=[.!?:])\s+(?=[A-ZÆØÅ*«“\"(\[])", " ".join(part.split())):
            if sentence:
                yield sentence


def markdown(path: Path) -> Iterator[str]:
    """Yield the sentences of a paper, without code, addresses of links and the names of columns."""
    text = re.sub(r"^ *```.*?^ *```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"`[^`]*`", "", re.sub(r"\]\([^)]*\)", "]", text))
    yield from sentences(text)


def template(path: Path) -> Iterator[str]:
    """Yield the sentences of a message, with the words that become links, without what Jinja does."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", path.read_text(encoding="utf-8"))
    text = re.sub(r"\{\{ ?(?:heading\()?\"([^\"]*)\".*?\}\}", r"\1", text)
    for line in re.sub(r"\{\{.*?\}\}", "…", text).splitlines():
        yield from sentences(line)


def page(path: Path) -> Iterator[str]:
    """Yield the sentences of the coordinators' page, by its table of words."""
    (table,) = re.findall(r"^const WORDS = \{\n(.*?)\n\};$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    words = json.loads("{" + re.sub(r"^(\w+):", r'"\1":', table, flags=re.MULTILINE) + "}")
    for in_each_language in words.values():
        for text in in_each_language:
            yield from sentences(text)


def program(path: Path) -> Iterator[str]:
    """Yield the sentences of a program's texts; its docstrings are for developers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield from sentences(node.value)


READERS = {
    **dict.fromkeys(
        ["README.md", "CHANGELOG.md", *(f"docs/{found}" for found in ("*.md", "operations/*.md"))], markdown
    ),
    f"{MESSAGES.relative_to(ROOT)}/*.txt": template,
    "shared/dashboard/page.html": page,
    **dict.fromkeys(
        [
            *("shared/domain/wording/*.py", "shared/domain/conditions/*.py", "shared/domain/alert_message.py"),
            *("operations/**/*.py", "break_glass/**/*.py"),
        ],
        program,
    ),
}


def spoken() -> Iterator[tuple[str, str]]:
    """Yield each sentence with its file; a paper by its name under docs."""
    for pattern, read in READERS.items():
        found = sorted(ROOT.glob(pattern))
        assert found, pattern
        for path in found:
            name = str(path.relative_to(ROOT)).removeprefix("docs/")
            yield from ((name, sentence) for sentence in read(path))


def names_phoning_alone(sentence: str) -> bool:
    return bool(_PHONING.search(sentence)) and not WRITING.search(_MISSING.sub("", sentence))


def test_phoning_is_never_the_only_way() -> None:
    found = [f"{path}: {sentence}" for path, sentence in spoken() if names_phoning_alone(sentence)]
    assert [one for one in found if not any(re.search(allowed, one) for allowed in ALLOWED)] == []


def test_nothing_is_allowed_that_is_not_there() -> None:
    """An exception whose sentence has gone would let another in."""
    found = [f"{path}: {sentence}" for path, sentence in spoken() if names_phoning_alone(sentence)]
    assert [allowed for allowed in ALLOWED if not any(re.search(allowed, one) for one in found)] == []


@pytest.mark.parametrize("path", ["shared/email_templates/*.txt", "shared/dashboard/page.html"])
def test_what_is_written_stands_before_the_call(path: str) -> None:
    """A text message first, phoning as one way among others; a landline has nothing else, and says so."""
    wrong = [
        sentence
        for found in sorted(ROOT.glob(path))
        for sentence in READERS[path](found)
        if (phoning := _PHONING.search(sentence)) and (writing := WRITING.search(sentence))
        if phoning.start() < writing.start() and not re.search(r"fasttelefon|landline", sentence)
        if not _MISSING.search(sentence)
    ]
    assert wrong == []


def headings() -> Iterator[tuple[str, str]]:
    """Yield each heading of the papers and the mails, the subjects of the mails among them."""
    for pattern, read in READERS.items():
        for path in ROOT.glob(pattern):
            text = path.read_text(encoding="utf-8")
            if read is markdown:
                text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
                yield from ((path.name, found) for found in re.findall(r"^#+ (.*)$", text, re.MULTILINE))
            elif read is template:
                yield from ((path.name, found) for found in re.findall(r"\bheading\(\"(.*?)\"", text))
                subjects = re.findall(r"^\{% from .*?\n(.*?)\n\n", text, re.DOTALL | re.MULTILINE)
                for found in subjects:
                    yield from ((path.name, line) for line in found.splitlines() if "macro" not in line)


def test_no_heading_speaks_of_phoning() -> None:
    """Who sees no more than the heading must not take it for a task to phone."""
    found = list(headings())
    assert ("digest.txt", "Må kontaktes på annen måte") in found
    assert [one for one in found if _PHONING.search(one[1])] == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Ring dem.",
        "Må ringes",
        "Ta kontakt på telefon.",
        "Ei likeperson må ringjast opp, så ringje ho.",
        "The organisation has to call the mentor.",
        "Please phone them.",
        "Tell the coordinator, who can call.",
        "Tlf. 22 33 44 55",
        "Ring dem, for de har ingen e-postadresse.",
    ],
)
def test_a_sentence_that_only_phones_is_found(sentence: str) -> None:
    """In each of the three languages."""
    assert names_phoning_alone(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Send SMS eller ring.",
        "Please send a text message or phone.",
        "The function may call its own.",
        "Det virker ikke, og omringer ingen.",
        "Bring the list in the spring.",
    ],
)
def test_a_sentence_with_another_way_is_not(sentence: str) -> None:
    """Nor one that speaks of something else."""
    assert not names_phoning_alone(sentence)
