"""What looks like personal data is taken out of every log line, and ids are left whole (I11)."""

from __future__ import annotations

import json
import logging
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.privacy import redact
from shared.observability import _Formatter, metric_name


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("kari.saether@example.no", "[e-mail]"),
        ("Key (email)=(kari@example.no) already exists", "Key (email)=([e-mail]) already exists"),
        ("<kåre@bjørnøya.no>", "<[e-mail]>"),
        ("01017012345", "[11 digits]"),
        ("010170 12345, 010170-12345", "[11 digits], [11 digits]"),
        ("+47 000 47 985", "[phone]"),
        ("+4700047985", "[phone]"),
        ("00 04 79 85", "[phone]"),
        ("phone=00047985;", "phone=[phone];"),
    ],
)
def test_addresses_phones_and_identity_numbers_are_replaced(text: str, redacted: str) -> None:
    """I11: by what they were."""
    assert redact(text) == redacted


@given(st.uuids())
def test_an_id_is_never_taken_for_something_else(number: Any) -> None:
    """A UUID may hold eight or eleven digits in a row."""
    assert redact(f"mentor {number}") == f"mentor {number}"


@pytest.mark.parametrize("text", ["2026-12-01T00:15:00Z", "notice 4711", "database_23505_reminder_once", "n=1234567"])
def test_dates_codes_and_counts_are_left(text: str) -> None:
    """What operations need."""
    assert redact(text) == text


def test_a_logged_exception_names_places_and_no_message() -> None:
    """I11: a driver's message quotes the row it is about; so do the arguments of a log call."""
    formatter = _Formatter()
    try:
        date.fromisoformat("Kari Sæther, kari@example.no, 01017012345")
    except ValueError as error:
        raised = (ValueError, error, error.__traceback__)
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "for %s", ("kari@example.no",), raised)
    line = formatter.format(record)
    assert json.loads(line)["exception_name"] == "ValueError"
    assert "test_privacy.py" in line
    assert re.search("Kari|kari|01017012345", line) is None


def test_a_measure_becomes_a_metrics_usual_name() -> None:
    """reminders_due is RemindersDue in CloudWatch."""
    assert metric_name("reactivations_skipped_manual_edit") == "ReactivationsSkippedManualEdit"
