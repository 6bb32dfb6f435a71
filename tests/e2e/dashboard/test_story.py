"""What a coordinator does on the page, from signing in to a mentor who is gone from the website; by keyboard too."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.e2e.dashboard.conftest import EMAIL, SHOWN, SMS

if TYPE_CHECKING:
    from uuid import UUID

    from tests.e2e.dashboard.conftest import Dashboard
    from tests.support.browser.visit import Visit

OSLO = ZoneInfo("Europe/Oslo")


def heard(visit: Visit, text: str | re.Pattern[str]) -> None:
    """Expect that a live region says exactly this."""
    exactly = text if isinstance(text, re.Pattern) else re.compile(f"^{re.escape(text)}$")
    regions = visit.page.locator("[role=status], [role=alert]")
    expect(regions.filter(has_text=exactly)).to_have_count(1, timeout=10_000)


def with_times(text: str) -> re.Pattern[str]:
    """Return a pattern of a sentence with the time NOW, or the TIME a quarter from now, give or take a minute."""
    pattern = re.escape(text)
    for word, minutes in (("TIME", 15), ("NOW", 0)):
        moment = datetime.now(UTC).astimezone(OSLO) + timedelta(minutes=minutes)
        times = [f"{moment + timedelta(minutes=off):%H.%M}" for off in (-1, 0, 1)]
        pattern = pattern.replace(word, f"({'|'.join(map(re.escape, times))})")
    return re.compile(f"^{pattern}$")


def force(visit: Visit, name: str, reason: str = "Står fortsatt der") -> None:
    """Open the mentor's dialog, write a reason and send it."""
    visit.page.get_by_role("button", name=re.compile(f"Oppdater nå.*{name}")).click()
    dialog = visit.page.get_by_role("dialog", name=f"Oppdater {name} på nettsiden")
    dialog.get_by_label("Hvorfor oppdaterer du?").fill(reason)
    dialog.get_by_role("button", name="Oppdater nå", exact=True).click()


def expired(dashboard: Dashboard, name: str = "Berit Utløpt") -> tuple[UUID, UUID]:
    """Make an expired mentor whom a manual edit shows on the website again."""
    coordinator, (mentor, _) = dashboard.team(name, "Kari Gyldig")
    dashboard.people.do("UPDATE certifications SET expires_on = current_date - 3 WHERE mentor_id = %s", mentor)
    dashboard.people.set_status(mentor, "certification_expired")
    dashboard.catch_up()
    assert not dashboard.shows(mentor)
    dashboard.edit(mentor, SHOWN)
    assert dashboard.shows(mentor)
    return coordinator, mentor


def test_signing_in_leads_back_to_the_page(dashboard: Dashboard, visit: Visit) -> None:
    """A bookmark without a token: one sentence, one button, and the app's sign-in leads back with the choices."""
    dashboard.team("Kari Nordmann", "Ola Nordmann", called="Ingrid Bakke")
    visit.page.goto(f"{dashboard.url}?sort=name")
    expect(visit.page.get_by_role("heading", name="Du er ikke logget inn")).to_be_visible()
    visit.assert_accessible()
    visit.page.get_by_role("link", name="Logg inn i appen").click()
    visit.page.get_by_text("Ingrid Bakke").click()
    expect(visit.page.get_by_text("Ja. Alle 2 er riktige på nettsiden.", exact=True)).to_be_visible()
    assert visit.page.url == f"{dashboard.url}?sort=name"


