"""One person's window in a real Chromium, and everything that went wrong in it."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from tests.support.browser import axe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, WebError

    from local.browser.finding import Chromium

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# Nothing else resolves, also for what Playwright does not see. A route would do, but would slow every request.
_LOOPBACK_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE [::1]"
_WIDTH, _HEIGHT = 1280, 1024
_TIMEOUT_MS = 10_000


@dataclass
class Visit:
    """A page in a context of its own, in Oslo and in bokmål, which reaches this machine only."""

    context: BrowserContext
    page: Page = field(init=False)
    problems: list[str] = field(default_factory=list, init=False)
    _expected: dict[str, bool] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(_TIMEOUT_MS)
        self.context.on("console", self._console)
        self.context.on("weberror", self._error)
        self.context.on("request", self._request)
        self.page = self.context.new_page()

    def expect_problem(self, pattern: str) -> None:
        """Expect a problem from now on, and at least one: a browser logs each reply of 400 and above as an error."""
        self._expected[pattern] = False

    def assert_no_problems(self) -> None:
        """Fail on errors of the console, the page's script and its policy, and on requests to other machines."""
        for page in self.context.pages:
            with suppress(PlaywrightError):  # what the browser still has to report comes before the result
                page.evaluate("new Promise(done => setTimeout(done))")
        missed = [f"expected and not seen: {pattern}" for pattern, seen in self._expected.items() if not seen]
        if problems := self.problems + missed:
            raise AssertionError("\n".join(problems))

    def assert_accessible(self) -> None:
        """Fail with what axe finds on the page as it stands."""
        if found := axe.violations(self.page):
            raise AssertionError("\n\n".join(map(str, found)))

    def dark(self, on: bool = True) -> None:
        """Prefer a dark colour scheme, or a light one."""
        self.page.emulate_media(color_scheme="dark" if on else "light")

    def reduced_motion(self, on: bool = True) -> None:
        """Prefer less movement, or say nothing about it."""
        self.page.emulate_media(reduced_motion="reduce" if on else "no-preference")

    def forced_colours(self, on: bool = True) -> None:
        """Force a palette of the system's, as Windows' contrast themes do."""
        self.page.emulate_media(forced_colors="active" if on else "none")

    def width(self, pixels: int, height: int = _HEIGHT) -> None:
        """Make the window so wide, in CSS pixels."""
        self.page.set_viewport_size({"width": pixels, "height": height})

    def zoom(self, percent: int) -> None:
        """Zoom as the menu of a browser does: fewer CSS pixels in the same window, each of them larger."""
        factor = percent / 100
        size = {"width": round(_WIDTH / factor), "height": round(_HEIGHT / factor)}
        session = self.context.new_cdp_session(self.page)  # not detached: the size would go with it
        session.send("Emulation.setDeviceMetricsOverride", size | {"deviceScaleFactor": factor, "mobile": False})

    def scrolls_sideways(self) -> bool:
        """Return whether the page is wider than the window (WCAG 1.4.10)."""
        return bool(self.page.evaluate("document.scrollingElement.scrollWidth > innerWidth"))

    def _add(self, problem: str) -> None:
        patterns = [pattern for pattern in self._expected if re.search(pattern, problem)]
        self._expected |= dict.fromkeys(patterns, True)
        if not patterns:
            self.problems.append(problem)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":  # a violation of the page's policy is one too
            self._add(f"console: {message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self._add(f"script: {error.error.stack or error.error}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in _LOOPBACK:
            self._add(f"request to another machine: {request.url}")


@dataclass
class RunningChromium:
    """A Chromium that is driven by Playwright, started with the first visit."""

    chromium: Chromium
    playwright: Playwright
    _browser: Browser | None = field(default=None, init=False)

    @property
    def browser(self) -> Browser:
        """The running browser."""
        if self._browser is None:
            self._browser = self.playwright.chromium.launch(
                executable_path=self.chromium.executable,
                args=[*self.chromium.flags, _LOOPBACK_ONLY],
                env={**os.environ, **self.chromium.environment},
            )
        return self._browser

    @contextmanager
    def visit(self, **options: Any) -> Iterator[Visit]:
        """Open a window with nothing in it, and fail at the end if anything went wrong; options are Playwright's."""
        size = {"width": _WIDTH, "height": _HEIGHT}
        usual = {"locale": "nb-NO", "timezone_id": "Europe/Oslo", "color_scheme": "light", "viewport": size}
        context = self.browser.new_context(**(usual | options))
        try:
            visit = Visit(context)
            yield visit
            visit.assert_no_problems()
        finally:
            context.close()


@contextmanager
def running(chromium: Chromium) -> Iterator[RunningChromium]:
    """Lend a Chromium until the end of the block; no process is left after it."""
    with sync_playwright() as playwright:
        yield RunningChromium(chromium, playwright)
