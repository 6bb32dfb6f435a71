"""The responses and headers of a function URL's own CORS settings.

Source: "Cross-origin resource sharing (CORS)" under "Creating and managing Lambda function URLs" in the AWS Lambda
Developer Guide. Lambda responds to a preflight by itself; to other responses it adds its headers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Cors:
    """The settings in the words of AWS::Lambda::Url Cors: AllowOrigins, AllowMethods, AllowHeaders and so on."""

    settings: Mapping[str, Any]

    def preflight(self, method: str, headers: Mapping[str, str]) -> list[tuple[str, str]] | None:
        """Return the headers of the response to a preflight; None if the request is not one."""
        wanted = headers.get("access-control-request-method")
        if method != "OPTIONS" or wanted is None or "origin" not in headers:
            return None
        methods = self._list("AllowMethods")
        if "*" not in methods and wanted not in methods:
            return [("vary", "Origin")]
        lines = self._origin(headers)
        if len(lines) > 1:
            lines += self._header("access-control-allow-methods", "AllowMethods")
            lines += self._header("access-control-allow-headers", "AllowHeaders")
            if "MaxAge" in self.settings:
                lines.append(("access-control-max-age", str(self.settings["MaxAge"])))
        return lines

    def headers(self, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the headers that are added to every other response; `headers` are the request's."""
        lines = self._origin(headers)
        return lines + self._header("access-control-expose-headers", "ExposeHeaders") if len(lines) > 1 else lines

    def _origin(self, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return Vary, and the headers that let the request's origin read the response, if it may."""
        origins, origin = self._list("AllowOrigins"), headers.get("origin", "")
        credentials = str(self.settings.get("AllowCredentials", False)).lower() == "true"
        lines = [("vary", "Origin")]
        if not origin or ("*" not in origins and origin not in origins):
            return lines
        # A browser takes no asterisk for a request with credentials.
        lines.append(("access-control-allow-origin", "*" if "*" in origins and not credentials else origin))
        if credentials:
            lines.append(("access-control-allow-credentials", "true"))
        return lines

    def _header(self, name: str, setting: str) -> list[tuple[str, str]]:
        values = self._list(setting)
        return [(name, ",".join(values))] if values else []

    def _list(self, setting: str) -> list[str]:
        return [str(value) for value in self.settings.get(setting) or []]
