"""Microsoft's own SDK for Python on a local address, for an interpreter that has it (.rival-venv).

The SDK insists on https. Its connection is therefore told to speak plainly to this one address: TLS, which nobody else
here pays for, is spared it too. Nothing else of it is touched, and inside `with` it keeps its connection open.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

# Only there, and so unknown to the type checker here.
from azure.core.credentials import AccessToken  # type: ignore[import-not-found]
from PowerPlatform.Dataverse.client import DataverseClient  # type: ignore[import-not-found]
from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN_SECONDS = 3600


class ReadyToken:
    """A token that was there before."""

    def __init__(self, token: str) -> None:
        self._token = AccessToken(token, int(time.time()) + _TOKEN_SECONDS)

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:  # noqa: ANN401 - the SDK's own signature
        """Return the same for every scope."""
        return self._token


class InPlain(HTTPAdapter):
    """Sends to http what is meant for https."""

    def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        """Send as HTTPAdapter does."""
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


@contextmanager
def sdk_client(url: str, token: str) -> Iterator[Any]:
    """Yield the SDK's client of a local environment."""
    with DataverseClient(url.replace("http://", "https://", 1), ReadyToken(token)) as client:
        client._session.mount("https://", InPlain())  # noqa: SLF001 - see above
        yield client
