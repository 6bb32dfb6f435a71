"""Times and days: from their form in a body to their form in a row."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final

from emulators.dataverse.model import choices
from emulators.dataverse.model.errors import DataverseError

_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-](0[0-9]|1[0-4]):[0-9]{2})?"
)
"""As XML Schema has it, whose rules .NET follows; Python would read more."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR: Final = 1753


def read_moment(text: str) -> str | None:
    """Return a time in UTC, in whole seconds; None for a text that is no time. Raises DataverseError before 1753."""
    if _MOMENT.fullmatch(text):
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None and choices.TIMES_WITHOUT_ZONE_ARE_UTC:
                moment = moment.replace(tzinfo=UTC)
            if moment.tzinfo is not None:
                return f"{not_too_early(moment.astimezone(UTC).replace(tzinfo=None)).isoformat(timespec='seconds')}Z"
    return None


def read_day(text: str) -> str | None:
    """Return a day; None for a text that is no day. Raises DataverseError before 1753."""
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            not_too_early(datetime.fromisoformat(text))
            return date.fromisoformat(text).isoformat()
    return None


def not_too_early(moment: datetime) -> datetime:
    """Return the moment, unless it is before 1753, where SQL Server's datetime begins. Raises DataverseError."""
    if moment.year < _FIRST_YEAR:
        actual = f"{moment:%m/%d}/{moment.year:04} {moment:%H:%M:%S}"
        raise DataverseError(
            400,
            choices.TOO_EARLY_CODE,
            f"DateTime is less than minumum value supported by CrmDateTime. Actual value: {actual}, Minimum value"
            f" supported: 01/01/{_FIRST_YEAR} 00:00:00",
        )
    return moment
