"""The page for the safe fits on one sheet of paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from tests.support.browser.visit import Visit

PAGE = Path(__file__).parents[2] / "docs" / "operations" / "break-glass.md"
STYLE = """
body { font: 10pt/1.3 sans-serif } table { border-collapse: collapse; width: 100%; font: inherit }
td, th { border: 1px solid; padding: 2px 4px; text-align: left } pre, code { font-size: 8.5pt; margin: 3px 0 }
h1 { font-size: 15pt; margin: 0 } h2 { font-size: 11.5pt; margin: 6px 0 2px } p, ol { margin: 3px 0 }
"""


def test_the_norwegian_part_is_one_sheet(visit: Visit) -> None:
    """On A4, in letters of ten points."""
    norwegian = PAGE.read_text(encoding="utf-8").partition("## For who builds it")[0]
    html = MarkdownIt("commonmark").enable("table").render(norwegian)
    visit.page.set_content(f"<!doctype html><html lang='nb'><title>x</title><style>{STYLE}</style>{html}")
    sheet = visit.page.pdf(format="A4", margin={"top": "12mm", "bottom": "12mm", "left": "12mm", "right": "12mm"})
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
