"""What is read of SES's events, and what is done with each (I11, I12, I17)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.mail.events import (
    BounceType,
    DrillEvent,
    DrillOutcome,
    MailEvent,
    MailEventKind,
    NotOurs,
    RecordOutcome,
)
from shared.events import InvalidEventError
from shared.ses_events import mail_event
from shared.use_cases.mail_events import MAIL_EVENT_COUNTS, record_mail_event
from tests.support.fakes.report import FakeReport
from tests.support.mails import an_event

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS = Path(__file__).parents[2] / "events"


def published(kind: str) -> Any:
    return json.loads((EVENTS / f"mail_events.{kind}.json").read_text(encoding="utf-8"))


def read(event: object) -> MailEvent:
    said = mail_event(event)
    assert isinstance(said, MailEvent)
    return said


@pytest.mark.parametrize(
    ("kind", "of", "code", "status", "minute"),
    [
        ("bounce", BounceType.PERMANENT, "General", "5.1.1", "08:00"),
        ("complaint", None, "abuse", None, "10:12"),
        ("delivery", None, None, "2.0.0", "08:00"),
        ("delay", None, "MailboxFull", "4.2.2", "08:30"),
        ("reject", None, "reject", None, "08:00"),
    ],
)
def test_each_kind_is_read(kind: str, of: BounceType | None, code: str | None, status: str | None, minute: str) -> None:
    said = read(published(kind))
    assert (said.kind.value, said.bounce_type, said.code, said.status) == (kind, of, code, status)
    assert said.notice_id == 17
    assert said.accepted_at == datetime(2026, 12, 1, 8, 0, 4, 120_000, UTC)
    assert said.occurred_at.isoformat().startswith(f"2026-12-01T{minute}")
    assert said.key.startswith(f"{said.message_id}:{kind}:")


@pytest.mark.parametrize("kind", MailEventKind)
def test_the_key_is_the_same_each_time(kind: str) -> None:
    """EventBridge gives each copy an id of its own, and SES may publish a thing twice."""
    first, second = published(kind), published(kind)
    second |= {"id": "another", "time": "2026-12-01T23:59:59Z"}
    assert read(first).key == read(second).key


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Permanent", "permanent"),
        ("Transient", "transient"),
        ("Undetermined", "undetermined"),
        ("SomethingNew", "undetermined"),
    ],
)
@pytest.mark.parametrize("sub", ["General", "NoEmail", "Suppressed", "OnAccountSuppressionList", "MailboxFull"])
def test_every_type_of_bounce(words: str, kind: str, sub: str) -> None:
    """Also one that SES may add, and those of its suppression lists."""
    event = published("bounce")
    event["detail"]["bounce"] |= {"bounceType": words, "bounceSubType": sub}
    assert (read(event).bounce_type, read(event).code) == (kind, sub)


@pytest.mark.parametrize("words", ["kari@example.no", "two words", "", "1", "x" * 41])
def test_a_code_is_a_code_and_no_words(words: str) -> None:
    """I11: whatever SES may put there one day."""
    event = published("bounce")
    event["detail"]["bounce"]["bounceSubType"] = words
    assert read(event).code is None


@pytest.mark.parametrize(("kind", "part"), [("bounce", "bounce"), ("delay", "deliveryDelay"), ("delivery", "delivery")])
def test_a_null_says_nothing_and_loses_nothing(kind: str, part: str) -> None:
    """I17: a bounce must not lie among the dead letters for a field without a value."""
    event = published(kind)
    needed = {"timestamp", "bounceType"}
    event["detail"][part] = {name: said if name in needed else None for name, said in event["detail"][part].items()}
    assert (read(event).kind, read(event).code, read(event).status) == (kind, None, None)


def test_a_complaint_of_the_suppression_list_says_so() -> None:
    event = published("complaint")
    event["detail"]["complaint"]["complaintSubType"] = "OnAccountSuppressionList"
    assert read(event).code == "OnAccountSuppressionList"
    event["detail"]["complaint"] |= {"complaintSubType": None, "complaintFeedbackType": None}
    assert read(event).code is None


@pytest.mark.parametrize(
    ("status", "diagnosis", "expected"),
    [
        ("5.1.1", "", "5.1.1"),
        ("", "smtp; 550 5.7.26 <kari@example.no> at 10.5.1.1: refused", "5.7.26"),
        ("", "smtp; 550 from 5.1.1.9", None),
        ("kari@example.no", "", None),
        ("5.1.12345", "", None),
    ],
)
def test_of_what_a_server_says_the_status_code_is_kept(status: str, diagnosis: str, expected: str | None) -> None:
    """I11: its words quote the address."""
    event = published("bounce")
    event["detail"]["bounce"]["bouncedRecipients"] = [{"status": status, "diagnosticCode": diagnosis}]
    assert read(event).status == expected


@pytest.mark.parametrize("tags", [None, {}, {"notice_id": []}, {"notice_id": ["1", "2"]}, {"notice_id": "17"}])
@pytest.mark.parametrize("kind", MailEventKind)
def test_without_our_tag_it_is_not_ours(kind: str, tags: Any) -> None:
    """However little of the rest makes sense."""
    event = published(kind)
    event["detail"] = {"eventType": event["detail"]["eventType"], "mail": {"tags": tags}}
    assert mail_event(event) is NotOurs.WITHOUT_TAG


@pytest.mark.parametrize("value", ["0", "-1", "017", "1" * 19, "x", "1 ", "\u0661\u0667", "", 17, None])
def test_a_tag_that_is_no_id_is_not_ours(value: object) -> None:
    event = published("bounce")
    event["detail"]["mail"]["tags"]["notice_id"] = [value]
    assert mail_event(event) is NotOurs.WITHOUT_TAG


@pytest.mark.parametrize("kind", ["Send", "Open", "Click", "Rendering Failure", "Subscription", "New", None])
def test_another_kind_is_not_recorded(kind: object) -> None:
    event = published("bounce")
    event["detail"]["eventType"] = kind
    assert mail_event(event) is NotOurs.OTHER_KIND


@pytest.mark.parametrize(
    "damage",
    [
        lambda event: event.pop("source"),
        lambda event: event["detail"].pop("bounce"),
        lambda event: event["detail"]["bounce"].pop("timestamp"),
        lambda event: event["detail"]["bounce"].pop("bounceType"),
        lambda event: event["detail"]["mail"].pop("messageId"),
        lambda event: event["detail"]["mail"].update(messageId="kari øyen"),
        lambda event: event["detail"]["mail"].update(timestamp="øyen"),
        lambda event: event["detail"]["mail"].pop("timestamp"),
    ],
)
def test_ours_and_malformed_is_refused(damage: Callable[[Any], object]) -> None:
    """So that it ends among the dead letters, where somebody looks; the message quotes nothing of it (I11)."""
    event = published("bounce")
    damage(event)
    with pytest.raises(InvalidEventError) as raised:
        mail_event(event)
    assert "øyen" not in str(raised.value)
    assert "kari" not in str(raised.value)


@pytest.mark.parametrize("event", [None, "x", [], {}, {"detail": None}, {"detail": "kari@example.no"}])
def test_what_is_no_event_is_refused(event: object) -> None:
    with pytest.raises(InvalidEventError):
        mail_event(event)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(kind=st.sampled_from(list(MailEventKind)), where=st.integers(0, 10_000), value=junk)
def test_no_event_is_an_unexpected_error(kind: str, where: int, value: object) -> None:
    """Whatever stands anywhere in it: read, not ours, or InvalidEventError."""
    event = published(kind)
    places = [(event, name) for name in event]
    for holder, name in places:
        inner = holder[name]
        if isinstance(inner, dict | list):
            places += [(inner, key) for key in (inner if isinstance(inner, dict) else range(len(inner)))]
    holder, name = places[where % len(places)]
    holder[name] = value
    try:
        said = mail_event(event)
    except InvalidEventError:
        return
    assert isinstance(said, MailEvent | NotOurs)


class Recorder:
    """shared.ports.MailEvents with one answer."""

    def __init__(self, outcome: RecordOutcome) -> None:
        self.outcome = outcome

    def record(self, _: MailEvent) -> RecordOutcome:
        return self.outcome

    def record_drill(self, _: DrillEvent) -> DrillOutcome:
        raise AssertionError("it is of no drill")


@pytest.mark.parametrize("outcome", RecordOutcome)
@pytest.mark.parametrize("kind", MailEventKind)
def test_alerts_follow_what_did_not_arrive(kind: MailEventKind, outcome: RecordOutcome) -> None:
    """I12: each event has every count, zeros included. What is repeated or waits is published by the sweep."""
    report, published_by = FakeReport(), list[str]()
    said = an_event(17, kind.value)
    record_mail_event(said, mail_events=Recorder(outcome), publish_alerts=published_by.append, report=report)
    [(function, counts, facts)] = report.works
    assert (function, set(counts)) == ("mail_events", set(MAIL_EVENT_COUNTS))
    assert sum(counts.values()) == (2 if outcome in {"recorded", "waiting"} else 1)
    assert facts["notice_id"] == 17
    bad = kind in {MailEventKind.BOUNCE, MailEventKind.COMPLAINT, MailEventKind.REJECT}
    assert published_by == (["mail_events"] if bad and outcome == "recorded" else [])


@pytest.mark.parametrize("why", NotOurs)
def test_what_is_not_ours_is_counted(why: NotOurs) -> None:
    report = FakeReport()
    said = record_mail_event(
        why, mail_events=Recorder(RecordOutcome.RECORDED), publish_alerts=lambda _: None, report=report
    )
    assert said is why
    [(_, counts, _)] = report.works
    assert {name for name, n in counts.items() if n} == {f"mail_events_{why}"}
