"""Scope, threat model and onboarding are held to the code: files, tests, and the words on the coordinators' page."""

from __future__ import annotations

import re

from shared.adapters.email.rendering import templates
from tests.integration.documents.test_docs import KOORDINATOR, ROOT, TEXT, section

SCOPE, THREATS, ONBOARDING = (TEXT[ROOT / "docs" / f"{name}.md"] for name in ("scope", "threat-model", "opplaering"))
PAGE = (ROOT / "shared" / "dashboard" / "page.html").read_text(encoding="utf-8")
PATH = re.compile(r"`((?:\w[\w-]*/)+[\w.-]*|template\.yaml)`")
ONE_PAGE = 80


def rows(text: str) -> list[list[str]]:
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return lines[1:]


def test_every_follow_up_names_files_or_says_that_there_are_none() -> None:
    """What is out stands with why, and with the files that would have to change; that they exist is tested for all."""
    out = rows(section(SCOPE, "What is out, and why"))
    assert len(out) > 10
    for what, why, touches in out:
        assert why, what
        assert PATH.search(touches) or re.match(r"nothing|none", touches), what
    assert {"Grace periods", "SMS to mentors", "More than one certification for a mentor"} <= {
        name for what, _, _ in out for name in re.findall(r"\*\*([^*]+)\*\*", what)
    }


def test_every_threat_is_stopped_by_a_file_or_a_test() -> None:
    stopped = rows(section(THREATS, "What could happen, and what stops it"))
    assert len(stopped) > 12
    for threat, by in stopped:
        assert [name for name in PATH.findall(by) if (ROOT / name).exists()], threat


def test_the_threat_model_is_one_page() -> None:
    assert len(THREATS.splitlines()) <= ONE_PAGE
    assert section(THREATS, "What remains").count("\n- ") >= 5


def test_what_the_onboarding_quotes_is_on_the_page_or_in_a_mail() -> None:
    """A coordinator finds the words as they are learnt."""
    headings = set(re.findall(r'\{\{ heading\("([^"]+)"', templates("digest")["nb"]))
    for quoted in re.findall(r"«([^»]+)»", ONBOARDING):
        assert quoted in PAGE or quoted in headings or quoted in KOORDINATOR or "opplæring" in quoted, quoted


def test_sms_and_e_mail_come_before_the_telephone() -> None:
    """Many readers are hard of hearing: whoever is to be reached is written to first."""
    for text in (ONBOARDING, KOORDINATOR.partition("## På nynorsk")[0]):
        for line in text.splitlines():
            if re.search(r"\bring(?:e|er)?\b", line) and not re.search(r"ringer ingen|aldri å ringe", line):
                assert re.search(r"SMS|e-post|brev", line.partition("ring")[0]), line
