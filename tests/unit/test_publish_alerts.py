"""Publishing on fakes: what is sent once, and what the next run sends (I10, I12)."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.domain.alerts import Alert, AlertMessageKind, Condition
from shared.domain.errors import StoreUnavailableError
from shared.use_cases.publish_alerts import ALERT_COUNTS, publish_alerts
from tests.support.fakes.alerts import FakeAlertPublisher, FakeAlerts
from tests.support.fakes.report import FakeReport

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def an_alert(number: int) -> Alert:
    return Alert(number, AlertMessageKind.OPENED, Condition.BRAKE, "expiry", NOW, None, 1, (), {}, "")


class Publishing:
    """Two alerts that are due, and who hears of them."""

    def __init__(self) -> None:
        self.alerts = FakeAlerts([an_alert(1), an_alert(2)])
        self.publisher = FakeAlertPublisher()
        self.report = FakeReport()

    def run(self) -> dict[str, int]:
        return publish_alerts("expiry_check", alerts=self.alerts, publisher=self.publisher, report=self.report, now=NOW)


def test_what_is_due_is_sent_once() -> None:
    publishing = Publishing()
    assert publishing.run()["alerts_sent"] == 2
    assert publishing.run()["alerts_sent"] == 0
    assert len(publishing.publisher.subjects()) == 2


def test_what_could_not_be_sent_is_sent_by_the_next_run() -> None:
    """I10: nothing is raised, because the run's own work is done."""
    publishing = Publishing()
    publishing.publisher.away = True
    assert (counts := publishing.run())["alerts_unsent"] == 2
    assert counts["alerts_sent"] == 0
    publishing.publisher.away = False
    assert publishing.run()["alerts_sent"] == 2


def test_a_database_that_refuses_ends_no_run() -> None:
    publishing = Publishing()
    publishing.alerts.error = StoreUnavailableError("database_busy")
    assert publishing.run()["alerts_unsent"] == 1
    assert publishing.report.works[-1].facts == {"reasons": ["database_busy"]}


def test_every_count_is_reported_zeros_included() -> None:
    """I12."""
    publishing = Publishing()
    publishing.alerts.unsent.clear()
    assert publishing.run() == dict.fromkeys(ALERT_COUNTS, 0)
    assert publishing.report.counts("expiry_check") == dict.fromkeys(ALERT_COUNTS, 0)
