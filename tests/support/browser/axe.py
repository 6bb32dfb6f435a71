"""axe-core on a page, in a world of its own: the page's Content-Security-Policy and script do not meet it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

# Every rule that axe has enabled, best practices among them, and target size, which WCAG 2.2 AA asks for.
_RUN = """axe.run(document, {
  resultTypes: ["violations"], preload: false, rules: {"target-size": {enabled: true}},
}).then(results => JSON.stringify(results.violations))"""


@dataclass(frozen=True)
class Violation:
    """A rule of axe that elements of a page break, as a person reads it."""

    rule: str
    impact: str
    text: str

    def __str__(self) -> str:
        return self.text


def violations(page: Page) -> list[Violation]:
    """Return what axe finds on a page as it stands."""
    session = page.context.new_cdp_session(page)
    try:
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})["executionContextId"]
        _evaluate(session, world, f"{_axe()}; ''")
        return [_readable(found) for found in json.loads(_evaluate(session, world, _RUN))]
    finally:
        session.detach()


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def _evaluate(session: CDPSession, world: int, expression: str) -> str:
    request = {"expression": expression, "contextId": world, "awaitPromise": True, "returnByValue": True}
    reply = session.send("Runtime.evaluate", request)
    if "exceptionDetails" in reply:
        raise RuntimeError(reply["exceptionDetails"]["exception"].get("description", "axe has failed"))
    return str(reply["result"]["value"])


def _readable(found: dict[str, Any]) -> Violation:
    lines = [f"{found['id']} ({found['impact']}): {found['help']}"]
    for node in found["nodes"]:
        lines += [f"  {' '.join(map(str, node['target']))}: {node['html']}"]
        lines += [f"    {line}" for line in node["failureSummary"].splitlines()]
    return Violation(found["id"], str(found["impact"]), "\n".join(lines))
