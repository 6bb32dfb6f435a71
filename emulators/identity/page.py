"""The sign-in page, and the addresses to which it may lead back with a token."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# Nothing that a browser reads otherwise than this pattern, such as a backslash or a user before the host.
_LOOPBACK = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?(?:[/?][!-~]*)?")
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>Sign in</title>
<h1>Sign in as</h1>
<p>This is the identity provider of the local stack. It asks for no password.</p>
<ul>
{users}
</ul>
</html>
"""


def may_return_to(address: str, allowed: Collection[str]) -> bool:
    """Return whether a token may be sent there: an address of this machine, or one that was allowed as it stands."""
    return address in allowed or (not set(address) & set("\\#") and bool(_LOOPBACK.fullmatch(address)))


def sign_in_page(users: Iterable[tuple[str, str]], path: str, return_to: str) -> bytes:
    """Return the page with a link for each user, who is an id and a name."""
    links = [
        f'<li><a href="{escape(f"{path}?{urlencode({'return_to': return_to, 'user': user})}")}">{escape(name)}</a></li>'
        for user, name in users
    ]
    return _PAGE.format(users="\n".join(links)).encode()
