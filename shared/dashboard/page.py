"""The coordinators' page: one HTML file, its settings, and the headers that let nothing else run in it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = Path(__file__).with_name("page.html")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


def page(settings: Mapping[str, str], frame_ancestors: str) -> dict[str, Any]:
    """Return the response of a function URL with the page.

    `settings`: the values of the page's placeholders. `frame_ancestors`: as in Content-Security-Policy.
    """
    text, policy = _read()
    headers = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "content-security-policy": f"{policy}; frame-ancestors {frame_ancestors}",
        "cross-origin-opener-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=31536000",
        "x-content-type-options": "nosniff",
    }
    body = _PLACEHOLDER.sub(lambda found: html.escape(settings[found[1]], quote=True), text)
    return {"statusCode": 200, "headers": headers, "body": body}


@cache
def _read() -> tuple[str, str]:
    """Return the file, and the policy that allows its own script and style by their hashes, and nothing else."""
    text = _FILE.read_text(encoding="utf-8")
    scripts, styles = (_hashes(tag, text) for tag in ("script", "style"))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; connect-src 'self'; base-uri 'none';"
        " form-action 'none'"
    )
    return text, policy


def _hashes(tag: str, text: str) -> str:
    contents = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() for content in contents]
    return " ".join(f"'sha256-{digest}'" for digest in digests)
