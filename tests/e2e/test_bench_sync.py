"""The sync benchmark measures every way, and refuses to measure beside one that wrote something else."""

from __future__ import annotations

import subprocess

import pytest

from benchmarks.sync.__main__ import main
from benchmarks.sync.pushes import Work
from tests.conftest import INSTALLING
from tests.support.command_line import ROOT

pytestmark = pytest.mark.slow

SMALL = ["--listings", "200", "--repeats", "1", "--changes", "6", "--paced", "1"]


@pytest.fixture(scope="module", autouse=True)
def sdk() -> None:
    subprocess.run(["make", "--silent", ".rival-venv/stamp"], cwd=ROOT, check=True, timeout=600, env=INSTALLING)


def test_a_small_run_prints_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """Each is more than nothing, except the requests inside a Retry-After window (I9)."""
    assert main(SMALL) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("figure ")]
    figures = {name: float(value) for _, name, value in lines}
    assert figures.pop("requests_in_retry_after") == 0
    assert {"cpu_ms_per_listing", "push_paced_vs_possible", "push_vs_sdk_script_best"} <= figures.keys()
    assert all(value > 0 for value in figures.values())


def test_a_way_that_leaves_one_out_is_no_rival(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be quicker by doing less, so nothing is printed."""
    every = Work.patches
    monkeypatch.setattr(Work, "patches", lambda work: every(work)[1:])
    assert main(SMALL) == 1
    printed = capsys.readouterr()
    assert "figure" not in printed.out
    assert "199 writes of 199 listings where 200 were expected" in " ".join(printed.err.split())
