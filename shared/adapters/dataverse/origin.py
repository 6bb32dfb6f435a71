"""The origin: the only place to which a token or a client secret is ever sent."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import httpx

from shared.domain.errors import WebsiteMisconfiguredError

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_HOST = re.compile(rb"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, such as https://hlf.crm4.dynamics.com."""

    url: str

    @classmethod
    def configured(cls, setting: str, value: str) -> Origin:
        """Return the origin in a setting. Raises WebsiteMisconfiguredError, which names the setting."""
        try:
            url = httpx.URL(value)
        except httpx.InvalidURL:
            raise WebsiteMisconfiguredError(f"{setting}_is_no_url") from None
        if url.host not in _LOOPBACK and not _HOST.fullmatch(url.raw_host):
            raise WebsiteMisconfiguredError(f"{setting}_is_no_url")
        if url.scheme != "https" and not (url.scheme == "http" and _is_of_this_machine(url.host)):
            raise WebsiteMisconfiguredError(f"{setting}_is_not_https")
        if url.userinfo or url.path not in {"", "/"} or url.query or url.fragment:
            raise WebsiteMisconfiguredError(f"{setting}_is_more_than_an_origin")
        return cls(_origin(url))

    def address(self, target: str) -> httpx.URL:
        """Return the URL of a path here, or of a link that the service gave.

        Requests go to exactly the URL object that was checked, so that no second parser can read it differently.
        Raises WebsiteMisconfiguredError when the link is no URL or leads elsewhere.
        """
        try:
            url = httpx.URL(self.url + target if target.startswith("/") else target)
        except httpx.InvalidURL:
            raise WebsiteMisconfiguredError("link_is_no_url") from None
        if _origin(url) != self.url or url.userinfo:
            raise WebsiteMisconfiguredError("link_leads_elsewhere")
        return url


def _is_of_this_machine(host: str) -> bool:
    """Return whether the host is this machine.

    A container of `sam local` reaches it by another name, so any host counts there. Lambda never sets the variable.
    """
    return host in _LOOPBACK or os.environ.get("AWS_SAM_LOCAL") == "true"


def _origin(url: httpx.URL) -> str:
    """Return scheme, host and port. httpx has lower-cased them and removed a default port."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
