"""What operations reads: plain words, ids and codes only, and a section of the runbook behind each."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.alerts import WORDS, Alert, Condition, Kind, anchor, message

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SINCE = datetime(2026, 12, 1, 2, 40, tzinfo=UTC)
OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
_TITLES = re.findall(r"^### (.+)$", OPERATIONS, re.MULTILINE)
HEADINGS = {title.lower().replace(":", "").replace(" ", "-") for title in _TITLES}


def alert(condition=Condition.LISTED_BUT_INVALID, **changes):
    given = {
        "id": 7,
        "kind": Kind.OPENED,
        "condition": condition,
        "subject": "",
        "since": SINCE,
        "closed_at": None,
        "n": 2,
        "ids": (UUID(int=1), UUID(int=2)),
        "facts": {},
        "mark": "",
    }
    return Alert(**given | changes)


def test_an_alert_says_what_since_when_how_many_and_what_to_do():
    assert message(alert(), NOW) == (
        "HLF certification: URGENT: somebody is listed who must not be",
        """URGENT: somebody is listed who must not be

The website may show mentors who are not valid, or who do not consent. Most mentors visit homes.

SINCE      01.12.2026 03:40 (Norwegian time)
HOW MANY   2 mentors

IDS
  00000000-0000-0000-0000-000000000001
  00000000-0000-0000-0000-000000000002

WHAT TO DO
  1. See who and why: python -m local proof
  2. A repair is under way by itself; look again in ten minutes: python -m local status
  3. If somebody is still listed then, hide the row in Dynamics by hand: set it to Inactive.

RUNBOOK    docs/operations.md#alert-listed-but-invalid
ALERT      7
""",
    )


def test_the_end_asks_nothing_of_anybody():
    ended = alert(Condition.RUN_FAILED, kind=Kind.CLOSED, subject="expiry_check", closed_at=NOW, n=1, ids=())
    assert message(ended, NOW) == (
        "HLF certification: Over: A run failed (expiry_check)",
        """Over: A run failed (expiry_check)

This is over. It lasted 6 hours.
You need not do anything.

SINCE      01.12.2026 03:40 (Norwegian time)
UNTIL      01.12.2026 10:00

RUNBOOK    docs/operations.md#alert-run-failed
ALERT      7
""",
    )


def test_a_reminder_says_for_how_long():
    assert message(alert(kind=Kind.REMINDER, since=datetime(2026, 11, 28, 2, 40, tzinfo=UTC)), NOW).subject == (
        "HLF certification: Still, for 3 days: URGENT: somebody is listed who must not be"
    )


def test_twenty_ids_are_listed_and_the_rest_counted():
    body = message(alert(n=31, ids=tuple(UUID(int=number) for number in range(20))), NOW).body
    assert "  and 11 more\n" in body
    assert body.count("00000000-0000") == 20


@pytest.mark.parametrize("condition", Condition)
def test_every_condition_has_words_and_a_section_of_the_runbook(condition):
    assert WORDS[condition].steps
    assert anchor(condition) in HEADINGS


facts = st.dictionaries(st.text(max_size=10), st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text())))


@given(facts=facts, condition=st.sampled_from(Condition), kind=st.sampled_from(Kind))
def test_sns_takes_every_subject(facts, condition, kind):
    """At most 100 printable ASCII characters."""
    made = alert(condition, kind=kind, facts=facts, subject="0" * 50, closed_at=NOW)
    assert re.fullmatch(r"[ -~]{1,100}", message(made, NOW).subject)


@pytest.mark.parametrize("value", ["Kari Nordmann Ågot", "kari@example.no", "x12345678901", "a\nb", "ø"])
def test_what_is_no_code_is_not_told(value):
    """I11."""
    assert value not in message(alert(facts={"reason": value}), NOW).body


def test_codes_and_numbers_are_told():
    body = message(alert(facts={"reason": "dataverse_403_0x80072560,entra_7000222", "days_left": 3}), NOW).body
    assert "DAYS LEFT  3\nREASON     dataverse_403_0x80072560,entra_7000222\n" in body
