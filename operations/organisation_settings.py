"""Change an organisation's settings in the configuration repository, and explain what cannot be stored."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from shared.domain.errors import PermanentError
from shared.domain.thresholds import require_valid


class UnknownOrganisationError(PermanentError):
    """When there is no organisation of that name."""


@dataclass(frozen=True)
class Thresholds:
    """An organisation's own thresholds, whether they apply, and those that do."""

    days: tuple[int, ...]
    own: bool
    effective: tuple[int, ...]


def change_thresholds(dsn: str, organisation: str, days: tuple[int, ...], *, own: bool | None) -> Thresholds:
    """Store `days` (none: leave as they are) and the flag `org_thresholds` (None: leave it), and answer what applies.

    Raises InvalidThresholdsError with the rule that is broken, and UnknownOrganisationError.
    """
    if days:
        require_valid(days)
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT id FROM public.organisations WHERE name = %s", (organisation,)).fetchone()
        if found is None:
            names = connection.execute("SELECT name FROM public.organisations ORDER BY name").fetchall()
            known = ", ".join(name for (name,) in names) or "none"
            raise UnknownOrganisationError(f"there is no organisation {organisation!r}; there are: {known}")
        connection.execute(
            "INSERT INTO certification.organisation_settings (organisation_id) VALUES (%s) ON CONFLICT DO NOTHING",
            found,
        )
        row = connection.execute(
            "UPDATE certification.organisation_settings"
            " SET thresholds = coalesce(%(days)s::smallint[], thresholds),"
            "     org_thresholds = coalesce(%(own)s, org_thresholds)"
            " WHERE organisation_id = %(id)s"
            " RETURNING thresholds, org_thresholds",
            {"days": list(days) or None, "own": own, "id": found[0]},
        ).fetchone()
        effective = connection.execute("SELECT certification.effective_thresholds(%s)", found).fetchone()
    assert row is not None  # noqa: S101 - for the type checker: one row was updated
    assert effective is not None  # noqa: S101
    return Thresholds(tuple(row[0]), row[1], tuple(effective[0]))
