"""/website in a real browser: a visitor with any eyes and any window can read it and reach a mentor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.stack.dataverse import TABLES
from tests.support.dataverse_process import fresh, process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulators.dataverse.process import LocalDataverse
    from tests.support.browser.visit import Visit
    from tests.support.dataverse_process import Caller

LONG = "Anne-Margrethe Vindenes-Kristoffersen av Sør-Trøndelag"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDataverse]:
    with process(tmp_path_factory.mktemp("dataverse"), schema=TABLES) as running:
        yield running


@pytest.fixture
def caller(emulator: LocalDataverse) -> Iterator[Caller]:
    with fresh(emulator) as client:
        yield client


def mentor(number: int, name: str) -> dict[str, object]:
    return {
        "hlf_mentorid": f"m{number}",
        "hlf_name": name,
        "hlf_area": "Nord-Gudbrandsdalen og omegn",
        "hlf_organisation": "HLF Innlandet",
        "hlf_phone": "+47 900 00 000",
        "hlf_email": "anne-margrethe.vindenes-kristoffersen@likeperson.example.org",
        "hlf_published": True,
    }


@pytest.mark.parametrize(
    ("look", "query"),
    [
        ("light", ""),
        ("dark", ""),
        ("forced colours", ""),
        ("light", "?omrade=Nord-Gudbrandsdalen+og+omegn"),
        ("dark", "?omrade=Oslo"),
    ],
)
def test_axe_finds_nothing_on_the_website(look: str, query: str, caller: Caller, visit: Visit) -> None:
    """WCAG 2.2 AA: mentors, a search that finds some, and one that finds none, from wide to 320 pixels."""
    caller.control.create([mentor(1, "Kari Nordmann"), mentor(2, LONG)])
    visit.dark(look == "dark")
    visit.forced_colours(look == "forced colours")
    visit.page.goto(f"{caller.url}/website{query}")
    visit.assert_accessible()
    visit.width(320)
    visit.assert_accessible()
    assert not visit.scrolls_sideways()


def test_the_website_fits_at_200_percent(caller: Caller, visit: Visit) -> None:
    """WCAG 1.4.4 and 1.4.10: nothing is cut, and nobody scrolls sideways."""
    caller.control.create([mentor(1, LONG)])
    visit.zoom(200)
    visit.page.goto(f"{caller.url}/website")
    assert not visit.scrolls_sideways()
    visit.assert_accessible()


def test_the_list_is_reached_by_keyboard_alone(caller: Caller, visit: Visit) -> None:
    """WCAG 2.1.1 and 2.4.1: the first key leads past the search to the list, and on to a mentor's number."""
    caller.control.create([mentor(1, "Kari Nordmann")])
    visit.page.goto(f"{caller.url}/website")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Hopp til listen"
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.href") == "tel:+4790000000"
