"""`hlf-operations settings`: what a change would do is said before it is made, and a person is asked."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.foundation import DAY, days
from tests.support.terminal import session

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from tests.support.foundation import Foundation
    from tests.support.operator import Operator

WHO = ("--actor", "turid", "--reason", "the board asked for it")
MOSS = ("--org", "HLF Moss")


@pytest.fixture
def moss(foundation: Foundation) -> UUID:
    """An organisation with two mentors whom a threshold of 45 days would reach tomorrow."""
    made = foundation.organisation(name="HLF Moss")
    for _ in range(2):
        foundation.mentor(made, DAY + days(40))
    return made


def said(operator: Operator, *words: str, expect: int = 0) -> str:
    return " ".join(operator.run("settings", *words, expect=expect).split())


def count(foundation: Foundation) -> int:
    n: int = foundation.one("SELECT count(*) FROM certification.audit WHERE action = 'change_settings'")
    return n


@pytest.mark.usefixtures("moss")
def test_a_change_says_first_what_it_does(operator: Operator, foundation: Foundation) -> None:
    """By --dry-run nothing else; by --yes it is made, and shown, and kept in the history with who and why."""
    change = ("set", "org_thresholds=yes", "thresholds=45 21 7", *MOSS, *WHO)
    dry = said(operator, *change, "--dry-run")
    assert "thresholds: 30 14 7 → 45 21 7" in dry
    assert "2 mentors would be reminded tomorrow who would not be now" in dry
    assert count(foundation) == 0
    assert "Changed." in said(operator, *change, "--yes")
    assert "thresholds: 45 21 7 reminders: days before" in said(operator, "show", *MOSS)
    assert "brake_percent: 20 (the standard's)" in said(operator, "show", *MOSS)
    assert "as the standard" not in said(operator, "show")
    history = said(operator, "history", *MOSS)
    for part in ("turid (", "the board asked for it", "org_thresholds: no → yes", "thresholds: 30 14 7 → 45 21 7"):
        assert part in history
    assert "No setting has been changed." in said(operator, "history", "--standard")
    assert "It is so already" in said(operator, *change, "--yes", expect=1)


@pytest.mark.usefixtures("moss")
def test_a_program_gets_json(operator: Operator) -> None:
    """The same: before, after, effects; and times in UTC."""
    change = ("set", "brake_count=0", "brake_percent=0", "fallback_address=post@hlf.no", *MOSS, *WHO)
    made = json.loads(operator.run("settings", *change, "--yes", "--json"))
    assert (made["organisation"], made["changed"]) == ("HLF Moss", True)
    assert made["before"] == {"brake_count": None, "brake_percent": None, "fallback_address": None}
    assert made["after"] == {"brake_count": 0, "brake_percent": 0, "fallback_address": "post@hlf.no"}
    assert made["effects"][0]["held_then"] == {}
    [shown] = json.loads(operator.run("settings", "show", *MOSS, "--json"))
    assert shown["stored"]["brake_count"] == shown["in_force"]["brake_count"] == 0
    [kept] = json.loads(operator.run("settings", "history", "--json"))
    assert kept["after"]["fallback_address"] == "…@hlf.no"
    both = json.loads(operator.run("settings", "show", "--json"))
    assert [one["organisation"] for one in both] == [None, "HLF Moss"]


@pytest.mark.usefixtures("moss")
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("from 0 to 365", "not an e-mail address")), ("nb", ("fra 0 til 365", "ingen e-postadresse"))],
)
def test_what_makes_no_sense_is_refused_in_words(
    operator: Operator, foundation: Foundation, language: str, words: tuple[str, str]
) -> None:
    """In both languages, before anybody is asked; nothing is changed."""
    for change, part in zip(("thresholds=400", "fallback_address=kari"), words, strict=True):
        assert part in said(operator, "set", change, *MOSS, *WHO, "--yes", "--language", language, expect=1)
    assert "must have a value" in said(operator, "set", "thresholds=standard", *MOSS, *WHO, "--yes", expect=1)
    assert "too large" in said(operator, "set", "brake_count=99999999999", *MOSS, *WHO, "--yes", expect=1)
    assert "not a setting here" in said(operator, "set", "table_is_ours=yes", "--standard", *WHO, "--yes", expect=1)
    assert count(foundation) == 0


@pytest.mark.usefixtures("moss")
def test_a_mapping_is_read_from_a_file(operator: Operator, tmp_path: Path) -> None:
    """As `show --json` prints it; the word standard takes it back."""
    [shown] = json.loads(operator.run("settings", "show", "--standard", "--json"))
    mapping: dict[str, Any] = shown["stored"]["listing_mapping"]
    (file := tmp_path / "mapping.json").write_text(json.dumps(mapping | {"columns": {"hlf_name": "full_name"}}))
    assert "Changed." in said(operator, "set", f"listing_mapping=@{file}", *MOSS, *WHO, "--yes")
    assert "hlf_name=full_name; statecode, statuscode" in said(operator, "history", *MOSS)
    assert "Changed." in said(operator, "set", "listing_mapping=standard", *MOSS, *WHO, "--yes")
    [shown] = json.loads(operator.run("settings", "show", *MOSS, "--json"))
    assert shown["stored"]["listing_mapping"] is None


@pytest.mark.usefixtures("moss")
def test_the_standard_is_changed_for_all_it_applies_to(operator: Operator, foundation: Foundation) -> None:
    """Each organisation with what it does there."""
    foundation.mentor(foundation.organisation(name="HLF Vestland"), DAY + days(40))
    printed = said(operator, "set", "thresholds=45 7", "--standard", *WHO, "--yes")
    assert "The HLF standard thresholds: 30 14 7 → 45 7" in printed
    assert "HLF Moss 2 mentors would be reminded" in printed
    assert "HLF Vestland 1 mentor would be reminded" in printed


@pytest.mark.parametrize(("answer", "code", "changes"), [(b"n\n", 1, 0), (b"y\n", 0, 1)])
@pytest.mark.usefixtures("moss")
def test_at_a_terminal_a_person_is_asked(
    operator: Operator, foundation: Foundation, answer: bytes, code: int, changes: int
) -> None:
    """After it was said what the change does. Nothing is locked or open while the person thinks."""
    words = ("settings", "set", "brake_count=3", *MOSS, *WHO, *operator.options)
    with session([sys.executable, "-m", "operations", *words], dict(operator.environment)) as at:
        shown = at.read(until="Change it?")
        assert "brake_count" in shown
        held = "SELECT count(*) FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation"
        assert foundation.one(f"{held} WHERE c.relnamespace = 'certification'::regnamespace") == 0
        at.type(answer)
        at.read()
    assert (at.process.returncode, count(foundation)) == (code, changes), at.shown


@pytest.mark.usefixtures("moss")
def test_two_persons_at_once_do_not_overwrite(operator: Operator, foundation: Foundation, moss: UUID) -> None:
    """What was shown to the first is no longer so: the change is refused, and says so."""
    words = ("settings", "set", "brake_count=3", *MOSS, *WHO, *operator.options)
    with session([sys.executable, "-m", "operations", *words], dict(operator.environment)) as at:
        at.read(until="Change it?")
        foundation.brake(8, 30, moss)
        at.type(b"y\n")
        at.read()
    assert at.process.returncode == 1
    assert "Somebody else has changed these settings meanwhile" in " ".join(at.shown.split())
    assert foundation.all("SELECT count, percent FROM certification.brake_limits(%s)", moss) == [(8, 30)]
