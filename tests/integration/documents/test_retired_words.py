"""One word for one thing: a word that the glossary calls retired is written nowhere, nor a name that has changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
GLOSSARY, CHANGES = ROOT / "docs" / "glossary.md", ROOT / "CHANGELOG.md"
# The coordinators' page and the Norwegian texts have the words of their readers.
EXEMPT = {
    GLOSSARY,
    ROOT / "docs" / "koordinator.md",
    Path(__file__),
    *ROOT.glob("*/**/bokmal*.py"),
}
FOLDERS = (
    "benchmarks",
    "break_glass",
    "contract_check",
    "dataverse",
    "docs",
    "emulators",
    "events",
    "functions",
    "local",
    "operations",
    "shared",
    "tests",
)
SUFFIXES = {".py", ".sql", ".md", ".json", ".yaml", ".toml", ".html", ".sh"}


def _files() -> list[Path]:
    found = [path for path in ROOT.iterdir() if path.suffix in SUFFIXES or path.name == "Makefile"]
    found += [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return sorted(set(found) - EXEMPT)


def _retired() -> list[str]:
    table = GLOSSARY.read_text(encoding="utf-8").partition("## Retired words")[2]
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def _pattern(word: str) -> str:
    """Return the regular expression of a retired word: whole words, and `*` for letters, digits and underscores."""
    begin, end = (r"\b" if re.match(r"[\w*]", edge) else "" for edge in (word[0], word[-1]))
    body = r"\w*".join(map(re.escape, word.split("*")))
    return f"{begin}{body}{end}" if re.search("[A-Z]", word) else f"(?i:{begin}{body}{end})"


def _changed() -> list[tuple[str, str]]:
    """The rows of the change log's tables of names: old and new, each in code spans."""
    lines = CHANGES.read_text(encoding="utf-8").partition("### Names that changed")[2].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ") and line != "| old | new |"]
    return [(old, new) for old, new in rows]


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", re.sub(r" \([^()]*(\(\)`)?[^()]*\)$", "", cell))


FILES = {path: path.read_text(encoding="utf-8") for path in _files()}
FILES[CHANGES] = FILES[CHANGES].partition("### Names that changed")[0]
TEXT = "\n".join(FILES.values())
# Each word once: a name is looked for here in a thirtieth of the time.
WORDS = "\n".join(sorted(set(re.findall(r"\w+", TEXT))))
LINES = "\n".join(sorted(set(TEXT.splitlines())))
LOWER = LINES.lower()


def _is_written(pattern: str, name: str) -> bool:
    """Return whether the pattern of this name occurs. A name of several words is looked for in the lines."""
    if re.fullmatch(r"[\w*…]+", name):
        return re.search(pattern, WORDS) is not None
    longest = max(re.split(r"[\W*]+", name), key=len).lower()
    return longest in LOWER and re.search(pattern, LINES) is not None


@pytest.mark.parametrize("word", _retired())
def test_a_retired_word_does_not_return(word: str) -> None:
    if not _is_written(_pattern(word), word):
        return
    pattern = re.compile(_pattern(word))
    assert [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path, text in FILES.items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ] == []


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("*doorbell*", "    DoorbellSecret:"),
        ("class *Answer*", "class ProofAnswer(StrEnum):"),
        ("certification.ring", "SELECT certification.ring(ids)"),
        ("note_check", "NOTE_CHECK"),
    ],
)
def test_a_retired_word_is_found_in_every_form(word: str, line: str) -> None:
    assert word in _retired()
    assert re.search(_pattern(word), line)


def test_a_word_that_contains_a_retired_one_is_none() -> None:
    assert not re.search(_pattern("gate"), "an aggregate, investigated")
    assert not re.search(_pattern("certification.ring"), "certification.ring_size")


@pytest.mark.parametrize(("old", "new"), _changed())
def test_a_name_that_changed_is_gone_and_its_new_one_is_here(old: Any, new: Any) -> None:
    assert [name for name in _names(new) if name.rpartition(".")[2].rstrip("*…") not in TEXT] == []
    # A plain word such as `count` goes on being one.
    telling = [name for name in _names(old) if re.search("[A-Z_]", name)]
    assert [name for name in telling if _is_written(rf"\b{re.escape(name.rstrip('*…'))}\b", name)] == []
