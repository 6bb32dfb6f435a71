"""`hlf-operations break-glass-export`: ids and days for break-glass without the database, for one pair of eyes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from shared.domain.break_glass.changes import Cause
from shared.domain.break_glass.export import read_export
from tests.support.foundation import DAY, days

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.foundation import Foundation
    from tests.support.operator import Operator


def test_the_file_is_what_break_glass_reads(operator: Operator, foundation: Foundation, tmp_path: Path) -> None:
    """Everybody with the cause, no name, number or address (I11), readable by its owner only."""
    moss, bodo = foundation.organisation(), foundation.organisation(name="HLF Bodø", timezone="Nowhere/None")
    kinds = {
        None: foundation.mentor(moss, DAY + days(1000), consent=True, phone="99887766"),
        Cause.EXPIRED: foundation.mentor(bodo, DAY - days(1000), consent=True),
        Cause.WITHDRAWN: foundation.mentor(moss, DAY + days(1000)),
        Cause.NOT_ACTIVE: foundation.mentor(moss, DAY + days(1000), consent=True, status="paused"),
    }
    path = tmp_path / "eksport.csv"
    assert operator.run("break-glass-export", str(path)).strip().startswith("4 mentors are in")
    text = path.read_text(encoding="utf-8")
    with path.open(encoding="utf-8", newline="") as file:
        export = read_export(file, datetime.now(UTC))
    assert {one.listing.cause: mentor for mentor, one in export.mentors.items()} == kinds
    assert not any(word in text for word in ("Kari", "Sæther", "99887766", "@"))
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_replaces_the_last_one_as_a_whole(operator: Operator, foundation: Foundation, tmp_path: Path) -> None:
    path = tmp_path / "eksport.csv"
    path.write_text("an older one\n" * 1000)
    foundation.mentor(foundation.organisation(), DAY + days(9), consent=True)
    assert json.loads(operator.run("break-glass-export", str(path), "--json")) == {"file": str(path), "mentors": 1}
    assert len(path.read_text().splitlines()) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["eksport.csv"]


def test_an_app_without_mentors_writes_nothing(operator: Operator, tmp_path: Path) -> None:
    """An empty file would hide nobody, and look like one that does."""
    operator.run("break-glass-export", str(tmp_path / "eksport.csv"), expect=1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(operator: Operator, foundation: Foundation, tmp_path: Path) -> None:
    foundation.mentor(foundation.organisation(), DAY + days(9), consent=True)
    operator.run("break-glass-export", str(tmp_path / "none" / "eksport.csv"), expect=1)


@pytest.mark.parametrize("day", ["infinity", "0206-01-01", "-infinity"])
def test_a_day_that_cannot_be_read_is_an_expired_one(
    operator: Operator, foundation: Foundation, tmp_path: Path, day: str
) -> None:
    """As an expiry in 0206 or never: break-glass must not take for valid what it cannot read."""
    mentor = foundation.mentor(foundation.organisation(), day, consent=True)
    operator.run("break-glass-export", str(tmp_path / "eksport.csv"))
    with (tmp_path / "eksport.csv").open(encoding="utf-8", newline="") as file:
        export = read_export(file, datetime.now(UTC))
    assert export.mentors[mentor].listing.cause is Cause.EXPIRED
