"""The publisher of a function's alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shared.adapters.aws.sns import SnsAlertPublisher
from shared.domain.commands import Target
from shared.settings import operations_settings
from shared.use_cases.publish_alerts import publish_alerts

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.ports import Alerts, Report


def alert_publisher(alerts: Alerts, report: Report) -> Callable[[str], None]:
    """Return a callable that publishes the alerts of the function that it is called with (use_cases/publish_alerts)."""

    def publish(function: str) -> None:
        settings = operations_settings()
        publish_alerts(
            function,
            alerts=alerts,
            publisher=SnsAlertPublisher(settings.region, settings.topic_arn),
            report=report,
            now=datetime.now(UTC),
            language=settings.language,
            target=Target(settings.stack),
        )

    return publish
