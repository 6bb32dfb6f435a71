"""The nightly benchmark measures, and refuses to measure against a floor that made other rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.nightly.__main__ import main
from benchmarks.nightly.floor import run_floor

pytestmark = pytest.mark.slow

SMALL = ["--sizes", "2000", "--repeats", "1"]


def test_a_small_run_prints_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SMALL) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("figure ")]
    figures = {name: float(value) for _, name, value in lines}
    assert {"nightly_ratio_2k", "nightly_copy_ratio_2k", "quiet_check_ms_2k", "function_peak_mb_2k"} <= figures.keys()
    assert all(value > 0 for value in figures.values())


def test_a_floor_with_other_rows_is_no_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """A floor with other rows than the nightly check's is no figure."""

    def one_reminder_short(connection, as_of, run_id):
        floor = run_floor(connection, as_of, run_id)
        return replace(floor, rows={**floor.rows, "reminders": floor.rows["reminders"] - 1})

    assert main(SMALL, floor=one_reminder_short) == 1
    assert "figure" not in capsys.readouterr().out
