"""Personal data that must not reach a log, a metric or an alert (I11): addresses, phone and identity numbers.

A name cannot be recognised by its form, so the words of a database or a mail service are never logged.
"""

from __future__ import annotations

import re

# Look-arounds keep ids whole: a UUID may hold eight or eleven digits in a row.
_EDGE = r"[0-9A-Za-z-]"
_WORD = r"[^\s@<>\"',;:()]"
_PATTERNS = (
    # Only from where a word begins: from each of its characters would take hours on a long one without an @.
    (re.compile(rf"(?<!{_WORD}){_WORD}+@{_WORD}+\.{_WORD}+"), "[e-mail]"),
    (re.compile(rf"(?<!{_EDGE})\d{{6}}[ .-]?\d{{5}}(?!{_EDGE})"), "[11 digits]"),
    (
        re.compile(
            rf"(?<!{_EDGE})(?:\+47 ?|0047 ?)?(?:\d{{8}}|\d{{2}}(?: \d{{2}}){{3}}|\d{{3}} \d{{2}} \d{{3}})(?!{_EDGE})"
        ),
        "[phone]",
    ),
)


def redact(text: str) -> str:
    """Return the text with everything that looks like personal data replaced by the name of its kind."""
    for pattern, label in _PATTERNS:
        text = pattern.sub(label, text)
    return text
