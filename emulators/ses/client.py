"""The faults of a local SES that runs in another process (control.py), in Python."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

_SECONDS = 10


class SesControlError(Exception):
    """A refused request, or a mail service that does not respond. The message says why."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


class SesControl:
    """The control of the local SES at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def decide(self, recipient: str, fate: str, **parameters: object) -> None:
        """Apply a fate (fates.py) to every mail to the address. Raises SesControlError."""
        self._call("POST", "fates", {"recipient": recipient, "fate": fate, **parameters})

    def disturb_events(self, kind: str, **parameters: object) -> None:
        """Apply a fault to the events of the next mails. Raises SesControlError."""
        self._call("POST", "event-faults", {"kind": kind, **parameters})

    def heal(self) -> None:
        """Forget every requested fault. Raises SesControlError."""
        self._call("DELETE", "faults", {})

    def _call(self, method: str, name: str, body: dict[str, object]) -> None:
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self._url}/_emulator/{name}", data=json.dumps(body).encode(), method=method
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy: it is on this machine
        try:
            with direct.open(request, timeout=_SECONDS):
                pass
        except urllib.error.HTTPError as error:
            raise SesControlError(str(json.load(error).get("message", error)), refused=True) from None
        except OSError:
            raise SesControlError("the local mail service does not respond", refused=False) from None
