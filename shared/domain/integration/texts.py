"""A report as text and as JUnit XML."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from shared.domain.integration.findings import Area, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.domain.integration.findings import Finding, Report

_WIDTH: Final = 80
_TITLES: Final = {
    Area.STRUCTURE: "Structure",
    Area.DEPENDENCIES: "Dependencies",
    Area.DATA: "Data",
    Area.BEHAVIOUR: "Behaviour",
}
_MARKS: Final = {Verdict.HOLDS: "holds", Verdict.DOES_NOT_HOLD: "DOES NOT HOLD", Verdict.NOT_CHECKED: "not checked"}


def as_text(report: Report, *, everything: bool = False) -> str:
    """Return the report for a person: what does not hold first, each with what to do, within 80 columns.

    `everything`: also the points that hold, one line each.
    """
    return "\n".join(_lines(report, everything))


def first_sentence(report: Report) -> str:
    """Return the verdict with its counts."""
    bad, unknown, good = (len(report.of(verdict)) for verdict in _WORST_FIRST)
    if bad:
        begin = "The integration does not hold."
    elif unknown or not good:
        begin = "Nothing is broken, but not everything could be checked."
    else:
        begin = "The integration holds."
    return (
        f"{begin} Points: {good} hold, {bad} do not, {unknown} could not be checked."
        f" Contract {report.contract_version}."
    )


_WORST_FIRST: Final = (Verdict.DOES_NOT_HOLD, Verdict.NOT_CHECKED, Verdict.HOLDS)


def _lines(report: Report, everything: bool) -> Iterator[str]:
    yield from textwrap.wrap(first_sentence(report), _WIDTH)
    for verdict in (Verdict.DOES_NOT_HOLD, Verdict.NOT_CHECKED):
        for finding in report.of(verdict):
            yield ""
            yield f"{_MARKS[verdict]}  {finding.point}"
            yield from _wrapped("expected", finding.expected)
            yield from _wrapped("found" if verdict is Verdict.DOES_NOT_HOLD else "why", finding.found)
            if finding.ids:
                yield from _wrapped("ids", _ids(finding))
            if finding.advice:
                yield from _wrapped("to do", finding.advice)
    if everything:
        for area in Area:
            good = [finding for finding in report.of(Verdict.HOLDS) if finding.area is area]
            if good:
                yield ""
                yield f"{_TITLES[area]}: {len(good)} hold"
                for finding in good:
                    yield from _wrapped("", finding.expected + (f" ({finding.found})" if finding.found else ""))


def _wrapped(name: str, text: str) -> Iterator[str]:
    head = f"  {name:<9}" if name else "  "
    yield from textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _ids(finding: Finding) -> str:
    more = (finding.n or 0) - len(finding.ids)
    return " ".join(finding.ids) + (f" and {more:,} more" if more > 0 else "")


def as_junit(report: Report) -> str:
    """Return the report as JUnit XML: a suite for each area, a case for each point.

    A point that does not hold is a failure, one that could not be checked is skipped with its reason.
    """
    root = ET.Element(
        "testsuites",
        name=f"verify-integration, contract {report.contract_version}",
        tests=str(len(report.findings)),
        failures=str(len(report.of(Verdict.DOES_NOT_HOLD))),
        skipped=str(len(report.of(Verdict.NOT_CHECKED))),
    )
    for area in Area:
        findings = [finding for finding in report.findings if finding.area is area]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=area.value,
            tests=str(len(findings)),
            failures=str(sum(finding.verdict is Verdict.DOES_NOT_HOLD for finding in findings)),
            skipped=str(sum(finding.verdict is Verdict.NOT_CHECKED for finding in findings)),
        )
        for finding in findings:
            case = ET.SubElement(suite, "testcase", classname=area.value, name=finding.point)
            if finding.verdict is Verdict.DOES_NOT_HOLD:
                failure = ET.SubElement(case, "failure", message=_plain(f"{finding.found}: {finding.advice}"))
                failure.text = _plain(f"expected: {finding.expected}\nids: {_ids(finding)}")
            elif finding.verdict is Verdict.NOT_CHECKED:
                skipped = f"{finding.found}: {finding.advice}" if finding.advice else finding.found
                ET.SubElement(case, "skipped", message=_plain(skipped))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _plain(text: str) -> str:
    """Leave out the control characters that XML cannot hold: a name in the catalogue may have any."""
    return "".join(character for character in text if character >= " " or character == "\n")
