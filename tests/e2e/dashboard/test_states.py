"""Each state of the page is accessible: axe finds nothing, nothing scrolls sideways, in every colour and width."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard.conftest import HIDDEN, SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from tests.e2e.dashboard.conftest import Dashboard
    from tests.support.browser.visit import Visit


@pytest.fixture(scope="module")
def wrong(dashboard: Dashboard) -> Iterator[UUID]:
    """The coordinator of an organisation with something wrong of every kind."""
    coordinator, (shown, missing, other, waiting, *_) = dashboard.team(
        "Berit Vist", "Kari Borte", "Ola Annerledes", "Per Venter", "Åse Riktig", "Ida Riktig"
    )
    organisation = dashboard.people.one("SELECT organisation_id FROM coordinators WHERE id = %s", coordinator)
    dashboard.people.do("UPDATE peer_mentors SET listing_consent = false WHERE id = %s", shown)
    dashboard.people.do("UPDATE certifications SET expires_on = current_date + 9 WHERE mentor_id = %s", other)
    dashboard.catch_up()
    dashboard.edit(shown, SHOWN)
    dashboard.edit(missing, HIDDEN)
    dashboard.edit(other, {"hlf_phone": "999 99 999"})
    dashboard.people.brake(0, 0, organisation)
    # What must not be shown without consent is repaired at once, so the credential is refused meanwhile.
    dashboard.people.do("UPDATE certification.webhook SET enabled = false")
    dashboard.run("full")
    dashboard.people.do(
        "UPDATE certification.sync_state SET stopped_since = now(), stopped_reason = 'test', tried_at = now() + '1 day'"
    )
    dashboard.people.do("UPDATE peer_mentors SET area = 'Ås' WHERE id = %s", waiting)
    yield coordinator
    dashboard.people.do(
        "UPDATE certification.sync_state SET stopped_since = NULL, stopped_reason = NULL, tried_at = NULL"
    )
    dashboard.people.do("UPDATE certification.webhook SET enabled = true")


def loaded(dashboard: Dashboard, visit: Visit, coordinator: UUID) -> None:
    dashboard.open(visit, coordinator)
    expect(visit.page.get_by_role("rowheader", name="Kari Borte")).to_be_visible()
    expect(visit.page.get_by_text("Nei.").first).to_be_visible()


def dialog(dashboard: Dashboard, visit: Visit, coordinator: UUID) -> None:
    loaded(dashboard, visit, coordinator)
    visit.page.get_by_role("button", name="Oppdater nå").first.click()
    expect(visit.page.get_by_role("dialog").get_by_role("link", name="400 11 222")).to_be_visible()


def queued(dashboard: Dashboard, visit: Visit, coordinator: UUID) -> None:
    dialog(dashboard, visit, coordinator)
    visit.page.get_by_role("dialog").get_by_label("Hvorfor oppdaterer du?").fill("En grunn")
    visit.page.get_by_role("dialog").get_by_role("button", name="Oppdater nå", exact=True).click()
    expect(visit.page.get_by_role("dialog").get_by_role("heading", name="Endringen venter")).to_be_visible()


def without_reason(dashboard: Dashboard, visit: Visit, coordinator: UUID) -> None:
    dialog(dashboard, visit, coordinator)
    visit.page.get_by_role("dialog").get_by_role("button", name="Oppdater nå", exact=True).click()
    expect(visit.page.get_by_role("dialog").get_by_label("Hvorfor oppdaterer du?")).to_be_focused()


def offline(dashboard: Dashboard, visit: Visit, coordinator: UUID) -> None:
    loaded(dashboard, visit, coordinator)
    visit.expect_problem("ERR_INTERNET_DISCONNECTED")
    visit.context.set_offline(True)
    visit.page.get_by_role("button", name="Hent på nytt").click()
    expect(visit.page.get_by_text("Du er uten nett. Siden henter på nytt når nettet er tilbake.").first).to_be_visible()


def list_missing(dashboard: Dashboard, visit: Visit, coordinator: UUID) -> None:
    """The overview arrives, and the list does not: the connection breaks for it."""
    visit.page.route("**/mentors*", lambda route: route.abort())
    visit.expect_problem("ERR_FAILED")
    dashboard.open(visit, coordinator)
    expect(visit.page.get_by_text("Likepersonene kunne ikke hentes.").first).to_be_visible(timeout=20_000)


def overview_missing(dashboard: Dashboard, visit: Visit, coordinator: UUID) -> None:
    visit.page.route("**/overview", lambda route: route.abort())
    visit.expect_problem("ERR_FAILED")
    dashboard.open(visit, coordinator)
    said = "Varslene og nattens kontroll kunne ikke hentes."
    expect(visit.page.get_by_text(said).first).to_be_visible(timeout=20_000)
    expect(visit.page.get_by_role("rowheader", name="Kari Borte")).to_be_visible()


def nobody_found(dashboard: Dashboard, visit: Visit, coordinator: UUID) -> None:
    loaded(dashboard, visit, coordinator)
    visit.page.get_by_label("Søk på navn").fill("finnes ikke")
    expect(visit.page.get_by_text("Ingen passer med søket").first).to_be_visible()


def signed_out(dashboard: Dashboard, visit: Visit, _: UUID) -> None:
    visit.page.goto(dashboard.url)
    expect(visit.page.get_by_role("heading", name="Du er ikke logget inn")).to_be_visible()


def ended(dashboard: Dashboard, visit: Visit, coordinator: UUID) -> None:
    dashboard.open(visit, coordinator, exp=int(time.time()) - 5)
    expect(visit.page.get_by_role("heading", name="Du er logget ut")).to_be_visible()


STATES: list[Callable[[Dashboard, Visit, UUID], None]] = [
    loaded,
    dialog,
    queued,
    without_reason,
    offline,
    list_missing,
    overview_missing,
    nobody_found,
    signed_out,
    ended,
]


QUICK = {"loaded", "dialog", "queued", "ended"}


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(state, id=state.__name__, marks=[] if state.__name__ in QUICK else pytest.mark.slow)
        for state in STATES
    ],
)
def test_axe_finds_nothing_in_any_state(
    dashboard: Dashboard, visit: Visit, wrong: UUID, state: Callable[[Dashboard, Visit, UUID], None]
) -> None:
    """WCAG 2.2 AA: light, dark and forced colours, wide and at 320 pixels."""
    visit.reduced_motion()
    state(dashboard, visit, wrong)
    for width in (1280, 320):
        visit.width(width)
        assert not visit.scrolls_sideways()
        visit.assert_accessible()
        visit.dark()
        visit.assert_accessible()
        visit.dark(False)
    visit.forced_colours()
    visit.assert_accessible()


@pytest.mark.parametrize("language", ["Nynorsk", "English"])
def test_every_language_is_accessible_and_remembered(
    dashboard: Dashboard, visit: Visit, wrong: UUID, language: str
) -> None:
    """Bokmål first; the choice is remembered, and it is all that is."""
    loaded(dashboard, visit, wrong)
    visit.page.get_by_role("button", name=language).click()
    code = {"Nynorsk": "nn", "English": "en"}[language]
    expect(visit.page.locator("html")).to_have_attribute("lang", code)
    visit.assert_accessible()
    visit.page.goto(dashboard.url)
    expect(visit.page.locator("html")).to_have_attribute("lang", code)
    kept = visit.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert len(kept) < 60


def test_at_twice_the_size_everything_is_there(dashboard: Dashboard, visit: Visit, wrong: UUID) -> None:
    """WCAG 1.4.4 and 1.4.10: 200 %, and 400 % as a narrow window."""
    for percent in (200, 400):
        visit.zoom(percent)
        loaded(dashboard, visit, wrong)
        assert not visit.scrolls_sideways()
        visit.assert_accessible()


def test_targets_are_large(dashboard: Dashboard, visit: Visit, wrong: UUID) -> None:
    """44 pixels, more than WCAG 2.2 AA asks, for people of 65 on a phone."""
    visit.width(390)
    dialog(dashboard, visit, wrong)
    small = visit.page.evaluate(
        "[...document.querySelectorAll('button, select, input, textarea, summary')]"
        ".filter(node => node.checkVisibility())"
        ".map(node => [node.textContent.trim(), node.getBoundingClientRect().height])"
        ".filter(([, height]) => height < 44)"
    )
    assert small == []
