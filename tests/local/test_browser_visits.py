"""A visit fails on what a person would not see: errors of the console, the script and the policy, other machines."""

from __future__ import annotations

import threading
from base64 import b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import axe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.browser.visit import RunningChromium, Visit

STYLE = "h1 { color: #777; background: #888 }"
SCRIPT = "document.title = 'Siden'"


def hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; style-src {hashed(STYLE)}; script-src {hashed(SCRIPT)}; connect-src 'self';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = f"<!doctype html><html lang=nb><style>{STYLE}</style><main><h1>Hei</h1></main><script>{SCRIPT}</script>"


class Pages(BaseHTTPRequestHandler):
    """A page under a strict policy, another with more in it, and nothing else."""

    def do_GET(self) -> None:
        pages = {
            "/": PAGE,
            "/style": f"{PAGE}<p style='color: red'>rødt</p>",
            "/script": f"{PAGE}<script>alert(1)</script>",
            "/image": f"{PAGE}<img alt='' src='https://example.org/image.png'>",
        }
        body = pages.get(self.path, "For mange").encode()
        self.send_response(200 if self.path in pages else 429)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/style", "Applying inline style violates"),
        ("/script", "Executing inline script violates"),
        ("/image", "request to another machine: https://example.org/image.png"),
        ("/missing", "the server responded with a status of 429"),
    ],
)
def test_a_visit_fails_on_what_a_page_must_not_do(
    path: str, problem: str, running_chromium: RunningChromium, site: str
) -> None:
    """The page stands alone under a strict policy: no inline handlers or styles, no third-party hosts."""
    with pytest.raises(AssertionError, match=problem), running_chromium.visit() as visit:
        visit.page.goto(site + path)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("console.error('ikke bra')", "console: ikke bra"),
        ("setTimeout(() => { throw new Error('uventet') })", "script: Error: uventet"),
        ("fetch('http://10.0.0.1/').catch(() => 0)", "request to another machine: http://10.0.0.1/"),
    ],
)
def test_a_visit_fails_on_an_error_of_its_last_moment(
    script: str, problem: str, running_chromium: RunningChromium
) -> None:
    """The browser reports while the test goes on; what it has to say is heard before the visit ends."""
    with pytest.raises(AssertionError, match=problem), running_chromium.visit() as visit:
        visit.page.evaluate(f"() => {{ {script} }}")


def test_another_machine_is_never_reached(visit: Visit, site: str) -> None:
    """Also an address without a name; this machine is reached by each of its names."""
    visit.expect_problem("request to another machine")
    visit.expect_problem("ERR_NAME_NOT_RESOLVED")
    for address in ("http://192.0.2.1/", "http://[2001:db8::1]/", "http://example.org/"):
        fetch = f"fetch('{address}', {{mode: 'no-cors'}}).then(() => 'reached', () => 'refused')"
        assert visit.page.evaluate(fetch) == "refused"
    visit.page.goto(site.replace("127.0.0.1", "localhost"))
    assert visit.page.title() == "Siden"


def test_an_expected_problem_must_come(running_chromium: RunningChromium, site: str) -> None:
    """A 429 is part of a story; one that never came means that the story was another."""
    with running_chromium.visit() as visit:
        visit.expect_problem("status of 429")
        visit.page.goto(f"{site}/missing")
    with running_chromium.visit() as visit:
        visit.expect_problem("status of 429")
        visit.page.goto(site)
        with pytest.raises(AssertionError, match="expected and not seen: status of 429"):
            visit.assert_no_problems()
        visit.page.goto(f"{site}/missing")


def test_axe_reads_a_page_under_the_strictest_policy(visit: Visit, site: str) -> None:
    """WCAG 2.2 AA on every state: axe runs beside the page's script, which does not see it, and breaks no rule."""
    visit.page.goto(site)
    (found,) = axe.violations(visit.page)
    assert found.rule == "color-contrast"
    assert "h1: <h1>Hei</h1>" in found.text
    assert "insufficient color contrast" in found.text
    assert visit.page.evaluate("typeof axe") == "undefined"
    with pytest.raises(AssertionError, match=r"color-contrast \(serious\)"):
        visit.assert_accessible()


def test_small_targets_side_by_side_are_found(visit: Visit) -> None:
    """WCAG 2.2, 2.5.8: axe leaves this rule out until it is asked for it."""
    button = "<button style='width: 12px; height: 12px; padding: 0' aria-label='{}'></button>"
    buttons = button.format("en") + button.format("to")
    visit.page.set_content(f"<html lang=nb><title>Mål</title><main><h1>Mål</h1>{buttons}</main>")
    assert [found.rule for found in axe.violations(visit.page)] == ["target-size"]


def test_a_visit_is_in_norway_and_as_the_test_wants_it(visit: Visit) -> None:
    """Times and words as a coordinator's browser has them; a zoomed window holds fewer pixels, and larger ones."""

    def matches(query: str) -> bool:
        return bool(visit.page.evaluate(f"matchMedia('({query})').matches"))

    where = visit.page.evaluate("[navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone]")
    assert where == ["nb-NO", "Europe/Oslo"]
    assert matches("prefers-color-scheme: light")
    visit.dark()
    visit.reduced_motion()
    visit.forced_colours()
    assert matches("prefers-color-scheme: dark")
    assert matches("prefers-reduced-motion: reduce")
    assert matches("forced-colors: active")
    visit.zoom(200)
    assert visit.page.evaluate("[innerWidth, innerHeight, devicePixelRatio]") == [640, 512, 2]
    visit.page.set_content("<p style='width: 330px'>bredt</p>")
    assert not visit.scrolls_sideways()
    visit.width(320)
    assert visit.scrolls_sideways()