def test_an_expired_mentor_is_hidden_by_keyboard_alone(dashboard: Dashboard, visit: Visit) -> None:
    """The whole story: seen on the website, forced, before and after, announced word for word; /website agrees."""
    coordinator, mentor = expired(dashboard, "Synnøve Utløpt")
    other = visit.context.new_page()
    other.goto(f"{dashboard.stack.dataverse.url}/website")
    expect(other.get_by_text("Synnøve Utløpt")).to_be_visible()

    dashboard.open(visit, coordinator)
    page = visit.page
    expect(page.get_by_text("Ja. Alle 2 er riktige på nettsiden.", exact=True)).to_be_visible()
    expect(page.get_by_text("1 skal vises og vises. 1 skal ikke vises og vises ikke.").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Gå til innholdet")).to_be_focused()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name=re.compile("Oppdater nå.*Synnøve Utløpt"))
    for _ in range(30):
        if button.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Oppdater Synnøve Utløpt på nettsiden")
    expect(dialog).to_be_visible()
    visit.assert_accessible()
    for _ in range(12):
        if dialog.get_by_label("Hvorfor oppdaterer du?").evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.type("Besøkende ser henne ennå")
    for _ in range(8):
        page.keyboard.press("Tab")
        if dialog.get_by_role("button", name="Oppdater nå", exact=True).evaluate(
            "node => node === document.activeElement"
        ):
            break
    page.keyboard.press("Enter")

    expect(dialog.get_by_role("heading", name="Ferdig og kontrollert")).to_be_visible()
    said = "Borte for besøkende innen 15 minutter, altså senest kl. TIME."
    expect(dialog.get_by_text(with_times(said))).to_be_visible()
    heard(
        visit,
        with_times(f"Ferdig. Synnøve Utløpt på nettsiden: Før: Vises. Etter: Vises ikke. Kontrollert kl. NOW. {said}"),
    )
    visit.assert_accessible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name=re.compile("Oppdater nå.*Synnøve Utløpt"))).to_be_focused()

    assert not dashboard.shows(mentor)
    other.reload()
    expect(other.get_by_text("Kari Gyldig").first).to_be_visible()
    expect(other.get_by_text("Synnøve Utløpt")).to_have_count(0)
    audited = dashboard.people.all(
        "SELECT actor, reason FROM certification.audit WHERE mentor_id = %s AND action = 'force_sync'", mentor
    )
    assert audited == [(f"coordinator:{coordinator}", "Besøkende ser henne ennå")]


def test_a_mentor_who_must_not_be_shown_comes_first(dashboard: Dashboard, visit: Visit) -> None:
    """Safety first: what the comparison saw is the page's first sentence, and a button that leads there."""
    coordinator, _ = expired(dashboard)
    organisation = dashboard.people.one("SELECT organisation_id FROM coordinators WHERE id = %s", coordinator)
    dashboard.people.brake(0, 0, organisation)  # so that it is seen, and not repaired at once
    dashboard.run("full")
    dashboard.open(visit, coordinator)
    expect(visit.page.get_by_text("Nei. 1 vises på nettsiden, men skal ikke vises.", exact=True)).to_be_visible()
    visit.assert_accessible()
    visit.page.get_by_role("button", name="1 vises på nettsiden, men skal ikke vises").click()
    expect(visit.page.get_by_role("rowheader", name="Berit Utløpt")).to_be_visible()
    expect(visit.page.get_by_role("rowheader", name="Kari Gyldig")).to_have_count(0)
    assert "state=danger" in visit.page.url


def test_while_dynamics_throttles_it_waits_and_is_done_later(dashboard: Dashboard, visit: Visit) -> None:
    """I9: 202 with the reason in words and the time; then done by itself, and the page says so."""
    coordinator, mentor = expired(dashboard)
    dashboard.open(visit, coordinator)
    dashboard.people.do(
        "UPDATE certification.sync_state SET backoff_until = now() + interval '20 seconds', backoff_reason = 'test'"
    )
    force(visit, "Berit Utløpt")
    dialog = visit.page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Endringen venter")).to_be_visible()
    why = "Dynamics har bedt oss vente litt. Endringen sendes av seg selv når ventetiden er over."
    expect(dialog.get_by_text(why, exact=True)).to_be_visible()
    heard(visit, f"Endringen for Berit Utløpt venter. {why} Neste forsøk: om et øyeblikk.")
    visit.assert_accessible()
    assert dashboard.shows(mentor)
    for _ in range(60):
        if not dashboard.shows(mentor):
            break
        time.sleep(1)
    assert not dashboard.shows(mentor)
    dashboard.run("full")
    dialog.get_by_role("button", name="Se etter nå").click()
    heard(visit, with_times("Berit Utløpt er nå riktig på nettsiden. Kontrollert i dag kl. NOW."))


