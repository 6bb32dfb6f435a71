"""An organisation at a glance."""

from datetime import date, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from shared.dashboard.models.base import Moment, Reply, Text
from shared.domain.comparison import ProofVerdict
from shared.domain.coordinator_views import (
    LastNightlyCheck,
    LastProof,
    OpenAlert,
    OrganisationSettings,
    Overview,
)
from shared.domain.force_sync import PORTAL_LAG
from shared.domain.wording.coordinators import ALERTS


class Named(Reply):
    """An id and a name."""

    id: UUID
    name: str


class LastCheck(Reply):
    """The last nightly check of the organisation."""

    day: date
    ended_at: Moment | None
    state: Annotated[str, Field(description="succeeded, degraded, failed or running")]
    reminders: int
    expired: int
    reactivated: int

    @classmethod
    def of(cls, night: LastNightlyCheck) -> Self:
        return cls(
            day=night.day,
            ended_at=night.ended_at,
            state=night.state,
            reminders=night.reminders,
            expired=night.expired,
            reactivated=night.reactivated,
        )


class Proof(Reply):
    """The last full comparison of the website with the app."""

    at: Moment
    verdict: ProofVerdict
    differences: Annotated[int, Field(description="The open differences of this organisation")]

    @classmethod
    def of(cls, proof: LastProof) -> Self:
        return cls(at=proof.at, verdict=proof.verdict, differences=proof.differences)


class Expiries(Reply):
    """How many certifications end on a day."""

    date: date
    count: int


class Alert(Reply):
    """An open alert that concerns the organisation."""

    kind: str
    since: Moment
    count: int
    text: Text

    @classmethod
    def of(cls, alert: OpenAlert) -> Self:
        return cls(kind=alert.kind, since=alert.since, count=alert.n, text=Text.of(ALERTS[alert.kind]))


class SettingsInForce(Reply):
    """The settings that apply to the organisation. Operations changes them."""

    thresholds: Annotated[list[int], Field(description="Days before the last valid day on which a mentor is reminded")]
    own_thresholds: Annotated[bool, Field(description="False: those of the HLF standard")]
    reactivate_renewed: Annotated[bool, Field(description="Whether a renewed mentor becomes active by itself")]
    published: Annotated[list[str], Field(description="The app's names of the fields that visitors see")]
    brake_count: Annotated[int, Field(description="A change of at most this many mentors at once is never held")]
    brake_percent: Annotated[int, Field(description="Nor one of at most so many per cent; 100: nothing is held")]
    table_is_ours: Annotated[bool, Field(description="Whether visible rows of no mentor are hidden, if all say so")]
    fallback_address: Annotated[str | None, Field(description="For a coordinator who cannot be reached")]

    @classmethod
    def of(cls, settings: OrganisationSettings) -> Self:
        return cls(
            thresholds=list(settings.thresholds),
            own_thresholds=settings.own_thresholds,
            reactivate_renewed=settings.reactivate_renewed,
            published=list(settings.published),
            brake_count=settings.brake_count,
            brake_percent=settings.brake_percent,
            table_is_ours=settings.table_is_ours,
            fallback_address=settings.fallback_address,
        )


class OrganisationOverview(Reply):
    """The organisation at a glance."""

    organisation: Named
    coordinator: Named
    now: Moment
    today: date
    nightly_check: LastCheck | None
    proof: Proof | None
    expiries: Annotated[list[Expiries], Field(description="The next 60 days; days without any are left out")]
    expiries_to: date
    alerts: list[Alert]
    settings: SettingsInForce
    portal_lag_minutes: Annotated[int, Field(description="How long the website may show what it showed before")]

    @classmethod
    def of(cls, overview: Overview, coordinator_id: UUID) -> Self:
        return cls(
            organisation=Named(id=overview.organisation_id, name=overview.organisation),
            coordinator=Named(id=coordinator_id, name=overview.coordinator),
            now=overview.now,
            today=overview.today,
            nightly_check=LastCheck.of(overview.nightly_check) if overview.nightly_check else None,
            proof=Proof.of(overview.proof) if overview.proof else None,
            expiries=[Expiries(date=day, count=n) for day, n in overview.expiries.items()],
            expiries_to=overview.today + timedelta(days=60),
            alerts=[Alert.of(alert) for alert in overview.alerts],
            settings=SettingsInForce.of(overview.settings),
            portal_lag_minutes=PORTAL_LAG // timedelta(minutes=1),
        )
