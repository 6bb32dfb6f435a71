"""The contract with the app: the tables of the foundation and the core workflows that this system stands on.

docs/contract.md says the same in prose. A change here is a new version, announced in CHANGELOG.md a release ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CONTRACT_VERSION: Final = "1.0"
"""The first number rises when the app has to change something, the second when a point is added that it may ignore."""


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """The types that a column may have: a base type by name, or any type of these categories (pg_type.typcategory).

    `cure` is the type to which an unsuitable text column can be changed.
    """

    wanted: str
    cure: str
    types: tuple[str, ...] = ()
    categories: str = ""

    def fits(self, base: str, category: str) -> bool:
        """Return whether a column of this base type and category can be used."""
        return base in self.types or category in self.categories


_ID = ColumnKind("uuid", "uuid", ("uuid",))
_TEXT = ColumnKind("text, varchar or an enum", "text", categories="SEN")
_FLAG = ColumnKind("boolean", "boolean", ("boolean",))
_DAY = ColumnKind("date or timestamptz", "date", ("date", "timestamp without time zone", "timestamp with time zone"))

COLUMNS: Final[dict[str, dict[str, ColumnKind]]] = {
    "organisations": {"id": _ID, "name": _TEXT, "timezone": _TEXT},
    "coordinators": {"id": _ID, "organisation_id": _ID, "full_name": _TEXT, "email": _TEXT, "locale": _TEXT},
    "peer_mentors": {"id": _ID, "organisation_id": _ID, "coordinator_id": _ID, "listing_consent": _FLAG}
    | dict.fromkeys(("first_name", "last_name", "email", "phone", "area", "status", "locale"), _TEXT),
    "certifications": {"mentor_id": _ID, "expires_on": _DAY},
    "mentor_status_log": {"mentor_id": _ID, "certification_expiry_date": _DAY}
    | dict.fromkeys(("from_status", "to_status", "reason", "actor"), _TEXT),
}
"""Every table of the foundation with the columns that this system reads or writes."""

TRIGGERS_ON: Final = ("organisations", "peer_mentors", "certifications")
"""The tables that our triggers are on: a trigger needs a table, not a view."""

UNIQUE: Final = {"organisations": "id", "coordinators": "id", "peer_mentors": "id", "certifications": "mentor_id"}
"""The column of each table that names a row: one row each."""

LOG: Final = "mentor_status_log"

NEVER_NULL: Final[dict[tuple[str, str], str]] = {
    ("organisations", "timezone"): "data.timezone_unknown",
    ("coordinators", "organisation_id"): "data.coordinator_of_another_organisation",
    ("coordinators", "email"): "data.coordinator_address",
    ("peer_mentors", "id"): "data.mentor_without_id",
    ("peer_mentors", "organisation_id"): "data.organisation_missing",
    ("peer_mentors", "status"): "data.status_unknown",
    ("certifications", "mentor_id"): "data.certification_of_nobody",
    ("certifications", "expires_on"): "data.expiry_implausible",
}
"""The columns in which a row needs a value, each with the point that finds one without. Every other may be null."""

STATUSES: Final = ("active", "paused", "certification_expired", "inactive")
"""Every status that a mentor may have."""

_MOVED: Final = ("active", "certification_expired")
WRITTEN: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("peer_mentors", "status"): _MOVED,
    (LOG, "from_status"): _MOVED,
    (LOG, "to_status"): _MOVED,
    (LOG, "reason"): ("certification_expired", "certification_renewed"),
    (LOG, "actor"): ("system:expiry_check",),
}
"""The values that the nightly check writes, in shared/database/functions/nightly/transitions.sql."""

WORKFLOWS: Final = ("pause_mentor", "resume_mentor")
"""The functions of the core workflows, each (mentor_id uuid, actor text, reason text)."""

OLDEST_POSTGRESQL: Final = 15