def test_a_session_that_ends_takes_everything_with_it(dashboard: Dashboard, visit: Visit) -> None:
    """It says so before, then signs out: no name is left in the document, and signing in leads back."""
    coordinator, _ = dashboard.team("Kari Nordmann", "Ola Nordmann")
    dashboard.open(visit, coordinator, "?sort=name", exp=int(time.time()) + 6)
    expect(visit.page.get_by_role("rowheader", name="Kari Nordmann")).to_be_visible()
    expect(visit.page.get_by_text(re.compile(r"Du blir logget ut kl\. \d\d\.\d\d\.")).first).to_be_visible()
    visit.assert_accessible()
    expect(visit.page.get_by_role("heading", name="Du er logget ut")).to_be_visible(timeout=15_000)
    assert "Nordmann" not in visit.page.content()
    visit.assert_accessible()
    href = visit.page.get_by_role("link", name="Logg inn på nytt").get_attribute("href")
    assert href is not None
    assert "sort%3Dname" in href


def test_a_token_that_the_server_refuses_signs_out(dashboard: Dashboard, visit: Visit) -> None:
    """A withdrawn session is over, whatever the token says."""
    coordinator, _ = dashboard.team("Kari Nordmann")
    visit.expect_problem("401")
    dashboard.open(visit, coordinator, aud="another")
    expect(visit.page.get_by_role("heading", name="Du er logget ut")).to_be_visible()


def test_somebody_who_is_no_coordinator_is_told_so(dashboard: Dashboard, visit: Visit) -> None:
    """Forbidden, in words, with the ways to get help: a text message and a mail, never a call alone."""
    _, (mentor,) = dashboard.team("Kari Nordmann")
    visit.expect_problem("403")
    dashboard.open(visit, mentor)
    expect(visit.page.get_by_role("heading", name="Siden er for koordinatorer")).to_be_visible()
    sms = visit.page.get_by_role("main").get_by_role("link", name=SMS)
    assert sms.get_attribute("href") == f"sms:{SMS.replace(' ', '')}"
    assert visit.page.get_by_role("main").get_by_role("link", name=EMAIL).get_attribute("href") == f"mailto:{EMAIL}"
    visit.assert_accessible()


def test_a_mentor_who_moved_to_another_organisation_is_gone(dashboard: Dashboard, visit: Visit) -> None:
    """404, not 403: the page says that the mentor is no longer there."""
    coordinator, (mentor, _) = dashboard.team("Kari Nordmann", "Ola Nordmann")
    dashboard.open(visit, coordinator)
    expect(visit.page.get_by_role("rowheader", name="Kari Nordmann")).to_be_visible()
    elsewhere = dashboard.people.organisation()
    dashboard.people.do("UPDATE peer_mentors SET organisation_id = %s WHERE id = %s", elsewhere, mentor)
    visit.expect_problem("404")
    force(visit, "Kari Nordmann")
    said = "Likepersonen er ikke lenger i organisasjonen din. Hent lista på nytt."
    expect(visit.page.get_by_role("dialog").get_by_text(said).first).to_be_visible()
    heard(visit, f"Ikke oppdatert. {said}")


def test_too_often_counts_down(dashboard: Dashboard, visit: Visit) -> None:
    """429: how long to wait, and no sending meanwhile."""
    coordinator, (mentor,) = dashboard.team("Kari Nordmann")
    dashboard.people.do(
        "INSERT INTO certification.audit (action, actor, reason, mentor_id, at)"
        " SELECT 'force_sync', 'test', 'test', %s, now() - interval '54 seconds' FROM generate_series(1, 6)",
        mentor,
    )
    dashboard.open(visit, coordinator)
    visit.expect_problem("429")
    force(visit, "Kari Nordmann")
    dialog = visit.page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile(r"Du kan prøve igjen om \d sekund(er)?\.")).first).to_be_visible()
    again = dialog.get_by_role("button", name="Prøv igjen")
    expect(again).to_be_disabled()
    heard(visit, "Nå kan du prøve igjen.")
    again.click()
    expect(dialog.get_by_role("heading", name="Ferdig og kontrollert")).to_be_visible()


