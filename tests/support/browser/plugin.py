"""The fixtures of browser tests, and what happens to those tests on a machine without a browser.

They are skipped, and the last line of the session counts them. In CI such a session has failed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from local.browser.finding import WrongChromiumError, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.browser.visit import RunningChromium, Visit

_NO_CHROMIUM = "no Chromium"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: opens a page in Chromium; a test that takes `visit` has it by itself")
    if not hasattr(config, "workerinput"):  # the workers' reports come to the process that started them
        config.pluginmanager.register(SkippedBrowserTests(), "skipped-browser-tests")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the browser, before a selection by marks looks at them."""
    for item in items:
        if "running_chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


class SkippedBrowserTests:
    """Counts the browser tests that were skipped because no browser is here."""

    def __init__(self) -> None:
        self.count = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.count += report.skipped and "browser" in report.keywords and _NO_CHROMIUM in str(report.longrepr)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Write the last line, after the summary of pytest's own, and fail the session in CI."""
        yield
        if not self.count:
            return
        tests = "1 browser test was" if self.count == 1 else f"{self.count} browser tests were"
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"{tests} skipped: {_NO_CHROMIUM} (make browser)", yellow=True)
        if os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="module")
def running_chromium() -> Iterator[RunningChromium]:
    """A Chromium for the module.

    Not for the session: Playwright keeps an event loop running in this thread, in which no other test can run one,
    and the browser's processes come and go, which tests of what a command leaves behind would notice.
    """
    try:
        chromium = find()
    except WrongChromiumError as error:
        pytest.fail(str(error), pytrace=False)
    if chromium is None:
        pytest.skip(_NO_CHROMIUM)
    from tests.support.browser.visit import running  # noqa: PLC0415 - Playwright takes a tenth of a second to import

    with running(chromium) as lent:
        yield lent


@pytest.fixture
def visit(running_chromium: RunningChromium) -> Iterator[Visit]:
    """An empty page of a person in Norway; whatever goes wrong on it fails the test at its end."""
    with running_chromium.visit() as visit:
        yield visit
