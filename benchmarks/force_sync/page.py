"""What the coordinators' page costs a browser: script, style and layout, by Chromium's own counters."""

from __future__ import annotations

import os
from statistics import median
from typing import TYPE_CHECKING, Final

from playwright.sync_api import sync_playwright

from local.browser.finding import find

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession

    from benchmarks.force_sync.stack import Bench

_VISITS: Final = 5
_KEYS: Final = ("5", "0", "Backspace", "Backspace")  # each changes which mentors are found
_WAIT_MS: Final = 20_000
_BUSY: Final = ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration")


def page_milliseconds(bench: Bench) -> tuple[float, float] | None:
    """Return the milliseconds of opening the page with every mentor, and of one key in its search: medians.

    None without a Chromium.
    """
    chromium = find()
    if chromium is None:
        return None
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=chromium.executable, args=list(chromium.flags), env={**os.environ, **chromium.environment}
        ) as browser,
    ):
        visits = [_visit(browser, bench) for _ in range(1 + _VISITS)][1:]  # the first warms the function up
    return median(opened for opened, _ in visits), median(key for _, keys in visits for key in keys)


def _visit(browser: Browser, bench: Bench) -> tuple[float, list[float]]:
    with browser.new_context(locale="nb-NO", timezone_id="Europe/Oslo") as context:
        page = context.new_page()
        page.set_default_timeout(_WAIT_MS)
        counters = context.new_cdp_session(page)
        counters.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(f"{bench.url}?who=all#access_token={bench.token(bench.coordinators[0])}")
        search = page.get_by_role("searchbox")
        search.wait_for()
        page.get_by_role("button", name="Oppdater nå").first.wait_for()
        page.wait_for_load_state("networkidle")
        opened = spent = _busy_ms(counters)
        keys = []
        search.focus()
        for key in _KEYS:
            page.keyboard.press(key)
            page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
            keys.append(_busy_ms(counters) - spent)
            spent = _busy_ms(counters)
        return opened, keys


def _busy_ms(counters: CDPSession) -> float:
    found = {one["name"]: one["value"] for one in counters.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(sum(found[name] for name in _BUSY))
