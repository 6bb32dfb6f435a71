"""An event of SES about a mail of a drill: found by its own tag, and in no count of mails (point 6)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from shared.domain.mail.events import DrillEvent, DrillOutcome, MailEvent, MailEventKind, NotOurs
from shared.ses_events import mail_event
from shared.use_cases.mail_events import record_mail_event
from tests.support.fakes.report import FakeReport

if TYPE_CHECKING:
    from shared.domain.mail.events import RecordOutcome

EVENTS = Path(__file__).parents[2] / "events"
DRILL = UUID("6cde1fc7-e1e9-4667-8f55-02ca4deea117")


def published(kind: str, **tags: list[str]) -> Any:
    event = json.loads((EVENTS / f"mail_events.{kind}.json").read_text(encoding="utf-8"))
    of_the_set = {name: values for name, values in event["detail"]["mail"]["tags"].items() if name != "notice_id"}
    event["detail"]["mail"]["tags"] = of_the_set | tags
    return event


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("delivery", "2.0.0"),
        ("bounce", "permanent, General, 5.1.1"),
        ("complaint", "abuse"),
        ("delay", "MailboxFull, 4.2.2"),
        ("reject", "reject"),
    ],
)
def test_an_event_of_a_drill_is_read(kind: str, code: str) -> None:
    """Its kind, time and codes, and no address (I11)."""
    said = mail_event(published(kind, drill_id=[str(DRILL)]))
    assert isinstance(said, DrillEvent)
    assert (said.drill_id, said.kind, said.code) == (DRILL, MailEventKind(kind), code)
    assert "@" not in str(said)


@pytest.mark.parametrize("value", [[], ["x"], [str(DRILL).upper()], [str(DRILL), str(DRILL)], str(DRILL), [17]])
def test_another_tag_of_that_name_is_not_ours(value: Any) -> None:
    assert mail_event(published("bounce", drill_id=value)) is NotOurs.WITHOUT_TAG


def test_a_notice_comes_before_a_drill() -> None:
    """No mail has both; if one ever had, a person waits for it."""
    said = mail_event(published("bounce", drill_id=[str(DRILL)], notice_id=["17"]))
    assert isinstance(said, MailEvent)


class Drills:
    """The port, of a drill that is there or not."""

    def __init__(self, outcome: DrillOutcome) -> None:
        self.outcome = outcome

    def record(self, _: MailEvent) -> RecordOutcome:
        raise AssertionError("it is of no notice")

    def record_drill(self, _: DrillEvent) -> DrillOutcome:
        return self.outcome


@pytest.mark.parametrize("outcome", DrillOutcome)
def test_a_drill_is_in_no_count_of_mails(outcome: DrillOutcome) -> None:
    """A complaint of a drill is told to nobody, and only its own count is 1."""
    said = mail_event(published("complaint", drill_id=[str(DRILL)]))
    report, alerts = FakeReport(), list[str]()
    assert record_mail_event(said, mail_events=Drills(outcome), publish_alerts=alerts.append, report=report) is outcome
    [(_, counts, facts)] = report.works
    assert {name for name, n in counts.items() if n} == {f"mail_events_{outcome}"}
    assert (alerts, facts) == ([], {"drill_id": str(DRILL)})
