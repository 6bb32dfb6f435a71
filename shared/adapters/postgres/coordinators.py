"""What coordinators read and force, in PostgreSQL.

Its functions are in database/functions/coordinators/: reading.sql and forcing.sql.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from shared.adapters.postgres.connection import Connection, call
from shared.domain.coordinator_views import (
    LastNightlyCheck,
    LastProof,
    ListingState,
    MentorDetails,
    MentorPage,
    MentorView,
    OpenAlert,
    OrganisationSettings,
    Overview,
    Tally,
)
from shared.domain.errors import ForceSyncLimitError, NoSuchMentorError, NotACoordinatorError
from shared.domain.force_sync import BegunForceSync, ForcedListing, Place, QueuedSync, WhyNot
from shared.domain.website_rows import Site

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from shared.domain.force_sync import ForceSyncResult, Limits, WebsiteView


class PostgresCoordinators:
    """shared.ports.Coordinators. The database checks the organisation by the coordinator's id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def mentors(self, coordinator_id: UUID, state: ListingState | None, after: UUID | None, limit: int) -> MentorPage:
        """Return a page of mentors. Raises NotACoordinatorError."""
        organisation, mine = self._tallies(coordinator_id)
        rows = call(
            self._connection,
            "SELECT * FROM certification.coordinator_mentors(%(coordinator)s, %(state)s, %(after)s, %(limit)s)",
            {"coordinator": coordinator_id, "state": state, "after": after, "limit": limit + 1},
        )
        return MentorPage([_mentor(row) for row in rows[:limit]], len(rows) > limit, organisation, mine)

    def mentor(self, coordinator_id: UUID, mentor_id: UUID) -> MentorDetails:
        """Return one mentor. Raises NoSuchMentorError, or NotACoordinatorError."""
        rows = call(
            self._connection,
            "SELECT *, certification.coordinator_email_problem(%(coordinator)s, %(mentor)s) AS email_problem"
            " FROM certification.coordinator_mentor(%(coordinator)s, %(mentor)s)",
            {"coordinator": coordinator_id, "mentor": mentor_id},
        )
        if not rows:
            self._tallies(coordinator_id)
            raise NoSuchMentorError("no_such_mentor")
        row = rows[0]
        return MentorDetails(
            _mentor(row),
            row["phone"],
            row["email"],
            row["email_problem"],
            row["area"],
            row["synced_at"],
            row["wait_seconds"],
        )

    def overview(self, coordinator_id: UUID) -> Overview:
        """Return the organisation at a glance. Raises NotACoordinatorError."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.coordinator_overview(%(coordinator)s)",
            {"coordinator": coordinator_id},
        )
        settings = call(
            self._connection,
            "SELECT * FROM certification.coordinator_settings(%(coordinator)s)",
            {"coordinator": coordinator_id},
        )
        if not (rows and settings):
            raise NotACoordinatorError("not_a_coordinator")
        row = rows[0]
        return Overview(
            row["organisation_id"],
            row["organisation"] or "",
            row["coordinator"] or "",
            row["now"],
            row["today"],
            row["nightly_check"] and _nightly_check(row["nightly_check"]),
            row["proof"]
            and LastProof(
                datetime.fromisoformat(row["proof"]["at"]), row["proof"]["complete"], row["proof"]["differences"]
            ),
            {date.fromisoformat(one["date"]): one["count"] for one in row["expiries"]},
            [OpenAlert(one["kind"], datetime.fromisoformat(one["since"]), one["count"]) for one in row["alerts"]],
            _settings(settings[0]["own_thresholds"], settings[0]["in_force"]),
        )

    def _tallies(self, coordinator_id: UUID) -> tuple[Tally, Tally]:
        rows = call(
            self._connection,
            "SELECT * FROM certification.coordinator_counts(%(coordinator)s)",
            {"coordinator": coordinator_id},
        )
        if not rows:
            raise NotACoordinatorError("not_a_coordinator")
        counted = [row for row in rows if row["state"] is not None]
        return _tally(counted), _tally([row for row in counted if row["mine"]])


class PostgresForcedSyncs:
    """shared.ports.ForcedSyncs. Every call is one committed transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, coordinator_id: UUID, mentor_id: UUID, reason: str, limits: Limits) -> BegunForceSync:
        """Write the audit and raise the version.

        Raises NotACoordinatorError, NoSuchMentorError, ForceSyncLimitError.
        """
        row = call(
            self._connection,
            "SELECT * FROM certification.begin_force_sync("
            "%(coordinator)s, %(mentor)s, %(reason)s, %(per_mentor)s, %(per_coordinator)s)",
            {
                "coordinator": coordinator_id,
                "mentor": mentor_id,
                "reason": reason,
                "per_mentor": limits.per_mentor,
                "per_coordinator": limits.per_coordinator,
            },
        )[0]
        match row["outcome"]:
            case "not_a_coordinator":
                raise NotACoordinatorError("not_a_coordinator")
            case "no_such_mentor":
                raise NoSuchMentorError("no_such_mentor")
            case "limited":
                raise ForceSyncLimitError(row["wait_seconds"])
        return BegunForceSync(
            row["audit_id"],
            None if row["version"] is None else _listing(row),
            stopped=row["stopped"],
            locked=row["outcome"] == "locked",
        )

    def listing(self, coordinator_id: UUID, mentor_id: UUID) -> ForcedListing | None:
        """Return the listing as it is now; None if it is gone."""
        rows = call(
            self._connection,
            "SELECT * FROM certification.read_forced_listing(%(coordinator)s, %(mentor)s)",
            {"coordinator": coordinator_id, "mentor": mentor_id},
        )
        return _listing(rows[0]) if rows else None

    def end(
        self, begun: BegunForceSync, mentor_id: UUID, result: ForceSyncResult, *, outcome: str, equal: bool
    ) -> bool:
        """Write the outcome into the audit. Return whether the website equals the listing as it still is."""
        rows = call(
            self._connection,
            "SELECT certification.end_force_sync("
            "%(audit)s, %(mentor)s, %(version)s, %(outcome)s, %(before)s, %(after)s, %(equal)s) AS current",
            {
                "audit": begun.audit_id,
                "mentor": mentor_id,
                "version": result.version,
                "outcome": outcome,
                "before": _visible(result.before),
                "after": _visible(result.after),
                "equal": equal and not isinstance(result, QueuedSync),
            },
        )
        current: bool = rows[0]["current"]
        return current


