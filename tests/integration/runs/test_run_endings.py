"""Issue 8 D1, D2: the nightly check does its own work first, and every run ends with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.foundation import DAY, days
from tests.support.nightly_checks import GOOD

if TYPE_CHECKING:
    from tests.support.foundation import Foundation
    from tests.support.nightly_checks import Functions


def test_the_nightly_check_is_done_before_the_website_is_asked(foundation: Foundation, functions: Functions) -> None:
    """I18: a website that holds the function until it is killed keeps nobody from expiring or being synced."""
    organisation = foundation.organisation()
    foundation.evaluated(organisation, DAY - days(2))
    mentor = foundation.mentor(organisation, DAY - days(1), consent=True)
    seen = []

    def check():
        seen.append((foundation.status(mentor), [request.mentor_id for request in functions.asked.requests]))
        return GOOD

    functions.nightly_check(DAY, check_credential=check)
    assert seen == [("certification_expired", [mentor])]


@pytest.mark.parametrize("run", ["nightly_check", "send"])
def test_a_run_that_breaks_off_ends_with_a_reason(foundation: Foundation, functions: Functions, run: str) -> None:
    """Where nobody foresaw it: an organisation that cannot even be read."""
    foundation.do("ALTER TABLE organisations RENAME COLUMN timezone TO time_zone")
    with pytest.raises(Exception, match="database_42703"):
        getattr(functions, run)(DAY)
    ended = foundation.all("SELECT state, reason, ended_at IS NOT NULL FROM certification.runs")
    assert ended == [("failed", "database_42703", True)]
    assert [(entry[0], entry[2].reason) for entry in functions.reported.runs] == [
        ({"nightly_check": "expiry_check", "send": "send_notices"}[run], "database_42703")
    ]
