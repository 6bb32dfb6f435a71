"""The mail of each condition, word for word (I10), under golden/alerts/: read them as operators do."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from shared.domain.alert_message import message
from shared.domain.alerts import Alert, AlertMessageKind, Condition, Language
from shared.domain.commands import Target
from shared.domain.conditions import CONDITIONS
from shared.domain.wording.languages import TEXTS

GOLDEN = Path(__file__).parent / "golden" / "alerts"
SINCE, NOW = datetime(2026, 12, 1, 2, 40, tzinfo=UTC), datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
# Of some conditions a mail says more where a fact or a subject is known.
FACTS: dict[Condition, dict[str, object]] = {
    # Entra's code of a secret that has ended: this is the mail, since the refusal says more than the date.
    Condition.WEBSITE_REFUSES_US: {"reason": "entra_7000222", "still_shown": 1},
    Condition.WEBSITE_UNREACHABLE: {"reason": "dataverse_503", "still_shown": 0},
    Condition.SECRET_ENDED: {"ends_on": "2026-11-29"},
    Condition.SECRET_ENDING: {"ends_on": "2026-12-03"},
    Condition.PENDING_SECRET_REFUSED: {"reason": "entra_7000215"},
    Condition.RUN_FAILED: {"reason": "database_57P01"},
    Condition.RUN_DEGRADED: {"reason": "notices_undeliverable"},
}
SUBJECTS = {
    Condition.RUN_FAILED: "expiry_check",
    Condition.RUN_DEGRADED: "send_notices",
    Condition.RUN_MISSING: "expiry_check",
    Condition.DEAD_LETTERS: "SyncDeadLetters",
}


# Each condition, and again for each form of the credential that has texts of its own.
MAILS = [(condition, form) for condition in Condition for form in ("", *CONDITIONS[condition].forms)]


def golden_name(condition: Condition, form: str, language: Language) -> str:
    return ".".join(filter(None, (condition, form, language, "txt")))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("condition", "form"), MAILS)
def test_the_mail_of_every_condition_reads_as_in_golden(condition: Condition, form: str, language: Language) -> None:
    """Set UPDATE_GOLDEN=1 to write the files anew, and read what changed."""
    alert = Alert(
        id=7,
        kind=AlertMessageKind.OPENED,
        condition=condition,
        subject=SUBJECTS.get(condition, ""),
        since=SINCE,
        closed_at=None,
        n=2,
        ids=(UUID(int=1), UUID(int=2)),
        facts={**FACTS.get(condition, {}), **({"form": form} if form else {})},
        mark="",
    )
    sent = message(alert, NOW, TEXTS[language], Target("hlf-certification"))
    mail = f"Subject: {sent.subject}\n\n{sent.body}"
    golden = GOLDEN / golden_name(condition, form, language)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(mail, encoding="utf-8")
    assert mail == golden.read_text(encoding="utf-8")


def test_no_golden_mail_is_left_of_a_condition_that_is_gone() -> None:
    """One file for each condition, form and language."""
    expected = {golden_name(condition, form, language) for condition, form in MAILS for language in Language}
    assert {path.name for path in GOLDEN.iterdir()} == expected