def _mentor(row: Mapping[str, Any]) -> MentorView:
    return MentorView(
        row["id"],
        row["name"] or "",
        row["mine"],
        row["status"],
        row["valid_to"],
        row["consent"],
        row["listed"],
        ListingState(row["state"]),
        row["website_shown"],
        row["website_seen_at"],
        tuple(row["website_differs"]),
        row["verified_at"],
        row["why"] and WhyNot(row["why"]),
        row["code"],
        row["since"],
        row["version"],
    )


def _tally(rows: list[dict[str, Any]]) -> Tally:
    tally = Tally()
    for row in rows:
        tally.counts[ListingState(row["state"])] += row["n"]
        tally.listed += row["listed"]
    if rows and not any(row["unverified"] for row in rows):
        tally.verified_since = min(row["verified_since"] for row in rows)
    return tally


def _settings(own_thresholds: bool, in_force: Mapping[str, Any]) -> OrganisationSettings:
    return OrganisationSettings(
        own_thresholds,
        in_force["thresholds"],
        in_force["reactivate_renewed"],
        sorted({*in_force["listing_mapping"]["columns"].values()}),
        in_force["brake_count"],
        in_force["brake_percent"],
        in_force["table_is_ours"],
        in_force["fallback_address"],
    )


def _nightly_check(row: Mapping[str, Any]) -> LastNightlyCheck:
    ended = row["ended_at"]
    return LastNightlyCheck(
        date.fromisoformat(row["day"]),
        ended and datetime.fromisoformat(ended),
        row["state"],
        row["reminders"],
        row["expired"],
        row["reactivated"],
    )


def _listing(row: Mapping[str, Any]) -> ForcedListing:
    places = [
        Place(
            Site(
                number,
                place["table"],
                place["key"],
                tuple(sorted(place["columns"])),
                place["show"],
                place["hide"],
            ),
            place["columns"],
        )
        for number, place in enumerate(row["places"])
    ]
    return ForcedListing(row["version"], row["wanted"] if row["listed"] else None, places)


def _visible(view: WebsiteView | None) -> str:
    if view is None:
        return "not_read"
    return {True: "shown", False: "not_shown", None: "unclear"}[view.shown]
