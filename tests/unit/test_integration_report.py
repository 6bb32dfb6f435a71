"""A report of the checkpoint: exit code, JSON, text and JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from shared.domain.integration.contract import CONTRACT_VERSION
from shared.domain.integration.findings import Report, broken, holds, merged, report_from_json, unchecked
from shared.domain.integration.texts import as_junit, as_text, first_sentence

GOOD = holds("structure.table.coordinators", "public.coordinators is there")
BAD = broken(
    "data.active_uncertified",
    "every active mentor has a certification",
    "1,204 active mentors without one",
    "enter the certification, or change the status",
    n=1204,
    ids=["5d3b4f7e-0000-4000-8000-000000000001", "5d3b4f7e-0000-4000-8000-000000000002"],
)
UNKNOWN = unchecked("behaviour.pause_wins", "a pause wins over expiry", "it takes the owner's login", "use it")


def test_the_exit_code_tells_broken_from_unchecked() -> None:
    """0 all hold, 1 something does not, 3 something could not be checked, also where there is nothing at all."""
    assert Report((GOOD,)).exit_code == 0
    assert Report((GOOD, UNKNOWN)).exit_code == 3
    assert Report((GOOD, UNKNOWN, BAD)).exit_code == 1
    assert Report(()).exit_code == 3


def test_json_reads_back_as_the_same_report() -> None:
    report = Report((GOOD, BAD, UNKNOWN))
    assert report_from_json(report.as_json()) == report
    assert report.as_json()["counts"] == {"holds": 1, "does_not_hold": 1, "not_checked": 1}


def test_a_point_that_was_checked_replaces_one_that_was_not() -> None:
    """And the areas keep their order, whichever part reports first."""
    checked = holds(UNKNOWN.point, UNKNOWN.expected)
    assert merged([Report((UNKNOWN, GOOD)), Report((BAD, checked))]).findings == (GOOD, BAD, checked)


def test_the_text_says_what_to_do_within_80_columns() -> None:
    """The broken first; what could not be checked is counted and says why; no figure is cut."""
    text = as_text(Report((GOOD, BAD, UNKNOWN)), everything=True)
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("The integration does not hold. Points: 1 hold, 1 do not, 1 could not be checked.\n")
    assert "ids      5d3b4f7e-0000-4000-8000-000000000001\n" in text
    assert "and 1,202 more" in text
    assert "to do    enter the certification, or change the status" in text
    assert "why      it takes the owner's login" in text
    assert "Structure: 1 hold\n  public.coordinators is there" in text
    assert f"Contract {CONTRACT_VERSION}." in " ".join(text.split())


def test_nothing_unchecked_is_called_a_success() -> None:
    assert first_sentence(Report((GOOD, UNKNOWN))).startswith("Nothing is broken, but not everything could be checked.")
    assert first_sentence(Report((GOOD,))).startswith("The integration holds.")


def test_junit_is_what_a_ci_reads() -> None:
    """A failure for what does not hold, skipped with its reason for what could not be checked."""
    root = ET.fromstring(as_junit(Report((GOOD, BAD, UNKNOWN))))  # noqa: S314 - our own text
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("3", "1", "1")
    cases = {case.get("name"): case for case in root.iter("testcase")}
    failure = cases[BAD.point].find("failure")
    assert failure is not None
    assert failure.get("message") == f"{BAD.found}: {BAD.advice}"
    assert cases[UNKNOWN.point].find("skipped") is not None
    assert list(cases[GOOD.point]) == []


def test_junit_bears_a_name_with_control_characters() -> None:
    """A trigger of the app may be called anything."""
    odd = broken("structure.app_triggers", "the app's triggers find their tables", "trigger \x01<&>\x1f", "mend it")
    root = ET.fromstring(as_junit(Report((odd,))))  # noqa: S314 - our own text
    assert root.get("failures") == "1"