def test_the_settings_are_shown_and_cannot_be_changed(dashboard: Dashboard, visit: Visit) -> None:
    """What applies to the organisation, in words; nothing there can be pressed or filled in, and axe finds nothing."""
    coordinator, _ = dashboard.team("Kari Nordmann")
    organisation = dashboard.people.one("SELECT organisation_id FROM coordinators WHERE id = %s", coordinator)
    dashboard.people.settings(organisation, thresholds=(45, 21, 7), reactivate=False)
    dashboard.people.do(
        "UPDATE certification.organisation_settings SET brake_count = 5, brake_percent = 10,"
        " fallback_address = 'post@hlf.no' WHERE organisation_id = %s",
        organisation,
    )
    dashboard.open(visit, coordinator)
    part = visit.page.get_by_role("region", name="Innstillingene til organisasjonen")
    for row in (
        "Påminnelse før siste gyldige dag 45, 21 og 7 dager før. Bestemt av organisasjonen.",
        "Når en sertifisering er fornyet Koordinatoren blir bedt om å gjøre likepersonen aktiv.",
        "Vises på nettsiden om hver likeperson område, e-post, fornavn, navn, etternavn, organisasjon og telefon",
        "Flere enn 5 likepersoner og mer enn 10 prosent på en gang holdes igjen til driften har sett på det.",
        "Oppføringer uten likeperson i appen De blir stående, og driften får beskjed.",
        "Når en koordinator ikke nås på e-post Oppsummeringen går til post@hlf.no.",
    ):
        expect(
            part.get_by_role("row").filter(has_text=re.compile(re.escape(row).replace("\\ ", r"\s*")))
        ).to_have_count(1)
    expect(part.locator("button, input, select, textarea, a, [contenteditable]")).to_have_count(0)
    visit.page.get_by_role("button", name="English").click()
    expect(visit.page.get_by_role("region", name="The settings of your organisation")).to_contain_text(
        "45, 21 and 7 days before. Decided by the organisation."
    )
    visit.assert_accessible()


def test_a_mentor_is_reached_by_sms_first(dashboard: Dashboard, visit: Visit) -> None:
    """A text message, a call as one way among others, and no link that writes to a landline or to no number."""
    coordinator, (mentor,) = dashboard.team("Kari Nordmann")
    dialog = visit.page.get_by_role("dialog")
    for phone, said, links in (
        ("400 11 222", "Send SMS til 400 11 222 (eller ring)", ["sms:+4740011222", "tel:+4740011222"]),
        ("22 33 44 55", "22 33 44 55 (fasttelefon, kan ikke få SMS)", ["tel:+4722334455"]),
        ("02800", "SMS eller telefon: 02800", ["tel:02800"]),
        ("ring sønnen", "SMS eller telefon: ring sønnen", []),
    ):
        dashboard.people.do(
            "UPDATE peer_mentors SET phone = %s, email = 'kari@example.no' WHERE id = %s", phone, mentor
        )
        dashboard.open(visit, coordinator, f"?phone={len(phone)}")
        visit.page.get_by_role("button", name="Oppdater nå").click()
        expect(dialog.get_by_text(said, exact=True)).to_be_visible()
        found = [link.get_attribute("href") or "" for link in dialog.locator(".contact").get_by_role("link").all()]
        assert [link for link in found if not link.startswith("mailto:")] == links
        assert "mailto:kari@example.no" in found
        visit.assert_accessible()


def test_an_address_that_does_not_work_is_no_link(dashboard: Dashboard, visit: Visit) -> None:
    """The page says what the digest says of the same address (I17)."""
    coordinator, (mentor,) = dashboard.team("Kari Nordmann")
    dashboard.people.do("UPDATE peer_mentors SET phone = NULL, email = 'kari@anonymised.invalid' WHERE id = %s", mentor)
    dashboard.open(visit, coordinator)
    visit.page.get_by_role("button", name="Oppdater nå").click()
    dialog = visit.page.get_by_role("dialog")
    expect(dialog.get_by_text("kari@anonymised.invalid (virker ikke)", exact=True)).to_be_visible()
    assert dialog.locator(".contact").get_by_role("link").count() == 0
    visit.assert_accessible()
