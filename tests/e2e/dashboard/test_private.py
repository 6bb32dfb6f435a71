"""What the page keeps to itself: the token, what is searched for, and everything that another page would want."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.e2e.dashboard.conftest import Dashboard
    from tests.support.browser.visit import Visit

GUIDE = (Path(__file__).parents[3] / "docs" / "dashboard.md").read_text(encoding="utf-8")
HEAD = "<!doctype html><html lang='nb'><title>Dashboard</title><link rel='icon' href='data:,'>"
EXAMPLE = re.findall(r"```js\n(.*?)```", GUIDE, re.DOTALL)[0]


def test_the_token_is_in_no_address_and_no_storage(dashboard: Dashboard, visit: Visit) -> None:
    """In memory alone: a page that is loaded again asks for a new one."""
    coordinator, _ = dashboard.team("Kari Nordmann")
    dashboard.open(visit, coordinator)
    expect(visit.page.get_by_role("rowheader", name="Kari Nordmann")).to_be_visible()
    assert visit.page.url == dashboard.url
    assert visit.page.evaluate("history.length") <= 2
    stored = visit.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "eyJ" not in stored
    assert "eyJ" not in visit.page.content()
    visit.page.reload()
    expect(visit.page.get_by_role("heading", name="Du er ikke logget inn")).to_be_visible()


def test_what_is_searched_for_leaves_no_trace(dashboard: Dashboard, visit: Visit) -> None:
    """It is in no address, no request and no storage; filters and sorting are in the address."""
    coordinator, _ = dashboard.team("Kari Nordmann", "Ola Hansen")
    dashboard.open(visit, coordinator)
    expect(visit.page.get_by_role("rowheader", name="Kari Nordmann")).to_be_visible()
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    visit.page.get_by_label("Søk på navn").press_sequentially("hansen")
    expect(visit.page.get_by_role("rowheader", name="Kari Nordmann")).to_have_count(0)
    expect(visit.page.get_by_role("rowheader", name="Ola Hansen")).to_be_visible()
    visit.page.get_by_label("Sorter etter").select_option(label="Navn")
    assert asked == []
    assert "hansen" not in visit.page.url.lower()
    assert "sort=name" in visit.page.url
    assert "hansen" not in visit.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])").lower()


def test_no_other_script_runs_in_the_page(dashboard: Dashboard, visit: Visit) -> None:
    """The policy knows the hash of the page's own script; text of the app is never HTML."""
    coordinator, _ = dashboard.team("<img/src=x/onerror=window.taken=1> Nordmann")
    dashboard.open(visit, coordinator)
    expect(visit.page.get_by_role("rowheader").filter(has_text="onerror")).to_be_visible()
    visit.expect_problem("Content Security Policy")
    visit.page.evaluate(
        "() => { const node = document.createElement('script'); node.textContent = 'window.taken = 1';"
        " document.body.append(node); }"
    )
    assert visit.page.evaluate("window.taken") is None


def test_no_other_page_may_frame_it(dashboard: Dashboard, visit: Visit) -> None:
    """`frame-ancestors 'none'` by default."""
    dashboard.allowed.html = f"{HEAD}<iframe src='{dashboard.url}'></iframe>"
    visit.expect_problem("frame-ancestors|ERR_BLOCKED_BY_RESPONSE")
    visit.page.goto(dashboard.allowed.url)
    visit.page.wait_for_timeout(500)
    assert all("Likepersonene" not in frame.content() for frame in visit.page.frames[1:])


@pytest.mark.parametrize("origin", ["allowed", "foreign"])
def test_a_dashboard_of_another_origin(dashboard: Dashboard, visit: Visit, origin: str) -> None:
    """The guide's own lines, with a Supabase session: an allowed origin reads the reply, another one reads nothing."""
    coordinator, (mentor,) = dashboard.team("Kari Nordmann")
    there = dashboard.allowed if origin == "allowed" else dashboard.foreign
    there.html = HEAD
    visit.page.goto(there.url)
    if origin == "foreign":
        visit.expect_problem("CORS|ERR_FAILED")
    force = (
        f"async ([address, mentor, token]) => {{ {EXAMPLE}\n"
        "const supabase = { auth: { getSession: async () => ({ data: { session: { access_token: token } } }) } };"
        "try { return await forceSync(supabase, address, mentor, 'En grunn'); }"
        " catch (error) { return String(error); } }"
    )
    arguments = [dashboard.url, str(mentor), dashboard.token(coordinator)]
    got = visit.page.evaluate(force, arguments)
    if origin == "foreign":
        assert got == "TypeError: Failed to fetch"
        return
    assert (got["next"], got["after"]["shown"]) == ("show", True)
    visit.expect_problem("404")
    assert visit.page.evaluate(force, [dashboard.url, str(uuid4()), arguments[2]])["status"] == 404
